package runs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestScoresAreAlignedByExample(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	ingestSweep(t, s, 3)
	// Another score stage for one run, with a metric and an example missing.
	must(t, add(t, s, func(in *Ingest) error {
		must(t, in.Stage(ctx, stage("score", "again", 900), func(w *Writer) error {
			return w.Scores(map[string]string{"rougeL": "rougeL|v:2"},
				[]Scored{{"e2", Raw, map[string]float64{"rougeL": 0.9}}, {"e0", Raw, map[string]float64{"rougeL": 0.7}}})
		}))
		return in.Run(ctx, Run{Name: "mle-1"}, State{Status: Done}, []Link{{"sample", "again"}})
	}))

	scores, err := s.Scores(ctx, "tiny")
	must(t, err)
	if got := fmt.Sprint(scores.Examples); got != "[e0 e1 e2]" {
		t.Errorf("examples %s", got)
	}
	var order []string
	for _, system := range scores.Systems {
		order = append(order, system.Label+"/"+system.Form+fmt.Sprint(system.Seeds))
	}
	if got := strings.Join(order, " "); got != "ppo/raw[1 2] ppo/post[1 2] mle/raw[1 2] mle/post[2]" {
		t.Errorf("systems %s", got)
	}
	if got := fmt.Sprint(scores.Systems[0].Values["rougeL"]); got != "[[0.1 0.2 0.3] [0.2 0.3 0.4]]" {
		t.Errorf("ppo's scores %s", got)
	}
	mle := scores.Systems[2].Values
	if got := fmt.Sprint(mle["rougeL"]); got != "[[0.7 NaN 0.9] [0.3 0.4 0.5]]" {
		t.Errorf("mle's scores %s", got)
	}
	if got := mle["la-rougeL"]; len(got) != 2 || !math.IsNaN(got[0][0]) || got[1][0] != 0.25 {
		t.Errorf("mle's la-rougeL %v", got)
	}
	if got := fmt.Sprint(scores.Metrics); got != "[{la-rougeL la-rougeL|v:1} {rougeL rougeL|v:1} {rougeL rougeL|v:2}]" {
		t.Errorf("metrics %s", got)
	}
}

// all collects what a query gives.
func all[T any](t *testing.T, values iter.Seq2[T, error]) []T {
	t.Helper()
	var found []T
	for v, err := range values {
		must(t, err)
		found = append(found, v)
	}
	return found
}

func TestOutputs(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	ingestSweep(t, s, 3)
	outputs := all(t, s.Outputs(ctx, "tiny", Selection{}))
	if len(outputs) != 8 || outputs[0].Label != "ppo" || outputs[0].Form != Raw || outputs[1].Seed != 2 || outputs[2].Form != Post {
		t.Fatalf("outputs %+v", outputs)
	}
	if got := fmt.Sprint(outputs[0].Outputs); got != "[{e0 ppo-1 raw 3 true} {e1 ppo-1 raw 3 false} {e2 ppo-1 raw 3 true}]" {
		t.Errorf("ppo's outputs %s", got)
	}
	some := all(t, s.Outputs(ctx, "tiny", Selection{Decode: "sample", Seeds: []int{2}, Examples: []string{"e2", "e0", "e9"}, Form: Post}))
	if got := fmt.Sprint(some); got != "[{{ppo sample post} 2 [{e0 ppo-2 post 2 true} {e2 ppo-2 post 2 true}]} {{mle sample post} 2 [{e0 mle-2 post 2 true} {e2 mle-2 post 2 true}]}]" {
		t.Errorf("selected %s", got)
	}
	if none := all(t, s.Outputs(ctx, "tiny", Selection{Decode: "greedy"})); none != nil {
		t.Errorf("of a decoding that is not there: %v", none)
	}
	for of, err := range s.Outputs(ctx, "tiny", Selection{First: 1}) {
		must(t, err)
		if got := fmt.Sprint(of.Outputs); got != "[{e0 ppo-1 raw 3 true}]" {
			t.Errorf("the first output %s", got)
		}
		break
	}
	lengths, err := s.Lengths(ctx, "tiny")
	must(t, err)
	if got := fmt.Sprint(lengths); got != "[{{ppo sample raw} [{3 6 4}]} {{ppo sample post} [{2 6 6}]} {{mle sample raw} [{4 6 4}]} {{mle sample post} [{2 6 6}]}]" {
		t.Errorf("lengths %s", got)
	}
	if got := together([]Length{{1, 1, 1}, {3, 1, 0}}, []Length{{2, 5, 5}, {3, 2, 2}}); fmt.Sprint(got) != "[{1 1 1} {2 5 5} {3 3 2}]" {
		t.Errorf("lengths together %v", got)
	}
	if got := fmt.Sprint(all(t, s.Examples(ctx, "tiny"))[:2]); got != "[{test e0 input 0 [one two]} {test e1 input 1 [one two]}]" {
		t.Errorf("examples %s", got)
	}
}

