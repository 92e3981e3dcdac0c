package reports

import (
	"fmt"
	"slices"
	"strings"

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

// rewardSection is the table of accuracies.
func (b *builder) rewardSection() string {
	models, kinds := b.rewardModels()
	if len(models) == 0 {
		return ""
	}
	table := grid{header: []string{"negatives", "end token", "pairs"}, right: []bool{false, false, true}}
	for _, m := range models {
		table.header = append(table.header, inline(strings.Join(m.labels, "; ")), "each seed")
		table.right = append(table.right, true, false)
	}
	for _, k := range kinds {
		end := "yes"
		if !k.ended {
			end = "no"
		}
		row := []string{inline(k.kind), end, ""}
		for _, m := range models {
			accuracies := m.of[k]
			if len(accuracies) == 0 {
				row = append(row, "–", "")
				continue
			}
			row[2] = fmt.Sprint(accuracies[0].N)
			sum := 0.0
			var each []string
			for _, a := range accuracies {
				sum += a.Accuracy
				each = append(each, number(a.Accuracy))
			}
			row = append(row, number(sum/float64(len(accuracies))), strings.Join(each, ", "))
		}
		table.add(row...)
	}
	return "How often the reward model puts the truth above a negative that is made from dev examples; 0.5 is chance. Pairs are those of one seed.\n\n" + table.String() + "\n"
}
