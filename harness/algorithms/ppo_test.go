package algorithms

import (
	"fmt"
	"math"
	"testing"

	"lastmile/harness/model/modeltest"
	"lastmile/harness/rollout"
	"lastmile/harness/torch"
	"lastmile/harness/torch/gradcheck"
)

// TestPPOEqualsTRL holds token rewards, advantages, losses and gradients against TRL's
// last PPO; whitening, where TRL takes the unbiased variance, against that of
// summarize_from_feedback_details.
func TestPPOEqualsTRL(t *testing.T) {
	var golden struct {
		Logprobs    [][]float64 `json:"logprobs"`
		OldLogprobs [][]float64 `json:"old_logprobs"`
		RefLogprobs [][]float64 `json:"ref_logprobs"`
		Values      [][]float64 `json:"values"`
		OldValues   [][]float64 `json:"old_values"`
		Scores      []float64   `json:"scores"`
		Cases       []struct {
			Config struct {
				Estimator string  `json:"kl_estimator"`
				KL        float64 `json:"kl_coef"`
				Whiten    bool    `json:"whiten_rewards"`
				Gamma     float64 `json:"gamma"`
				Lambda    float64 `json:"lam"`
				Clip      float64 `json:"cliprange"`
				ValueClip float64 `json:"cliprange_value"`
				Value     float64 `json:"vf_coef"`
			} `json:"config"`
			Expected struct {
				KL            [][]float64 `json:"kl"`
				Rewards       [][]float64 `json:"rewards"`
				Advantages    [][]float64 `json:"advantages"`
				Returns       [][]float64 `json:"returns"`
				Whitened      [][]float64 `json:"whitened_advantages"`
				Biased        [][]float64 `json:"whitened_advantages_biased"`
				PolicyLoss    float64     `json:"policy_loss"`
				ValueLoss     float64     `json:"value_loss"`
				Loss          float64     `json:"loss"`
				GradLogprobs  [][]float64 `json:"grad_logprobs"`
				GradValues    [][]float64 `json:"grad_values"`
				WhitenRewards [][]float64 `json:"whitened_rewards"`
			} `json:"expected"`
		} `json:"cases"`
	}
	readGolden(t, "ppo", &golden)
	if len(golden.Cases) == 0 {
		t.Fatal("no cases")
	}
	s := modeltest.Open(t, torch.Float64)
	for i, c := range golden.Cases {
		name := fmt.Sprintf("case %d (%+v)", i, c.Config)
		a := PPO{Clip: c.Config.Clip, ValueClip: c.Config.ValueClip, ValueCoefficient: c.Config.Value, Gamma: c.Config.Gamma, Lambda: c.Config.Lambda}
		batch := batchOf(golden.OldLogprobs, golden.RefLogprobs)
		for k := range batch {
			r := &batch[k]
			r.Values = golden.OldValues[k]
			for j, logprob := range r.Logprobs {
				kl := rollout.KL(c.Config.Estimator, logprob-r.RefLogprobs[j])
				r.TokenKL = append(r.TokenKL, kl)
				r.Rewards = append(r.Rewards, -c.Config.KL*kl)
			}
			r.Rewards[len(r.Rewards)-1] += golden.Scores[k]
			near(t, name+": kl", r.TokenKL, c.Expected.KL[k], 1e-12)
		}
		if c.Config.Whiten {
			// TRL's variance is unbiased: its whitened rewards go on from here.
			for k := range batch {
				batch[k].Rewards = c.Expected.WhitenRewards[k]
			}
		} else {
			near(t, name+": rewards", flat(batch.Rewards()), flat(c.Expected.Rewards), 1e-12)
		}
		for k := range batch {
			r := &batch[k]
			r.Advantages = rollout.GAE(r.Rewards, r.Values, a.Gamma, a.Lambda)
			r.Returns = returns(r.Advantages, r.Values)
			near(t, name+": returns", r.Returns, c.Expected.Returns[k], 1e-12)
		}
		near(t, name+": advantages", flat(batch.Advantages()), flat(c.Expected.Advantages), 1e-12)
		rollout.Whiten(batch.Advantages(), true)
		near(t, name+": whitened advantages", flat(batch.Advantages()), flat(c.Expected.Biased), 1e-7) // there 1e-8 is added to the variance
		for k := range batch {
			batch[k].Advantages = c.Expected.Whitened[k]
		}
		logprobs, values := leaf(s, flat(golden.Logprobs)), leaf(s, flat(golden.Values))
		p := rollout.NewPass(batch, batch, logprobs, values)
		loss, err := a.loss(p)
		if err != nil {
			t.Fatal(err)
		}
		value, gradients := valueAndGradients(t, loss, logprobs, values)
		near(t, name+": loss", []float64{value}, []float64{c.Expected.Loss}, 1e-12)
		near(t, name+": gradient of logprobs", gradients[0], flat(c.Expected.GradLogprobs), 1e-12)
		near(t, name+": gradient of values", gradients[1], flat(c.Expected.GradValues), 1e-12)
	}
}

