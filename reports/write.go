package reports

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"lastmile/metrics"
	"lastmile/runs"
)

// Options say what a report shows, and where it goes.
type Options struct {
	// Dir is the folder to write. It is made where there is none; files of
	// other names in it stay.
	Dir string
	// Baseline is the variant or label that the others are compared with; ""
	// means the first of the sweep.
	Baseline string
	// Treatment is the variant or label that the first sentences are about; ""
	// means all that learned by reinforcement or, without any, all but the
	// baseline.
	Treatment string
	// Columns are the metrics of the main table; none means all there are.
	Columns []string
	// Published is the path of a TOML file of published values, or "".
	Published string
	// Examples is the number of examples that are shown.
	Examples int
	// Seed decides the resampling and the examples drawn at random.
	Seed int
	// Resamples is the number of bootstrap resamples and sign flips; 0 means
	// that of the package metrics.
	Resamples int
	// Confidence is that of the intervals; 0 means 0.95.
	Confidence float64
	// Defaults is lastmile's default configuration, as JSON. Settings that
	// differ from it are listed; without it none are.
	Defaults json.RawMessage
	// Command is the command that makes this report.
	Command string
	// Versions name what computed it, such as lastmile and libtorch.
	Versions []Version
}

// Version is a program or library and its version.
type Version struct{ Name, Version string }

// resampling is how intervals and tests are made.
func (o Options) resampling() metrics.Resampling {
	r := metrics.Resampling{Resamples: o.Resamples, Confidence: o.Confidence, Seed: o.Seed}
	if r.Resamples == 0 {
		r.Resamples = 10_000
	}
	if r.Confidence == 0 {
		r.Confidence = 0.95
	}
	return r
}

// Summary is what a report says in short, for a terminal or a script.
type Summary struct {
	// Readme is the path of the report's page.
	Readme string `json:"-"`
	// Sentences are the findings, and then what failed or is not finished.
	Sentences []string `json:"sentences"`
	// Table is the main table.
	Table Table `json:"table"`
}

// Write writes the report on a sweep: README.md, plots/*.svg, plots/*.png,
// table.csv and report.json, which is the summary, in the folder options.Dir.
// Where the folder has the very report already, nothing is computed.
func Write(ctx context.Context, store *runs.Store, sweep string, options Options) (Summary, error) {
	print, err := fingerprint(ctx, store, sweep, options)
	if err != nil {
		return Summary{}, err
	}
	if summary, ok := already(options.Dir, print); ok {
		return summary, nil
	}
	evidence, err := gather(ctx, store, sweep)
	if err != nil {
		return Summary{}, err
	}
	b, err := newBuilder(evidence, options)
	if err != nil {
		return Summary{}, err
	}
	if err := b.compute(ctx); err != nil {
		return Summary{}, fmt.Errorf("reporting on sweep %s: %w", sweep, err)
	}
	figures, err := b.figures()
	if err != nil {
		return Summary{}, fmt.Errorf("reporting on sweep %s: %w", sweep, err)
	}
	page, err := b.page(figures)
	if err != nil {
		return Summary{}, fmt.Errorf("reporting on sweep %s: %w", sweep, err)
	}
	summary := Summary{Readme: filepath.Join(options.Dir, "README.md"), Sentences: b.sentences(), Table: b.table.Table}
	var short, lines bytes.Buffer
	encoder := json.NewEncoder(&short)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(summary); err != nil {
		return Summary{}, fmt.Errorf("writing the summary of sweep %s: %w", sweep, err)
	}
	if err := summary.Table.WriteCSV(&lines); err != nil {
		return Summary{}, fmt.Errorf("writing the table of sweep %s: %w", sweep, err)
	}

	plots := filepath.Join(options.Dir, "plots")
	if err := os.MkdirAll(plots, 0o755); err != nil {
		return Summary{}, fmt.Errorf("making the folder of the report: %w", err)
	}
	for _, f := range figures {
		if err := ctx.Err(); err != nil {
			return Summary{}, err
		}
		if err := f.write(plots); err != nil {
			return Summary{}, err
		}
	}
	// The fingerprint goes last: with it the report is whole.
	for _, file := range []struct {
		name    string
		content []byte
	}{{"README.md", []byte(page)}, {"table.csv", lines.Bytes()}, {"report.json", short.Bytes()}, {fingerprintFile, []byte(print + "\n")}} {
		if err := os.WriteFile(filepath.Join(options.Dir, file.name), file.content, 0o644); err != nil {
			return Summary{}, fmt.Errorf("writing the report: %w", err)
		}
	}
	return summary, nil
}

// compute makes the numbers: the main table and the controls.
func (b *builder) compute(ctx context.Context) error {
	published, err := readPublished(b.options.Published)
	if err != nil {
		return err
	}
	published, b.notes = b.resolve(published, b.columns)
	if b.table, err = b.buildTable(ctx, b.columns, published); err != nil {
		return err
	}
	return b.compareControls(ctx)
}

// figures makes the plots that there are data for.
func (b *builder) figures() ([]figure, error) {
	var figures []figure
	for _, make := range []func() (figure, error){b.scoreFigure, b.rewardFigure, b.learningFigure, b.lossFigure, b.lengthFigure} {
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
