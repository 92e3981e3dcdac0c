package algorithms

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"lastmile/harness/model/modeltest"
	"lastmile/harness/rollout"
	"lastmile/harness/torch"
)

// penalties are the forms that the KL penalty can have.
var penalties = []rollout.KLSettings{
	{In: rollout.InReward, Estimator: rollout.K1},
	{In: rollout.InLoss, Estimator: rollout.K2},
	{In: rollout.InLoss, Estimator: rollout.K3},
}

// penalized are the algorithms that have the penalty, set so that they maximise the
// expected reward itself.
var penalized = []struct{ name, settings string }{
	{"ppo", `{"whiten_rewards":false,"whiten_advantages":false}`},
	{"rloo", `{"ratio":"sequence"}`},
	{"rloo", `{"ratio":"token"}`},
	{"grpo", `{"scale":"none","loss":"dr_grpo"}`},
}

// TestEachPenaltyHasItsOptimum trains every algorithm with each form of the penalty and
// checks that it finds the known optimum.
func TestEachPenaltyHasItsOptimum(t *testing.T) {
	for _, a := range penalized {
		for _, kl := range penalties {
			findsTheKLOptimum(t, a.name, a.settings, kl)
		}
	}
}

// findsTheKLOptimum trains an algorithm at the bandit.
func findsTheKLOptimum(t *testing.T, name, settings string, kl rollout.KLSettings) {
	t.Helper()
	s := modeltest.Open(t, torch.Float32)
	defer s.Close()
	maker, algorithm := made(t, name, settings)
	e := bandit(t, s, maker.Needs, arms())
	kl.Coefficient = 0.35
	e.Settings.KL = kl
	e.Settings.Updates, e.Settings.Samples = 80, 128
	if err := algorithm.Train(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	reference := distribution(t, e.Reference)
	want := reverseOptimum(reference, arms(), kl.Coefficient)
	if kl.Estimator == rollout.K3 {
		want = forwardOptimum(reference, arms(), kl.Coefficient)
	}
	start, end := variation(reference, want), variation(distribution(t, e.Policy), want)
	if start < 0.2 || end > 0.05 {
		t.Errorf("%s %s, %s in the %s: the policy is %.3f from the optimum (total variation), want 0.05; the reference was %.3f from it",
			name, settings, kl.Estimator, kl.In, end, start)
	}
}

// reverseOptimum is the distribution with the largest expected reward less β · KL(p ‖
// reference): the reference times e to the reward over β.
func reverseOptimum(reference, rewards []float64, beta float64) []float64 {
	p, total := make([]float64, len(rewards)), 0.0
	for i, r := range rewards {
		p[i] = reference[i] * math.Exp(r/beta)
		total += p[i]
	}
	for i := range p {
		p[i] /= total
	}
	return p
}

// forwardOptimum is the distribution with the largest expected reward less β ·
// KL(reference ‖ p): β·reference / (λ − reward), with the λ that makes it one.
func forwardOptimum(reference, rewards []float64, beta float64) []float64 {
	at := func(lambda float64) (p []float64, total float64) {
		for i, r := range rewards {
			p = append(p, beta*reference[i]/(lambda-r))
			total += p[i]
		}
		return p, total
	}
	low, high := slices.Max(rewards)+1e-9, 10.0 // the sum falls from above 1 to below it
	for range 200 {
		middle := (low + high) / 2
		if _, total := at(middle); total > 1 {
			low = middle
		} else {
			high = middle
		}
	}
	p, _ := at(low)
	return p
}

// TestTheGradientOfEachLossWithThePenalty takes the exact expectation of the gradient
// of each algorithm's loss over the actions of a softmax policy that nothing but the
// penalty moves.
func TestTheGradientOfEachLossWithThePenalty(t *testing.T) {
	const coefficient = 0.35
	s := modeltest.Open(t, torch.Float64)
	logits, reference := []float64{0.3, -1, 1.2, 0, -0.4, 0.8}, []float64{-0.5, 0.2, 0.9, 0.1, -1.5, 0}
	p, q := softmax(logits), softmax(reference)
	reverse, forward := make([]float64, len(p)), make([]float64, len(p))
	divergence := 0.0
	for i := range p {
		divergence += p[i] * math.Log(p[i]/q[i])
	}
	for i := range p {
		reverse[i] = coefficient * p[i] * (math.Log(p[i]/q[i]) - divergence)
		forward[i] = coefficient * (p[i] - q[i])
	}
	losses := map[string]func(*rollout.Pass) (*torch.Tensor, error){
		"ppo":            PPO{Clip: 0.2, ValueClip: 0.2, ValueCoefficient: 0.1}.loss,
		"rloo, sequence": RLOO{Clip: 0.2, Ratio: bySequence}.loss,
		"rloo, token":    RLOO{Clip: 0.2, Ratio: byToken}.loss,
	}
	for _, loss := range []string{"grpo", "dapo", "dr_grpo"} {
		losses["grpo, "+loss] = func(p *rollout.Pass) (*torch.Tensor, error) {
			return GRPO{Loss: loss, ClipLow: 0.2, ClipHigh: 0.2, Ratio: byToken}.loss(p, 1)
		}
	}
	for name, loss := range losses {
		for _, kl := range penalties {
			kl.Coefficient = coefficient
			got := make([]float64, len(p))
			for action := range p {
				now := leaf(s, logits)
				batch := batchOf([][]float64{{math.Log(p[action])}}, [][]float64{{math.Log(q[action])}})
				batch[0].Values, batch[0].Returns = []float64{0}, []float64{0}
				advantage := 0.0
				if kl.In == rollout.InReward {
					advantage = -coefficient * rollout.KL(kl.Estimator, math.Log(p[action]/q[action]))
				}
				batch.SetAdvantages([]float64{advantage})
				pass := rollout.NewPass(batch, batch, now.LogSoftmax(-1).Narrow(0, action, 1), s.Zeros(1))
				pass.KL = kl
				of, err := loss(pass)
				if err != nil {
					t.Fatal(err)
				}
				_, gradients := valueAndGradients(t, of, now)
				for i, g := range gradients[0] {
					got[i] += p[action] * g
				}
			}
			want := reverse
			if kl.Estimator == rollout.K3 {
				want = forward
			}
			near(t, fmt.Sprintf("%s, %s in the %s", name, kl.Estimator, kl.In), got, want, 1e-10)
		}
	}
}

// softmax is the distribution of logits.
func softmax(logits []float64) []float64 {
	p, total := make([]float64, len(logits)), 0.0
	for i, x := range logits {
		p[i] = math.Exp(x)
		total += p[i]
	}
	for i := range p {
		p[i] /= total
	}
	return p
}