func TestGradientOfThePolicyLoss(t *testing.T) {
	s := modeltest.Open(t, torch.Float64)
	logRatio := s.Float64s([]float64{0, 0.1, -0.1, 0.5, 0.5, -0.5, -0.5, 0.02}, 8)
	advantages := s.Float64s([]float64{1, -2, 0.5, 1, -1, 1, -1, 0}, 8)
	loss := func() *torch.Tensor { return clipped(logRatio, advantages, 0.8, 1.2).Mean() }
	gradcheck.Check(t, loss, gradcheck.Input{Name: "log-ratio", Tensor: logRatio})
	gradients, err := logRatio.Grad().Value64s()
	if err != nil {
		t.Fatal(err)
	}
	// Clipping holds back only what would go further from the old policy.
	for i, flows := range []bool{true, true, true, false, true, true, false, false} {
		if (gradients[i] != 0) != flows {
			t.Errorf("token %d has gradient %g", i, gradients[i])
		}
	}
	want := 0.0
	for _, term := range []float64{1, -2 * math.Exp(0.1), 0.5 * math.Exp(-0.1), 1.2, -math.Exp(0.5), math.Exp(-0.5), -0.8, 0} {
		want -= term / 8
	}
	if got, _ := loss().Item(); math.Abs(got-want) > 1e-12 {
		t.Errorf("loss %g, want %g", got, want)
	}
}

func TestGradientOfTheValueLoss(t *testing.T) {
	s := modeltest.Open(t, torch.Float64)
	values := s.Float64s([]float64{0, 1, 1, -1, 0.1, 0.5}, 6)
	old := s.Float64s([]float64{0, 0, 0, 0, 0, 0.5}, 6)
	returns := s.Float64s([]float64{1, 2, -2, -2, 0.3, 0.5}, 6)
	loss := func() *torch.Tensor { return PPO{ValueClip: 0.2}.valueLoss(values, old, returns) }
	gradcheck.Check(t, loss, gradcheck.Input{Name: "values", Tensor: values})
	// Of 0 to 1; of 1, held at 0.2, to 2; of 1 to -2; of -1, held at -0.2, to
	// -2; of 0.1 to 0.3; and none.
	want := (1 + 1.8*1.8 + 9 + 1.8*1.8 + 0.2*0.2 + 0) / 6 / 2
	if got, _ := loss().Item(); math.Abs(got-want) > 1e-12 {
		t.Errorf("loss %g, want %g", got, want)
	}
}

func TestPPOFindsTheBestArm(t *testing.T) {
	findsTheBestArm(t, "ppo", 40)
}

// findsTheBestArm trains an on-policy algorithm without a KL penalty.
func findsTheBestArm(t *testing.T, name string, updates int) {
	s := modeltest.Open(t, torch.Float32)
	maker, algorithm := made(t, name, "{}")
	e := bandit(t, s, maker.Needs, arms())
	e.Settings.Updates, e.Settings.Samples = updates, 32
	before := s.Live()
	if err := algorithm.Train(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if got := distribution(t, e.Policy)[7]; got < 0.9 {
		t.Errorf("%s: the best arm has probability %g, want 0.9", name, got)
	}
	points := curve(t, e.Hooks.Dir, "reward")
	if first, last := points[0], points[len(points)-1]; last < 0.85 || first > 0.7 {
		t.Errorf("%s: the mean reward went from %g to %g", name, first, last)
	}
	if s.Live() != before {
		t.Errorf("%s: training left %d tensors", name, s.Live()-before)
	}
}
