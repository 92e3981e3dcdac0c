package evaluation

import "math"

// Bin is a bin of the reliability table: pairs by the reward model's confidence. By
// Bradley and Terry's model the one that scores higher is the better one with the
// probability σ(difference of the scores), which is the confidence, from 0.5 to 1.
type Bin struct {
	// Pairs is what the truth is compared with: "trained", negatives of kinds that were
	// learned from, "left out", those of others, or the samples of one of [Policies].
	Pairs string `json:"pairs"`
	// Bin is its place, from 0 up to [Bins].
	Bin int `json:"bin"`
	// Confidence is the mean of the pairs in the bin, Right the share of them in which
	// the truth scores above; a tie counts as half.
	Confidence float64 `json:"confidence"`
	Right      float64 `json:"right"`
	N          int     `json:"n"`
}

// Bins is the number of bins, of equal width.
const Bins = 10

// The pairs of a [Bin] that are made of negatives.
const (
	Trained = "trained"
	LeftOut = "left out"
)

// calibration puts all pairs into their bins; empty ones are left out.
func calibration(prompts []Prompt, names Names) []Bin {
	groups := append([]string{Trained, LeftOut}, Policies[:]...)
	binned := map[string]*[Bins]Bin{}
	for _, g := range groups {
		binned[g] = &[Bins]Bin{}
	}
	add := func(group string, truth, other float64) {
		confidence := 1 / (1 + math.Exp(-math.Abs(truth-other)))
		bin := &binned[group][min(Bins-1, int((confidence-0.5)*2*Bins))]
		bin.N++
		bin.Confidence += confidence
		bin.Right += right(truth, other)
	}
	for _, p := range prompts {
		for _, n := range p.Negatives {
			if names.Trained(n.Kind, n.Ended) {
				add(Trained, p.Truth, n.Score)
			} else {
				add(LeftOut, p.Truth, n.Score)
			}
		}
		for i, policy := range Policies {
			for _, s := range p.Policies[i] {
				add(policy, p.Truth, s.Score)
			}
		}
	}
	all := []Bin{}
	for _, g := range groups {
		for i, bin := range binned[g] {
			if n := float64(bin.N); n > 0 {
				all = append(all, Bin{g, i, bin.Confidence / n, bin.Right / n, bin.N})
			}
		}
	}
	return all
}
