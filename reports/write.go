package reports

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"lastmile/reports/document"
	"lastmile/runs"
)

// Summary is what a report says in short, for a terminal or a script.
type Summary struct {
	// Readme is the path of the report's page.
	Readme string `json:"-"`
	// Sentences are the findings, and then what failed or is not finished.
	Sentences []string `json:"sentences"`
	// Primary is the primary comparison, nil where there is none.
	Primary *PrimaryResult `json:"primary"`
	// Gain is what the primary treatment's gain over its baseline is made of, nil where
	// there is none to split.
	Gain *Gain `json:"gain"`
	// Table is the main table.
	Table Table `json:"table,omitzero"`
	// RewardModels are those that were evaluated.
	RewardModels []RewardModel `json:"reward_models,omitempty"`
	// Data are the reports of the data sets, where the sweep has several: the comparisons
	// and tables are theirs then, and the sentences those of all.
	Data []DataSummary `json:"data,omitempty"`
}

// DataSummary is what the report on one of several data sets says in short.
type DataSummary struct {
	Name string `json:"name"` // also of the report's folder
	Summary
}

// Write writes the report on a sweep: README.md, plots/*.svg, plots/*.png,
// table.csv and report.json, which is the summary, in the folder options.Dir. Of a sweep
// with several data sets each has such a report in a folder of its name there, below a
// README.md and report.json of all. Where the folder has the very report already, nothing
// is computed.
func Write(ctx context.Context, store *runs.Store, sweep string, options Options) (Summary, error) {
	print, err := fingerprint(ctx, store, sweep, options)
	if err != nil {
		return Summary{}, err
	}
	if summary, ok := already(options.Dir, print); ok {
		return summary, nil
	}
	evidence, err := gather(ctx, store, sweep, options)
	if err != nil {
		return Summary{}, err
	}
	// The fingerprint goes first and comes last: with it the report is whole.
	if err := os.Remove(filepath.Join(options.Dir, fingerprintFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Summary{}, fmt.Errorf("replacing the report: %w", err)
	}
	write := writeOne
	if len(evidence.datasets()) > 1 {
		write = writeSeveral
	}
	summary, files, err := write(ctx, store, evidence, options)
	if err != nil {
		return Summary{}, err
	}
	return summary, vouch(options.Dir, print, files)
}

// writeOne writes the report on one data set, and names its files.
func writeOne(ctx context.Context, store *runs.Store, e *evidence, options Options) (Summary, []string, error) {
	b, err := newBuilder(e, options)
	if err != nil {
		return Summary{}, nil, err
	}
	return b.write(ctx, store)
}

// write makes the report and writes its files, which it names.
func (b *builder) write(ctx context.Context, store *runs.Store) (Summary, []string, error) {
	summary, files, err := b.writeFiles(ctx, store)
	if err != nil {
		return Summary{}, nil, fmt.Errorf("reporting on sweep %s: %w", b.sweep.Name, err)
	}
	return summary, files, nil
}

func (b *builder) writeFiles(ctx context.Context, store *runs.Store) (Summary, []string, error) {
	if err := b.compute(ctx, store); err != nil {
		return Summary{}, nil, err
	}
	if err := b.readTexts(ctx, store); err != nil {
		return Summary{}, nil, err
	}
	figures, err := b.figures()
	if err != nil {
		return Summary{}, nil, err
	}
	page, err := b.page(figures)
	if err != nil {
		return Summary{}, nil, err
	}
	dir := b.options.Dir
	summary := Summary{Readme: filepath.Join(dir, "README.md"), Sentences: b.sentences(), Primary: b.primary.result(b.headline, b.direction(b.headline)), Gain: b.gainResult(), Table: b.table.Table, RewardModels: b.rewardModelSummaries()}
	var lines bytes.Buffer
	if err := summary.Table.writeCSV(&lines); err != nil {
		return Summary{}, nil, fmt.Errorf("writing the table: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "plots"), 0o755); err != nil {
		return Summary{}, nil, fmt.Errorf("making the folder of the report: %w", err)
	}
	files, err := writeTexts(dir, page, summary)
	if err != nil {
		return Summary{}, nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "table.csv"), lines.Bytes(), 0o644); err != nil {
		return Summary{}, nil, fmt.Errorf("writing the report: %w", err)
	}
	files = append(files, "table.csv")
	for _, f := range figures {
		if err := ctx.Err(); err != nil {
			return Summary{}, nil, err
		}
		if err := f.write(filepath.Join(dir, "plots")); err != nil {
			return Summary{}, nil, err
		}
		files = append(files, "plots/"+f.name+".svg", "plots/"+f.name+".png")
	}
	return summary, files, nil
}

// writeTexts writes the page of a report and its summary, and names the files.
func writeTexts(dir string, page document.Document, summary Summary) ([]string, error) {
	var short bytes.Buffer
	encoder := json.NewEncoder(&short)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(summary); err != nil {
		return nil, fmt.Errorf("writing the summary: %w", err)
	}
	for name, content := range map[string][]byte{"README.md": []byte(document.Markdown(page)), "report.json": short.Bytes()} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return nil, fmt.Errorf("writing the report: %w", err)
		}
	}
	return []string{"README.md", "report.json"}, nil
}

// compute makes the numbers: the main table, the controls and the split of the gain.
func (b *builder) compute(ctx context.Context, store *runs.Store) error {
	if err := b.readScores(ctx, store, b.columns); err != nil {
		return err
	}
	published, err := readPublished(b.options.Published)
	if err != nil {
		return err
	}
	published, b.notes = b.resolve(published, b.columns)
	if b.table, err = b.buildTable(ctx, b.columns, published); err != nil {
		return err
	}
	if err := b.compareControls(ctx); err != nil {
		return err
	}
	if err := b.choosePrimary(); err != nil {
		return err
	}
	if err := b.splitGain(); err != nil {
		return err
	}
	b.correctAll()
	return nil
}

// readTexts reads what is shown of the texts: their lengths, and the examples
// that the scores have chosen.
func (b *builder) readTexts(ctx context.Context, store *runs.Store) error {
	b.selection = b.selectExamples()
	if err := b.texts.readExamples(ctx, store, b.sweep.Name, b.only(), b.selection); err != nil {
		return err
	}
	if err := b.texts.readLengths(ctx, store, b.sweep.Name, b.shown()); err != nil {
		return err
	}
	return b.texts.readOutputs(ctx, store, b.sweep.Name, b.selection)
}

// figures makes the plots that there are data for.
func (b *builder) figures() ([]figure, error) {
	var figures []figure
	for _, make := range []func() (figure, error){b.gainFigure, b.scoreFigure, b.rewardFigure, b.rewardKindsFigure, b.calibrationFigure, b.courseFigure, b.onPolicyFigure, b.preferenceFigure, b.lossFigure, b.lengthFigure} {
		f, err := make()
		if err != nil {
			return nil, err
		}
		if len(f.panels) > 0 {
			figures = append(figures, f)
		}
	}
	return figures, nil
}
