package metrics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"lastmile/harness/readmetest"
)

// What is simulated: 1,000 examples whose difference has a spread of 0.10, and
// scores that add 0.18, as la-ROUGE-L has it.
const (
	calibratedExamples = 1000
	overExamples       = 0.10
	ofScores           = 0.18
)

// calibration is how often a rule is right about differences of which the truth is
// known.
type calibration struct {
	seeds        int
	betweenSeeds float64 // standard deviation
	alarms       float64 // true nulls that are called significant
	covered      float64 // intervals that hold the truth
	found        float64 // differences of 0.02 that are called significant
	// satterthwaite is what alarms would be with Satterthwaite's degrees of
	// freedom.
	satterthwaite float64
	// contradictions are intervals that p does not agree with.
	contradictions int
}

// simulate draws the differences of two systems by seed and example.
func simulate(random *rand.Rand, seeds, examples int, effect, betweenSeeds float64) [][]float64 {
	byExample := make([]float64, examples)
	for i := range byExample {
		byExample[i] = overExamples * random.NormFloat64()
	}
	differences := make([][]float64, seeds)
	for s := range differences {
		own := effect + betweenSeeds*random.NormFloat64()
		differences[s] = make([]float64, examples)
		for i := range differences[s] {
			differences[s][i] = own + byExample[i] + ofScores*random.NormFloat64()
		}
	}
	return differences
}

// simulatedUncertainty draws a mean of true value 0 and its uncertainty from the
// distributions that [simulate] gives them: the mean is normal, and the mean
// squares are independent of it and of each other, χ² over their degrees of
// freedom.
func simulatedUncertainty(random *rand.Rand, seeds int, betweenSeeds float64) (mean float64, u uncertainty) {
	const n = float64(calibratedExamples)
	s := float64(seeds)
	square := func(expected, freedom float64) float64 {
		sum := 0.0
		if freedom < 100 {
			for range int(freedom) {
				z := random.NormFloat64()
				sum += z * z
			}
		} else { // Wilson and Hilferty (1931)
			sum = freedom * math.Pow(1-2/(9*freedom)+random.NormFloat64()*math.Sqrt(2/(9*freedom)), 3)
		}
		return expected * sum / freedom
	}
	residual := square(ofScores*ofScores, (n-1)*(s-1))
	bySeed := square(n*betweenSeeds*betweenSeeds+ofScores*ofScores, s-1)
	byExample := square(s*overExamples*overExamples+ofScores*ofScores, n-1)
	u = uncertainty{{bySeed / (n * s), s - 1}, {max(0, byExample-residual) / (n * s), n - 1}}
	return random.NormFloat64() * math.Sqrt(betweenSeeds*betweenSeeds/s+overExamples*overExamples/n+ofScores*ofScores/(n*s)), u
}

// satterthwaite is half of the width of an interval with the degrees of freedom of
// Satterthwaite (1946).
func satterthwaite(u uncertainty) float64 {
	v, sum := u.variance(), 0.0
	for _, p := range u {
		sum += p.variance * p.variance / p.freedom
	}
	return math.Sqrt(v) * distuv.StudentsT{Sigma: 1, Nu: v * v / sum}.Quantile((1+Confidence)/2)
}

// fewer is the number of simulations of what takes long.
const fewer = 20_000

// calibrate simulates so many differences.
func calibrate(seeds int, betweenSeeds float64, simulations int) calibration {
	random := rand.New(rand.NewPCG(uint64(seeds), math.Float64bits(betweenSeeds)))
	c := calibration{seeds: seeds, betweenSeeds: betweenSeeds}
	for k := range simulations {
		mean, u := simulatedUncertainty(random, seeds, betweenSeeds)
		width := u.width()
		if math.Abs(mean) <= width {
			c.covered++
		} else {
			c.alarms++
		}
		// p says the same, which is slower to ask.
		if k < 200 && (Comparison{Tested: true, Corrected: u.p(mean)}).Significant(Level) != (math.Abs(mean) > width) {
			c.contradictions++
		}
		if math.Abs(mean+0.02) > width {
			c.found++
		}
		if k < fewer && math.Abs(mean) > satterthwaite(u) {
			c.satterthwaite++
		}
	}
	c.satterthwaite /= fewer
	c.alarms, c.covered, c.found = c.alarms/float64(simulations), c.covered/float64(simulations), c.found/float64(simulations)
	return c
}

