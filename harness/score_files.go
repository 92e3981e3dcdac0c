package harness

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"lastmile/harness/data"
	"lastmile/metrics"
)

// Scoring says which texts to score and how.
type Scoring struct {
	// Metrics are the names of metrics.
	Metrics []string
	// References are files, each with one reference for each hypothesis, or
	// JSON lines with a list of them.
	References []string
	// Hypotheses is the file of the texts to score.
	Hypotheses string
	// Scorer is the folder of a scorer stage, for the learned metric.
	Scorer string
	// Options are those of the metrics.
	Options metrics.Options
	// PerExample is a file to write each text's scores to; "" writes none.
	PerExample string
}

// MetricScore is the mean of a metric over all texts, or its value for them
// together.
type MetricScore struct {
	Metric string `json:"metric"`
	// Level is "corpus" where the value is that of all texts together, as of
	// BLEU and chrF, and empty where it is the mean of the texts' scores.
	Level string  `json:"level,omitempty"`
	Mean  float64 `json:"mean"`
	// Low and High bound the 95 % bootstrap interval.
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	N         int     `json:"n"`
	Signature string  `json:"signature"`
}

// corpusLevel is the level of values for all texts together.
const corpusLevel = "corpus"

// ScoreFiles scores a file of hypotheses against files of references: plain
// text, a text a line, or JSON lines. Lines belong together by their field
// "id" where both files have it, and by their order otherwise.
func ScoreFiles(s Scoring) ([]MetricScore, error) {
	of, err := scoreTexts(s)
	if err != nil {
		return nil, err
	}
	var result []MetricScore
	for i, m := range of.metrics {
		estimate, err := metrics.Mean([][]float64{of.values[i]}, metrics.Resampling{Seed: 1})
		if err != nil {
			return nil, fmt.Errorf("the interval of %s: %w", m.Name(), err)
		}
		result = append(result, MetricScore{m.Name(), "", estimate.Mean, estimate.Low, estimate.High, estimate.Examples, m.Signature()})
		pooled, ok := m.(metrics.Pooled)
		if !ok {
			continue
		}
		statistics, err := pooled.Statistics(of.inputs)
		if err != nil {
			return nil, err
		}
		if estimate, err = metrics.PoolEstimate(pooled, statistics, metrics.Resampling{Seed: 1}); err != nil {
			return nil, err
		}
		result = append(result, MetricScore{m.Name(), corpusLevel, estimate.Mean, estimate.Low, estimate.High, estimate.Examples, pooled.PooledSignature()})
	}
	if s.PerExample == "" {
		return result, nil
	}
	lines := make([]map[string]any, len(of.inputs))
	for i, line := range of.lines {
		lines[i] = map[string]any{}
		if line.id != "" {
			lines[i]["id"] = line.id
		}
		for k, m := range of.metrics {
			lines[i][m.Name()] = of.values[k][i]
		}
	}
	if err := data.WriteLines(s.PerExample, lines); err != nil {
		return nil, Mistake{err}
	}
	return result, nil
}

// scoredTexts are the hypotheses and their scores.
type scoredTexts struct {
	lines   []textLine
	inputs  []metrics.Input
	metrics []metrics.Metric
	values  [][]float64 // by metric, then by text
}

// scoreTexts scores each hypothesis.
func scoreTexts(s Scoring) (of scoredTexts, err error) {
	var learned []metrics.Metric
	if slices.Contains(s.Metrics, learnedMetric) {
		if s.Scorer == "" {
			return of, Mistake{fmt.Errorf("the metric %s needs the folder of a trained scorer: --scorer WORK/stages/scorer/KEY", learnedMetric)}
		}
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		m, closeScorer, err := openScorer(s.Scorer, runtime.GOMAXPROCS(0))
		if err != nil {
			return of, Mistake{fmt.Errorf("loading the scorer %s: %w", s.Scorer, err)}
		}
		defer closeScorer()
		learned = append(learned, m)
	}
	if len(s.Metrics) == 0 {
		return of, Mistake{errors.New("no metric is named")}
	}
	if of.lines, of.inputs, err = readTexts(s.References, s.Hypotheses); err != nil {
		return of, Mistake{err}
	}
	if s.Options.LengthAdjustment == metrics.LengthNormalised && s.Options.Random == nil {
		if s.Options.Random, err = metrics.NewRandomSystem(of.inputs); err != nil {
			return of, lacking(err, s.Hypotheses, of.lines)
		}
	}
	if of.metrics, err = metrics.Select(s.Metrics, s.Options, learned...); err != nil {
		return of, Mistake{err}
	}
	if of.values, err = metrics.All(of.metrics, of.inputs, 0); err != nil {
		return of, lacking(err, s.Hypotheses, of.lines)
	}
	return of, nil
}

