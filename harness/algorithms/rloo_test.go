package algorithms

import (
	"fmt"
	"testing"

	"lastmile/harness/model/modeltest"
	"lastmile/harness/rollout"
	"lastmile/harness/torch"
)

func TestRLOOEqualsTRL(t *testing.T) {
	var golden struct {
		Samples        int         `json:"num_generations"`
		Rewards        []float64   `json:"rewards"`
		Logprobs       [][]float64 `json:"logprobs"`
		OldLogprobs    [][]float64 `json:"old_logprobs"`
		RefLogprobs    [][]float64 `json:"ref_logprobs"`
		AdvantageCases []struct {
			Name       string     `json:"name"`
			Beta       float64    `json:"beta"`
			Normalize  bool       `json:"normalize_advantages"`
			Clip       *[]float64 `json:"reward_clip_range"`
			Advantages []float64  `json:"advantages"`
		} `json:"advantage_cases"`
		LossCases []struct {
			Advantages string      `json:"advantages"`
			Step       string      `json:"step"`
			Low        float64     `json:"epsilon_low"`
			High       float64     `json:"epsilon_high"`
			Loss       float64     `json:"loss"`
			Gradients  [][]float64 `json:"grad_logprobs"`
		} `json:"loss_cases"`
	}
	readGolden(t, "rloo", &golden)
	advantages := map[string][]float64{}
	compared := 0
	for _, c := range golden.AdvantageCases {
		advantages[c.Name] = c.Advantages
		if c.Clip != nil {
			continue // lastmile clips no sums
		}
		rewards := make([]float64, len(golden.Rewards))
		for i, r := range golden.Rewards {
			rewards[i] = r
			for j, logprob := range golden.OldLogprobs[i] {
				rewards[i] -= c.Beta * rollout.KL(rollout.K1, logprob-golden.RefLogprobs[i][j])
			}
		}
		near(t, c.Name, RLOO{NormalizeAdvantages: c.Normalize}.advantages(rewards, golden.Samples), c.Advantages, 1e-12)
		compared++
	}
	if compared < 2 {
		t.Fatalf("%d cases of advantages", compared)
	}
	s := modeltest.Open(t, torch.Float64)
	compared = 0
	for i, c := range golden.LossCases {
		if c.Low != c.High {
			continue
		}
		batch := batchOf(golden.OldLogprobs, golden.RefLogprobs)
		batch.SetAdvantages(advantages[c.Advantages])
		logprobs := leaf(s, flat(golden.Logprobs))
		if c.Step == "on_policy" {
			logprobs = leaf(s, flat(golden.OldLogprobs))
		}
		loss, err := RLOO{Clip: c.Low, Ratio: bySequence}.loss(rollout.NewPass(batch, batch, logprobs, nil))
		if err != nil {
			t.Fatal(err)
		}
		value, gradients := valueAndGradients(t, loss, logprobs)
		name := fmt.Sprintf("case %d (%s, %s, %g)", i, c.Advantages, c.Step, c.Low)
		near(t, name+": loss", []float64{value}, []float64{c.Loss}, 1e-12)
		near(t, name+": gradient", gradients[0], flat(c.Gradients), 1e-12)
		compared++
	}
	if compared < 4 {
		t.Fatalf("%d cases of losses", compared)
	}
}

func TestRLOOFindsTheBestArm(t *testing.T) { findsTheBestArm(t, "rloo", 40) }
