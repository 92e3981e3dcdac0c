package reports

import (
	"context"
	"path/filepath"
	"strings"

	"lastmile/reports/document"
	"lastmile/runs"
)

// writeSeveral writes a report on each data set of a sweep, and the page above them. It
// names all files.
func writeSeveral(ctx context.Context, store *runs.Store, e *evidence, options Options) (Summary, []string, error) {
	all := e.datasets()
	summary := Summary{Readme: filepath.Join(options.Dir, "README.md")}
	page := document.Document{Title: document.Format("%s", e.title()), Blocks: []document.Block{
		paragraph("The sweep has %s. Systems are compared on the same examples, so never across data sets: each has its own baseline, primary comparison, correction of p values and report.", counted(len(all), "data set")),
	}}
	var files []string
	for _, d := range all {
		part, err := e.of(ctx, store, d)
		if err != nil {
			return Summary{}, nil, err
		}
		own := options.within(part)
		own.Dir = filepath.Join(options.Dir, d.name)
		b, err := newBuilder(part, own)
		if err != nil {
			return Summary{}, nil, err
		}
		written, names, err := b.write(ctx, store)
		if err != nil {
			return Summary{}, nil, err
		}
		for _, name := range names {
			files = append(files, d.name+"/"+name)
		}
		for _, sentence := range written.Sentences {
			summary.Sentences = append(summary.Sentences, d.name+": "+sentence)
		}
		summary.Data = append(summary.Data, DataSummary{d.name, written})
		page.Blocks = append(page.Blocks, document.Section{Title: document.Format("%s", d.name), Blocks: b.short()})
	}
	texts, err := writeTexts(options.Dir, page, summary)
	return summary, append(files, texts...), err
}

// short is what the page above several reports shows of one: the findings and the main
// table.
func (b *builder) short() []document.Block {
	report := document.Link{Text: "The whole report", To: b.data + "/README.md"}
	blocks := b.said()
	if len(b.table.Rows) == 0 {
		return append(blocks, paragraph("%s.", report))
	}
	blocks = append(blocks, b.scoreTables(b.options.Published != "")...)
	blocks = append(blocks, b.evidenceNotes()...)
	if sources := b.sources(); len(sources) > 0 {
		blocks = append(blocks, paragraph("Published values: %s.", strings.Join(sources, "; ")))
	}
	return append(blocks, paragraph("%s has the controls, the reward models, plots, examples and costs, and says how the numbers were made. Marks: %s.", report, b.table.marks()))
}
