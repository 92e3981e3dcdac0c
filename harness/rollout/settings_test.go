package rollout

import (
	"testing"

	"lastmile/harness/train"
)

// TestTheLearningRateFalls looks at the rate of the defaults over their updates.
func TestTheLearningRateFalls(t *testing.T) {
	s := Default()
	peak, last := 0.0, 0.0
	for update := range s.Updates {
		last = train.Rate(s.OptimizerSettings, update, s.Updates)
		peak = max(peak, last)
	}
	if peak < 0.99 || last > 0.2 || train.Rate(s.OptimizerSettings, 0, s.Updates) > 0.5 {
		t.Errorf("the rate goes from %g over %g to %g of its peak", train.Rate(s.OptimizerSettings, 0, s.Updates), peak, last)
	}
}
