package metrics

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// agree tells whether two numbers do so to nine digits.
func agree(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1e-3, math.Abs(b)) }

func TestIntervalsAndPEqualSciPy(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "significance.json"))
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Samples []struct {
			Name     string
			Scores   [][]float64
			Mean     float64
			Interval [2]float64
			P        *float64
		}
		T      [][3]float64
		Wilson [][4]float64
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	for _, g := range golden.Samples {
		t.Run(g.Name, func(t *testing.T) {
			zero := make([][]float64, len(g.Scores))
			for s := range zero {
				zero[s] = make([]float64, len(g.Scores[s]))
			}
			c, err := Compare(g.Scores, zero, Amount)
			if err != nil {
				t.Fatal(err)
			}
			e, err := Mean(g.Scores, Amount)
			if err != nil {
				t.Fatal(err)
			}
			for _, got := range [][3]float64{{c.Difference, c.Low, c.High}, {e.Value, e.Low, e.High}} {
				if !agree(got[0], g.Mean) || !agree(got[1], g.Interval[0]) || !agree(got[2], g.Interval[1]) {
					t.Errorf("got %v, want %v %v", got, g.Mean, g.Interval)
				}
			}
			switch {
			case g.P == nil:
				if c.Tested || c.Significant(Level) {
					t.Errorf("%d seeds were tested: %+v", len(g.Scores), c)
				}
			case math.Abs(c.P-*g.P) > 1e-6**g.P:
				t.Errorf("p: got %v, want %v", c.P, *g.P)
			case c.Significant(Level) != (c.Low > 0 || c.High < 0):
				t.Errorf("p = %v and the interval [%v, %v] contradict each other", c.P, c.Low, c.High)
			}
		})
	}
	for _, q := range golden.T {
		if got := studentTail(q[1], q[0]); math.Abs(got-q[2]) > 1e-6*q[2] {
			t.Errorf("t with %v degrees of freedom, alpha %v: got %v, want %v", q[0], q[1], got, q[2])
		}
	}
	for _, w := range golden.Wilson {
		share, n := w[0]/w[1], w[1]
		low, high := wilson(share, uncertainty{{share * (1 - share) / n, 1e9}}, 1, int(n))
		// Where all are equal, Student's quantile stands for the normal one.
		if edge := share == 0 || share == 1; !edge && (math.Abs(low-w[2]) > 1e-6 || math.Abs(high-w[3]) > 1e-6) ||
			edge && (low > w[2] || high < w[3] || math.Abs(low-w[2]) > 0.02 || math.Abs(high-w[3]) > 0.02) {
			t.Errorf("share %v of %v: got [%v, %v], want [%v, %v]", share, n, low, high, w[2], w[3])
		}
	}
}

func TestSeedsThatAreNotPaired(t *testing.T) {
	a := [][]float64{{1, 2, 3, 4}, {1, 4, 3, 2}, {2, 2, 3, 3}, {1, 1, 4, 4}}
	b := [][]float64{{1, 1, 4, 1}, {1, 1, 4, 2}, {0, 1, 3, 1}}
	c, err := Compare(a, b, Amount)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Tested || c.Seeds != 3 || c.P <= 0 || c.P >= 1 || c.Low >= c.Difference {
		t.Errorf("got %+v", c)
	}
	if last := c.Warnings[len(c.Warnings)-1]; !strings.Contains(last, "not paired") {
		t.Errorf("warnings for unequal seeds: got %q", c.Warnings)
	}
	if c, err = Compare(a, b[:1], Amount); err != nil || c.Tested {
		t.Errorf("four seeds were tested against one: %+v, %v", c, err)
	}
}

func TestFewSeedsAreNeverSignificant(t *testing.T) {
	far, near := slices.Repeat([]float64{5, 5.1}, 50), slices.Repeat([]float64{0.1, 0}, 50)
	for seeds := 1; seeds <= 3; seeds++ {
		c, err := Compare(slices.Repeat([][]float64{far}, seeds), slices.Repeat([][]float64{near}, seeds), Amount)
		if err != nil {
			t.Fatal(err)
		}
		if c.Significant(Level) != (seeds == 3) {
			t.Errorf("%d seeds: got %+v", seeds, c)
		}
		if said := strings.Join(c.Warnings, "; "); strings.Contains(said, "for these two models, over examples") != (seeds < 3) {
			t.Errorf("%d seeds: warnings %q", seeds, said)
		}
	}
}

