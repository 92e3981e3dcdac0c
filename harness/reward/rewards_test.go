package reward

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lastmile/experiments"
	"lastmile/harness/external"
	"lastmile/harness/model"
	"lastmile/harness/random"
	"lastmile/metrics"
)

// sumOf is the sum of the rewards that settings name, as a stage reads them.
func sumOf(t testing.TB, env Env, settings string) Sum {
	t.Helper()
	sum, err := NewSum(json.RawMessage(settings), env)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// score is what a sum gives to groups.
func score(t testing.TB, sum Sum, groups ...Group) Scored {
	t.Helper()
	scored, err := sum.Score(context.Background(), groups)
	if err != nil {
		t.Fatal(err)
	}
	return scored
}

// pair is a prompt with a response that ended and one that did not. The first repeats
// half of its tokens, as the truth does, and is as long.
func pair() Group {
	return Group{
		ID: "pair", Prompt: []int{1}, Truth: []int{5, 5, 5, eos},
		Responses: []Response{{Tokens: []int{6, 6, 6, eos}, Ended: true}, {Tokens: []int{6, 6}}},
	}
}

// scoring is an environment whose reward model gives these scores to the responses to
// a prompt and to its truth.
func scoring(t testing.TB, scores ...float64) Env {
	return Env{Score: func(trees []model.Tree) ([][]float64, error) {
		if len(trees) != 1 || len(trees[0].Responses) != 3 || !slices.Equal(trees[0].Responses[2], pair().Truth) {
			t.Errorf("asked to score %v, want two samples and the truth", trees)
		}
		return [][]float64{scores}, nil
	}}
}

func TestRewardsOfAPair(t *testing.T) {
	for name, test := range map[string]struct {
		settings string
		want     [2]float64
	}{
		"as it is":    {`{"learned":{"weight":1,"baseline":"none"}}`, [2]float64{3, 1}},
		"truth":       {`{"learned":{"weight":1,"baseline":"truth"}}`, [2]float64{1, -1}}, // the samples' deviation is 1
		"clipped":     {`{"learned":{"weight":1,"baseline":"none","clip":2}}`, [2]float64{2, 1}},
		"length":      {`{"length":{"weight":0.5}}`, [2]float64{0, -0.5 * math.Ln2}},
		"missing end": {`{"ending":{"weight":1.5}}`, [2]float64{0, -1.5}},
		"constant":    {`{"constant":{"weight":1}}`, [2]float64{1, 1}},
		"all":         {`{"learned":{"weight":2,"baseline":"truth"},"length":{"weight":1},"ending":{"weight":1}}`, [2]float64{2, -2 - math.Ln2 - 1}},
	} {
		scored := score(t, sumOf(t, scoring(t, 3, 1, 2), test.settings), pair())
		for i, want := range test.want {
			if got := scored.Sum[0][i].Total; math.Abs(got-want) > 1e-12 {
				t.Errorf("%s: reward %d is %g, want %g", name, i+1, got, want)
			}
		}
	}
}

func TestTheLearnedRewardIsScaledByTheFirstUpdate(t *testing.T) {
	sum := sumOf(t, scoring(t, 3, 1, 2), `{"learned":{"weight":1,"baseline":"truth"}}`)
	if got := score(t, sum, pair()).Sum[0][0].Total; got != 1 {
		t.Errorf("reward %g, want the distance of 1 from the truth over the deviation of 1", got)
	}
	// The scores of a later update differ more, and are divided by the same number.
	sum[0].Reward.(*learned).score = scoring(t, 12, 4, 8).Score
	if got := score(t, sum, pair()).Sum[0][0].Total; got != 4 {
		t.Errorf("in the second update the reward is %g, want 4", got)
	}
	// A truth among the responses is no sample.
	withTruth := pair()
	withTruth.Responses = append(withTruth.Responses, Response{Tokens: withTruth.Truth, Ended: true, IsTruth: true})
	model := Env{Score: func([]model.Tree) ([][]float64, error) { return [][]float64{{12, 4, 8, 8}}, nil }}
	if got := score(t, sumOf(t, model, `{"learned":{"weight":1,"baseline":"truth"}}`), withTruth).Sum[0]; got[0].Total != 1 || got[2].Total != 0 {
		t.Errorf("beside the truth as a response the rewards are %+v", got)
	}
	equal := sumOf(t, scoring(t, 3, 3, 2), `{"learned":{"weight":1,"baseline":"truth"}}`)
	if got := score(t, equal, pair()).Sum[0][0].Total; got != 1 {
		t.Errorf("where scores do not differ the reward is %g, want the distance from the truth, 1", got)
	}
}

func TestRepetitionBeyondTheTruths(t *testing.T) {
	sum := sumOf(t, Env{}, `{"repetition":{"weight":0.6}}`)
	for _, test := range []struct {
		truth []int
		want  float64
	}{
		{[]int{5, 5, 5, eos}, 0}, {[]int{5, 4, 5, eos}, -0.6 * 0.25}, {[]int{5, 4, 3, eos}, -0.6 * 0.5},
	} {
		g := pair()
		g.Truth = test.truth
		// The penalty is shared by the second and the third six.
		v := score(t, sum, g).Sum[0][0]
		for i, want := range []float64{0, test.want / 2, test.want / 2, 0} {
			if math.Abs(v.Total-test.want) > 1e-12 || math.Abs(v.Tokens[i]-want) > 1e-12 {
				t.Errorf("repetition beyond %v: reward %g, tokens %v; want %g", test.truth, v.Total, v.Tokens, test.want)
			}
		}
	}
}

func TestRandomRewards(t *testing.T) {
	groups := make([]Group, 400)
	for i := range groups {
		groups[i] = Group{ID: strconv.Itoa(i), Truth: []int{eos}}
		for j := range 50 {
			groups[i].Responses = append(groups[i].Responses, Response{Tokens: []int{1 + j%5, eos}})
		}
	}
	draw := func(seed int, groups ...Group) [][]float64 {
		return score(t, sumOf(t, Env{Seed: seed}, `{"random":{"weight":1}}`), groups...).Parts["random"]
	}
	drawn := draw(1, groups...)
	all := slices.Sorted(slices.Values(slices.Concat(drawn...)))
	// Kolmogorov and Smirnov: the distance from the normal distribution is above 1.95
	// over the root of the number once in a thousand.
	distance := 0.0
	for i, x := range all {
		normal, n := (1+math.Erf(x/math.Sqrt2))/2, float64(len(all))
		distance = max(distance, normal-float64(i)/n, float64(i+1)/n-normal)
	}
	if limit := 1.95 / math.Sqrt(float64(len(all))); distance > limit {
		t.Errorf("%d draws are %g from a standard normal distribution, more than %g", len(all), distance, limit)
	}
	if n := len(all); len(slices.Compact(all)) != n {
		t.Error("a draw came twice")
	}
	// Neither the other prompts nor the responses' content matter.
	alone := Group{ID: "7", Prompt: []int{4}, Truth: []int{5, eos}, Responses: []Response{{Tokens: []int{9}}, {Tokens: []int{8, 8, eos}, Ended: true}}}
	if got := draw(1, alone)[0]; !slices.Equal(got, drawn[7][:2]) {
		t.Errorf("alone prompt 7 has %v, among others %v", got, drawn[7][:2])
	}
	if got := draw(2, alone)[0]; got[0] == drawn[7][0] {
		t.Error("the seed does not matter")
	}
	alone.Update = 1
	if got := draw(1, alone)[0]; got[0] == drawn[7][0] {
		t.Error("the update does not matter")
	}
}

// TestMetricsAsRewards compares with the package metrics, one text at a time. Rewards
// go up to 1.
func TestMetricsAsRewards(t *testing.T) {
	texts := []string{"", "a library for reading archives", "library of small games", "reads the archives, reads the archives", "an archive reader"}
	references := []string{"A small library that reads archives.", "archive reader"}
	env := Env{Text: func(tokens []int) string { return texts[tokens[0]] }}
	g := Group{ID: "1", Truth: []int{1, eos}, References: references}
	for i := range texts {
		g.Responses = append(g.Responses, Response{Tokens: []int{i, eos}, Ended: true})
	}
	second := g
	second.Responses, second.References = g.Responses[1:3], references[1:]
	tested := 0
	for _, name := range names() {
		most := 1.0
		switch {
		case name == "bleu" || name == "chrf":
			most = 100
		case !strings.Contains(name, "rouge"):
			continue
		}
		for _, formula := range []string{"ratio", "brevity"} {
			for _, stemming := range []bool{true, false} {
				settings := fmt.Sprintf(`{%q:{"weight":1,"stemming":%v,"length_adjustment":%q}}`, name, stemming, formula)
				parts := score(t, sumOf(t, env, settings), g, second).Parts[name]
				metric, err := metrics.New(name, metrics.Options{Stemming: stemming, LengthAdjustment: formula})
				if err != nil {
					t.Fatal(err)
				}
				for i, g := range []Group{g, second} {
					for j, r := range g.Responses {
						want, err := metrics.One(metric, metrics.Input{Hypothesis: env.Text(r.Tokens), References: g.References})
						if got := parts[i][j]; err != nil || got != want/most || got > 1 {
							t.Errorf("%s, stemming %v, %s: %q against %d references gives %g, the metric %g of %g, %v", name, stemming, formula, env.Text(r.Tokens), len(g.References), got, want, most, err)
						}
					}
				}
				tested++
			}
		}
	}
	for _, name := range []string{"rougeL", "la-rougeL", "bleu", "chrf"} {
		if !slices.Contains(names(), name) || tested < 16 {
			t.Errorf("%d rewards were compared, of %v, which should have %s", tested, names(), name)
		}
	}
}

// everyReward are settings with all rewards at their default settings, each with a
// weight of its own.
func everyReward(t testing.TB) (string, map[string]float64) {
	t.Helper()
	settings, weights := map[string]map[string]any{}, map[string]float64{}
	for i, e := range rewards {
		text, err := json.Marshal(e.section.Default)
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]any
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatal(err)
		}
		members["weight"] = 0.25 * float64(i+1)
		settings[e.name], weights[e.name] = members, 0.25*float64(i+1)
	}
	text, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), weights
}

