package rollout

import "math"

// Rewards are the rewards of all rollouts, shared with them.
func (b Batch) Rewards() [][]float64 {
	return b.column(func(r Rollout) []float64 { return r.Rewards })
}

// Advantages are the advantages of all rollouts, shared with them.
func (b Batch) Advantages() [][]float64 {
	return b.column(func(r Rollout) []float64 { return r.Advantages })
}

func (b Batch) column(of func(Rollout) []float64) [][]float64 {
	lists := make([][]float64, len(b))
	for i, r := range b {
		lists[i] = of(r)
	}
	return lists
}

// GAE is the generalized advantage estimate (Schulman et al. 2016) of each token of
// an episode that ends after the last: the sum of the temporal differences from it
// on, discounted by gamma · lambda. All are [tokens].
func GAE(rewards, values []float64, gamma, lambda float64) []float64 {
	advantages := make([]float64, len(rewards))
	next, sum := 0.0, 0.0
	for j := len(rewards) - 1; j >= 0; j-- {
		sum = rewards[j] + gamma*next - values[j] + gamma*lambda*sum
		advantages[j] = sum
		next = values[j]
	}
	return advantages
}

// Whiten divides values, lists of any lengths, by their standard deviation over all
// of them and, where they are to be centred, takes their mean off first. It
// leaves values that are all equal as they are.
func Whiten(values [][]float64, centre bool) {
	var all []float64
	for _, list := range values {
		all = append(all, list...)
	}
	mean, deviation := moments(all)
	if deviation == 0 {
		return
	}
	if !centre {
		mean = 0
	}
	for _, list := range values {
		for j := range list {
			list[j] = (list[j] - mean) / deviation
		}
	}
}

// LeaveOneOut is each reward less the mean of the others to its prompt: samples in
// a row are of one prompt (Kool et al. 2019; Ahmadian et al. 2024). With one
// sample there is nothing to take off.
func LeaveOneOut(rewards []float64, samples int) []float64 {
	advantages := make([]float64, len(rewards))
	for start := 0; start < len(rewards); start += samples {
		group := rewards[start:][:samples]
		sum := 0.0
		for _, r := range group {
			sum += r
		}
		for i, r := range group {
			advantages[start+i] = r
			if samples > 1 {
				advantages[start+i] -= (sum - r) / float64(samples-1)
			}
		}
	}
	return advantages
}

// Standardize centres values and divides them by their standard deviation, n − 1 in
// its denominator, and epsilon.
func Standardize(values []float64, epsilon float64) {
	mean, _ := moments(values)
	deviation := Deviation(values) + epsilon
	for i := range values {
		values[i] = (values[i] - mean) / deviation
	}
}

// Deviation is the standard deviation of values with n − 1 in its denominator, as
// torch.std has it; 0 for fewer than two.
func Deviation(values []float64) float64 {
	if len(values) < 2 {
		return 0
	}
	_, deviation := moments(values)
	n := float64(len(values))
	return deviation * math.Sqrt(n/(n-1))
}

// AdvantagesOf are a rollout's advantages, for [Pass.Column].
func AdvantagesOf(r Rollout) []float64 { return r.Advantages }

// SetAdvantages gives all tokens of each response its advantage.
func (b Batch) SetAdvantages(ofResponses []float64) {
	for i := range b {
		b[i].Advantages = make([]float64, len(b[i].Tokens))
		for j := range b[i].Advantages {
			b[i].Advantages[j] = ofResponses[i]
		}
	}
}
