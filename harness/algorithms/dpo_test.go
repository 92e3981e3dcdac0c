package algorithms

import (
	"fmt"
	"math"
	"testing"

	"lastmile/harness/model/modeltest"
	"lastmile/harness/pairs"
	"lastmile/harness/torch"
)

func TestDPOEqualsTRL(t *testing.T) {
	type pair struct {
		Chosen      float64 `json:"chosen_sum"`
		Rejected    float64 `json:"rejected_sum"`
		RefChosen   float64 `json:"ref_chosen_sum"`
		RefRejected float64 `json:"ref_rejected_sum"`
	}
	type testCase struct {
		Loss         string    `json:"loss_type"`
		Beta         float64   `json:"beta"`
		Smoothing    float64   `json:"label_smoothing"`
		Losses       []float64 `json:"losses"`
		Mean         float64   `json:"loss"`
		GradChosen   []float64 `json:"grad_chosen"`
		GradRejected []float64 `json:"grad_rejected"`
	}
	var golden struct {
		Pairs   []pair     `json:"pairs"`
		Cases   []testCase `json:"cases"`
		Rewards []struct {
			Beta     float64   `json:"beta"`
			Chosen   []float64 `json:"chosen_rewards"`
			Rejected []float64 `json:"rejected_rewards"`
		} `json:"rewards"`
		Extreme struct {
			Pairs []pair     `json:"pairs"`
			Cases []testCase `json:"cases"`
		} `json:"extreme"`
	}
	readGolden(t, "dpo", &golden)
	s := modeltest.Open(t, torch.Float64)
	losses := map[string]string{"sigmoid": "sigmoid", "sigmoid_smoothed": "sigmoid", "hinge": "hinge", "ipo_sum": "ipo"}
	compared := map[string]int{}
	for _, set := range []struct {
		pairs []pair
		cases []testCase
	}{{golden.Pairs, golden.Cases}, {golden.Extreme.Pairs, golden.Extreme.Cases}} {
		column := func(of func(pair) float64) []float64 {
			var values []float64
			for _, p := range set.pairs {
				values = append(values, of(p))
			}
			return values
		}
		refChosen := s.Float64s(column(func(p pair) float64 { return p.RefChosen }), len(set.pairs))
		refRejected := s.Float64s(column(func(p pair) float64 { return p.RefRejected }), len(set.pairs))
		for _, c := range set.cases {
			loss, ours := losses[c.Loss]
			if !ours {
				continue
			}
			chosen := leaf(s, column(func(p pair) float64 { return p.Chosen }))
			rejected := leaf(s, column(func(p pair) float64 { return p.Rejected }))
			a := DPO{Beta: c.Beta, Loss: loss, LabelSmoothing: c.Smoothing}
			if c.Loss == "sigmoid" {
				a.LabelSmoothing = 0 // TRL's ignores it
			}
			of := a.loss(chosen.Sub(refChosen), rejected.Sub(refRejected))
			each, err := of.Detach().Value64s()
			if err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf("%s, beta %g, smoothing %g", c.Loss, c.Beta, c.Smoothing)
			near(t, name, each, c.Losses, 1e-12)
			value, gradients := valueAndGradients(t, of.Mean(), chosen, rejected)
			near(t, name+": mean", []float64{value}, []float64{c.Mean}, 1e-12)
			near(t, name+": gradient of chosen", gradients[0], c.GradChosen, 1e-12)
			near(t, name+": gradient of rejected", gradients[1], c.GradRejected, 1e-12)
			compared[c.Loss]++
		}
	}
	if len(compared) != len(losses) {
		t.Fatalf("compared %v", compared)
	}
	for _, c := range golden.Rewards {
		var chosen, rejected, gotChosen, gotRejected []float64
		for _, p := range golden.Pairs {
			chosen, rejected = append(chosen, p.Chosen-p.RefChosen), append(rejected, p.Rejected-p.RefRejected)
		}
		rewards, err := rewardsOf(s.Float64s(chosen, len(chosen)), s.Float64s(rejected, len(rejected)), c.Beta)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rewards {
			gotChosen, gotRejected = append(gotChosen, r[0]), append(gotRejected, r[1])
		}
		near(t, "chosen rewards", gotChosen, c.Chosen, 1e-12)
		near(t, "rejected rewards", gotRejected, c.Rejected, 1e-12)
	}
}

// TestDPOFindsItsOptimum checks the known optimum where one response is chosen over
// another in three of four pairs: a log-ratio of theirs that is ln 3 / β above the
// reference's.
func TestDPOFindsItsOptimum(t *testing.T) {
	s := modeltest.Open(t, torch.Float32)
	maker, algorithm := made(t, "dpo", `{"steps":150,"batch_size":4,"beta":0.5,"learning_rate":0.02,"warmup":0.1,"checkpoint_every":1000}`)
	e := threes(t, s, maker.Needs, t.TempDir())
	better := pairs.Pair{Prompt: []int{5}, Chosen: []int{3}, Rejected: []int{4}}
	worse := pairs.Pair{Prompt: []int{5}, Chosen: []int{4}, Rejected: []int{3}}
	e.Pairs = []pairs.Pair{better, better, better, worse}
	before := s.Live()
	if err := algorithm.Train(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	policy, reference := distribution(t, e.Policy), distribution(t, e.Reference)
	got := math.Log(policy[3]/policy[4]) - math.Log(reference[3]/reference[4])
	if want := math.Log(3) / 0.5; math.Abs(got-want) > 0.02 {
		t.Errorf("the log-ratio moved by %g, want %g", got, want)
	}
	if s.Live() != before {
		t.Errorf("training left %d tensors", s.Live()-before)
	}
}

func TestDPOWithoutPairs(t *testing.T) {
	_, algorithm := made(t, "dpo", "{}")
	if err := algorithm.Train(t.Context(), &Env{}); err == nil {
		t.Error("no error")
	}
}
