package runs

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// Content is what a stage made, as far as the store keeps it. A stage fills
// the fields that its kind has and leaves the others empty.
type Content struct {
	// Task is the key of the prepare stage whose examples the IDs in Outputs
	// and Scores name, in the split Split. That stage must be there.
	Task  string
	Split string

	Examples         []Example         // prepare
	Curves           []CurvePoint      // base, mle, reward, rl, scorer
	RewardAccuracies []RewardAccuracy  // reward
	Decoding         *Decoding         // decode
	Outputs          []Output          // decode, postprocess
	Signatures       map[string]string // score: metric to signature, for each metric in Scores
	Scores           []Score           // score
}

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

// Decoding tells the temperature of a decode stage.
type Decoding struct {
	Temperature float64
	Tried       []TriedTemperature // on dev, where it was chosen there
}

// TriedTemperature is the mean score on dev at a temperature.
type TriedTemperature struct {
	Temperature float64
	Score       float64
}

// Output is one generated text.
type Output struct {
	ID     string // of the example
	Text   string
	Tokens int
	Ended  bool // whether the end token came
}

// Score is one score of one output.
type Score struct {
	ID     string // of the example
	Form   string // "raw" or "post"
	Metric string
	Value  float64
}

// AddStage adds a stage and what it made, in one transaction. A stage that is
// there already stays as it is.
func (s *Store) AddStage(ctx context.Context, stage Stage, content Content) error {
	return s.write(ctx, fmt.Sprintf("adding %s stage %s", stage.Kind, stage.Key), func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `INSERT INTO stages
			(key, kind, part, version, started, seconds, tokens, peak_memory_bytes, threads)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`,
			stage.Key, stage.Kind, orEmpty(stage.Part), stage.Version, stage.Started.UTC().Format(timeLayout),
			stage.Seconds, stage.Tokens, stage.PeakMemoryBytes, stage.Threads)
		if err != nil {
			return err
		}
		if added, err := result.RowsAffected(); err != nil || added == 0 {
			return err
		}
		id, err := result.LastInsertId()
		if err != nil {
			return err
		}
		w := contentWriter{ctx: ctx, tx: tx, stage: id, content: content}
		for _, write := range []func() error{w.examples, w.curves, w.accuracies, w.decoding, w.outputs, w.scores} {
			if err := write(); err != nil {
				return err
			}
		}
		return nil
	})
}

// timeLayout is RFC 3339 with milliseconds, which sorts as text.
const timeLayout = "2006-01-02T15:04:05.000Z"

// contentWriter writes a stage's content table by table.
type contentWriter struct {
	ctx     context.Context
	tx      *sql.Tx
	stage   int64
	content Content
}

func (w contentWriter) batch(table string, columns ...string) *batch {
	return newBatch(w.ctx, w.tx, table, columns...)
}

func (w contentWriter) examples() error {
	rows := w.batch("examples", "stage", "split", "name", "input", `"references"`)
	for _, e := range w.content.Examples {
		references, err := json.Marshal(e.References)
		if err != nil {
			return fmt.Errorf("references of example %s: %w", e.ID, err)
		}
		if err := rows.add(w.stage, e.Split, e.ID, e.Input, string(references)); err != nil {
			return err
		}
	}
	return rows.flush()
}

func (w contentWriter) curves() error {
	rows := w.batch("curves", "stage", "name", "split", "step", "value")
	for _, c := range w.content.Curves {
		if math.IsNaN(c.Value) {
			return fmt.Errorf("curve %s on %s: not a number at step %d", c.Name, c.Split, c.Step)
		}
		if err := rows.add(w.stage, c.Name, c.Split, c.Step, c.Value); err != nil {
			return err
		}
	}
	return rows.flush()
}

func (w contentWriter) accuracies() error {
	rows := w.batch("reward_accuracies", "stage", "kind", "ended", "accuracy", "n")
	for _, a := range w.content.RewardAccuracies {
		if err := rows.add(w.stage, a.Kind, number(a.Ended), a.Accuracy, a.N); err != nil {
			return err
		}
	}
	return rows.flush()
}

