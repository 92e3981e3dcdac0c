package reports

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"lastmile/runs"
)

// chosenExample is an example that the report shows, and why.
type chosenExample struct {
	column int // in the scores
	why    string
}

// exampleSection shows examples that a rule chose, with all systems' outputs
// of one decoding and seed.
func (b *builder) exampleSection() string {
	if b.options.Examples <= 0 || len(b.treatments) == 0 || len(b.decodings) == 0 {
		return ""
	}
	treatment := runs.System{Label: b.treatments[0], Decode: b.decodings[0].name, Form: "raw"}
	baseline := treatment
	baseline.Label = b.baselineOf(treatment.Label)
	ours, theirs := b.system(treatment), b.system(baseline)
	if ours == nil || theirs == nil {
		return ""
	}
	shared := slices.DeleteFunc(slices.Clone(ours.Seeds), func(seed int) bool { return !slices.Contains(theirs.Seeds, seed) })
	if len(shared) == 0 {
		return ""
	}
	seed := shared[0]
	rows := [][]float64{
		at(ours.Values[b.headline], slices.Index(ours.Seeds, seed)),
		at(theirs.Values[b.headline], slices.Index(theirs.Seeds, seed)),
	}
	if rows[0] == nil || rows[1] == nil {
		return ""
	}
	chosen := chooseExamples(rows[0], rows[1], b.options.Examples, b.options.Seed)
	if len(chosen) == 0 {
		return ""
	}
	s := speaker{b, inline}
	var text strings.Builder
	fmt.Fprintf(&text, "%s, chosen by rule and not by hand: raw outputs of seed %d %s, ordered by the %s of %s minus that of %s: the largest gains, the largest losses, those around the median, and the rest drawn at random (seed %d). Numbers in brackets are %s.\n\n",
		counted(len(chosen), "example"), seed, s.manner(treatment.Label, b.decodings[0]), title(b.headline), s.name(treatment.Label), s.name(baseline.Label), b.options.Seed, title(b.headline))
	for _, c := range chosen {
		id := b.scores.Examples[c.column]
		i := slices.IndexFunc(b.examples, func(e runs.Example) bool { return e.ID == id })
		if i < 0 {
			continue
		}
		difference := signed(rows[0][c.column] - rows[1][c.column])
		fmt.Fprintf(&text, "**%s** (%s, %s)\n\n", inline(id), c.why, difference)
		text.WriteString(b.showExample(b.examples[i], c.column, treatment.Decode, seed) + "\n")
	}
	return text.String()
}

// at returns a row, or nil where there is none.
func at(rows [][]float64, i int) []float64 {
	if i < 0 || i >= len(rows) {
		return nil
	}
	return rows[i]
}

// showExample is the example's input, references and outputs as a block that
// needs no scrolling.
func (b *builder) showExample(e runs.Example, column int, decode string, seed int) string {
	const width = 100
	type entry struct{ name, text string }
	entries := []entry{{"input", e.Input}}
	for _, r := range e.References {
		entries = append(entries, entry{"reference", r})
	}
	for _, form := range []string{"raw", "post"} {
		for _, l := range b.labels {
			system := runs.System{Label: l.name, Decode: decode, Form: form}
			i := slices.IndexFunc(b.outputs, func(o runs.SystemOutputs) bool { return o.System == system && o.Seed == seed })
			if i < 0 {
				continue
			}
			k := slices.IndexFunc(b.outputs[i].Outputs, func(o runs.Output) bool { return o.ID == e.ID })
			if k < 0 {
				continue
			}
			output := b.outputs[i].Outputs[k]
			name := oneLine(l.name)
			if form == "post" {
				name += ", post"
			}
			if scores := b.system(system); scores != nil {
				if row := at(scores.Values[b.headline], slices.Index(scores.Seeds, seed)); row != nil {
					name += " (" + number(row[column]) + ")"
				}
			}
			text := output.Text
			if form == "raw" && !output.Ended {
				text += " […]" // cut off: no end token came
			}
			entries = append(entries, entry{name, text})
		}
	}
	indent := 0
	for _, e := range entries {
		indent = max(indent, columns(e.name)+2)
	}
	indent = min(indent, 30)
	margin := strings.Repeat(" ", indent)
	var lines []string
	for _, e := range entries {
		text := oneLine(e.text)
		if strings.TrimSpace(text) == "" {
			text = "(empty)"
		}
		wrapped := wrap(text, width, margin)
		if columns(e.name)+2 > indent {
			lines = append(lines, e.name)
		} else {
			wrapped[0] = pad(e.name, indent, false) + strings.TrimPrefix(wrapped[0], margin)
		}
		lines = append(lines, wrapped...)
	}
	return block(lines...)
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
			chosen = append(chosen, chosenExample{order[i].column, why})
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