// groupsOf are groups with random responses.
func groupsOf(n int) []Group {
	groups := make([]Group, n)
	for i := range groups {
		stream := random.New(1, "group", i)
		draw := func() (tokens []int) {
			for range 1 + stream.IntN(8) {
				tokens = append(tokens, 1+stream.IntN(5))
			}
			return tokens
		}
		groups[i] = Group{ID: strconv.Itoa(i), Prompt: draw(), Truth: append(draw(), eos), References: []string{"1 2 3", "4"}}
		for range 4 {
			groups[i].Responses = append(groups[i].Responses, Response{Tokens: draw()})
		}
	}
	return groups
}

func TestTheSumOfAllRewards(t *testing.T) {
	ofResponses := func(trees []model.Tree) ([][]float64, error) {
		scores := make([][]float64, len(trees))
		for i, tree := range trees {
			for _, r := range tree.Responses {
				scores[i] = append(scores[i], math.Sin(float64(len(r)+r[0])))
			}
		}
		return scores, nil
	}
	env := Env{Seed: 1, Text: func(tokens []int) string { return strings.Trim(fmt.Sprint(tokens), "[]") }, Score: ofResponses, SelfCertainty: ofResponses}
	env.Scorer = func(inputs []metrics.Input) ([]float64, error) {
		scores := make([]float64, len(inputs))
		for i, input := range inputs {
			scores[i] = math.Cos(float64(len(input.Hypothesis)))
		}
		return scores, nil
	}
	env.Command = func(external.Settings, string) func([]external.Item) ([]float64, error) {
		return func(items []external.Item) ([]float64, error) {
			scores := make([]float64, len(items))
			for i, item := range items {
				scores[i] = math.Sin(float64(len(item.Hypothesis)))
			}
			return scores, nil
		}
	}
	settings, weights := everyReward(t)
	sum, groups := sumOf(t, env, settings), groupsOf(6)
	scored := score(t, sum, groups...)
	var summed []string
	for _, term := range sum {
		summed = append(summed, term.Name)
		if term.Weight != weights[term.Name] {
			t.Errorf("%s has the weight %g, want %g", term.Name, term.Weight, weights[term.Name])
		}
	}
	if !slices.Equal(summed, names()) || len(scored.Parts) != len(summed) {
		t.Errorf("the rewards %v have %d parts, want those of %v", summed, len(scored.Parts), names())
	}
	for i, g := range groups {
		for j, r := range g.Responses {
			want, tokens := 0.0, 0.0
			for name, weight := range weights {
				want += weight * scored.Parts[name][i][j]
			}
			for _, part := range scored.Sum[i][j].Tokens {
				tokens += part
			}
			got := scored.Sum[i][j]
			if math.Abs(got.Total-want) > 1e-9 || math.Abs(tokens-want) > 1e-9 || len(got.Tokens) != len(r.Tokens) {
				t.Errorf("response %d of %d is worth %g, its %d tokens %g; the parts make %g", j, i, got.Total, len(got.Tokens), tokens, want)
			}
		}
	}
	// So is each reward: what it gives to tokens adds up to what it gives in all.
	for _, term := range sum {
		values, err := term.Score(t.Context(), groups)
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range groups {
			for j, r := range g.Responses {
				v := values[i][j]
				tokens := 0.0
				for _, part := range v.Tokens {
					tokens += part
				}
				if v.Tokens != nil && (len(v.Tokens) != len(r.Tokens) || math.Abs(tokens-v.Total) > 1e-12) {
					t.Errorf("%s gives %g in all and %v to the %d tokens", term.Name, v.Total, v.Tokens, len(r.Tokens))
				}
			}
		}
	}
}

