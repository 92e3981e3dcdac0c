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

func TestRAFTKeepsTheBestOfEachPrompt(t *testing.T) {
	// Prompt 3 has responses 0 to 2, prompt 1 has 3 to 5, prompt 2 the rest; the number
	// of a response is that of its tokens.
	rewards := []float64{1, 3, 2, -1, -1, -2, 0.5, 0.5, 0.5}
	batch := make(rollout.Batch, len(rewards))
	for i, problem := range []int{3, 3, 3, 1, 1, 1, 2, 2, 2} {
		batch[i] = rollout.Rollout{Problem: problem, Tokens: make([]int, i), Reward: rewards[i]}
	}
	for keep, want := range map[int][]int{1: {1, 3, 6}, 2: {1, 2, 3, 4, 6, 7}} {
		var got []int
		for _, r := range (RAFT{Keep: keep}).best(batch, func(r rollout.Rollout) float64 { return r.Reward }) {
			got = append(got, len(r.Tokens))
		}
		if !slices.Equal(got, want) {
			t.Errorf("of the rewards %v by threes the %d best are %v, want %v", rewards, keep, got, want)
		}
	}
}

// TestTheLossOfRAFT is the mean over tokens of −ln π, of responses of other lengths,
// with half the square of ln(policy / reference) where that is the penalty.
func TestTheLossOfRAFT(t *testing.T) {
	s := modeltest.Open(t, torch.Float64)
	now, ref := [][]float64{{-0.5}, {-1, -2, -0.25}}, [][]float64{{-0.7}, {-0.4, -2, -1.25}}
	for _, coefficient := range []float64{0, 0.3} {
		batch := batchOf([][]float64{{-3}, {-3, -3, -3}}, ref)
		logprobs := leaf(s, flat(now))
		pass := rollout.NewPass(batch, batch, logprobs, nil)
		pass.KL = rollout.KLSettings{In: rollout.InLoss, Estimator: rollout.K2, Coefficient: coefficient}
		loss, err := RAFT{Keep: 1}.loss(pass)
		if err != nil {
			t.Fatal(err)
		}
		value, gradients := valueAndGradients(t, loss, logprobs)
		// The log-ratios are 0.2, −0.6, 0 and 1.
		want := (3.75 + coefficient*(0.04+0.36+0+1)/2) / 4
		wanted := []float64{(-1 + coefficient*0.2) / 4, (-1 - coefficient*0.6) / 4, -1. / 4, (-1 + coefficient) / 4}
		near(t, fmt.Sprintf("loss, %g", coefficient), []float64{value}, []float64{want}, 1e-12)
		near(t, fmt.Sprintf("gradient, %g", coefficient), gradients[0], wanted, 1e-12)
	}
}

// TestTheGradientOfRAFT takes the exact expectation, over all draws of three actions of
// a softmax policy, of the gradient of the loss of the best. It is that of the cross
// entropy to the distribution of the best of three, whose distribution function is the
// third power of the policy's: p less that distribution.
func TestTheGradientOfRAFT(t *testing.T) {
	const draws = 3
	s := modeltest.Open(t, torch.Float64)
	logits, rewards := []float64{0.3, -1, 1.2, 0, -0.4}, []float64{0.5, 2, -1, 1, 0.7}
	p := softmax(logits)
	want := make([]float64, len(p))
	for action := range p {
		below, upTo := 0.0, 0.0
		for other := range p {
			if rewards[other] < rewards[action] {
				below += p[other]
			}
			if rewards[other] <= rewards[action] {
				upTo += p[other]
			}
		}
		want[action] = p[action] - (math.Pow(upTo, draws) - math.Pow(below, draws))
	}
	got := make([]float64, len(p))
	for draw := range len(p) * len(p) * len(p) {
		actions := []int{draw % len(p), draw / len(p) % len(p), draw / len(p) / len(p)}
		probability := 1.0
		var batch rollout.Batch
		for _, action := range actions {
			probability *= p[action]
			batch = append(batch, rollout.Rollout{Tokens: []int{action}, Logprobs: []float64{math.Log(p[action])}, Reward: rewards[action]})
		}
		kept := RAFT{Keep: 1}.best(batch, func(r rollout.Rollout) float64 { return r.Reward })
		now := leaf(s, logits)
		loss, err := RAFT{Keep: 1}.loss(rollout.NewPass(kept, kept, now.LogSoftmax(-1).Narrow(0, kept[0].Tokens[0], 1), nil))
		if err != nil {
			t.Fatal(err)
		}
		_, gradients := valueAndGradients(t, loss, now)
		for i, g := range gradients[0] {
			got[i] += probability * g
		}
	}
	near(t, "the expected gradient", got, want, 1e-12)
}

func TestRAFTFindsTheBestArm(t *testing.T) { findsTheBestArm(t, "raft", 40) }

// TestThePenaltyOfRAFTRanks trains with a penalty so strong that it alone ranks: the
// response that the policy left behind the reference most is kept, which leads back.
func TestThePenaltyOfRAFTRanks(t *testing.T) {
	var moved [2]float64
	for i, coefficient := range []float64{0, 20} {
		s := modeltest.Open(t, torch.Float32)
		maker, algorithm := made(t, "raft", "{}")
		e := bandit(t, s, maker.Needs, arms())
		e.Settings.Updates, e.Settings.Samples, e.Settings.KL.Coefficient = 30, 32, coefficient
		if err := algorithm.Train(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		moved[i] = variation(distribution(t, e.Policy), distribution(t, e.Reference))
	}
	if moved[0] < 0.5 || moved[1] > moved[0]/2 {
		t.Errorf("without and with the penalty the policy moved by %.3f and %.3f (total variation)", moved[0], moved[1])
	}
}
