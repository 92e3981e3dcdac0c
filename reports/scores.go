package reports

import (
	"fmt"
	"slices"
	"strings"

	"lastmile/metrics"
	"lastmile/reports/document"
)

// scoreSection is the main table, decoding by decoding, and that of the
// controls.
func (b *builder) scoreSection() []document.Block {
	if len(b.table.Rows) == 0 {
		return []document.Block{paragraph("No run has scores yet.")}
	}
	medians := b.table.medians()
	if medians == "" {
		medians = ","
	}
	blocks := []document.Block{paragraph("Means over examples and seeds%s below them %g %% intervals%s. Marks: %s of the same decoding and form (corrected p below %g, three seeds or more). Arrows in the head show where better scores are. The same numbers with all differences and p values are in %s and %s.",
		medians, 100*b.table.Confidence, b.table.scope(), b.table.marks(), metrics.Level, document.Link{Text: "table.csv", To: "table.csv"}, document.Link{Text: "report.json", To: "report.json"})}
	blocks = append(blocks, b.scoreTables(false)...)
	blocks = append(blocks, b.evidenceNotes()...)
	if sources := b.sources(); len(sources) > 0 {
		blocks = append(blocks, paragraph("Published values: %s.", strings.Join(sources, "; ")))
	}
	if table := b.controlTable(); len(table.Rows) > 0 {
		blocks = append(blocks, document.Section{Title: document.Format("Controls"), Blocks: []document.Block{
			paragraph("What else gives a better %s, against raw outputs: a better decoding of the baseline (its best temperature or decoding on dev, the MLE policy at the same entropy, a choice among samples); training on by %s; %s on the best of its own samples; shaping alone, or rewards without a signal; a rule; post-processing. Those that the sweep has are here.",
				title(b.headline), Likelihood.noun(), Likelihood.noun()),
			table,
		}})
	}
	if notes := slices.Concat(b.warnings(), b.notes, b.ambiguous(), b.statistics.notes()); len(notes) > 0 {
		blocks = append(blocks, list(notes))
	}
	return blocks
}

// warnings are the lines on the data of the labels that are shown, each once.
func (b *builder) warnings() []string {
	shown := b.shown()
	var lines []string
	for _, w := range b.options.Warnings {
		line := fmt.Sprintf("Data, %s.", w.Text)
		if shown[w.Label] && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// scoreTables are the main table, decoding by decoding. evenEmpty shows the places of
// published values where there are none, too.
func (b *builder) scoreTables(evenEmpty bool) []document.Block {
	of := b.baselines[0]
	if b.label(of).algorithm.Family == Rule {
		of = "" // which says nothing of how others were decoded
	}
	var blocks []document.Block
	for _, d := range b.decodings {
		if table := b.decodingTable(d, evenEmpty); len(table.Rows) > 0 {
			blocks = append(blocks, document.Section{Title: document.Format("%s: %s", d.name, b.manner(of, d)), Blocks: []document.Block{table}})
		}
	}
	return blocks
}

// decodingTable is the rows of the main table of one decoding: means, below
// them intervals, below these published values, where there are any or evenEmpty.
func (b *builder) decodingTable(d decoding, evenEmpty bool) document.Table {
	table := document.Table{Header: document.Row("outputs", "system"), Align: make([]document.Alignment, 2)}
	for _, c := range b.table.Columns {
		table.Header = append(table.Header, document.Format("%s%s", c.heading(), arrow(b.direction(c.Metric))))
		table.Align = append(table.Align, document.Right)
	}
	form := ""
	for _, r := range b.table.Rows {
		if r.Decode != d.name {
			continue
		}
		means, ranges, published := document.Row("", r.Label), document.Row("", ""), document.Row("", "published")
		if r.Form != form {
			means[0], form = document.Format("%s", formName(r.Form)), r.Form
		}
		hasPublished := evenEmpty
		for _, cell := range r.Cells {
			mean, bounds := document.Number("–"), document.Number("")
			if cell.Score != nil {
				mean, bounds = number(cell.Score.Value), interval(cell.Score.Low, cell.Score.High)
				for _, mark := range []string{cell.Versus.mark(), cell.bond.mark()} {
					if mark != "" {
						mean += document.Number(" " + mark)
					}
				}
			}
			var values []string
			for _, p := range cell.Published {
				hasPublished = true
				values = append(values, string(number(p.Value)))
			}
			means = append(means, document.Spans{mean})
			ranges = append(ranges, document.Spans{bounds})
			published = append(published, document.Spans{document.Number(strings.Join(values, " / "))})
		}
		table.Rows = append(table.Rows, means, ranges)
		if hasPublished {
			table.Rows = append(table.Rows, published)
		}
	}
	return table
}

// sources lists where published values are from.
func (b *builder) sources() []string {
	var sources []string
	for _, r := range b.table.Rows {
		for _, cell := range r.Cells {
			for _, p := range cell.Published {
				if !slices.Contains(sources, p.Source) {
					sources = append(sources, p.Source)
				}
			}
		}
	}
	return sources
}

// ambiguous notes metrics that runs computed in different ways.
func (b *builder) ambiguous() []string {
	var notes []string
	for _, c := range b.table.Columns {
		switch {
		case len(c.Signatures) > 1:
			notes = append(notes, fmt.Sprintf("%s was computed in %d ways (see its signatures below): its numbers are not all comparable.", c.Metric, len(c.Signatures)))
		case len(c.Signatures) == 0:
			notes = append(notes, c.Metric+" was asked for, and no run has scored it.")
		}
	}
	return notes
}