// given is a reward of the same values for all groups.
type given []Value

func (g given) Score(_ context.Context, groups []Group) ([][]Value, error) {
	values := make([][]Value, len(groups))
	for i := range groups {
		values[i] = g
	}
	return values, nil
}

// nothing is a reward of no values.
type nothing struct{}

func (nothing) Score(context.Context, []Group) ([][]Value, error) { return nil, nil }

func TestTokensOfASum(t *testing.T) {
	sum := Sum{
		{given{{Total: 3, Tokens: []float64{1, 2, 0, 0}}, {Total: 5}}, "first", 2},
		{given{{Total: -1}, {Total: 4, Tokens: []float64{4, 0}}}, "second", 0.5},
	}
	scored := score(t, sum, pair())
	for i, want := range []Value{{5.5, []float64{2, 4, 0, -0.5}}, {12, []float64{2, 10}}} {
		if got := scored.Sum[0][i]; got.Total != want.Total || !slices.Equal(got.Tokens, want.Tokens) {
			t.Errorf("response %d is worth %+v, want %+v", i+1, got, want)
		}
	}
	if !slices.Equal(scored.Parts["first"][0], []float64{3, 5}) || !slices.Equal(scored.Parts["second"][0], []float64{-1, 4}) {
		t.Errorf("parts %v", scored.Parts)
	}
}