func TestCurvesAccuraciesDecodings(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	ingestSweep(t, s, 2)
	curves, err := s.Curves(ctx, "tiny")
	must(t, err)
	if len(curves) != 8 || fmt.Sprint(curves[0]) != "{ppo 1 rl ppo-1/rl train kl [1 2] [0 0.5]}" {
		t.Errorf("curves %v", curves)
	}
	curves, err = s.Curves(ctx, "tiny", CurveName{Kind: "rl", Name: "reward", Split: "train"}, CurveName{Kind: "mle"})
	must(t, err)
	if len(curves) != 4 || fmt.Sprint(curves[3]) != "{mle 2 rl mle-2/rl train reward [1] [-1]}" {
		t.Errorf("some curves %v", curves)
	}
	accuracies, err := s.RewardAccuracies(ctx, "tiny")
	must(t, err)
	if len(accuracies) != 8 || fmt.Sprint(accuracies[0]) != "{ppo 1 ppo-1/reward {copy true 0.9 100}}" {
		t.Errorf("accuracies %v", accuracies)
	}
	evaluations, err := s.RewardEvaluations(ctx, "tiny")
	must(t, err)
	if len(evaluations) != 4 || evaluations[0].Label != "ppo" || evaluations[3].Seed != 2 || evaluations[3].Stage != "mle-2/reward_eval" || !reflect.DeepEqual(evaluations[3].RewardEvaluation, evaluated) {
		t.Errorf("evaluations of reward models %+v", evaluations)
	}
	decodings, err := s.Decodings(ctx, "tiny")
	must(t, err)
	if len(decodings) != 4 || fmt.Sprint(decodings[0]) != "{ppo 1 sample {0.7 temperature 0.7 [{temperature 0.5 0.1} {temperature 0.7 0.2}]}}" {
		t.Errorf("decodings %v", decodings)
	}
}

func TestCosts(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	ingestSweep(t, s, 1)
	costs, err := s.Costs(ctx, "tiny")
	must(t, err)
	if len(costs) != 25 {
		t.Fatalf("%d stages, want 25", len(costs))
	}
	first := costs[0]
	if first.Kind != "prepare" || first.Runs != 4 || fmt.Sprint(first.Labels) != "[ppo mle]" || !first.Started.Equal(begun) {
		t.Errorf("the prepare stage is %+v", first)
	}
	if n := count(t, s, `SELECT count(*) FROM v_costs WHERE sweep = 'tiny' AND tokens_per_second = 20`); n != 25 {
		t.Errorf("v_costs has %d stages at 20 tokens a second, want 25", n)
	}
}

