package reports

import (
	"fmt"
	"slices"
	"strings"

	"lastmile/reports/document"
	"lastmile/runs"
)

// bondOf says what a metric has to do with what a system learned from: nothing where
// its outputs are the MLE policy's.
func (b *builder) bondOf(of runs.System, metric string) (bond, string) {
	if b.decoding(of.Decode).isMatched() {
		return apart, ""
	}
	l := b.label(of.Label)
	if bond, with := l.bondOf(metric); bond != apart {
		return bond, with
	}
	rewards := l.rewards()
	if metric == learnedScorer && slices.ContainsFunc(rewards, isROUGE) && b.scorerSeesOverlap(l) {
		return overlap, rewards[slices.IndexFunc(rewards, isROUGE)]
	}
	if isROUGE(metric) && slices.Contains(rewards, learnedScorer) && b.scorerSeesOverlap(l) {
		return overlap, learnedScorer
	}
	return apart, ""
}

// scorerSeesOverlap tells whether the learned scorer is one of lastmile's, which learn
// overlap with the reference unless their settings say otherwise.
func (b *builder) scorerSeesOverlap(l label) bool {
	own := l.settings["scorer.path"] == ""
	if i := slices.IndexFunc(b.metrics, func(m runs.Metric) bool { return m.Name == learnedScorer }); i >= 0 {
		own = strings.HasPrefix(b.metrics[i].Signature, ownScorer)
	}
	score := l.settings["scorer.score"]
	return own && (score == "" || score == "[]" || strings.Contains(score, "overlap") || strings.Contains(score, "rouge"))
}

// ownScorer begins the signatures of learned scorers that lastmile trained.
const ownScorer = "bleurt|model:lastmile-"

// optimised says in a clause, which begins with a comma, what a metric has to do with
// the rewards of a system, "" where it has nothing.
func (b *builder) optimised(of runs.System, metric string) string {
	bond, with := b.bondOf(of, metric)
	switch bond {
	case itself:
		if with != metric {
			return fmt.Sprintf(", which the reward %s counts", with)
		}
		return ", which the reward contains"
	case kin:
		return fmt.Sprintf(", of one family with %s, which the reward contains", title(with))
	case factor:
		return fmt.Sprintf(", of which the reward contains a factor, %s", with)
	case overlap:
		if with == learnedScorer {
			return fmt.Sprintf(", overlap of the kind that %s, which the reward contains, was trained on", title(with))
		}
		return fmt.Sprintf(", which was itself trained on overlap such as %s, which the reward contains", title(with))
	case stacked:
		return ", which the reward model counts beside its network's score"
	case trained:
		return fmt.Sprintf(", by which the reward model was taught (%s)", title(with))
	}
	return ""
}

// within closes a clause that more follows.
func within(clause string) string {
	if clause == "" {
		return ""
	}
	return clause + ","
}

// evidenceNotes say which columns are evidence of what, for the labels with rewards
// that have to do with one of them.
func (b *builder) evidenceNotes() []document.Block {
	var lines document.List
	var said []string // of labels, so that labels of which the same is said share a line
	var names [][]string
	for _, l := range b.labels {
		text := b.evidenceOf(l)
		if text == "" {
			continue
		}
		if i := slices.Index(said, text); i >= 0 {
			names[i] = append(names[i], b.name(l.name))
			continue
		}
		said, names = append(said, text), append(names, []string{b.name(l.name)})
	}
	for i, text := range said {
		lines.Items = append(lines.Items, document.Item{Text: document.Format("%s: %s", enumerate(names[i]), text)})
	}
	if len(lines.Items) == 0 {
		return nil
	}
	return []document.Block{
		paragraph("%s: the system's rewards contain the metric, or count what it measures. %s: they contain a metric of its family or a factor of it, their reward model was taught by it or counts it, or the metric was itself trained on overlap that they count. What was optimised is no evidence alone.", optimisedMark, nearMark),
		lines,
	}
}

// evidenceOf says of which columns a label's rewards know, and of which not; "" where
// they know of none.
func (b *builder) evidenceOf(l label) string {
	var others []string
	near := map[bond][]string{}
	because := map[bond]string{}
	for _, c := range b.table.Columns {
		bond, with := b.bondOf(runs.System{Label: l.name}, c.Metric)
		near[bond], because[bond] = append(near[bond], c.Metric), with
	}
	others = near[apart]
	var said []string
	add := func(of bond, format string) {
		if names := near[of]; len(names) > 0 {
			said = append(said, fmt.Sprintf(format, enumerate(names), because[of]))
		}
	}
	add(itself, "the rewards contain %[1]s")
	add(kin, "%[1]s: of one family with %[2]s, a reward")
	add(factor, "%[1]s: the length penalty, the reward %[2]s, is a factor of it")
	add(stacked, "the reward model counts %[1]s beside its network's score")
	add(trained, "%[1]s: the reward model was taught by %[2]s")
	if because[overlap] == learnedScorer {
		add(overlap, "%[1]s: overlap of the kind that the learned scorer, a reward, was trained on")
		delete(near, overlap)
	}
	add(overlap, "%[1]s: the learned scorer was itself trained on overlap such as %[2]s, a reward")
	if len(said) == 0 {
		return ""
	}
	text := strings.Join(said, "; ")
	if len(others) == 0 {
		return text + ". No column is without them."
	}
	return text + fmt.Sprintf(". The rewards neither contain nor were taught by %s.", enumerate(others))
}