// TestCalibrationTable keeps the table of README.md true, and what it shows within
// its bounds: 200,000 simulations have a standard error of 0.05 percent points.
func TestCalibrationTable(t *testing.T) {
	var table strings.Builder
	fmt.Fprint(&table, "| seeds | spread between seeds | false positives | coverage | 0.02 found | false positives by Satterthwaite |\n|---:|---:|---:|---:|---:|---:|\n")
	var power []string
	for _, seeds := range []int{3, 5, 10} {
		for _, between := range []float64{0, 0.005, 0.01, 0.015, 0.02} {
			c := calibrate(seeds, between, 200_000)
			fmt.Fprintf(&table, "| %d | %g | %.1f %% | %.1f %% | %.0f %% | %.1f %% |\n", seeds, between, 100*c.alarms, 100*c.covered, 100*c.found, 100*c.satterthwaite)
			if c.alarms > 0.06 || c.covered < 0.93 || c.covered > 0.97 || c.contradictions > 0 {
				t.Errorf("%+v: expected at most 6 %% of false positives and 93 to 97 %% covered", c)
			}
			if between == 0.015 {
				power = append(power, fmt.Sprintf("%d seeds and 1,000 examples find 0.02 in %.0f %% of cases", seeds, 100*c.found))
			}
		}
	}
	fmt.Fprintf(&table, "\nWhere seeds differ by 0.015: %s.\n", strings.Join(power, "; "))
	replaceTable(t, "TestCalibrationTable", table.String())
}

// Whole tables of scores are covered as their distributions say.
func TestCoverageOfScores(t *testing.T) {
	const simulations, effect = 2000, 0.02
	for _, seeds := range []int{3, 5} {
		random := rand.New(rand.NewPCG(uint64(seeds), 1))
		zero := make([][]float64, seeds)
		for s := range zero {
			zero[s] = make([]float64, 200)
		}
		covered, alarms := 0, 0
		for range simulations {
			c, err := Compare(simulate(random, seeds, 200, effect, 0.01), zero, Amount)
			if err != nil {
				t.Fatal(err)
			}
			if c.Low <= effect && effect <= c.High {
				covered++
			}
			null, err := Compare(simulate(random, seeds, 200, 0, 0.01), zero, Amount)
			if err != nil {
				t.Fatal(err)
			}
			if null.Significant(Level) {
				alarms++
			}
		}
		if share := float64(covered) / simulations; share < 0.93 || share > 0.985 {
			t.Errorf("%d seeds: the interval covers the effect in %.1f %% of simulations", seeds, 100*share)
		}
		if share := float64(alarms) / simulations; share > 0.06 {
			t.Errorf("%d seeds: %.1f %% of true nulls are called significant", seeds, 100*share)
		}
	}
}

// replaceTable compares the table of README.md that a test keeps with one made
// anew, or writes it.
func replaceTable(t *testing.T, test, table string) {
	t.Helper()
	readmetest.Keep(t, "README.md", "go test ./metrics -run "+test+" -update", table, *update)
}

// The intervals of shares and of medians hold the truth as those of means do.
func TestCoverageOfSharesAndMedians(t *testing.T) {
	const simulations, seeds, examples = 1000, 5, 200
	latent := math.Sqrt(0.02*0.02 + overExamples*overExamples + ofScores*ofScores)
	for _, of := range []struct {
		name  string
		scale Scale
		score func(x float64) float64
		truth float64
	}{
		{"a share near its end", Share, func(x float64) float64 {
			if x < 0.4 {
				return 1
			}
			return 0
		}, math.Erfc(-0.4/latent/math.Sqrt2) / 2},
		{"a ratio", Ratio, func(x float64) float64 { return math.Exp(5 * x) }, 1},
	} {
		random := rand.New(rand.NewPCG(3, uint64(of.scale)))
		covered := 0
		for range simulations {
			scores := simulate(random, seeds, examples, 0, 0.02)
			for _, row := range scores {
				for i := range row {
					row[i] = of.score(row[i])
				}
			}
			e, err := Mean(scores, of.scale)
			if err != nil {
				t.Fatal(err)
			}
			if e.Low <= of.truth && of.truth <= e.High {
				covered++
			}
		}
		if share := float64(covered) / simulations; share < 0.93 || share > 0.985 {
			t.Errorf("%s: the interval holds the truth in %.1f %% of simulations", of.name, 100*share)
		}
	}
}
