package decode

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"lastmile/harness/model"
	"lastmile/harness/model/modeltest"
	"lastmile/harness/random"
	"lastmile/harness/torch"
)

// eos is the tests' end token.
const eos = 0

func newModel(t testing.TB, vocabulary, hidden int) *model.Model {
	t.Helper()
	m, err := model.New(modeltest.Open(t, torch.Float32), model.Config{
		VocabSize: vocabulary, HiddenSize: hidden, IntermediateSize: 2 * hidden, NumHiddenLayers: 2, NumAttentionHeads: 4, NumKeyValueHeads: 2,
		HiddenAct: "silu", MaxPositionEmbeddings: 64, InitializerRange: 0.3, RMSNormEps: 1e-6, RopeTheta: 10000,
	}, 1)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// requests are n prompts of 1 to 12 random tokens.
func requests(n, vocabulary int) []Request {
	out := make([]Request, n)
	for i := range out {
		stream := random.New(1, "prompt", i)
		prompt := make([]int, 1+stream.IntN(12))
		for j := range prompt {
			prompt[j] = stream.IntN(vocabulary)
		}
		out[i] = Request{ID: fmt.Sprint("request ", i), Prompt: prompt}
	}
	return out
}

func options(strategy string, batch int) Options {
	d := Default(strategy)
	d.Strategy, d.BatchSize = strategy, batch
	return Options{Settings: d, MaxTokens: 10, Ends: []int{eos}, Seed: 1, Stage: "test", Text: text, Utilities: shared}
}

func decode(t testing.TB, m *model.Model, requests []Request, o Options) [][]Response {
	t.Helper()
	responses, err := Decode(t.Context(), m, requests, o)
	if err != nil {
		t.Fatal(err)
	}
	return responses
}

// next is the distribution after tokens, computed without a cache: the
// probabilities at a temperature.
func next(t testing.TB, m *model.Model, tokens []int, temperature float64) []float64 {
	t.Helper()
	in := model.Input{Rows: 1, Length: len(tokens)}
	for _, token := range tokens {
		in.Tokens = append(in.Tokens, int64(token))
	}
	var probabilities []float64
	err := m.Session().Scope(func() (err error) {
		logits := m.Logits(m.Hidden(in).Narrow(1, len(tokens)-1, 1)).MulScalar(1 / temperature)
		probabilities, err = logits.Softmax(-1).Value64s()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return probabilities
}

func argmax(values []float64) int { return slices.Index(values, slices.Max(values)) }

func TestGreedyEqualsAnUncachedLoop(t *testing.T) {
	m := newModel(t, 13, 16)
	asked := requests(40, 13)
	ended := 0
	for i, got := range decode(t, m, asked, options("greedy", 7)) {
		var want []int
		for len(want) < 10 {
			token := argmax(next(t, m, slices.Concat(asked[i].Prompt, want), 1))
			want = append(want, token)
			if token == eos {
				ended++
				break
			}
		}
		if !slices.Equal(got[0].Tokens, want) || got[0].Ended != (want[len(want)-1] == eos) {
			t.Errorf("%s: %v, ended %v, want %v", asked[i].ID, got[0].Tokens, got[0].Ended, want)
		}
	}
	if ended == 0 || ended == len(asked) {
		t.Errorf("%d of %d responses ended; the test needs both", ended, len(asked))
	}
}

// TestWhatAllPromptsBeginWithIsComputedOnce decodes prompts in a template, by every
// strategy, alone and together.
func TestWhatAllPromptsBeginWithIsComputedOnce(t *testing.T) {
	m := newModel(t, 200, 32)
	asked := requests(12, 200)
	template := []int{7, 5, 3, 9, 11, 2, 150, 8, 42}
	for i := range asked {
		asked[i].Prompt = slices.Concat(template, asked[i].Prompt)
	}
	tokens := 0
	for _, r := range asked {
		tokens += len(r.Prompt)
	}
	for _, strategy := range []string{Greedy, "sample", Beam} {
		o := options(strategy, 5)
		o.MaxTokens = 3
		computed := 0
		o.Tokens = func(n int) { computed += n }
		together := decode(t, m, asked, o)
		saved := (len(asked) - 1) * len(template)
		if strategy != Beam && computed > tokens-saved+len(asked)*(o.MaxTokens-1) {
			t.Errorf("%s: %d tokens were computed, of %d in the prompts", strategy, computed, tokens)
		}
		for i, r := range asked {
			if alone := decode(t, m, []Request{r}, o); !slices.Equal(alone[0][0].Tokens, together[i][0].Tokens) {
				t.Errorf("%s: %s: %v together, %v alone", strategy, r.ID, together[i][0].Tokens, alone[0][0].Tokens)
			}
		}
	}
	// What is left of each is a token at least, and a few that are alike are no prefix.
	for _, test := range []struct {
		prompts [][]int
		want    int
	}{
		{[][]int{template, template}, 8},
		{[][]int{template, template[:8]}, 0},
		{[][]int{{1, 2, 3}, {1, 2, 4}}, 0},
		{[][]int{template}, 0},
	} {
		var same []Request
		for _, p := range test.prompts {
			same = append(same, Request{ID: "same", Prompt: p})
		}
		if n := beginning(same); n != test.want {
			t.Errorf("%d tokens that %v begin with are worth a pass of their own, want %d", n, test.prompts, test.want)
		}
	}
}

func TestBatchSizeAndOrderChangeNoSample(t *testing.T) {
	m := newModel(t, 200, 32)
	asked := requests(200, 200)
	one := decode(t, m, asked, options("sample", 1))
	shuffled := slices.Clone(asked)
	random.New(1, "shuffle").Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, test := range []struct {
		name    string
		asked   []Request
		batch   int
		samples int
	}{
		{"batches of 16", asked, 16, 1},
		{"batches of 64", asked, 64, 1},
		{"another order", shuffled, 16, 1},
		{"beside another sample", asked, 64, 2},
	} {
		o := options("sample", test.batch)
		o.Samples = test.samples
		got := decode(t, m, test.asked, o)
		byID := make(map[string][]int)
		for i, r := range test.asked {
			byID[r.ID] = got[i][0].Tokens
		}
		same := 0
		for i, r := range asked {
			if slices.Equal(byID[r.ID], one[i][0].Tokens) {
				same++
			}
		}
		if share := float64(same) / float64(len(asked)); share < 0.995 {
			t.Errorf("%s: %.1f %% of the texts are those of single prompts, want 99.5", test.name, 100*share)
		}
	}
}

func TestEverySampleHasItsOwnStream(t *testing.T) {
	m := newModel(t, 50, 16)
	asked := requests(3, 50)
	o := options("sample", 3)
	o.Samples = 4
	all := decode(t, m, asked, o)
	texts := make(map[string]bool)
	for _, responses := range all {
		if len(responses) != 4 {
			t.Fatalf("%d samples, want 4", len(responses))
		}
		for _, r := range responses {
			texts[fmt.Sprint(r.Tokens)] = true
		}
	}
	if len(texts) < 11 {
		t.Errorf("12 samples gave %d texts", len(texts))
	}
	o.Seed = 2
	if other := decode(t, m, asked, o); slices.Equal(other[0][0].Tokens, all[0][0].Tokens) {
		t.Error("another seed gave the same sample")
	}
	o.Seed, o.Stage = 1, "another"
	if other := decode(t, m, asked, o); slices.Equal(other[0][0].Tokens, all[0][0].Tokens) {
		t.Error("another stage gave the same sample")
	}
}

func TestLogprobsAndValuesOfSamplingEqualAFreshPass(t *testing.T) {
	m := newModel(t, 50, 32)
	s := m.Session()
	m.AddHead()
	head := make([]float32, m.Config.HiddenSize)
	for i := range head {
		head[i] = float32(math.Sin(float64(i)))
	}
	m.Head.CopyInPlace(s.Floats(head, 1, len(head)))
	asked := requests(60, 50)
	for _, temperature := range []float64{1, 0.7} {
		o := options("sample", 16)
		o.Samples, o.Temperature, o.Values = 3, temperature, true
		o.TopK = 20 // the log-probabilities are of the whole distribution all the same
		var trees []model.Tree
		var sampled, values []float32
		ended, cut := 0, 0
		for i, responses := range decode(t, m, asked, o) {
			tree := model.Tree{Prompt: asked[i].Prompt}
			for _, r := range responses {
				tree.Responses = append(tree.Responses, r.Tokens)
				sampled = append(sampled, r.Logprobs...)
				values = append(values, r.Values...)
				last := r.Tokens[len(r.Tokens)-1]
				if r.Ended != (last == eos) || slices.Contains(r.Tokens[:len(r.Tokens)-1], eos) || !r.Ended && len(r.Tokens) != 10 {
					t.Errorf("response %v, ended %v", r.Tokens, r.Ended)
				}
				if r.Ended {
					ended++
				} else {
					cut++
				}
			}
			trees = append(trees, tree)
		}
		if ended == 0 || cut == 0 {
			t.Errorf("%d responses ended and %d were cut; the test needs both", ended, cut)
		}
		err := s.Scope(func() error {
			b := model.NewBranches(s, trees)
			states := m.HiddenAt(b.Input, b.Predict)
			for _, c := range []struct {
				what         string
				fresh        *torch.Tensor
				whenSampling []float32
			}{
				{"log-probability", m.Logprobs(states, b.Targets, temperature), sampled},
				{"value", m.Scores(states), values},
			} {
				fresh, err := c.fresh.Values()
				if err != nil {
					t.Fatal(err)
				}
				if len(fresh) != len(c.whenSampling) {
					t.Fatalf("%d times %s for %d tokens", len(c.whenSampling), c.what, len(fresh))
				}
				for i := range fresh {
					if math.Abs(float64(fresh[i]-c.whenSampling[i])) > 1e-4 {
						t.Fatalf("%s %g when sampling, %g in a fresh pass", c.what, c.whenSampling[i], fresh[i])
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestFirstTokensFollowTheDistribution(t *testing.T) {
	m := newModel(t, 13, 16)
	asked := requests(1, 13)
	for _, temperature := range []float64{1, 2} {
		o := options("sample", 1)
		o.Samples, o.MaxTokens, o.Temperature = 4000, 1, temperature
		counts := make([]float64, 13)
		for _, r := range decode(t, m, asked, o)[0] {
			counts[r.Tokens[0]]++
		}
		within(t, fmt.Sprint("temperature ", temperature), counts, next(t, m, asked[0].Prompt, temperature))
	}
}

// within fails the test where counts are not those of draws with the given
// probabilities, by five standard deviations.
func within(t testing.TB, what string, counts, probabilities []float64) {
	t.Helper()
	n := 0.0
	for _, c := range counts {
		n += c
	}
	for i, p := range probabilities {
		if math.Abs(counts[i]-n*p) > 5*math.Sqrt(n*p*(1-p)) {
			t.Errorf("%s: %v of %v draws are %d, of probability %g", what, counts[i], n, i, p)
		}
	}
}

func TestCancelling(t *testing.T) {
	m := newModel(t, 13, 16)
	before := m.Session().Live()
	for _, strategy := range []string{"greedy", "sample", "beam", "mbr"} {
		ctx, cancel := context.WithCancel(t.Context())
		o := options(strategy, 4)
		o.MaxTokens = 40
		o.Ends = nil // none ends
		calls := 0
		o.Tokens = func(int) {
			if calls++; calls == 3 {
				cancel()
			}
		}
		start := time.Now()
		_, err := Decode(ctx, m, requests(200, 13), o)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v, want that it was cancelled", strategy, err)
		}
		if took := time.Since(start); took > 2*time.Second || calls > 4 {
			t.Errorf("%s: went on for %v and %d batches", strategy, took, calls)
		}
		cancel()
	}
	if live := m.Session().Live(); live != before {
		t.Errorf("%d tensors live, %d before", live, before)
	}
}

func TestDecodingFreesWhatItMade(t *testing.T) {
	m := newModel(t, 13, 16)
	before := m.Session().Live()
	tokens, last := 0, 0
	for _, strategy := range []string{"greedy", "sample", "beam", "mbr"} {
		o := options(strategy, 4)
		o.Tokens = func(n int) { tokens += n }
		o.Progress = func(done, total int) {
			if total != 10 || done != last+1 {
				t.Errorf("%d of %d prompts done after %d", done, total, last)
			}
			last = done % 10
		}
		decode(t, m, requests(10, 13), o)
	}
	if live := m.Session().Live(); live != before {
		t.Errorf("%d tensors live, %d before", live, before)
	}
	if tokens == 0 {
		t.Error("no tokens were counted")
	}
}

func TestPromptsThatDoNotFit(t *testing.T) {
	m := newModel(t, 13, 16)
	for _, prompt := range [][]int{nil, make([]int, 55)} {
		_, err := Decode(t.Context(), m, []Request{{ID: "the one", Prompt: prompt}}, options("greedy", 1))
		if err == nil || !strings.Contains(err.Error(), "the one") || !strings.Contains(err.Error(), "64 positions") {
			t.Errorf("a prompt of %d tokens: error %v", len(prompt), err)
		}
	}
	if got := decode(t, m, []Request{{ID: "full", Prompt: make([]int, 54)}}, options("greedy", 1)); len(got[0][0].Tokens) == 0 {
		t.Error("a prompt that just fits got no response")
	}
	if got := decode(t, m, nil, options("greedy", 1)); len(got) != 0 {
		t.Errorf("no requests got %d responses", len(got))
	}
}
