package runs

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The forms of outputs.
const (
	Raw  = "raw"  // as they were decoded
	Post = "post" // after post-processing
)

// Example is one example of a task.
type Example struct {
	Split      string
	ID         string
	Input      string
	References []string
}

// CurvePoint is one value of a training curve.
type CurvePoint struct {
	Step  int
	Split string
	Name  string
	Value float64
}

// RewardAccuracy is the share of the truths that a reward model puts above
// their negatives of one kind.
type RewardAccuracy struct {
	Kind     string
	Ended    bool // whether the negatives have the end token
	Accuracy float64
	N        int // pairs
}

// Decoding tells how the test set was decoded, as far as settings leave it open.
type Decoding struct {
	Temperature float64         // where the decoding draws
	Chosen      string          // which one of Tried it is, in words; "" where nothing was tried
	Tried       []TriedDecoding // on dev
}

// TriedDecoding is the mean score on dev of a way of decoding.
type TriedDecoding struct {
	Decoding string // "greedy", "4 beams", "temperature 0.3, top-p 0.9"
	Score    float64
}

// Output is one generated text.
type Output struct {
	ID     string // of the example
	Text   string
	Tokens int
	Ended  bool // whether the end token came
}

// Scored are the scores of one output, by metric. A metric that is not defined
// for it is not there.
type Scored struct {
	ID     string // of the example
	Form   string // Raw or Post
	Scores map[string]float64
}

// Writer takes what a stage made, as far as the store keeps it. A stage calls
// the methods that are for it and leaves the others alone.
type Writer struct {
	in   *Ingest
	made made
}

// made is what a writer was given, in the shape of the tables.
type made struct {
	examples   []Example
	curves     []CurvePoint
	accuracies []RewardAccuracy
	evaluation RewardEvaluation
	decoding   *Decoding
	task       *task
	form       string
	outputs    []Output
	places     []int // of the outputs' examples in the task
	scores     []scoreRow
	taskKey    taskKey
}

// scoreRow is a row of the table scores.
type scoreRow struct {
	form      string
	metric    Metric
	byExample string
}

// rows is about how many rows of usual length that is.
func (m *made) rows() int {
	n := len(m.examples) + len(m.curves) + len(m.accuracies) + len(m.evaluation.Kinds) + len(m.evaluation.Samples) + len(m.evaluation.Calibration) + len(m.outputs) + 1
	for _, s := range m.scores {
		n += 1 + len(s.byExample)/100
	}
	return n
}

// Examples takes examples of the task that the stage prepares, those of each
// split in their order.
func (w *Writer) Examples(examples []Example) {
	w.made.examples = append(w.made.examples, examples...)
}

// Curves takes points of training curves.
func (w *Writer) Curves(points []CurvePoint) error {
	for _, c := range points {
		if math.IsNaN(c.Value) {
			return fmt.Errorf("curve %s on %s: not a number at step %d", c.Name, c.Split, c.Step)
		}
	}
	w.made.curves = append(w.made.curves, points...)
	return nil
}

// RewardAccuracies takes the accuracies of the reward model that the stage
// trained.
func (w *Writer) RewardAccuracies(accuracies []RewardAccuracy) {
	w.made.accuracies = append(w.made.accuracies, accuracies...)
}

// Decoding takes how the stage decoded.
func (w *Writer) Decoding(decoding Decoding) { w.made.decoding = &decoding }

// Outputs takes the texts that the stage made for examples of its Task and
// Split. form is Raw or Post: how reports call them.
func (w *Writer) Outputs(form string, outputs []Output) error {
	if len(outputs) == 0 {
		return nil
	}
	t, err := w.examplesOf("output")
	if err != nil {
		return err
	}
	if w.made.form != "" && w.made.form != form {
		return fmt.Errorf("outputs of the form %s beside those of the form %s; a stage makes one of them", form, w.made.form)
	}
	for _, o := range outputs {
		place, ok := t.places[o.ID]
		if !ok {
			return w.noExample("output", o.ID)
		}
		w.made.places = append(w.made.places, place)
	}
	w.made.form = form
	w.made.outputs = append(w.made.outputs, outputs...)
	return nil
}

