package decode

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// bestOptions are those of the best of so many candidates, where a response to a
// request is worth the sum of its tokens, and more the more often it has the request's
// place.
func bestOptions(candidates, batch int) Options {
	o := options(BestOfN, batch)
	o.Candidates = candidates
	o.Scores = func(request int, responses []Response) ([]float64, error) {
		scores := make([]float64, len(responses))
		for i, r := range responses {
			scores[i] = worth(request, r)
		}
		return scores, nil
	}
	return o
}

func worth(request int, r Response) float64 {
	sum := 0.0
	for _, token := range r.Tokens {
		sum += float64(token)
		if token == request%13 {
			sum += 5
		}
	}
	return sum
}

func TestBestOfNIsBelowNoCandidate(t *testing.T) {
	m := newModel(t, 13, 16)
	asked := requests(20, 13)
	o := options(Sample, 8)
	o.Samples = 6
	samples := decode(t, m, asked, o)
	for _, batch := range []int{1, 8, 64} {
		later := 0
		for i, got := range decode(t, m, asked, bestOptions(6, batch)) {
			want := slices.MaxFunc(samples[i], func(a, b Response) int { // the first of equals
				return int(worth(i, a) - worth(i, b))
			})
			if len(got) != 1 || !slices.Equal(got[0].Tokens, want.Tokens) || got[0].Ended != want.Ended {
				t.Errorf("batch %d, %s: %v, want %v", batch, asked[i].ID, got, want.Tokens)
			}
			if !slices.Equal(want.Tokens, samples[i][0].Tokens) {
				later++
			}
		}
		if later == 0 {
			t.Error("the first sample was always the best; the test needs others")
		}
	}
}

func TestBestOfNTakesTheFirstOfEquals(t *testing.T) {
	candidates := []Response{{Tokens: []int{1, 0}}, {Tokens: []int{3, 0}}, {Tokens: []int{1, 0}}, {Tokens: []int{0, 3}}, {Tokens: []int{2}}}
	o := Options{Scores: func(request int, responses []Response) ([]float64, error) {
		if request != 7 || len(responses) != 4 {
			t.Errorf("request %d is asked for the scores of %d responses, want 7 and the 4 that differ", request, len(responses))
		}
		return []float64{-5, -1, -1, -2}, nil
	}}
	if got, err := o.bestOfN(7, candidates); got != 1 || err != nil {
		t.Errorf("number %d, %v; want 1", got, err)
	}
	o.Scores = func(int, []Response) ([]float64, error) { return nil, errors.New("no scores") }
	if _, err := o.bestOfN(7, candidates); err == nil {
		t.Error("an error of the scores is lost")
	}
	if got, err := o.bestOfN(7, candidates[:1]); got != 0 || err != nil {
		t.Errorf("of one candidate number %d, %v", got, err)
	}
}

func TestTries(t *testing.T) {
	tuned, best, own := Default("tuned"), Default("best"), Default("best")
	tuned.Strategy, tuned.Temperatures, tuned.TopK = MBR, []float64{0.5, 1}, 20
	own.BeamWidths, own.LengthPenalties, own.Temperatures, own.TopPs, own.TopK = []int{8}, []float64{0.6, 1}, []float64{1}, []float64{0.5}, 7
	for _, test := range []struct {
		settings Settings
		want     string
	}{
		{Default("sample"), ""},
		{tuned, "mbr: temperature 0.5, top-k 20; mbr: temperature 1, top-k 20"},
		{best, "greedy: greedy; beam: 2 beams; beam: 4 beams; " +
			"sample: temperature 0.3; sample: temperature 0.5; sample: temperature 0.7; " +
			"sample: temperature 0.3, top-p 0.9; sample: temperature 0.5, top-p 0.9; sample: temperature 0.7, top-p 0.9"},
		{own, "greedy: greedy; beam: 8 beams, length penalty 0.6; beam: 8 beams; sample: temperature 1, top-k 7, top-p 0.5"},
	} {
		var words []string
		for _, try := range test.settings.Tries() {
			words = append(words, try.Strategy+": "+try.Words())
			if len(try.Tries()) > 0 {
				t.Errorf("%+v still leaves a choice", try)
			}
		}
		if got := strings.Join(words, "; "); got != test.want {
			t.Errorf("%+v: tries\n%s, want\n%s", test.settings, got, test.want)
		}
	}
}

// TestEntropies holds the entropies of what is sampled from against those of an uncached
// loop.
func TestEntropies(t *testing.T) {
	m := newModel(t, 13, 16)
	asked := requests(20, 13)
	o := options(Sample, 4)
	o.Temperature, o.Entropies = 0.7, true
	for i, got := range decode(t, m, asked, o) {
		r := got[0]
		if len(r.Entropies) != len(r.Tokens) {
			t.Fatalf("%d entropies of %d tokens", len(r.Entropies), len(r.Tokens))
		}
		for n, entropy := range r.Entropies {
			want := 0.0
			for _, p := range next(t, m, slices.Concat(asked[i].Prompt, r.Tokens[:n]), 0.7) {
				want -= p * math.Log(p)
			}
			if math.Abs(float64(entropy)-want) > 1e-4 {
				t.Errorf("%s, token %d: entropy %g, want %g", asked[i].ID, n, entropy, want)
			}
		}
	}
}
