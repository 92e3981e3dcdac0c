package runs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// What is here is superseded, and goes when its callers do not need it any
// more.

// Content is what a stage made, as far as the store keeps it.
type Content struct {
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

// Score is one score of one output.
type Score struct {
	ID     string // of the example
	Form   string // "raw" or "post"
	Metric string
	Value  float64
}

// AddStage is superseded by [Ingest.Stage].
func (s *Store) AddStage(ctx context.Context, stage Stage, content Content) (err error) {
	in, err := s.Ingest(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	stage.Task, stage.Split = content.Task, content.Split
	return in.Stage(ctx, stage, func(w *Writer) error { return content.write(w, stage.Kind) })
}

func (c Content) write(w *Writer, kind string) error {
	w.Examples(c.Examples)
	if err := w.Curves(c.Curves); err != nil {
		return err
	}
	w.RewardAccuracies(c.RewardAccuracies)
	if c.Decoding != nil {
		w.Decoding(*c.Decoding)
	}
	if len(c.Outputs) > 0 {
		form := Raw
		if kind == "postprocess" {
			form = Post
		}
		if err := w.Outputs(form, c.Outputs); err != nil {
			return err
		}
	}
	var scored []Scored
	for _, s := range c.Scores {
		scored = append(scored, Scored{s.ID, s.Form, map[string]float64{s.Metric: s.Value}})
	}
	if len(scored) == 0 {
		return nil
	}
	return w.Scores(c.Signatures, scored)
}

// HasStage is superseded by [Ingest.HasStage].
func (s *Store) HasStage(ctx context.Context, key string) (bool, error) {
	var one int
	err := s.db.QueryRowContext(ctx, `SELECT 1 FROM stages WHERE key = ?`, key).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// AddRun is superseded by [Ingest.Run].
func (s *Store) AddRun(ctx context.Context, run Run) (err error) {
	in, err := s.Ingest(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if in.HasRun(run.Name) {
		return nil
	}
	return in.Run(ctx, run, State{Status: Planned}, nil)
}

// AddSweep is superseded by [Ingest.Sweep].
func (s *Store) AddSweep(ctx context.Context, sweep Sweep) (err error) {
	in, err := s.Ingest(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	return in.Sweep(ctx, sweep)
}

// Link is superseded by [Ingest.Run].
func (s *Store) Link(ctx context.Context, run, role, key string) error {
	return s.update(ctx, run, func(in *Ingest, of *storedRun) error {
		return in.Run(ctx, Run{Name: run}, of.state, []Link{{role, key}})
	})
}

// MarkPlanned is superseded by [Ingest.Run].
func (s *Store) MarkPlanned(ctx context.Context, run string) error {
	return s.mark(ctx, run, State{Status: Planned})
}

// MarkDone is superseded by [Ingest.Run].
func (s *Store) MarkDone(ctx context.Context, run string) error {
	return s.mark(ctx, run, State{Status: Done})
}

// MarkFailed is superseded by [Ingest.Run].
func (s *Store) MarkFailed(ctx context.Context, run, reason string) error {
	return s.mark(ctx, run, State{Failed, reason})
}

func (s *Store) mark(ctx context.Context, run string, state State) error {
	return s.update(ctx, run, func(in *Ingest, _ *storedRun) error {
		return in.Run(ctx, Run{Name: run}, state, nil)
	})
}

func (s *Store) update(ctx context.Context, run string, change func(*Ingest, *storedRun) error) (err error) {
	in, err := s.Ingest(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	of := in.runs[run]
	if of == nil {
		return fmt.Errorf("no run %q in the store %s", run, s.path)
	}
	return change(in, of)
}

// Sweep is superseded by [Store.Listing], and by [Store.Labels] where the
// configurations are wanted.
func (s *Store) Sweep(ctx context.Context, name string) (ListedSweep, error) {
	sweep, err := s.Listing(ctx, name)
	if err != nil {
		return sweep, err
	}
	i := 0
	var config string
	err = s.read(ctx, "reading the configurations of sweep "+name, `
		SELECT r.config FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id JOIN runs r ON r.id = sr.run
		WHERE s.name = ? ORDER BY sr.position`, []any{name}, []any{&config}, func() error {
		sweep.Runs[i].Config = json.RawMessage(config)
		i++
		return nil
	})
	return sweep, err
}

// TaskExamples is superseded by [Store.Examples].
func (s *Store) TaskExamples(ctx context.Context, sweep string) ([]Example, error) {
	var all []Example
	for e, err := range s.Examples(ctx, sweep) {
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// SystemOutputs is superseded by [Store.Outputs].
func (s *Store) SystemOutputs(ctx context.Context, sweep string) ([]SystemOutputs, error) {
	var all []SystemOutputs
	for of, err := range s.Outputs(ctx, sweep, Selection{}) {
		if err != nil {
			return nil, err
		}
		all = append(all, of)
	}
	return all, nil
}

// RunOutputs is superseded by [Store.Texts].
func (s *Store) RunOutputs(ctx context.Context, run string) ([]RunOutputs, error) {
	return s.Texts(ctx, run, Selection{})
}