func (w contentWriter) decoding() error {
	if w.content.Decoding == nil {
		return nil
	}
	if _, err := w.tx.ExecContext(w.ctx, `INSERT INTO decodings (stage, temperature) VALUES (?, ?)`,
		w.stage, w.content.Decoding.Temperature); err != nil {
		return err
	}
	rows := w.batch("tried_temperatures", "stage", "temperature", "score")
	for _, t := range w.content.Decoding.Tried {
		if err := rows.add(w.stage, t.Temperature, t.Score); err != nil {
			return err
		}
	}
	return rows.flush()
}

func (w contentWriter) outputs() error {
	if len(w.content.Outputs) == 0 {
		return nil
	}
	examples, err := w.exampleIDs()
	if err != nil {
		return err
	}
	rows := w.batch("outputs", "stage", "example", "text", "tokens", "ended")
	for _, o := range w.content.Outputs {
		example, ok := examples[o.ID]
		if !ok {
			return w.noExample("output", o.ID)
		}
		if err := rows.add(w.stage, example, o.Text, o.Tokens, number(o.Ended)); err != nil {
			return err
		}
	}
	return rows.flush()
}

func (w contentWriter) scores() error {
	if len(w.content.Scores) == 0 {
		return nil
	}
	examples, err := w.exampleIDs()
	if err != nil {
		return err
	}
	metrics, err := w.metricIDs()
	if err != nil {
		return err
	}
	type row struct {
		form            string
		metric, example int64
		value           float64
	}
	sorted := make([]row, len(w.content.Scores))
	for i, score := range w.content.Scores {
		example, ok := examples[score.ID]
		if !ok {
			return w.noExample("score", score.ID)
		}
		metric, ok := metrics[score.Metric]
		if !ok {
			return fmt.Errorf("metric %s has scores and no signature", score.Metric)
		}
		if math.IsNaN(score.Value) {
			return fmt.Errorf("%s of the %s output for example %s is not a number; a metric that is not defined for an output has no score", score.Metric, score.Form, score.ID)
		}
		sorted[i] = row{score.Form, metric, example, score.Value}
	}
	// In the order of the primary key, rows are appended to the table's last
	// page instead of being sorted in one by one.
	slices.SortFunc(sorted, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.form, b.form), cmp.Compare(a.metric, b.metric), cmp.Compare(a.example, b.example))
	})
	rows := w.batch("scores", "stage", "form", "metric", "example", "value")
	for _, r := range sorted {
		if err := rows.add(w.stage, r.form, r.metric, r.example, r.value); err != nil {
			return err
		}
	}
	return rows.flush()
}

// exampleIDs maps the names of the task's examples to their ids.
func (w contentWriter) exampleIDs() (map[string]int64, error) {
	task, err := lookup(w.ctx, w.tx, "prepare stage", `SELECT id FROM stages WHERE key = ?`, w.content.Task)
	if err != nil {
		return nil, err
	}
	rows, err := w.tx.QueryContext(w.ctx, `SELECT name, id FROM examples WHERE stage = ? AND split = ?`, task, w.content.Split)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	ids := map[string]int64{}
	for rows.Next() {
		var name string
		var id int64
		if err := rows.Scan(&name, &id); err != nil {
			return nil, err
		}
		ids[name] = id
	}
	return ids, rows.Err()
}

// metricIDs maps the metrics' names to their ids, and adds those that are new.
func (w contentWriter) metricIDs() (map[string]int64, error) {
	names := make([]string, 0, len(w.content.Signatures))
	for name := range w.content.Signatures {
		names = append(names, name)
	}
	slices.Sort(names)
	ids := map[string]int64{}
	for _, name := range names {
		var id int64
		// The update that changes nothing makes RETURNING speak.
		err := w.tx.QueryRowContext(w.ctx, `INSERT INTO metrics (name, signature) VALUES (?, ?)
			ON CONFLICT (name, signature) DO UPDATE SET name = excluded.name RETURNING id`,
			name, w.content.Signatures[name]).Scan(&id)
		if err != nil {
			return nil, fmt.Errorf("metric %s: %w", name, err)
		}
		ids[name] = id
	}
	return ids, nil
}

func (w contentWriter) noExample(what, id string) error {
	return fmt.Errorf("a %s for example %q: no such example in the split %q of prepare stage %s", what, id, w.content.Split, w.content.Task)
}

// number is how SQLite spells a truth value.
func number(b bool) int {
	if b {
		return 1
	}
	return 0
}
