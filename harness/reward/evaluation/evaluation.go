package evaluation

// Prompt is a held-out prompt with the scores of its responses.
type Prompt struct {
	// Truth is the reward model's score of the first reference.
	Truth float64
	// Negatives are those made of that truth.
	Negatives []Negative
	// Policies are the samples of each policy, in the order of [Policies].
	Policies [2][]Sample
}

// Policies name the policies whose samples are scored: the MLE policy, and what
// reinforcement learning made of it.
var Policies = [2]string{"before", "after"}

// Negative is a negative of a prompt's truth.
type Negative struct {
	Kind  string
	Ended bool
	// Score is the reward model's.
	Score float64
	// Trivial says of each trivial scorer whether it puts the truth above the negative:
	// 1, or 0 where it does not, or 0.5 where it makes no difference.
	Trivial []float64
}

// Sample is a response of a policy.
type Sample struct {
	// Score is the reward model's.
	Score float64
	// Metrics are what the response scores by each metric, in one order.
	Metrics []float64
}

// Evaluation is what a reward model is worth.
type Evaluation struct {
	// Prompts is the number of prompts.
	Prompts int `json:"prompts"`
	// Kinds are in the order in which they first come.
	Kinds []Kind `json:"kinds"`
	// Samples are about the policies' samples.
	Samples []Measure `json:"samples"`
	// Calibration are the bins of confidence in pairs of a truth and something else.
	Calibration []Bin `json:"calibration"`
}

// Names are those of what prompts are given in order.
type Names struct {
	// Trivial are the trivial scorers.
	Trivial []string
	// Metrics are what the samples are scored by, Ranked the place of the one whose
	// order the reward should have.
	Metrics []string
	Ranked  int
	// Trained tells whether negatives of a kind, in one form, were learned from.
	Trained func(kind string, ended bool) bool
}

// Evaluate computes what the scores of the prompts' responses say.
func Evaluate(prompts []Prompt, names Names) Evaluation {
	e := Evaluation{Prompts: len(prompts), Kinds: kinds(prompts, names), Samples: []Measure{}}
	for p, policy := range Policies {
		for _, m := range samples(prompts, p, names) {
			m.Policy = policy
			e.Samples = append(e.Samples, m)
		}
	}
	e.Calibration = calibration(prompts, names)
	return e
}

// right is 1 where a response that should score above another one does, 0 where it does
// not, and 0.5 where both score the same.
func right(better, worse float64) float64 {
	switch {
	case better > worse:
		return 1
	case better == worse:
		return 0.5
	}
	return 0
}
