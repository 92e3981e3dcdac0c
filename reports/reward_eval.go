package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"lastmile/reports/document"
	"lastmile/runs"
)

// evaluationsOf are the evaluations of a label's reward models, one for each seed.
func (b *builder) evaluationsOf(label string) []runs.RunEvaluation {
	var of []runs.RunEvaluation
	for _, e := range b.evaluations {
		if e.Label == label {
			of = append(of, e)
		}
	}
	return of
}

// evaluationsOfModel are those of a reward model, one for each seed: of its labels the
// first that has any, since a label whose outputs it only chooses among has none.
func (b *builder) evaluationsOfModel(m rewardModel) []runs.RunEvaluation {
	for _, label := range m.labels {
		if of := b.evaluationsOf(label); len(of) > 0 {
			return of
		}
	}
	return nil
}

// kindResults are in the order of the kinds, those that were trained on first.
func kindResults(evaluations []runs.RunEvaluation) []RewardKind {
	var results []RewardKind
	trivial := map[negativeKind]map[string][]float64{}
	for _, e := range evaluations {
		for _, k := range e.Kinds {
			of := negativeKind{k.Kind, k.Ended}
			i := slices.IndexFunc(results, func(r RewardKind) bool { return r.negativeKind() == of })
			if i < 0 {
				i = len(results)
				results = append(results, RewardKind{Kind: k.Kind, Ended: k.Ended, Pairs: k.N})
				trivial[of] = map[string][]float64{}
			}
			results[i].Trained = results[i].Trained || k.Trained
			results[i].Accuracy += k.Accuracy
			results[i].each = append(results[i].each, string(number(k.Accuracy)))
			for _, t := range k.Trivial {
				trivial[of][t.Scorer] = append(trivial[of][t.Scorer], t.Accuracy)
				trivial[of][t.Scorer+", reversed"] = append(trivial[of][t.Scorer+", reversed"], 1-t.Accuracy)
			}
		}
	}
	for i := range results {
		r := &results[i]
		r.Accuracy /= float64(len(r.each))
		for scorer, values := range trivial[r.negativeKind()] {
			if reached := mean(values); reached > r.Reaches || reached == r.Reaches && scorer < r.Trivial {
				r.Trivial, r.Reaches = scorer, reached
			}
		}
	}
	slices.SortStableFunc(results, func(a, b RewardKind) int {
		switch {
		case a.Trained == b.Trained:
			return 0
		case a.Trained:
			return -1
		}
		return 1
	})
	return results
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// averaged is the mean over seeds of what a reward model says of a policy's samples,
// with the means of the bounds; ok is false where nothing was measured.
func averaged(evaluations []runs.RunEvaluation, policy, statistic, metric string) (value, low, high float64, ok bool) {
	var values, lows, highs []float64
	for _, e := range evaluations {
		for _, m := range e.Samples {
			if m.Policy == policy && m.Statistic == statistic && m.Metric == metric && m.Low != nil {
				values, lows, highs = append(values, m.Value), append(lows, *m.Low), append(highs, *m.High)
			}
		}
	}
	if len(values) == 0 {
		return 0, 0, 0, false
	}
	return mean(values), mean(lows), mean(highs), true
}

// rankedBy is the metric whose order of samples the reward should have.
const rankedBy = "la-rougeL"

// The policies whose samples are scored, as the store calls them.
const (
	beforeRL = "before"
	afterRL  = "after"
)

// percent writes a share.
func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

// mostBeaten is how many kinds on which a trivial scorer reaches more are named.
const mostBeaten = 3

// rewardVerdict says what a label's reward model is worth, the least flattering first.
func (b *builder) rewardVerdict(label string, evaluations []runs.RunEvaluation, kinds []RewardKind) document.Spans {
	type clause struct {
		text string
		than float64 // chance is 0.5
	}
	var clauses []clause
	for _, c := range []struct{ statistic, metric, format string }{
		{"truth above", "", "puts the truth above %s of %s own samples"},
		{"ranked", rankedBy, "orders %s of pairs of %s own samples as " + title(rankedBy) + " does"},
	} {
		after, _, _, ok := averaged(evaluations, afterRL, c.statistic, c.metric)
		if !ok {
			continue
		}
		text := fmt.Sprintf(c.format, percent(after), b.name(label)+"'s")
		if before, _, _, ok := averaged(evaluations, beforeRL, c.statistic, c.metric); ok {
			text += fmt.Sprintf(", and %s of the MLE policy's", percent(before))
		}
		clauses = append(clauses, clause{text, after})
	}
	slices.SortStableFunc(clauses, func(x, y clause) int { return cmp.Compare(x.than, y.than) })
	var said document.Spans
	for i, c := range clauses {
		if i == 0 {
			said = document.Format("%s", document.Strong{Text: document.Format("The reward model of %s %s.", b.name(label), c.text)})
			continue
		}
		said = document.Format("%s It %s.", said, c.text)
	}
	return document.Format("%s %s", said, beatenBy(kinds))
}

// beatenBy says on which kinds of negatives a trivial scorer reaches more, those with the
// widest gap first.
func beatenBy(kinds []RewardKind) string {
	kinds = slices.DeleteFunc(slices.Clone(kinds), func(k RewardKind) bool { return !k.isSpokenOf() })
	beaten := slices.DeleteFunc(slices.Clone(kinds), func(k RewardKind) bool { return !k.isBeaten() })
	if len(beaten) == 0 {
		return "No trivial scorer reaches more than it on any kind of negatives."
	}
	slices.SortStableFunc(beaten, func(x, y RewardKind) int { return cmp.Compare(y.Reaches-y.Accuracy, x.Reaches-x.Accuracy) })
	var named []string
	for _, k := range beaten[:min(mostBeaten, len(beaten))] {
		named = append(named, fmt.Sprintf("%s (%s against %s of “%s”)", k.negativeKind(), percent(k.Accuracy), percent(k.Reaches), k.Trivial))
	}
	if more := len(beaten) - len(named); more > 0 {
		named = append(named, fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("On %d of %d kinds of negatives a trivial scorer reaches more: %s.", len(beaten), len(kinds), strings.Join(named, "; "))
}

// evaluationSection says what the reward models are worth on held-out prompts: of each
// model, by kinds of negatives; of each label, on its samples.
func (b *builder) evaluationSection(models []rewardModel) []document.Block {
	var blocks []document.Block
	for _, m := range models {
		evaluations := b.evaluationsOfModel(m)
		if len(evaluations) == 0 {
			continue
		}
		kinds := kindResults(evaluations)
		var verdicts document.List
		for _, label := range m.labels {
			if of := b.evaluationsOf(label); len(of) > 0 {
				verdicts.Items = append(verdicts.Items, document.Item{Text: b.rewardVerdict(label, of, kinds)})
			}
		}
		blocks = append(blocks, verdicts, paragraph("How often the reward model of %s puts the truth above a negative of held-out prompts, beside the trivial scorer that reaches most, taken either way round; a tie counts as half, 0.5 is chance. Pairs are those of one seed.", strings.Join(m.labels, "; ")), kindTable(kinds))
		for _, label := range m.labels {
			if of := b.evaluationsOf(label); len(of) > 0 {
				blocks = append(blocks, paragraph("The same reward model and samples of held-out prompts: of the MLE policy, and of %s. Correlations are means over prompts of those within a prompt; ranked rightly are pairs of samples of one prompt that differ by 0.02 or more in %s. In brackets 95 %% intervals over prompts, for these models.", b.name(label), title(rankedBy)), sampleTable(label, of))
			}
		}
	}
	return blocks
}

func kindTable(kinds []RewardKind) document.Table {
	table := document.Table{
		Header: document.Row("negatives", "end token", "trained on", "pairs", "reward model", "each seed", "trivial scorer", "reaches"),
		Align:  []document.Alignment{3: document.Right, 4: document.Right, 7: document.Right},
	}
	yes := map[bool]string{true: "yes", false: "no"}
	for _, k := range kinds {
		table.Add(k.Kind, yes[k.Ended], yes[k.Trained], fmt.Sprint(k.Pairs), number(k.Accuracy), strings.Join(k.each, ", "), k.Trivial, number(k.Reaches))
	}
	return table
}

// sampleTable says what reward models say of the samples of both policies.
func sampleTable(label string, evaluations []runs.RunEvaluation) document.Table {
	table := document.Table{
		Header: document.Row("measure", "of", "before (MLE)", "", "after ("+label+")", ""),
		Align:  []document.Alignment{2: document.Right, 3: document.Left, 4: document.Right},
	}
	add := func(name, of, statistic, metric string) {
		cells := []any{name, of}
		found := false
		for _, policy := range []string{beforeRL, afterRL} {
			value, low, high, ok := averaged(evaluations, policy, statistic, metric)
			if !ok {
				cells = append(cells, "–", "")
				continue
			}
			found = true
			cells = append(cells, number(value), interval(low, high))
		}
		if found {
			table.Add(cells...)
		}
	}
	add("truth scores above", "the samples", "truth above", "")
	add("ranked rightly", title(rankedBy), "ranked", rankedBy)
	for _, m := range evaluations[0].Samples {
		if m.Policy == beforeRL && m.Statistic == "kendall" && m.Metric != "tokens" {
			add("Kendall's τ-b", title(m.Metric), "kendall", m.Metric)
		}
	}
	add("Spearman's ρ", title(rankedBy), "spearman", rankedBy)
	add("Pearson's r", title(rankedBy), "pearson", rankedBy)
	add("Spearman's ρ", "number of tokens", "spearman", "tokens")
	return table
}
