package scoring

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize/english"

	"lastmile/harness/stages"

	"lastmile/harness/data"
	"lastmile/metrics"
)

// Files says which file of texts to score and how.
type Files struct {
	Measures
	// References are files, each with one reference for each hypothesis, or
	// records with a list of them.
	References []string
	// Pairing says which of their lines belong together.
	Pairing
	// Hypotheses is the file of the texts to score.
	Hypotheses string
	// Note is told what to bear in mind.
	Note func(string)
	// PerExample is a file to write each text's scores to; "" writes none.
	PerExample string
}

// ScoreFiles scores a file of hypotheses against files of references: plain
// text, a text a line, or records. Lines belong together by their field "id"
// where they have one, and by their order where neither file has, or one is plain
// text.
func ScoreFiles(ctx context.Context, s Files) (result []MetricScore, err error) {
	t, err := fileTexts(s.References, s.Hypotheses, s.Pairing)
	if err != nil {
		return nil, err
	}
	if n := s.wordless(t); n > 0 && s.Note != nil {
		s.Note(fmt.Sprintf("%d of %s have no word of the letters a to z or digits, the only ones that ROUGE and lengths count; --tokenizer unicode counts those of any script",
			n, english.Plural(len(t.examples), "reference", "")))
	}
	if n := s.unmatched(t); n > 0 && s.Note != nil {
		s.Note(fmt.Sprintf("%d of %s are empty, and score 0 by BERTScore before any rescaling", n, english.Plural(len(t.examples), "hypothesis", "hypotheses")))
	}
	o, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	o.expect(1)
	all, err := o.score(defaultMetrics, metrics.DefaultOptions(), t)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		estimates, err := m.estimates(0, t)
		if err != nil {
			return nil, err
		}
		result = append(result, estimates...)
	}
	if s.PerExample != "" {
		err = writePerExample(s.PerExample, perExample(nil, t, all, func(m scored) []float64 { return m.values[0][0] }))
	}
	return result, err
}

// wordless counts the texts whose first reference has no word of the default
// tokenizer, if that is asked for.
func (s Files) wordless(t *texts) (n int) {
	options := metrics.DefaultOptions()
	if s.Change != nil {
		s.Change(&options)
	}
	if options.Tokenizer == metrics.Unicode {
		return 0
	}
	for _, input := range t.inputs[0] {
		if len(input.References) > 0 && metrics.Words(input.References[0]) == 0 {
			n++
		}
	}
	return n
}

// unmatched counts the empty hypotheses, if BERTScore is asked for.
func (s Files) unmatched(t *texts) (n int) {
	if !slices.ContainsFunc(s.Metrics, func(name string) bool { return slices.Contains(metrics.BERTScores(), name) }) {
		return 0
	}
	for _, input := range t.inputs[0] {
		if strings.TrimSpace(input.Hypothesis) == "" {
			n++
		}
	}
	return n
}

// perExample makes an object of each text's scores, with what fixed has, and
// the example's id where it has one.
func perExample(fixed map[string]any, t *texts, all []scored, of func(scored) []float64) []map[string]any {
	lines := make([]map[string]any, len(t.examples))
	for i, e := range t.examples {
		lines[i] = maps.Clone(fixed)
		if lines[i] == nil {
			lines[i] = map[string]any{}
		}
		if e.id != "" {
			lines[i]["id"] = e.id
		}
		for _, m := range all {
			lines[i][m.name] = of(m)[i]
		}
	}
	return lines
}

func writePerExample(path string, lines []map[string]any) error {
	if err := data.WriteLines(path, lines); err != nil {
		return stages.Mistake{Err: err}
	}
	return nil
}

// PrintScores writes scores of files as a table.
func PrintScores(w io.Writer, scores []MetricScore) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "METRIC\tMEAN\t95 % INTERVAL\tTEXTS\tSIGNATURE")
	for _, s := range scores {
		fmt.Fprintf(t, "%s\t%.4f\t[%.4f, %.4f]\t%d\t%s\n", named(s.Metric, s.Level), s.Mean, s.Low, s.High, s.N, s.Signature)
	}
	return t.Flush()
}

// named is what tables call a metric.
func named(metric, level string) string {
	if level == "" {
		return metric
	}
	return metric + " (" + level + ")"
}

// scoreColumns are the columns of a metric's score in comma-separated values.
var scoreColumns = []string{"metric", "level", "mean", "low", "high", "n", "signature"}

// cells are the values of scoreColumns.
func (s MetricScore) cells() []string {
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	return []string{s.Metric, s.Level, number(s.Mean), number(s.Low), number(s.High), strconv.Itoa(s.N), s.Signature}
}

// WriteScoresCSV writes scores of files as comma-separated values.
func WriteScoresCSV(w io.Writer, scores []MetricScore) error {
	rows := [][]string{scoreColumns}
	for _, s := range scores {
		rows = append(rows, s.cells())
	}
	return csv.NewWriter(w).WriteAll(rows)
}