func TestViews(t *testing.T) {
	s := openStore(t)
	ingestSweep(t, s, 4)
	for query, want := range map[string]int{
		`SELECT count(*) FROM v_scores WHERE sweep = 'tiny'`:                                                                              4 * 4 * 2 * 2,
		`SELECT count(*) FROM v_scores WHERE label = 'mle' AND seed = 2 AND decode = 'sample' AND form = 'raw'`:                           8,
		`SELECT count(*) FROM v_summary WHERE n = 4`:                                                                                      16,
		`SELECT count(*) FROM v_summary WHERE metric = 'la-rougeL' AND mean = 0.25`:                                                       8,
		`SELECT count(*) FROM v_outputs WHERE form = 'post' AND text = 'mle-1 post' AND "references" LIKE '%two%'`:                        4,
		`SELECT count(*) FROM v_curves WHERE stage = 'rl' AND curve = 'kl' AND step = 2 AND value = 0.5`:                                  4,
		`SELECT count(*) FROM v_reward_kinds WHERE kind = 'copy' AND trained = 1 AND trivial_scorer = 'overlap' AND trivial_accuracy = 1`: 4,
		`SELECT count(*) FROM v_reward_samples WHERE policy = 'after' AND low IS NULL`:                                                    4,
		`SELECT count(*) FROM v_reward_calibration WHERE sweep = 'tiny'`:                                                                  8,
		`SELECT count(*) FROM v_reward_accuracy WHERE kind = 'copy' AND ended = 0 AND accuracy = 0.8`:                                     4,
		`SELECT count(*) FROM run_settings WHERE key = 'rl.kl.coefficient' AND value = '0.1'`:                                             4,
	} {
		if got := count(t, s, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}

func TestRunByPrefix(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	ingestSweep(t, s, 1)
	run, err := s.Run(ctx, "mle-1")
	must(t, err)
	if run.Name != "mle-1" || len(run.Stages) != 7 || run.Stages[4].Role != "sample" || fmt.Sprint(run.Listed) != "[{tiny mle}]" || len(run.Settings) != 4 {
		t.Errorf("run %+v", run)
	}
	for prefix, n := range map[string]int{"mle": 2, "x": 0} {
		if _, err := s.Run(ctx, prefix); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("has %d runs", n)) {
			t.Errorf("prefix %q: %v", prefix, err)
		}
	}
}

func TestTextsAndScoresOfARun(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	ingestSweep(t, s, 2)
	decoded, err := s.Decoded(ctx, "ppo-1")
	must(t, err)
	if got := fmt.Sprint(decoded); got != "[{sample raw} {sample post}]" {
		t.Errorf("decoded %s", got)
	}
	texts, err := s.Texts(ctx, "ppo-1", Selection{})
	must(t, err)
	if len(texts) != 2 || texts[0].Decode != "sample" || texts[0].Form != "raw" || texts[1].Form != "post" {
		t.Fatalf("texts %+v", texts)
	}
	if got := fmt.Sprint(texts[0].Outputs); got != "[{e0 ppo-1 raw 3 true} {e1 ppo-1 raw 3 false}]" {
		t.Errorf("outputs %s", got)
	}
	if e := texts[0].Examples; len(e) != 2 || e[1].ID != "e1" || len(e[1].References) == 0 || e[1].Input == "" {
		t.Errorf("examples %+v", e)
	}
	scores, err := s.RunScores(ctx, "ppo-1", "rougeL")
	must(t, err)
	if got := fmt.Sprint(scores); got != "[{sample raw rougeL|v:1 map[e0:0.1 e1:0.2]} {sample post rougeL|v:1 map[e0:0.1 e1:0.2]}]" {
		t.Errorf("scores %s", got)
	}
	first, err := s.Texts(ctx, "ppo-1", Selection{Form: Raw, First: 1})
	must(t, err)
	if got := fmt.Sprint(first); got != "[{sample raw [{test e0 input 0 [one two]}] [{e0 ppo-1 raw 3 true}]}]" {
		t.Errorf("the first text %s", got)
	}
	means, err := s.RunMeans(ctx, "ppo-1")
	must(t, err)
	if len(means) != 2 || means[1].Form != Post || len(means[0].Means) != 2 || math.Abs(means[0].Means["rougeL"]-0.15) > 1e-12 {
		t.Errorf("means %v", means)
	}
	if texts, err := s.Texts(ctx, "nothing", Selection{}); err != nil || texts != nil {
		t.Errorf("of a run that is not there: %v %v", texts, err)
	}
}

func TestFindRuns(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	ingestSweep(t, s, 1)
	must(t, add(t, s, func(in *Ingest) error {
		return in.Sweep(ctx, Sweep{Name: "also", Runs: []SweepRun{
			{Run: "mle-2", Label: "b", Variant: "mle", Seed: 2}, {Run: "ppo-1", Label: "ppo-1", Seed: 1}, {Run: "mle-1", Label: "a, seed 7", Seed: 1}}})
	}))
	for _, c := range []struct{ sweep, name, want string }{
		{"", "mle", "tiny/mle/mle-1 tiny/mle/mle-2"}, // a label goes before the variant
		{"also", "mle", "also/b/mle-2"},              // a variant
		{"", "mle, seed 2", "tiny/mle/mle-2"},
		{"", "mle, seed 02", ""},
		{"", "a, seed 7", "also/a, seed 7/mle-1"},         // a label
		{"", "ppo-1", "also/ppo-1/ppo-1"},                 // a label before a name
		{"tiny", "ppo-", "tiny/ppo/ppo-1 tiny/ppo/ppo-2"}, // the beginning of names
		{"", "ppo-", "also/ppo-1/ppo-1 tiny/ppo/ppo-2"},   // each run once
		{"", "", ""},
		{"nothing", "mle", ""},
	} {
		found, err := s.FindRuns(ctx, c.sweep, c.name)
		must(t, err)
		var got []string
		for _, r := range found {
			got = append(got, r.Sweep+"/"+r.Label+"/"+r.Run)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q in %q: %v, want %q", c.name, c.sweep, got, c.want)
		}
	}
	for sweep, want := range map[string]string{"": "[b ppo-1 a, seed 7 ppo mle]", "tiny": "[ppo mle]"} {
		labels, err := s.LabelNames(ctx, sweep, 100)
		must(t, err)
		if got := fmt.Sprint(labels); got != want {
			t.Errorf("labels of %q: %s, want %s", sweep, got, want)
		}
	}
}

func TestLabels(t *testing.T) {
	s := openStore(t)
	ingestSweep(t, s, 1)
	labels := all(t, s.Labels(context.Background(), "tiny"))
	if len(labels) != 2 || labels[0].Name != "ppo" || labels[1].Run != "mle-1" || labels[1].Variant != "mle" ||
		string(labels[1].Axes) != `{"seed":1}` || !strings.Contains(string(labels[1].Config), `"mle"`) {
		t.Errorf("labels %+v", labels)
	}
}

func TestDigest(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	ingestSweep(t, s, 1)
	seen := map[string]bool{}
	check := func(changed bool) {
		t.Helper()
		digest, err := s.Digest(ctx, "tiny")
		must(t, err)
		if seen[digest] == changed {
			t.Errorf("digest %s, known %v", digest, seen[digest])
		}
		seen[digest] = true
	}
	check(true)
	ingestSweep(t, s, 1)
	check(false)
	for _, change := range []func(*Ingest) error{
		func(in *Ingest) error { return in.Run(ctx, Run{Name: "mle-1"}, State{Failed, "out of memory"}, nil) },
		func(in *Ingest) error {
			must(t, in.Stage(ctx, stage("score", "again", 1), nil))
			return in.Run(ctx, Run{Name: "mle-1"}, State{Status: Done}, []Link{{"sample", "again"}})
		},
		func(in *Ingest) error {
			return in.Sweep(ctx, Sweep{Name: "tiny", Runs: []SweepRun{{Run: "mle-1", Label: "a"}}})
		},
	} {
		must(t, add(t, s, change))
		check(true)
	}
}

func TestScoresComeBackAsTheyWent(t *testing.T) {
	values := []float64{0.1, 1. / 3, math.NaN(), -2e-310, 1e300, math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1)}
	got, err := decodeScores(encodeScores(values))
	must(t, err)
	for i, v := range got {
		if math.Float64bits(v) != math.Float64bits(values[i]) && (v == v || values[i] == values[i]) {
			t.Errorf("%v came back as %v", values[i], v)
		}
	}
	if none, err := decodeScores(encodeScores(nil)); err != nil || len(none) != 0 {
		t.Errorf("no scores: %v %v", none, err)
	}
	for _, wrong := range []string{"", "1,2", "[1,,2]", "[x]"} {
		if _, err := decodeScores(wrong); err == nil {
			t.Errorf("%q is no list of scores", wrong)
		}
	}
	if n := count(t, openStore(t), `SELECT count(*) FROM json_each('`+encodeScores(values)+`') WHERE value IS NOT NULL`); n != len(values)-1 {
		t.Errorf("SQLite reads %d scores", n)
	}
}

func TestAQueryEndsWithItsContext(t *testing.T) {
	s := openStore(t)
	ingestSweep(t, s, 1)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Listing(ctx, "tiny"); !errors.Is(err, context.Canceled) {
		t.Errorf("a listing: %v", err)
	}
	for _, err := range s.Outputs(ctx, "tiny", Selection{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("outputs: %v", err)
		}
	}
}
