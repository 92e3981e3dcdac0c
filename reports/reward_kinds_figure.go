package reports

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot"

	"lastmile/runs"
)

// rewardKindsFigure shows what the reward models have learned from the kinds of negatives
// that they were trained on, and what of it holds for others.
func (b *builder) rewardKindsFigure() (figure, error) {
	f := figure{name: "reward-kinds"}
	h := b.rewardKinds()
	if len(h.rows) < 2 {
		return f, nil
	}
	p, width, height := h.panel()
	f.panels, f.panelWidth, f.panelHeight = [][]*plot.Plot{{p}}, width, height
	for _, share := range []float64{0, 0.25, 0.5, 0.75, 1} {
		f.legend = append(f.legend, legendEntry{name: fmt.Sprint(share), fill: shade(share)})
	}
	f.legend = append(f.legend, legendEntry{name: "frame: trained on", line: frameStyle})
	f.caption = fmt.Sprintf("What the reward models were trained on, by row, and what they tell apart, by column: how often the truth scores above a negative of held-out prompts, means over seeds. The last two columns are of the MLE policy's samples: pairs ordered as %s does, and how often the truth scores above one. 0.5 is chance. Kinds with fewer than %d pairs are left out.", title(rankedBy), fewestPairs)
	return f, nil
}

// rewardKinds has a row for each family of reward models, and a column for each kind of
// negatives, those that any was trained on first.
func (b *builder) rewardKinds() heatMap {
	models, _ := b.rewardModels()
	models = slices.DeleteFunc(models, func(m rewardModel) bool { return len(b.evaluationsOfModel(m)) == 0 })
	var all []runs.RunEvaluation
	for _, m := range models {
		all = append(all, b.evaluationsOfModel(m)...)
	}
	kinds := slices.DeleteFunc(kindResults(all), func(k RewardKind) bool { return !k.isSpokenOf() })
	h := heatMap{apart: 2}
	for _, k := range kinds {
		h.columns = append(h.columns, k.negativeKind().String())
	}
	h.columns = append(h.columns, "samples ranked rightly", "truth above samples")
	for _, m := range models {
		evaluations := b.evaluationsOfModel(m)
		own := kindResults(evaluations)
		row := make([]heatCell, len(kinds))
		for i, k := range kinds {
			if at := slices.IndexFunc(own, func(r RewardKind) bool { return r.negativeKind() == k.negativeKind() }); at >= 0 {
				row[i] = heatCell{known: true, value: own[at].Accuracy, framed: own[at].Trained}
			}
		}
		sampled := func(statistic, metric string, trained bool) heatCell {
			value, _, _, ok := averaged(evaluations, beforeRL, statistic, metric)
			return heatCell{known: ok, value: value, framed: trained}
		}
		// Training on ranked samples leaves an accuracy of that name.
		ranked := len(m.of[negativeKind{"ranked", true}]) > 0
		against := slices.ContainsFunc(own, func(k RewardKind) bool { return k.Kind == "policy" && k.Trained })
		h.rows = append(h.rows, strings.Join(m.labels, "; "))
		h.cells = append(h.cells, append(row, sampled("ranked", rankedBy, ranked), sampled("truth above", "", against)))
	}
	return h
}
