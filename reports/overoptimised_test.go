package reports

import (
	"math"
	"strings"
	"testing"

	"lastmile/runs"
)

// along is the curves of a run whose metric of dev has these values, from before the
// first update on, every ten updates, moved by a number that its seed chooses. Its
// reward goes up or down by as much with every update.
func along(slope float64, dev ...float64) func(seed int) []runs.CurvePoint {
	return func(seed int) []runs.CurvePoint {
		var points []runs.CurvePoint
		for i, v := range dev {
			points = append(points, runs.CurvePoint{Step: 10 * i, Split: "dev", Name: "la-rougeL", Value: v + 0.002*float64((seed+i)%3)})
		}
		for step := 1; step <= 10*(len(dev)-1); step++ {
			points = append(points,
				runs.CurvePoint{Step: step, Split: "train", Name: "reward", Value: 0.5 + slope*float64(step)},
				runs.CurvePoint{Step: step, Split: "train", Name: "kl", Value: 0.1 * float64(step)},
				runs.CurvePoint{Step: step, Split: "dev", Name: "loss", Value: 2})
		}
		return points
	}
}

// withCourse is the demo's store with a run of that course.
func withCourse(course func(int) []runs.CurvePoint, seeds int) synthetic {
	s := demo()
	s.seeds = s.seeds[:seeds]
	s.labels[2] = syntheticLabel{name: "rloo", algorithm: "rloo", rewards: []string{"learned"}, course: course}
	return s
}

func TestTheNoiseOfADifference(t *testing.T) {
	// Seeds that differ by a constant have none.
	parallel := course{metric: "la-rougeL", steps: []int{0, 10, 20}, values: [][]float64{{1, 2, 1}, {2, 3, 2}, {3, 4, 3}}}
	if got := parallel.noise(1, 2); got > 1e-12 {
		t.Errorf("parallel seeds: %g, want 0", got)
	}
	if parallel.best() != 1 {
		t.Errorf("the best step is %d", parallel.best())
	}
	// Differences of −1, −2 and −3: standard error 1/√3. What is left of the values is
	// ±0.5 at each step of the first and the last seed, with 2 degrees of freedom: σ² =
	// 0.5, and √(2·0.5/3) is the same.
	apart := course{metric: "la-rougeL", steps: []int{0, 10}, values: [][]float64{{5, 4}, {5, 3}, {5, 2}}}
	if got, want := apart.noise(0, 1), 1/math.Sqrt(3); math.Abs(got-want) > 1e-12 {
		t.Errorf("seeds that go apart: %g, want %g", got, want)
	}
	// By luck all seeds fall by as much, between steps that are noisy: 4 seeds of 4
	// steps, of which the other two go ±1 about their means: σ² = 8/9, √(2σ²/4).
	lucky := course{metric: "la-rougeL", steps: []int{0, 10, 20, 30}, values: [][]float64{{5, 1, -1, 4}, {5, -1, 1, 4}, {5, 1, -1, 4}, {5, -1, 1, 4}}}
	if got, want := lucky.noise(0, 3), math.Sqrt(2*8.0/9/4); math.Abs(got-want) > 1e-12 {
		t.Errorf("seeds that agree by luck: %g, want %g", got, want)
	}
}

func TestOverOptimisation(t *testing.T) {
	for name, c := range map[string]struct {
		course func(int) []runs.CurvePoint
		seeds  int
		want   string
		first  bool // said among the findings
	}{
		"the reward rises and dev falls": {along(0.01, 0.2, 0.25, 0.22, 0.18), 3,
			"RLOO is over-optimised: after update 10 its reward rose from 0.555 to 0.755 while its la-ROUGE-L on dev fell from its best, 0.252, to 0.182 (a fall of 0.070, beside two standard errors of 0.00", true},
		"the reward falls too": {along(-0.01, 0.2, 0.25, 0.22, 0.18), 3, "fell from its best after update 10, 0.252, to 0.182 (a fall of 0.070", false},
		"within the noise":     {along(0.01, 0.2, 0.25, 0.249), 3, "No over-optimisation is seen in RLOO's la-ROUGE-L on dev", false},
		"the end is the best":  {along(0.01, 0.2, 0.22, 0.25), 3, "RLOO's la-ROUGE-L on dev is best at its end (0.252 after update 20)", false},
		"two seeds":            {along(0.01, 0.2, 0.25, 0.18), 2, "with fewer than three seeds a fall is not told from noise", false},
	} {
		t.Run(name, func(t *testing.T) {
			summary, page := write(t, withCourse(c.course, c.seeds).store(t), options(t.TempDir()))
			_, training, _ := strings.Cut(page, "\n## Training\n")
			contains(t, training, c.want, "plots/over-optimisation.svg", "At 0 is the initial policy.")
			if got := strings.Contains(strings.Join(summary.Sentences, "\n"), "is over-optimised"); got != c.first {
				t.Errorf("a finding says so: %v, want %v", got, c.first)
			}
		})
	}
}

func TestACourseOverKL(t *testing.T) {
	s := withCourse(along(0.01, 0.2, 0.25, 0.22), 3)
	s.labels[0].decode = map[string]any{"greedy": greedy, "sample": sampled,
		"of 8":   map[string]any{"strategy": "best-of-n", "temperature": 1, "candidates": 8, "by": "reward"},
		"oracle": map[string]any{"strategy": "best-of-n", "temperature": 1, "candidates": 4, "by": "reference"},
	}
	ctx := t.Context()
	store := s.store(t)
	evidence, err := gather(ctx, store, "demo", Options{Algorithms: algorithms})
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBuilder(evidence, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.compute(ctx, store); err != nil {
		t.Fatal(err)
	}
	mean := b.overKL(b.courses()[0])[0]
	// After 10 updates the policy is that which update 11 samples from; there is no 21.
	for i, want := range []float64{0, 1.1, 2} {
		if got := mean[i].X * mean[i].X; math.Abs(got-want) > 1e-12 {
			t.Errorf("point %d is at a KL of %g, want %g", i, got, want)
		}
	}
	if got := mean[1].Y; math.Abs(got-0.252) > 1e-12 {
		t.Errorf("the mean over seeds is %g", got)
	}
	points := b.bestOfN("la-rougeL")
	if got := strings.Join(points.Labels, "; "); got != "best of 8; best of 4 (oracle)" {
		t.Errorf("points: %s", got)
	}
	if got := points.XYs[0].X * points.XYs[0].X; math.Abs(got-1.2044415416798357) > 1e-12 { // ln 8 − 7/8
		t.Errorf("the best of 8 is at a KL of %g", got)
	}
	if f, err := b.courseFigure(); err != nil || !strings.Contains(f.caption, "best of n samples") {
		t.Errorf("the caption is %q, %v", f.caption, err)
	}
	if bestOfNKL(1) != 0 {
		t.Error("the only sample is not the policy's")
	}
}
