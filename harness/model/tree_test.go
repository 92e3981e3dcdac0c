package model

import (
	"math"
	"slices"
	"testing"

	"lastmile/harness/random"
	"lastmile/harness/torch"
)

// TestTreesEqualSequences compares each response of a batch of trees with the
// same response behind its prompt alone.
func TestTreesEqualSequences(t *testing.T) {
	for name, c := range windows() {
		t.Run(name, func(t *testing.T) { treesEqualSequences(t, c) })
	}
}

func treesEqualSequences(t *testing.T, c Config) {
	s := open(t, torch.Float32)
	m := newModel(t, s, c)
	m.AddHead()
	m.Head.CopyInPlace(noise(s, "head", 1, 8))
	stream := random.New(1, "forest")
	some := func(n int) []int {
		tokens := make([]int, n)
		for i := range tokens {
			tokens[i] = stream.IntN(13)
		}
		return tokens
	}
	trees := slices.Clone(forest)
	for range 12 {
		tree := Tree{Prompt: some(1 + stream.IntN(6))}
		for range 1 + stream.IntN(4) {
			tree.Responses = append(tree.Responses, some(1+stream.IntN(9)))
		}
		trees = append(trees, tree)
	}
	b := NewBranches(s, trees)
	logprobs, err := m.Logprobs(m.HiddenAt(b.Input, b.Predict), b.Targets, 0.8).Value64s()
	if err != nil {
		t.Fatal(err)
	}
	scores, err := m.ResponseScores(b).Value64s()
	if err != nil {
		t.Fatal(err)
	}
	pooled := func(pooling string, heads int) []float64 {
		m.Config.ScorePooling = pooling
		m.AddHead()
		m.Head.CopyInPlace(noise(s, "head", heads, 8))
		scores, err := m.ResponseScores(b).Value64s()
		if err != nil {
			t.Fatal(err)
		}
		return scores
	}
	means, sums := pooled(MeanPooling, 1), pooled(BothPooling, 2)
	one, other := m.Head.Narrow(0, 0, 1), m.Head.Narrow(0, 1, 1)
	m.Head = noise(s, "head", 1, 8)
	for _, tree := range trees {
		for _, response := range tree.Responses {
			in := Input{Rows: 1, Length: len(tree.Prompt) + len(response)}
			for _, token := range slices.Concat(tree.Prompt, response) {
				in.Tokens = append(in.Tokens, int64(token))
			}
			states := m.Hidden(in).Reshape(-1, 8)
			from := len(tree.Prompt)
			got := m.Logprobs(states.Narrow(0, from-1, len(response)), in.Tokens[from:], 0.8)
			near(t, "log-probabilities", got, logprobs[:len(response)], 1e-5)
			near(t, "score", m.Scores(states.Narrow(0, in.Length-1, 1)), scores[:1], 1e-5)
			own := states.Narrow(0, from, len(response))
			near(t, "mean score", own.Linear(m.Head, nil).Mean().Reshape(1), means[:1], 1e-5)
			sum := own.Linear(one, nil).Mean().Add(states.Narrow(0, in.Length-1, 1).Linear(other, nil).Mean())
			near(t, "sum of scores", sum.Reshape(1), sums[:1], 1e-5)
			logprobs, scores, means, sums = logprobs[len(response):], scores[1:], means[1:], sums[1:]
		}
	}
	if len(logprobs) != 0 || len(scores) != 0 || len(means) != 0 || len(sums) != 0 {
		t.Errorf("%d log-probabilities and %d scores too many", len(logprobs), len(scores)+len(means)+len(sums))
	}
}

// TestHiddenAtEqualsHidden picks states of batches with a mask of their own,
// the causal one, a cache, positions out of order and one twice, rows with
// more of them than others and one with none.
func TestHiddenAtEqualsHidden(t *testing.T) {
	for name, c := range windows() {
		t.Run(name, func(t *testing.T) { hiddenAtEqualsHidden(t, c) })
	}
}

func hiddenAtEqualsHidden(t *testing.T, c Config) {
	s := open(t, torch.Float32)
	m := newModel(t, s, c)
	causal := Input{Tokens: []int64{1, 2, 3, 4, 5, 6, 7, 8, 9}, Rows: 3, Length: 3}
	placed := causal
	placed.Positions = []int64{0, 1, 2, 4, 5, 6, 0, 0, 1}
	tree := NewBranches(s, forest).Input
	for name, in := range map[string]Input{"causal": causal, "placed": placed, "tree": tree} {
		for _, positions := range [][]int64{{0, 1, 2, 4}, {8, 3, 2, 3}, {0}} {
			all := m.Hidden(in).Reshape(-1, 8)
			want, err := all.IndexSelect(0, s.Ints(positions, len(positions))).Value64s()
			if err != nil {
				t.Fatal(err)
			}
			near(t, name, m.HiddenAt(in, positions), want, 1e-6)
		}
	}
	s.NoGrad(func() error {
		one, two := m.NewCache(3, 6), m.NewCache(3, 6)
		for range 2 {
			in := causal
			in.Cache = one
			want, _ := m.Hidden(in).Narrow(1, 2, 1).Value64s()
			in.Cache = two
			near(t, "cached", m.HiddenAt(in, []int64{2, 5, 8}), want, 1e-6)
		}
		return nil
	})
}

func TestLogprobsAreOfADistribution(t *testing.T) {
	s := open(t, torch.Float32)
	m := newModel(t, s, tiny())
	for _, temperature := range []float64{1, 0.3, 2} {
		all := make([]int64, 13)
		for i := range all {
			all[i] = int64(i)
		}
		logprobs, err := m.Logprobs(noise(s, "state", 1, 8).IndexSelect(0, s.Ints(make([]int64, 13), 13)), all, temperature).Value64s()
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, v := range logprobs {
			sum += math.Exp(v)
		}
		if math.Abs(sum-1) > 1e-5 {
			t.Errorf("at temperature %g the probabilities sum to %g", temperature, sum)
		}
	}
}

func TestANewModelIsDrawnByItsSeed(t *testing.T) {
	s := open(t, torch.Float32)
	values := func(seed int) []float64 {
		m, err := New(s, tiny(), seed)
		if err != nil {
			t.Fatal(err)
		}
		v, err := m.embed.Value64s()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	first := values(1)
	if !slices.Equal(first, values(1)) || slices.Equal(first, values(2)) {
		t.Error("a model does not depend on its seed alone")
	}
	sum := 0.0
	for _, v := range first {
		sum += v * v / float64(len(first))
	}
	if math.Abs(math.Sqrt(sum)-embeddingDeviation) > 0.1 {
		t.Errorf("the embedding deviates by %g, want %g", math.Sqrt(sum), embeddingDeviation)
	}
}

func TestHiddenFreesWhatItMade(t *testing.T) {
	s := open(t, torch.Float32)
	m := newModel(t, s, tiny())
	before := s.Live()
	for range 20 {
		err := s.Scope(func() error {
			m.Hidden(Input{Tokens: []int64{1, 2}, Rows: 1, Length: 2})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if s.Live() != before {
		t.Errorf("%d tensors live, %d before", s.Live(), before)
	}
	m.Hidden(Input{Tokens: []int64{1, 2}, Rows: 1, Length: 2})
	if s.Live() != before+1 {
		t.Errorf("Hidden left %d tensors, want its result", s.Live()-before)
	}
	m.Free()
	if s.Live() != 1 {
		t.Errorf("%d tensors live after the model was freed, want the last result", s.Live())
	}
}
