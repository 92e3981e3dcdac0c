package rollout

import (
	"math"
	"testing"
)

func TestKLEstimators(t *testing.T) {
	policy, reference := []float64{0.5, 0.3, 0.15, 0.05}, []float64{0.25, 0.25, 0.1, 0.4}
	want := 0.0
	expected := make(map[string]float64)
	for i, p := range policy {
		logRatio := math.Log(p / reference[i])
		want += p * logRatio
		for _, estimator := range []string{K1, K2, K3} {
			k := KL(estimator, logRatio)
			if estimator != K1 && k < 0 {
				t.Errorf("%s of %g is %g", estimator, logRatio, k)
			}
			expected[estimator] += p * k
		}
	}
	for _, estimator := range []string{K1, K3} {
		if math.Abs(expected[estimator]-want) > 1e-12 {
			t.Errorf("%s expects %g, but the divergence is %g", estimator, expected[estimator], want)
		}
	}
	for _, x := range []float64{-3, -1e-9, 0, 1e-9, 2} {
		if KL(K2, x) != x*x/2 || KL(K3, x) < 0 {
			t.Errorf("of %g k2 is %g and k3 %g", x, KL(K2, x), KL(K3, x))
		}
	}
}

func TestTheCoefficientMovesTowardsTheTarget(t *testing.T) {
	l := &Learner{}
	l.Settings.KL = KLSettings{Adaptive: true, Target: 4, Horizon: 100}
	for measured, want := range map[float64]float64{
		4: 1, 4.4: 1.01, 3.6: 0.99, 400: 1.02, 0: 0.98, // ten responses of a horizon of 100, at most 20 % off
	} {
		batch := make(Batch, 10)
		for i := range batch {
			batch[i].KL = measured
		}
		l.state.KL = 1
		l.adapt(batch)
		if got := l.KLCoefficient(); math.Abs(got-want) > 1e-12 {
			t.Errorf("a KL of %g against a target of 4: coefficient %g, want %g", measured, got, want)
		}
	}
	l.Settings.KL.Adaptive, l.state.KL = false, 1
	l.adapt(Batch{{KL: 100}})
	if l.KLCoefficient() != 1 {
		t.Errorf("a fixed coefficient moved to %g", l.KLCoefficient())
	}
}
