package reports

import (
	"fmt"
	"slices"
	"strings"

	"lastmile/reports/document"
	"lastmile/runs"
)

// rewardModel is a family of reward models: one for each seed, of labels that
// share them.
type rewardModel struct {
	labels []string
	stages []string // the keys, one for each seed
	of     map[negativeKind][]runs.RunAccuracy
}

// negativeKind is what accuracies are told apart by.
type negativeKind struct {
	kind  string
	ended bool
}

func (k negativeKind) String() string {
	if k.ended {
		return k.kind
	}
	return k.kind + ", unended"
}

// rewardModels groups the accuracies; kinds are in the order of their names,
// with the end token before without.
func (b *builder) rewardModels() (models []rewardModel, kinds []negativeKind) {
	byLabel := map[string]*rewardModel{}
	for _, l := range b.labels {
		m := &rewardModel{labels: []string{l.name}, of: map[negativeKind][]runs.RunAccuracy{}}
		for _, a := range b.accuracies {
			if a.Label != l.name {
				continue
			}
			if !slices.Contains(m.stages, a.Stage) {
				m.stages = append(m.stages, a.Stage)
			}
			k := negativeKind{a.Kind, a.Ended}
			m.of[k] = append(m.of[k], a)
			if !slices.Contains(kinds, k) {
				kinds = append(kinds, k)
			}
		}
		if len(m.stages) == 0 {
			continue
		}
		// Labels that share reward models stand in one column.
		id := strings.Join(m.stages, " ")
		if shared := byLabel[id]; shared != nil {
			shared.labels = append(shared.labels, l.name)
			continue
		}
		byLabel[id] = m
		models = append(models, *m)
	}
	for i := range models {
		models[i].labels = byLabel[strings.Join(models[i].stages, " ")].labels
	}
	slices.SortFunc(kinds, func(a, b negativeKind) int {
		if a.kind != b.kind {
			return strings.Compare(a.kind, b.kind)
		}
		if a.ended {
			return -1
		}
		return 1
	})
	return models, kinds
}

// rewardSection says what the reward models are worth: those that were evaluated by
// [builder.evaluationSection], others by a table of the accuracies that their training
// left.
func (b *builder) rewardSection() []document.Block {
	models, kinds := b.rewardModels()
	blocks := append(b.evaluationSection(models), b.calibrationTable()...)
	models = slices.DeleteFunc(models, func(m rewardModel) bool { return len(b.evaluationsOfModel(m)) > 0 })
	if len(models) == 0 {
		return blocks
	}
	table := document.Table{Header: document.Row("negatives", "end token", "pairs"), Align: []document.Alignment{2: document.Right}}
	for _, m := range models {
		table.Header = append(table.Header, document.Row(strings.Join(m.labels, "; "), "each seed")...)
		table.Align = append(table.Align, document.Right, document.Left)
	}
	for _, k := range kinds {
		end := "yes"
		if !k.ended {
			end = "no"
		}
		pairs := ""
		var cells []any
		for _, m := range models {
			accuracies := m.of[k]
			if len(accuracies) == 0 {
				cells = append(cells, "–", "")
				continue
			}
			pairs = fmt.Sprint(accuracies[0].N)
			sum := 0.0
			var each []string
			for _, a := range accuracies {
				sum += a.Accuracy
				each = append(each, string(number(a.Accuracy)))
			}
			cells = append(cells, number(sum/float64(len(accuracies))), strings.Join(each, ", "))
		}
		table.Add(append([]any{k.kind, end, pairs}, cells...)...)
	}
	return append(blocks, paragraph("How often the reward model puts the truth above a negative that is made from dev examples; 0.5 is chance. Pairs are those of one seed."), table)
}
