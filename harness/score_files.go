package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

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
}

// MetricScore is the mean of a metric over all texts.
type MetricScore struct {
	Metric string  `json:"metric"`
	Mean   float64 `json:"mean"`
	// Low and High bound the 95 % bootstrap interval of the mean.
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	N         int     `json:"n"`
	Signature string  `json:"signature"`
}

// ScoreFiles scores a file of hypotheses against files of references: plain
// text, a text a line, or JSON lines. Lines belong together by their field
// "id" where both files have it, and by their order otherwise.
func ScoreFiles(s Scoring) ([]MetricScore, error) {
	var learned []metrics.Metric
	if slices.Contains(s.Metrics, learnedMetric) {
		if s.Scorer == "" {
			return nil, Mistake{fmt.Errorf("the metric %s needs the folder of a trained scorer: --scorer WORK/stages/scorer/KEY", learnedMetric)}
		}
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		m, closeScorer, err := openScorer(s.Scorer, runtime.GOMAXPROCS(0))
		if err != nil {
			return nil, Mistake{fmt.Errorf("loading the scorer %s: %w", s.Scorer, err)}
		}
		defer closeScorer()
		learned = append(learned, m)
	}
	selected, err := metrics.Select(s.Metrics, s.Options, learned...)
	if err != nil {
		return nil, Mistake{err}
	}
	inputs, err := readTexts(s.References, s.Hypotheses)
	if err != nil {
		return nil, Mistake{err}
	}
	values, err := metrics.All(selected, inputs, 0)
	if err != nil {
		return nil, err
	}
	var result []MetricScore
	for i, m := range selected {
		mean := 0.0
		for _, v := range values[i] {
			mean += v / float64(len(values[i]))
		}
		interval := metrics.Interval{Low: mean, High: mean}
		if len(values[i]) > 1 {
			if interval, err = metrics.Bootstrap(values[i], metrics.Resampling{Seed: 1}); err != nil {
				return nil, fmt.Errorf("the interval of %s: %w", m.Name(), err)
			}
		}
		result = append(result, MetricScore{m.Name(), mean, interval.Low, interval.High, len(values[i]), m.Signature()})
	}
	return result, nil
}

// textLine is a line of a file of texts.
type textLine struct {
	id     string
	texts  []string
	source string
	ended  bool
	tokens int
}

func readTexts(references []string, hypotheses string) ([]metrics.Input, error) {
	outputs, err := readTextFile(hypotheses, "text", "hypothesis", "prediction", "output")
	if err != nil {
		return nil, err
	}
	if len(outputs) == 0 {
		return nil, fmt.Errorf("%s is empty, expected a text a line", hypotheses)
	}
	inputs := make([]metrics.Input, len(outputs))
	for i, o := range outputs {
		if len(o.texts) != 1 {
			return nil, fmt.Errorf("%s:%d: found %d texts, expected one hypothesis", hypotheses, i+1, len(o.texts))
		}
		inputs[i] = metrics.Input{Hypothesis: o.texts[0], Source: o.source, Ended: o.ended, Tokens: o.tokens}
	}
	for _, path := range references {
		lines, err := readTextFile(path, "references", "reference", "text")
		if err != nil {
			return nil, err
		}
		places := map[string]int{}
		for i, line := range lines {
			if line.id != "" {
				places[line.id] = i
			}
		}
		byID := len(places) == len(lines) && !slices.ContainsFunc(outputs, func(o textLine) bool { return o.id == "" })
		if !byID && len(lines) != len(outputs) {
			return nil, fmt.Errorf("%s has %d lines and %s has %d; expected as many", path, len(lines), hypotheses, len(outputs))
		}
		for i, o := range outputs {
			at := i
			if byID {
				found := false
				if at, found = places[o.id]; !found {
					return nil, fmt.Errorf("%s:%d: no line of %s has the id %q", hypotheses, i+1, path, o.id)
				}
			}
			inputs[i].References = append(inputs[i].References, lines[at].texts...)
			if inputs[i].Source == "" {
				inputs[i].Source = lines[at].source
			}
		}
	}
	return inputs, nil
}

// readTextFile reads plain text, or JSON lines whose texts are in the first of
// the fields that a line has.
func readTextFile(path string, fields ...string) ([]textLine, error) {
	name := strings.TrimSuffix(path, ".gz")
	if !slices.Contains([]string{".jsonl", ".json", ".ndjson"}, filepath.Ext(name)) {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var lines []textLine
		for line := range strings.Lines(string(text)) {
			lines = append(lines, textLine{texts: []string{strings.TrimRight(line, "\r\n")}})
		}
		return lines, nil
	}
	objects, err := data.ReadLines[map[string]json.RawMessage](path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		return nil, fmt.Errorf("reading texts: %w", err)
	}
	lines := make([]textLine, len(objects))
	for i, object := range objects {
		line := &lines[i]
		for _, field := range fields {
			value, ok := object[field]
			if !ok {
				continue
			}
			var one string
			if json.Unmarshal(value, &one) == nil {
				line.texts = []string{one}
			} else if json.Unmarshal(value, &line.texts) != nil {
				return nil, fmt.Errorf("%s:%d: field %q is neither a text nor a list of texts", path, i+1, field)
			}
			break
		}
		if line.texts == nil {
			return nil, fmt.Errorf("%s:%d: expected one of the fields %s", path, i+1, strings.Join(fields, ", "))
		}
		optional(object["id"], &line.id)
		optional(object["input"], &line.source)
		optional(object["ended"], &line.ended)
		optional(object["tokens"], &line.tokens)
	}
	return lines, nil
}

// optional takes in a field that a line may lack, or hold in another type.
func optional[T any](raw json.RawMessage, into *T) {
	var value T
	if json.Unmarshal(raw, &value) == nil {
		*into = value
	}
}
