package reward

import (
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/model"
	"lastmile/harness/model/modeltest"
	"lastmile/harness/random"
	"lastmile/harness/torch"
)

// reader reads each token as a letter.
func reader() Reader {
	text := func(tokens []int) string {
		var words []string
		for _, token := range tokens {
			if token != eos {
				words = append(words, string(rune('a'+token)))
			}
		}
		return strings.Join(words, " ")
	}
	return Reader{Prompt: text, Response: text, Ends: []int{eos}}
}

// stacking is what a stack on the toy task is made with.
func stacking() Stacking {
	return Stacking{Reader: reader(), Truths: TruthsOf(examples(200, "truths")), VocabSize: vocabulary}
}

// Of a network that knows nothing the stack keeps nothing, and what trivial scorers know
// is enough for the toy task; a network that is right is not made wrong.
func TestAStackIsAsGoodAsWhatItCombines(t *testing.T) {
	s := modeltest.Open(t, torch.Float32)
	c := config(1)
	for name, network := range map[string]*model.Model{"knows nothing": newModel(t, s), "has an order": ordered(t, s)} {
		stack, err := NewStack(t.Context(), network, material(200, "rest"), c, stacking())
		if err != nil {
			t.Fatal(err)
		}
		before, _, err := Model{Network: network}.Measure(t.Context(), material(200, "dev"), c)
		if err != nil {
			t.Fatal(err)
		}
		after, _, err := Model{Network: network, Stack: stack}.Measure(t.Context(), material(200, "dev"), c)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range after {
			if a.Accuracy < 0.97 || a.Accuracy < before[i].Accuracy {
				t.Errorf("a network that %s: %+v after %+v", name, a, before[i])
			}
		}
	}
}

// With ranked samples, whose pairs are to differ by so much, scores agree with the metric.
func TestAStackLearnsFromRankings(t *testing.T) {
	s := modeltest.Open(t, torch.Float32)
	c := config(1)
	c.Ranked, c.RankLoss = 0.5, "difference"
	stack, err := NewStack(t.Context(), newModel(t, s), material(200, "rest"), c, stacking())
	if err != nil {
		t.Fatal(err)
	}
	accuracies, correlation, err := Model{newModel(t, s), stack}.Measure(t.Context(), material(200, "dev"), c)
	if err != nil {
		t.Fatal(err)
	}
	if last := accuracies[len(accuracies)-1]; last.Kind != ranked || last.Accuracy < 0.8 || correlation < 0.7 {
		t.Errorf("%+v, correlation %g", last, correlation)
	}
}

func TestAStackIsReadAsItWasWritten(t *testing.T) {
	s := modeltest.Open(t, torch.Float32)
	c, dir := config(1), t.TempDir()
	network := ordered(t, s)
	if none, err := ReadStack(dir, reader()); none != nil || err != nil {
		t.Errorf("%v, %v of a folder without a stack", none, err)
	}
	stack, err := NewStack(t.Context(), network, material(100, "rest"), c, stacking())
	if err != nil {
		t.Fatal(err)
	}
	if err := stack.Write(dir); err != nil {
		t.Fatal(err)
	}
	again, err := ReadStack(dir, reader())
	if err != nil {
		t.Fatal(err)
	}
	batch, _ := trees(exampleGroups(examples(20, "dev")))
	batch = append(batch, model.Tree{Prompt: []int{3}, Responses: [][]int{{eos}}}) // says nothing
	want, err := Model{network, stack}.ScoreAll(t.Context(), batch, 7)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Model{network, again}.ScoreAll(t.Context(), batch, 7)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("scores %v, before %v", got, want)
	}
	text, err := os.ReadFile(stackFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	for old, changed := range map[string]string{`"trigrams"`: `"bigrams"`, `"truths": [
    "`: `"truths": [
    "one `} {
		if err := os.WriteFile(stackFile(dir), []byte(strings.Replace(string(text), old, changed, 1)), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadStack(dir, reader()); err == nil || !strings.Contains(err.Error(), "stack.json") {
			t.Errorf("%s for %s: %v", changed, old, err)
		}
	}
}

// The loss is convex: where no step in any direction lowers it is its minimum.
func TestTheLeastLossIsFound(t *testing.T) {
	stream := random.New(1, "problem")
	p := problem{start: []float64{1, 0, 0}}
	for i := range 60 {
		d := difference{weight: 1.0 / 60, squared: i%3 == 0, wanted: stream.NormFloat64()}
		for range p.start {
			d.of = append(d.of, 2*stream.NormFloat64())
		}
		p.pairs = append(p.pairs, d)
	}
	// One term decides pairs by itself: without the ridge its weight has no end.
	separable := problem{start: []float64{1, 0}}
	for range 10 {
		separable.pairs = append(separable.pairs, difference{of: []float64{stream.NormFloat64(), 2}, weight: 0.1})
	}
	for name, p := range map[string]problem{"mixed": p, "separable": separable} {
		weights, err := p.solve()
		if err != nil {
			t.Fatal(err)
		}
		least := p.value(weights)
		for i := range weights {
			for _, step := range []float64{-1e-3, 1e-3} {
				near := slices.Clone(weights)
				near[i] += step
				if p.value(near) <= least {
					t.Errorf("%s: %g at %v, %g at %v", name, least, weights, p.value(near), near)
				}
			}
			const h = 1e-5
			up, down := slices.Clone(weights), slices.Clone(weights)
			up[i], down[i] = up[i]+h, down[i]-h
			if slope := (p.value(up) - p.value(down)) / (2 * h); math.Abs(slope) > 1e-8 {
				t.Errorf("%s: slope %g in direction %d at %v", name, slope, i, weights)
			}
		}
	}
}
