package reports

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"lastmile/runs"
)

// selection is the examples that a rule chose to be shown: raw outputs of one
// decoding and seed, of a treatment and its baseline.
type selection struct {
	treatment runs.System
	baseline  runs.System
	seed      int
	chosen    []chosenExample
}

// chosenExample is an example that the report shows, and why.
type chosenExample struct {
	id         string
	column     int     // in the scores
	difference float64 // what the treatment scores above the baseline
	why        string
}

// ids are those of the examples; a selection that is nil has none.
func (s *selection) ids() []string {
	if s == nil {
		return nil
	}
	ids := make([]string, len(s.chosen))
	for i, c := range s.chosen {
		ids[i] = c.id
	}
	return ids
}

// selectExamples chooses the examples to be shown. It returns nil where there
// is nothing to choose by.
func (b *builder) selectExamples() *selection {
	if b.options.Examples <= 0 || len(b.treatments) == 0 || len(b.decodings) == 0 {
		return nil
	}
	s := selection{treatment: runs.System{Label: b.treatments[0], Decode: b.decodings[0].name, Form: "raw"}}
	s.baseline = s.treatment
	s.baseline.Label = b.baselineOf(s.treatment.Label)
	ours, theirs := b.system(s.treatment), b.system(s.baseline)
	if ours == nil || theirs == nil {
		return nil
	}
	shared := slices.IndexFunc(ours.Seeds, func(seed int) bool { return slices.Contains(theirs.Seeds, seed) })
	if shared < 0 {
		return nil
	}
	s.seed = ours.Seeds[shared]
	one, other := rowOf(ours, b.headline, s.seed), rowOf(theirs, b.headline, s.seed)
	if one == nil || other == nil {
		return nil
	}
	s.chosen = chooseExamples(one, other, b.options.Examples, b.options.Seed)
	for i := range s.chosen {
		s.chosen[i].id = b.scores.Examples[s.chosen[i].column]
	}
	if len(s.chosen) == 0 {
		return nil
	}
	return &s
}

// rowOf returns a system's scores by a metric and a seed, or nil where there
// are none.
func rowOf(system *runs.SystemScores, metric string, seed int) []float64 {
	if system == nil {
		return nil
	}
	rows, i := system.Values[metric], slices.Index(system.Seeds, seed)
	if i < 0 || i >= len(rows) {
		return nil
	}
	return rows[i]
}

// chooseExamples chooses n examples by the difference between two systems'
// scores: 3 in 10 of the largest gains, as many of the largest losses, 2 in 10
// around the median, and random ones. Of equals, the first counts.
func chooseExamples(ours, theirs []float64, n, seed int) []chosenExample {
	type candidate struct {
		column     int
		difference float64
	}
	var order []candidate
	for i := range ours {
		if d := ours[i] - theirs[i]; d == d { // both have a score
			order = append(order, candidate{i, d})
		}
	}
	n = min(n, len(order))
	slices.SortStableFunc(order, func(a, b candidate) int { return cmp.Compare(b.difference, a.difference) })
	taken := map[int]bool{}
	var chosen []chosenExample
	take := func(i int, why string) {
		if len(chosen) < n && !taken[order[i].column] {
			taken[order[i].column] = true
			chosen = append(chosen, chosenExample{column: order[i].column, difference: order[i].difference, why: why})
		}
	}
	extremes, middle := n*3/10, n*2/10
	for i := range extremes {
		take(i, "gain "+fmt.Sprint(i+1))
	}
	for i := range extremes {
		take(len(order)-1-i, "loss "+fmt.Sprint(i+1))
	}
	for i := range middle {
		take((len(order)-middle)/2+i, "around the median")
	}
	draw := rand.New(rand.NewPCG(uint64(seed), 0))
	for _, i := range draw.Perm(len(order)) {
		take(i, "random")
	}
	return chosen
}
