package reports

import "lastmile/runs"

// RewardModel says what the reward models of some labels, one for each seed, are worth on
// held-out prompts: means over seeds.
type RewardModel struct {
	// Labels are those whose policies learn from it, or whose outputs it chooses among.
	Labels []string `json:"labels"`
	// Kinds are the kinds of negatives, those that it was trained on first.
	Kinds []RewardKind `json:"kinds"`
	// Samples say how it scores policies' samples.
	Samples []RewardSamples `json:"samples"`
}

// RewardKind says how often a reward model puts the truth above a negative of a kind: the
// mean over seeds.
type RewardKind struct {
	Kind     string  `json:"kind"`
	Ended    bool    `json:"ended"`   // whether the negatives have an end token
	Trained  bool    `json:"trained"` // whether it was trained on the kind
	Pairs    int     `json:"pairs"`   // of one seed
	Accuracy float64 `json:"accuracy"`
	// Trivial is the trivial scorer that reaches most, taken either way round, and
	// Reaches what it reaches.
	Trivial string  `json:"trivial"`
	Reaches float64 `json:"reaches"`

	each []string // the accuracy of each seed
}

func (k RewardKind) negativeKind() negativeKind { return negativeKind{k.Kind, k.Ended} }

// isBeaten tells whether a trivial scorer reaches more.
func (k RewardKind) isBeaten() bool { return k.Reaches > k.Accuracy }

// fewestPairs is how many pairs there must be of a kind that is spoken of.
const fewestPairs = 10

func (k RewardKind) isSpokenOf() bool { return k.Pairs >= fewestPairs }

// RewardSamples is what a reward model says of a policy's samples, as the view
// v_reward_samples has it, with the means of the bounds of 95 % intervals over prompts.
type RewardSamples struct {
	Label     string  `json:"label"`     // whose policy is meant after training
	Policy    string  `json:"policy"`    // before: the MLE policy; after: the label's
	Statistic string  `json:"statistic"` // truth above, ranked, kendall, spearman, pearson
	Metric    string  `json:"metric"`    // that the scores are held against; none for truth above
	Value     float64 `json:"value"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
}

// rewardModelSummaries are those of the reward models that were evaluated.
func (b *builder) rewardModelSummaries() []RewardModel {
	var summaries []RewardModel
	models, _ := b.rewardModels()
	for _, m := range models {
		evaluations := b.evaluationsOfModel(m)
		if len(evaluations) == 0 {
			continue
		}
		s := RewardModel{Labels: m.labels, Kinds: kindResults(evaluations)}
		for _, label := range m.labels {
			s.Samples = append(s.Samples, samplesSummary(label, b.evaluationsOf(label))...)
		}
		summaries = append(summaries, s)
	}
	return summaries
}

// samplesSummary has each statistic of a label's evaluations once.
func samplesSummary(label string, evaluations []runs.RunEvaluation) []RewardSamples {
	if len(evaluations) == 0 {
		return nil
	}
	var summaries []RewardSamples
	for _, m := range evaluations[0].Samples {
		if value, low, high, ok := averaged(evaluations, m.Policy, m.Statistic, m.Metric); ok {
			summaries = append(summaries, RewardSamples{label, m.Policy, m.Statistic, m.Metric, value, low, high})
		}
	}
	return summaries
}