// lacking says in which line something is not there that a metric needs.
func lacking(err error, file string, lines []textLine) error {
	var lack *metrics.LackError
	if !errors.As(err, &lack) {
		return err
	}
	hint := ""
	if lack.What == "input text" {
		hint = `: JSON lines of hypotheses or references have it in the field "input"`
	}
	return Mistake{fmt.Errorf("%s:%d: there is no %s, and %s needs one%s", file, lines[lack.Example].number, lack.What, lack.Metric, hint)}
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

// WriteScoresCSV writes scores of files as comma-separated values.
func WriteScoresCSV(w io.Writer, scores []MetricScore) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"metric", "level", "mean", "low", "high", "n", "signature"}}
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	for _, s := range scores {
		rows = append(rows, []string{s.Metric, s.Level, number(s.Mean), number(s.Low), number(s.High), strconv.Itoa(s.N), s.Signature})
	}
	return c.WriteAll(rows)
}

// textLine is a line of a file of texts.
type textLine struct {
	number int // in the file, from 1
	id     string
	texts  []string
	source string
	ended  bool
	tokens int
}

// readTexts reads hypotheses and what belongs to each.
func readTexts(references []string, hypotheses string) ([]textLine, []metrics.Input, error) {
	outputs, err := readTextFile(hypotheses, "text", "hypothesis", "prediction", "output")
	if err != nil {
		return nil, nil, err
	}
	inputs := make([]metrics.Input, len(outputs))
	for i, o := range outputs {
		if len(o.texts) != 1 {
			return nil, nil, fmt.Errorf("%s:%d: found %d texts, expected one hypothesis", hypotheses, o.number, len(o.texts))
		}
		inputs[i] = metrics.Input{Hypothesis: o.texts[0], Source: o.source, Ended: o.ended, Tokens: o.tokens}
	}
	for _, path := range references {
		lines, err := readTextFile(path, "references", "reference", "text")
		if err != nil {
			return nil, nil, err
		}
		places := map[string]int{}
		for i, line := range lines {
			if line.id != "" {
				places[line.id] = i
			}
		}
		byID := len(places) == len(lines) && !slices.ContainsFunc(outputs, func(o textLine) bool { return o.id == "" })
		if !byID && len(lines) != len(outputs) {
			shorter, last := path, lines[len(lines)-1].number
			if len(outputs) < len(lines) {
				shorter, last = hypotheses, outputs[len(outputs)-1].number
			}
			return nil, nil, fmt.Errorf("%s:%d: the file ends too early: %s has %s and %s has %s; expected as many",
				shorter, last, path, plural(len(lines), "text"), hypotheses, plural(len(outputs), "text"))
		}
		for i, o := range outputs {
			at := i
			if byID {
				found := false
				if at, found = places[o.id]; !found {
					return nil, nil, fmt.Errorf("%s:%d: no line of %s has the id %q", hypotheses, o.number, path, o.id)
				}
			}
			inputs[i].References = append(inputs[i].References, lines[at].texts...)
			if inputs[i].Source == "" {
				inputs[i].Source = lines[at].source
			}
		}
	}
	return outputs, inputs, nil
}

// readTextFile reads plain text, or JSON lines whose texts are in the first of
// the fields that a line has. There is at least one line.
func readTextFile(path string, fields ...string) ([]textLine, error) {
	read := readPlainText
	if slices.Contains([]string{".jsonl", ".json", ".ndjson"}, filepath.Ext(strings.TrimSuffix(path, ".gz"))) {
		read = func(path string) ([]textLine, error) { return readJSONTexts(path, fields) }
	}
	lines, err := read(path)
	if err == nil && len(lines) == 0 {
		err = fmt.Errorf("%s:1: the file is empty, expected a text a line", path)
	}
	return lines, err
}

// readPlainText reads a text a line; a blank line is an empty text.
func readPlainText(path string) ([]textLine, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var lines []textLine
	for line := range strings.Lines(strings.TrimPrefix(string(content), "\ufeff")) {
		number := len(lines) + 1
		if !utf8.ValidString(line) {
			valid := strings.ToValidUTF8(line, "\x00")
			at := 0
			for at < len(valid) && valid[at] == line[at] {
				at++
			}
			return nil, fmt.Errorf("%s:%d: byte %d of the line is not UTF-8", path, number, at+1)
		}
		lines = append(lines, textLine{number: number, texts: []string{strings.TrimRight(line, "\r\n")}})
	}
	return lines, nil
}

// readJSONTexts reads JSON lines, blank ones aside.
func readJSONTexts(path string, fields []string) ([]textLine, error) {
	var lines []textLine
	err := data.EachLine(path, func(number int, object map[string]json.RawMessage) error {
		line := textLine{number: number}
		for _, field := range fields {
			value, ok := object[field]
			if !ok {
				continue
			}
			var one *string
			if json.Unmarshal(value, &one) == nil && one != nil {
				line.texts = []string{*one}
			} else if json.Unmarshal(value, &line.texts) != nil || len(line.texts) == 0 {
				return fmt.Errorf("field %q is neither a text nor a list of texts", field)
			}
			break
		}
		if line.texts == nil {
			return fmt.Errorf("expected one of the fields %s", strings.Join(fields, ", "))
		}
		optional(object["id"], &line.id)
		optional(object["input"], &line.source)
		optional(object["ended"], &line.ended)
		optional(object["tokens"], &line.tokens)
		lines = append(lines, line)
		return nil
	})
	return lines, err
}

// optional takes in a field that a line may lack, or hold in another type.
func optional[T any](raw json.RawMessage, into *T) {
	var value T
	if json.Unmarshal(raw, &value) == nil {
		*into = value
	}
}
