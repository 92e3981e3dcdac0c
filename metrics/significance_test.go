package metrics

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestIntervalsAndPEqualSciPy(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "significance.json"))
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Samples []struct {
			Name        string
			Differences []float64
			Mean        float64
			BCa         [2]float64
			Percentile  [2]float64
			P           float64
		}
		T [][3]float64
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	for _, g := range golden.Samples {
		t.Run(g.Name, func(t *testing.T) {
			// Ends of intervals and p move with the draws, here and there.
			standardError := math.Sqrt(variance(g.Differences) / float64(len(g.Differences)))
			for name, of := range map[string]struct {
				make func([]float64, Resampling) (Interval, error)
				want [2]float64
			}{"BCa": {Bootstrap, g.BCa}, "percentile": {PercentileBootstrap, g.Percentile}} {
				got, err := of.make(g.Differences, Resampling{Resamples: 50_000})
				if err != nil {
					t.Fatal(err)
				}
				if math.Abs(got.Low-of.want[0]) > 0.1*standardError || math.Abs(got.High-of.want[1]) > 0.1*standardError {
					t.Errorf("%s interval: got %v, want %v, with a standard error of %.4f", name, got, of.want, standardError)
				}
			}
			p, err := Permutation(g.Differences, Resampling{})
			if err != nil {
				t.Fatal(err)
			}
			if off := 4*math.Sqrt(g.P*(1-g.P)/10_000) + 2e-4; math.Abs(p-g.P) > off {
				t.Errorf("p: got %v, want %v ± %.4f", p, g.P, off)
			}
		})
	}
	for _, q := range golden.T {
		if got := studentQuantile(q[1], int(q[0])); math.Abs(got-q[2]) > 1e-9*q[2] {
			t.Errorf("quantile %v of t with %v degrees of freedom: got %v, want %v", q[1], q[0], got, q[2])
		}
	}
}

// simulate draws the scores of two systems that differ by effect in the mean.
func simulate(draw *rand.Rand, seeds, examples int, effect, bySeed, byExample, noise float64) (a, b [][]float64) {
	difficulty := make([]float64, examples)
	taste := make([]float64, examples) // what a finds easier than b
	for i := range difficulty {
		difficulty[i] = draw.NormFloat64()
		taste[i] = byExample * draw.NormFloat64()
	}
	for range seeds {
		own := effect + bySeed*draw.NormFloat64()
		rowA, rowB := make([]float64, examples), make([]float64, examples)
		for i := range rowA {
			rowB[i] = difficulty[i]
			rowA[i] = difficulty[i] + own + taste[i] + noise*draw.NormFloat64()
		}
		a, b = append(a, rowA), append(b, rowB)
	}
	return a, b
}

func TestCoverageAndFalseAlarms(t *testing.T) {
	const simulations = 1000
	const effect = 0.5
	alarms, tests := 0, 0
	for _, s := range []struct {
		name                     string
		seeds, examples          int
		bySeed, byExample, noise float64
		least, most              float64
	}{
		{"one seed", 1, 60, 0, 1, 0, 0.93, 0.97},
		{"three seeds", 3, 60, 0.05, 1, 1, 0.93, 0.97},
		{"five seeds that disagree", 5, 60, 1, 1, 1, 0.93, 0.97},
		{"two seeds that disagree", 2, 60, 5, 1, 1, 0.5, 0.7},
	} {
		covered := 0
		draw := rand.New(rand.NewPCG(1, 1))
		for k := range simulations {
			a, b := simulate(draw, s.seeds, s.examples, effect, s.bySeed, s.byExample, s.noise)
			c, err := Compare(a, b, Resampling{Resamples: 600, Seed: k})
			if err != nil {
				t.Fatal(err)
			}
			if c.Low <= effect && effect <= c.High {
				covered++
			}
			a, b = simulate(draw, 1, s.examples, 0, 0, s.byExample, s.noise)
			p, err := Permutation(subtract(a[0], b[0]), Resampling{Resamples: 600, Seed: k})
			if err != nil {
				t.Fatal(err)
			}
			tests++
			if p < 0.05 {
				alarms++
			}
		}
		coverage := float64(covered) / simulations
		t.Logf("%s: the interval covers the effect in %.1f %% of simulations", s.name, 100*coverage)
		if coverage < s.least || coverage > s.most {
			t.Errorf("%s: the interval covers the effect in %.1f %% of simulations, expected %.0f to %.0f", s.name, 100*coverage, 100*s.least, 100*s.most)
		}
	}
	rate := float64(alarms) / float64(tests)
	t.Logf("p < 0.05 in %.1f %% of simulations without an effect", 100*rate)
	if rate < 0.04 || rate > 0.06 {
		t.Errorf("p < 0.05 in %.1f %% of simulations without an effect, expected 4 to 6", 100*rate)
	}
}