func TestWhatASumRefuses(t *testing.T) {
	for settings, want := range map[string]string{
		`{"lenght":{"weight":1}}`:            `unknown reward "lenght"; one of learned, length`,
		`{"length":{"weight":"much"}}`:       "reward length",
		`{"learned":{"weight":1,"clip":{}}}`: "reward learned",
		`[{"name":"length"}]`:                "reading the rewards",
	} {
		if _, err := NewSum(json.RawMessage(settings), Env{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", settings, err, want)
		}
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		sum := Sum{{given{{Total: 1}, {Total: bad}}, "bad", 1}}
		if _, err := sum.Score(t.Context(), []Group{pair()}); err == nil || !strings.Contains(err.Error(), `the reward bad of response 2 to "pair" is`) {
			t.Errorf("%g: error %v, want one that names reward, response and prompt", bad, err)
		}
	}
	for _, test := range []struct {
		reward Reward
		want   string
	}{
		{given{{Total: 1}}, `the reward short: found 1 values for the responses to "pair", expected 2`},
		{given{{Total: 1}, {Total: 1, Tokens: []float64{1}}}, `the reward short: found values for 1 tokens of response 2 to "pair", expected 2`},
		{nothing{}, "the reward short: found values for 0 prompts, expected 1"},
	} {
		if _, err := (Sum{{test.reward, "short", 1}}).Score(t.Context(), []Group{pair()}); err == nil || err.Error() != test.want {
			t.Errorf("error %v, want %s", err, test.want)
		}
	}
	failing := sumOf(t, Env{Score: func([]model.Tree) ([][]float64, error) { return nil, fmt.Errorf("no memory") }}, `{"learned":{"weight":1,"baseline":"none"}}`)
	if _, err := failing.Score(t.Context(), []Group{pair()}); err == nil || err.Error() != "the reward learned: no memory" {
		t.Errorf("error %v", err)
	}
}

// TestWhatRewardsRememberGoesThroughACheckpoint goes on with other scores.
func TestWhatRewardsRememberGoesThroughACheckpoint(t *testing.T) {
	const settings = `{"learned":{"weight":1,"baseline":"truth"},"length":{"weight":1}}`
	before := sumOf(t, scoring(t, 12, 4, 8), settings)
	score(t, before, pair())
	type checkpoint struct {
		KL      float64 `json:"kl"`
		Rewards State   `json:"rewards"`
	}
	text, err := json.Marshal(checkpoint{0.5, before.State()})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"kl":0.5,"rewards":{"learned":{"group_std":4}}}`; string(text) != want {
		t.Errorf("a checkpoint keeps %s, want %s", text, want)
	}
	after := sumOf(t, scoring(t, 3, 1, 2), settings)
	read := checkpoint{Rewards: after.State()}
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if got := score(t, after, pair()).Sum[0][0].Total; read.KL != 0.5 || got != 0.25 {
		t.Errorf("after going on the reward is %g, want the distance of 1 over the deviation of 4", got)
	}
	read = checkpoint{Rewards: after.State()}
	if err := json.Unmarshal([]byte(`{"rewards":{"learned":3}}`), &read); err == nil || !strings.Contains(err.Error(), "the state of the reward learned") {
		t.Errorf("error %v, want one that names the reward", err)
	}
}

func TestWhichRunsNeedTheRewardModel(t *testing.T) {
	schema := &experiments.Schema{Groups: []experiments.Group{ListGroup(nil)}}
	c := schema.Default()
	if got := c.Names("reward"); !slices.Equal(got, []string{"learned", "length", "repetition", "ending"}) {
		t.Errorf("where nothing is said the rewards are %v", got)
	}
	for _, test := range []struct {
		of   experiments.Config
		want bool
	}{
		{c, true},
		{c.With("reward.learned.weight", 0.0), false},
		{c.With("reward.learned.weight", -1.0), true},
		{c.Only("reward", "length"), false},
		{c.Only("reward", "length").With("reward.rougeL.weight", 2.0), false},
		{c.Only("reward", "learned"), true},
	} {
		if got := NeedsModel(test.of); got != test.want {
			t.Errorf("with the rewards %v NeedsModel is %v", test.of.Names("reward"), got)
		}
	}
}

func TestSettingsReachTheirRewards(t *testing.T) {
	schema := &experiments.Schema{Groups: []experiments.Group{ListGroup(nil)}}
	c := schema.Default().With("reward.learned.clip", 2.0).With("reward.learned.baseline", "none").With("reward.length.weight", 0.5).With("reward.repetition.weight", 0.0)
	var settings struct{ Reward json.RawMessage }
	if err := json.Unmarshal(experiments.NewProjection([]string{"reward"}, nil).Of(c).Settings, &settings); err != nil {
		t.Fatal(err)
	}
	sum := sumOf(t, scoring(t, 3, 1, 2), string(settings.Reward))
	scored := score(t, sum, pair())
	if len(sum) != 3 || scored.Sum[0][0].Total != 2 || math.Abs(scored.Sum[0][1].Total-(1-0.5*math.Ln2-1)) > 1e-12 {
		t.Errorf("%s makes %d rewards: %+v", settings.Reward, len(sum), scored.Sum)
	}
}
