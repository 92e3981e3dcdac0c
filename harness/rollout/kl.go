package rollout

import "math"

// The estimators of the KL divergence.
const (
	K1 = "k1"
	K2 = "k2"
	K3 = "k3"
)

// KL estimates the divergence from the policy to the reference at one sampled
// token, in nats, from the log-ratio ln(policy / reference) (Schulman 2020): k1 is
// the log-ratio itself, unbiased but of either sign; k2 is half its square; k3 is
// unbiased and never negative.
func KL(estimator string, logRatio float64) float64 {
	switch estimator {
	case K1:
		return logRatio
	case K2:
		return logRatio * logRatio / 2
	default:
		return math.Expm1(-logRatio) + logRatio
	}
}

// adapt moves the KL coefficient towards the target (Ziegler et al. 2019).
func (l *Learner) adapt(batch Batch) {
	if !l.Settings.KL.Adaptive {
		return
	}
	measured := batch.mean(func(r Rollout) float64 { return r.KL })
	off := math.Max(-0.2, math.Min(0.2, measured/l.Settings.KL.Target-1))
	l.state.KL *= 1 + off*float64(len(batch))/l.Settings.KL.Horizon
}