// Scores takes the scores of outputs for examples of the stage's Task and
// Split, all of them at once. signatures has the signature of each metric.
func (w *Writer) Scores(signatures map[string]string, scored []Scored) error {
	if len(scored) == 0 {
		return nil
	}
	t, err := w.examplesOf("score")
	if err != nil {
		return err
	}
	type column struct{ form, metric string }
	columns := map[column][]float64{}
	for _, of := range scored {
		place, ok := t.places[of.ID]
		if !ok {
			return w.noExample("score", of.ID)
		}
		for metric, value := range of.Scores {
			values, ok := columns[column{of.Form, metric}]
			if !ok {
				if _, ok := signatures[metric]; !ok {
					return fmt.Errorf("metric %s has scores and no signature", metric)
				}
				values = missing(len(t.places))
				columns[column{of.Form, metric}] = values
			}
			switch {
			case math.IsNaN(value):
				return fmt.Errorf("%s of the %s output for example %s is not a number; a metric that is not defined for an output has no score", metric, of.Form, of.ID)
			case !math.IsNaN(values[place]):
				return fmt.Errorf("%s of the %s output for example %s is there twice", metric, of.Form, of.ID)
			}
			values[place] = value
		}
	}
	for c, values := range columns {
		w.made.scores = append(w.made.scores, scoreRow{c.form, Metric{c.metric, signatures[c.metric]}, encodeScores(values)})
	}
	// In one order, so that the same sweep makes the same file.
	slices.SortFunc(w.made.scores, func(a, b scoreRow) int {
		if a.form != b.form {
			return strings.Compare(a.form, b.form)
		}
		return strings.Compare(a.metric.Name, b.metric.Name)
	})
	return nil
}

// examplesOf returns the examples that the stage's outputs or scores are for.
func (w *Writer) examplesOf(what string) (*task, error) {
	if w.made.task == nil {
		t, err := w.in.task(w.made.taskKey)
		if err != nil {
			return nil, fmt.Errorf("the examples of its %ss: %w", what, err)
		}
		w.made.task = t
	}
	return w.made.task, nil
}

func (w *Writer) noExample(what, id string) error {
	return fmt.Errorf("a %s for example %q: no such example in the split %q of prepare stage %s", what, id, w.made.taskKey.split, w.made.taskKey.stage)
}

// encodeScores writes scores as the column by_example has them.
func encodeScores(values []float64) string {
	text := make([]byte, 0, 20*len(values)+2)
	text = append(text, '[')
	for i, value := range values {
		if i > 0 {
			text = append(text, ',')
		}
		switch {
		case math.IsNaN(value):
			text = append(text, "null"...)
		case math.IsInf(value, 0): // JSON has no word for it, and reads this as infinite
			text = strconv.AppendFloat(text, math.Copysign(9, value), 'g', -1, 64)
			text = append(text, "e999"...)
		default:
			text = strconv.AppendFloat(text, value, 'g', -1, 64)
		}
	}
	return string(append(text, ']'))
}

// decodeScores reads what encodeScores wrote.
func decodeScores(text string) ([]float64, error) {
	list, opened := strings.CutPrefix(text, "[")
	list, closed := strings.CutSuffix(list, "]")
	if !opened || !closed {
		return nil, fmt.Errorf("scores that are no list: %.40q", text)
	}
	if list == "" {
		return nil, nil
	}
	values := make([]float64, 0, strings.Count(list, ",")+1)
	for word := range strings.SplitSeq(list, ",") {
		value := math.NaN()
		if word != "null" {
			var err error
			if value, err = strconv.ParseFloat(word, 64); err != nil && !math.IsInf(value, 0) {
				return nil, fmt.Errorf("score %d: %w", len(values), err)
			}
		}
		values = append(values, value)
	}
	return values, nil
}

func missing(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = math.NaN()
	}
	return values
}

// number is how SQLite spells a truth value.
func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// orEmpty gives an empty JSON object for no JSON.
func orEmpty(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "{}"
	}
	return string(raw)
}