func TestEqualSystems(t *testing.T) {
	scores := slices.Repeat([][]float64{slices.Repeat([]float64{0.1, 0.7}, 50)}, 3)
	c, err := Compare(scores, scores, Amount)
	if err != nil {
		t.Fatal(err)
	}
	if c.Low != 0 || c.High != 0 || c.P != 1 || c.Significant(Level) {
		t.Errorf("a system against itself: got %+v", c)
	}
	if !slices.ContainsFunc(c.Warnings, func(w string) bool { return strings.Contains(w, "equal") }) {
		t.Errorf("warnings: got %q", c.Warnings)
	}
}

// The mean of lengths hangs on one loop; how far lengths are from right does not.
func TestRatiosAreRobust(t *testing.T) {
	right := slices.Repeat([]float64{0.8, 1, 1.25, 0.9, 1.1}, 20)
	short := slices.Repeat([]float64{0.4, 0.5, 0.6, 0.5, 0.55}, 20)
	right[7], short[3] = 60, 0 // a loop and an empty text
	a, b := slices.Repeat([][]float64{right}, 3), slices.Repeat([][]float64{short}, 3)
	e, err := Mean(a, Ratio)
	if err != nil || e.Value != 1 || e.Low < 0.9 || e.High > 1.1 {
		t.Errorf("the median: got %+v, %v", e, err)
	}
	c, err := Compare(a, b, Ratio)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Significant(Level) || CloserToOne.Better(c.Difference) != 1 || math.IsInf(c.MeanB, 0) {
		t.Errorf("nearer to 1: got %+v", c)
	}
	if got := Ratio.comparable([][]float64{{0, 1, 2, 0.5, 1000}})[0]; got[0] != math.Log(20) || got[1] != 0 || got[2] != got[3] || got[4] != math.Log(20) {
		t.Errorf("|ln ratio|: got %v", got)
	}
}

func TestSharesStayBetweenZeroAndOne(t *testing.T) {
	for ended, want := range map[int][2]float64{100: {0.95, 1}, 0: {0, 0.05}, 98: {0.92, 1}} {
		row := make([]float64, 100)
		for i := range ended {
			row[i] = 1
		}
		e, err := Mean([][]float64{row, row, row}, Share)
		if err != nil {
			t.Fatal(err)
		}
		if e.Low < want[0] || e.High > want[1] || e.Low == e.High || e.Low > e.Value || e.High < e.Value {
			t.Errorf("%d of 100: got %+v", ended, e)
		}
		// The seeds agree on each text, so that they are as good as one.
		alone, err := Mean([][]float64{row}, Share)
		if err != nil || e.High-e.Low < 0.8*(alone.High-alone.Low) {
			t.Errorf("three equal seeds have [%v, %v] and one [%v, %v], %v", e.Low, e.High, alone.Low, alone.High, err)
		}
	}
}

func TestScales(t *testing.T) {
	for metric, want := range map[string]Scale{"ended": Share, "exact": Share, "length_ratio": Ratio, "rougeL": Amount, "bleu": Amount, "bleurt": Amount} {
		if got := ScaleOf(metric); got != want {
			t.Errorf("%s: got %v, want %v", metric, got, want)
		}
	}
}

func TestHolm(t *testing.T) {
	family := []*Comparison{{P: 0.04, Tested: true}, {P: 0.01, Tested: true}, {P: 0, Corrected: 0}, {P: 0.03, Tested: true}, {P: 0.005, Tested: true}}
	Correct(family)
	for i, want := range []float64{0.06, 0.03, 0, 0.06, 0.02} {
		if math.Abs(family[i].Corrected-want) > 1e-15 {
			t.Errorf("p %v: got %v, want %v", family[i].P, family[i].Corrected, want)
		}
	}
	family = []*Comparison{{P: 0.9, Tested: true}, {P: 0.8, Tested: true}}
	if Correct(family); family[0].Corrected != 1 || family[1].Corrected != 1 {
		t.Errorf("got %v and %v, expected nothing above 1", family[0].Corrected, family[1].Corrected)
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
		if _, err := Compare(c.a, c.b, Amount); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("comparing %v: got %v, expected an error that says %q", c.a, err, c.says)
		}
	}
}
