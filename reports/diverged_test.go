package reports

import (
	"strings"
	"testing"

	"lastmile/runs"
)

// away is the course of a run whose KL and length are these at every update.
func away(kl, length float64) func(int) []runs.CurvePoint {
	return func(seed int) []runs.CurvePoint {
		var points []runs.CurvePoint
		for step := 1; step <= 20; step++ {
			at := kl
			if seed != 2 {
				at = 3
			}
			points = append(points,
				runs.CurvePoint{Step: step, Split: "train", Name: "kl", Value: at},
				runs.CurvePoint{Step: step, Split: "train", Name: "length", Value: length})
		}
		return points
	}
}

func TestARunThatEndsFarFromItsReferenceDiverged(t *testing.T) {
	for name, c := range map[string]struct {
		kl, length float64
		want       bool
	}{
		"144 nats on 12 tokens":  {144, 12, true},
		"19 nats on 12 tokens":   {19, 12, false},
		"60 nats on 400 tokens":  {60, 400, false},
		"300 nats on 400 tokens": {300, 400, true},
	} {
		summary, page := write(t, withCourse(away(c.kl, c.length), 3).store(t), options(t.TempDir()))
		_, training, _ := strings.Cut(page, "\n## Training\n")
		const want = "RLOO, seed 2, diverged: it ended at a KL of "
		found := strings.Join(summary.Sentences, "\n")
		if strings.Count(found, "diverged:") != strings.Count(training, "diverged:") || strings.Contains(found, want) != c.want || strings.Contains(found, "diverged") != c.want {
			t.Errorf("%s: %s\n%s", name, found, training)
		}
	}
}