func TestCompareCountsAndPairs(t *testing.T) {
	a := [][]float64{{1, 2, 3, 4}, {1, 4, 3, 2}}
	b := [][]float64{{1, 1, 4, 1}, {1, 1, 4, 1}}
	c, err := Compare(a, b, Resampling{Resamples: 500})
	if err != nil {
		t.Fatal(err)
	}
	if c.MeanA != 2.5 || c.MeanB != 1.75 || c.Difference != 0.75 {
		t.Errorf("means: got %v, %v, %v", c.MeanA, c.MeanB, c.Difference)
	}
	if c.Wins != 2 || c.Ties != 1 || c.Losses != 1 || c.Examples != 4 || c.Seeds != 2 {
		t.Errorf("counts: got %+v", c)
	}
	if len(c.Warnings) != 2 || !strings.Contains(c.Warnings[0], "4 examples") || !strings.Contains(c.Warnings[1], "2 seeds") {
		t.Errorf("warnings: got %q", c.Warnings)
	}
	c, err = Compare(a, b[:1], Resampling{Resamples: 500})
	if err != nil {
		t.Fatal(err)
	}
	if last := c.Warnings[len(c.Warnings)-1]; !strings.Contains(last, "not paired") {
		t.Errorf("warnings for unequal seeds: got %q", c.Warnings)
	}
}

func TestEqualSystems(t *testing.T) {
	scores := [][]float64{slices.Repeat([]float64{0.1, 0.7}, 50)}
	c, err := Compare(scores, scores, Resampling{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Low != 0 || c.High != 0 || c.P != 1 || c.Ties != 100 {
		t.Errorf("a system against itself: got %+v", c)
	}
	if !slices.ContainsFunc(c.Warnings, func(w string) bool { return strings.Contains(w, "equal") }) {
		t.Errorf("warnings: got %q", c.Warnings)
	}
}

func TestResamplingIgnoresWorkers(t *testing.T) {
	a, b := simulate(rand.New(rand.NewPCG(3, 3)), 3, 200, 0.1, 0.5, 1, 1)
	var first Comparison
	for workers := 1; workers <= 5; workers++ {
		c, err := Compare(a, b, Resampling{Resamples: 1000, Seed: 7, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		if workers == 1 {
			first = c
		} else if !reflect.DeepEqual(c, first) {
			t.Errorf("%d workers: got %+v, want %+v", workers, c, first)
		}
	}
	c, err := Compare(a, b, Resampling{Resamples: 1000, Seed: 8})
	if err != nil {
		t.Fatal(err)
	}
	if c.Low == first.Low {
		t.Errorf("another seed gave the same interval")
	}
}

// The 2 s are on two cores, so 4 s of them together. What counts is the time
// that the process computed: other programs only make it wait.
func TestTwentySystemsInTwoSeconds(t *testing.T) {
	draw := rand.New(rand.NewPCG(2, 2))
	base, _ := simulate(draw, 1, 1000, 0, 0, 1, 1)
	start, before := time.Now(), computed(t)
	for range 20 {
		system, _ := simulate(draw, 1, 1000, 0, 0, 1, 1)
		if _, err := Compare(system, base, Resampling{}); err != nil {
			t.Fatal(err)
		}
	}
	took := computed(t) - before
	t.Logf("20 comparisons of 1,000 examples with 10,000 resamples took %v, and %v of all cores together", time.Since(start), took)
	if took > 4*time.Second {
		t.Errorf("20 comparisons took %v of all cores together, expected at most 4 s", took)
	}
}

// computed returns how long the process has computed, on all cores together.
func computed(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func TestHolm(t *testing.T) {
	got := Holm([]float64{0.04, 0.01, 0.03, 0.005})
	want := []float64{0.06, 0.03, 0.06, 0.02}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-15 {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if got := Holm([]float64{0.9, 0.8}); got[0] != 1 || got[1] != 1 {
		t.Errorf("got %v, expected nothing above 1", got)
	}
}

func TestSignificanceRejectsBadScores(t *testing.T) {
	good := [][]float64{{1, 2, 3}}
	for _, c := range []struct {
		a, b [][]float64
		says string
	}{
		{nil, good, "no scores"},
		{[][]float64{{}}, good, "no scores"},
		{[][]float64{{1, 2}}, good, "a has 2 examples and b has 3"},
		{[][]float64{{1, 2, 3}, {1, 2}}, good, "seed 2 has 2 examples"},
		{[][]float64{{1, math.NaN(), 3}}, good, "example 2 is NaN"},
	} {
		if _, err := Compare(c.a, c.b, Resampling{}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("comparing %v: got %v, expected an error that says %q", c.a, err, c.says)
		}
	}
	if _, err := Mean(good, Resampling{Confidence: 2}); err == nil {
		t.Error("a confidence of 2 was accepted")
	}
}
