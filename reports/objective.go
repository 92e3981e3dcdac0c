package reports

import (
	"slices"
	"strings"
)

// The rewards that a report tells apart, by their names in the configuration.
const (
	learnedReward = "learned" // the score of the reward model
	lengthReward  = "length"
)

// shapingRewards keep responses in shape and know nothing of what they say.
var shapingRewards = []string{lengthReward, "repetition", "ending", "copying"}

// emptyRewards have nothing to teach.
var emptyRewards = []string{"constant", "random"}

// rewards are the names of the rewards that a label's runs maximise, sorted; none
// where the algorithm maximises none, and in older stores, which do not tell.
func (l label) rewards() []string {
	var names []string
	for key := range l.settings {
		if name, ok := strings.CutPrefix(key, "reward."); ok {
			names = append(names, firstPart(name))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// controlKind says which control of others a label is by what it learns from, or "".
func (l label) controlKind() string {
	rewards := l.rewards()
	only := func(lists ...[]string) bool {
		allowed := slices.Concat(lists...)
		return len(rewards) > 0 && !slices.ContainsFunc(rewards, func(name string) bool { return !slices.Contains(allowed, name) })
	}
	switch {
	case l.algorithm.Family == Rule:
		return byRule
	case l.algorithm.Family == Likelihood:
		return trainedOn
	case l.algorithm.Family != OnPolicy:
		return ""
	case only(emptyRewards):
		return noSignal
	case only(emptyRewards, shapingRewards):
		return shapingAlone
	case only(emptyRewards, shapingRewards, []string{learnedReward}) && l.settings["reward_model.steps"] == "0":
		return trivialAlone
	case l.algorithm.Name == selfImitation:
		return imitation
	}
	return ""
}

// selfImitation is the algorithm that is a control of the others: maximum likelihood on
// the best of the policy's own samples.
const selfImitation = "raft"

// bond is what a metric has to do with what a label learned from. The weaker comes
// first.
type bond int

const (
	apart   bond = iota
	overlap      // the metric was trained to see the overlap that a reward counts, or the reward that of the metric
	stacked      // the reward model's score was combined with what the metric measures
	trained      // the reward model learned from the metric
	factor       // the metric has a factor that is a reward
	kin          // the metric is of the family of a reward
	itself       // the metric is a reward
)

// The marks of bonds in a table: of what was optimised, and of what is near to it.
const (
	optimisedMark = "†"
	nearMark      = "‡"
)

func (b bond) mark() string {
	switch b {
	case apart:
		return ""
	case itself:
		return optimisedMark
	}
	return nearMark
}

// String names a bond in report.json.
func (b bond) String() string {
	return [...]string{"", "overlap", "stacked", "trained", "factor", "related", "contained"}[b]
}

// measuredBy are the metrics of what shaping rewards count.
var measuredBy = map[string]string{lengthReward: "length_ratio", "repetition": "repetition", "ending": "ended", "copying": "coverage"}

// stackedOf are the metrics of what the trivial scorers count that a reward model's score
// is combined with.
var stackedOf = []string{"length_ratio", "length_distance", "repetition", "ended", "coverage"}

// bondOf says what a metric has to do with what a label learned from, and with which
// reward or setting.
func (l label) bondOf(metric string) (bond, string) {
	closest, with := apart, ""
	found := func(b bond, name string) {
		if b > closest {
			closest, with = b, name
		}
	}
	rewards := l.rewards()
	for _, reward := range rewards {
		switch {
		case reward == metric || measuredBy[reward] == metric:
			found(itself, reward)
		case reward == commandReward:
			found(l.commandBond(metric), reward)
		case isROUGE(reward) && isROUGE(metric):
			found(kin, reward)
		case reward == lengthReward && strings.HasPrefix(metric, "la-rouge"):
			found(factor, reward)
		}
	}
	if slices.Contains(rewards, learnedReward) {
		if l.settings["reward_model.stacked"] != "" && slices.Contains(stackedOf, metric) {
			found(stacked, learnedReward)
		}
		for _, teacher := range l.teachers() {
			if teacher == metric || isROUGE(teacher) && isROUGE(metric) {
				found(trained, teacher)
			}
		}
	}
	return closest, with
}

// teachers are the settings that a label's reward model learned with, sorted, among them
// the metrics.
func (l label) teachers() []string {
	var all []string
	for key, value := range l.settings {
		if part := firstPart(key); part == "negatives" || part == "reward_model" {
			all = append(all, value)
		}
	}
	if l.settings["reward_model.ranked"] != "" && l.settings["reward_model.rank_by"] == "" {
		all = append(all, rankedBy)
	}
	slices.Sort(all)
	return all
}

// isROUGE tells whether a metric or reward is of the family of ROUGE.
func isROUGE(name string) bool { return rougeName.MatchString(name) }
