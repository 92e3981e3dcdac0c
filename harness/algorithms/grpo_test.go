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

func TestGRPOEqualsTRL(t *testing.T) {
	var golden struct {
		Samples     int                  `json:"num_generations"`
		Longest     int                  `json:"max_completion_length"`
		Rewards     []float64            `json:"rewards"`
		Logprobs    [][]float64          `json:"logprobs"`
		OldLogprobs [][]float64          `json:"old_logprobs"`
		RefLogprobs [][]float64          `json:"ref_logprobs"`
		Advantages  map[string][]float64 `json:"advantages"`
		Cases       []struct {
			Loss       string      `json:"loss_type"`
			Advantages string      `json:"advantages"`
			Step       string      `json:"step"`
			Level      string      `json:"importance_sampling_level"`
			Low        float64     `json:"epsilon_low"`
			High       float64     `json:"epsilon_high"`
			Delta      *float64    `json:"delta"`
			Beta       float64     `json:"beta"`
			Biased     bool        `json:"use_bias_correction_kl"`
			Value      float64     `json:"loss"`
			Gradients  [][]float64 `json:"grad_logprobs"`
		} `json:"cases"`
		Overlong []struct {
			Longest int       `json:"max_completion_len"`
			Cache   int       `json:"soft_punish_cache"`
			Lengths []int     `json:"lengths"`
			Rewards []float64 `json:"rewards"`
		} `json:"overlong"`
		Dynamic struct {
			Groups [][]float64 `json:"groups"`
			Kept   []int       `json:"kept"`
		} `json:"dynamic_sampling"`
	}
	readGolden(t, "grpo", &golden)
	for scale, want := range golden.Advantages {
		near(t, "scale "+scale, GRPO{Scale: scale}.advantages(golden.Rewards, golden.Samples), want, 1e-12)
	}
	s := modeltest.Open(t, torch.Float64)
	compared := map[string]int{}
	for i, c := range golden.Cases {
		if c.Biased || c.Delta != nil || !slices.Contains([]string{"grpo", "dapo", "dr_grpo"}, c.Loss) {
			continue // no choices of lastmile's
		}
		batch := batchOf(golden.OldLogprobs, golden.RefLogprobs)
		batch.SetAdvantages(golden.Advantages[c.Advantages])
		logprobs := leaf(s, flat(golden.Logprobs))
		if c.Step == "on_policy" {
			logprobs = leaf(s, flat(golden.OldLogprobs))
		}
		a := GRPO{Loss: c.Loss, ClipLow: c.Low, ClipHigh: c.High, Ratio: c.Level}
		p := rollout.NewPass(batch, batch, logprobs, nil)
		p.KL = rollout.KLSettings{In: rollout.InLoss, Estimator: rollout.K3, Coefficient: c.Beta}
		loss, err := a.loss(p, golden.Longest)
		if err != nil {
			t.Fatal(err)
		}
		value, gradients := valueAndGradients(t, loss, logprobs)
		name := fmt.Sprintf("case %d (%+v, beta %g, %s)", i, a, c.Beta, c.Step)
		near(t, name+": loss", []float64{value}, []float64{c.Value}, 1e-12)
		near(t, name+": gradient", gradients[0], flat(c.Gradients), 1e-12)
		compared[c.Loss+" "+c.Level]++
	}
	if len(compared) < 4 {
		t.Fatalf("compared %v", compared)
	}
	for _, c := range golden.Overlong {
		for i, n := range c.Lengths {
			got := -GRPO{OverlongCache: c.Cache}.overlong(n, c.Longest)
			if c.Cache > 0 && math.Abs(got-c.Rewards[i]) > 1e-12 {
				t.Errorf("%d of %d tokens with a cache of %d: %g, want %g", n, c.Longest, c.Cache, got, c.Rewards[i])
			}
		}
	}
	for i, rewards := range golden.Dynamic.Groups {
		kept := varied(make(rollout.Batch, len(rewards)), rewards, len(rewards))
		if (len(kept) > 0) != slices.Contains(golden.Dynamic.Kept, i) {
			t.Errorf("the rewards %v: kept %v", rewards, len(kept) > 0)
		}
	}
}

// TestGRPOInPartsOfAStep checks that the losses of parts of a step add up to that of
// the whole, for each way to average.
func TestGRPOInPartsOfAStep(t *testing.T) {
	s := modeltest.Open(t, torch.Float64)
	old := [][]float64{{-1, -2, -0.5}, {-1.5}, {-0.2, -0.3, -2, -1}, {-1, -1}}
	whole := batchOf(old, old)
	whole.SetAdvantages([]float64{1, -1, 0.5, -0.25})
	for _, loss := range []string{"grpo", "dapo", "dr_grpo"} {
		a := GRPO{Loss: loss, ClipLow: 0.2, ClipHigh: 0.2, Ratio: byToken}
		value := func(part rollout.Batch, logprobs [][]float64) float64 {
			p := rollout.NewPass(part, whole, leaf(s, flat(logprobs)), nil)
			p.KL = rollout.KLSettings{In: rollout.InLoss, Estimator: rollout.K3, Coefficient: 0.1}
			of, err := a.loss(p, 8)
			if err != nil {
				t.Fatal(err)
			}
			v, err := of.Item()
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		want := value(whole, old)
		if got := value(whole[:2], old[:2]) + value(whole[2:], old[2:]); math.Abs(got-want) > 1e-12 || want == 0 {
			t.Errorf("%s: parts make %g, the whole %g", loss, got, want)
		}
	}
}

func TestGRPOFindsTheBestArm(t *testing.T) { findsTheBestArm(t, "grpo", 40) }
