package runs

import (
	"context"
	"encoding/json"
	"fmt"
)

// timeLayout is RFC 3339 with milliseconds, which sorts as text.
const timeLayout = "2006-01-02T15:04:05.000Z"

// writeStage writes a stage and what it made, unless another process did.
func (in *Ingest) writeStage(ctx context.Context, stage Stage, stored *storedStage, m made) error {
	var taskID any
	if m.task != nil {
		taskID = in.stages[stage.Task].id
	} else {
		stage.Split = ""
	}
	result, err := in.exec(ctx, `INSERT INTO stages
		(key, kind, part, version, started, seconds, tokens, peak_memory_bytes, threads, task, split, form)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`,
		stage.Key, stage.Kind, orEmpty(stage.Part), stage.Version, stage.Started.UTC().Format(timeLayout),
		stage.Seconds, stage.Tokens, stage.PeakMemoryBytes, stage.Threads, taskID, stage.Split, m.form)
	if err != nil {
		return err
	}
	added, err := result.RowsAffected()
	if err != nil {
		return err
	}
	if added == 0 {
		stored.id, err = in.id(ctx, `SELECT id FROM stages WHERE key = ?`, stage.Key)
		return err
	}
	if stored.id, err = result.LastInsertId(); err != nil {
		return err
	}
	for _, write := range []func(context.Context, int64, made) error{in.writeExamples, in.writeCurves, in.writeAccuracies, in.writeEvaluation, in.writeDecoding, in.writeOutputs, in.writeScores} {
		if err := write(ctx, stored.id, m); err != nil {
			return err
		}
	}
	return nil
}

func (in *Ingest) writeExamples(ctx context.Context, stage int64, m made) error {
	places := map[string]int{}
	for _, e := range m.examples {
		references, err := json.Marshal(e.References)
		if err != nil {
			return fmt.Errorf("references of example %s: %w", e.ID, err)
		}
		if err := in.insert.examples.add(ctx, stage, e.Split, places[e.Split], e.ID, e.Input, string(references)); err != nil {
			return err
		}
		places[e.Split]++
	}
	return in.insert.examples.flush(ctx)
}

func (in *Ingest) writeCurves(ctx context.Context, stage int64, m made) error {
	for _, c := range m.curves {
		if err := in.insert.curves.add(ctx, stage, c.Name, c.Split, c.Step, c.Value); err != nil {
			return err
		}
	}
	return in.insert.curves.flush(ctx)
}

func (in *Ingest) writeAccuracies(ctx context.Context, stage int64, m made) error {
	for _, a := range m.accuracies {
		if err := in.insert.accuracies.add(ctx, stage, a.Kind, number(a.Ended), a.Accuracy, a.N); err != nil {
			return err
		}
	}
	return in.insert.accuracies.flush(ctx)
}

func (in *Ingest) writeDecoding(ctx context.Context, stage int64, m made) error {
	if m.decoding == nil {
		return nil
	}
	if err := in.insert.decodings.add(ctx, stage, m.decoding.Temperature, m.decoding.Chosen); err != nil {
		return err
	}
	if err := in.insert.decodings.flush(ctx); err != nil {
		return err
	}
	for i, t := range m.decoding.Tried {
		if err := in.insert.tried.add(ctx, stage, i, t.Decoding, t.Score); err != nil {
			return err
		}
	}
	return in.insert.tried.flush(ctx)
}

func (in *Ingest) writeOutputs(ctx context.Context, stage int64, m made) error {
	if len(m.outputs) == 0 {
		return nil
	}
	if m.task.ids == nil {
		if err := in.readTask(ctx, in.stages[m.taskKey.stage].id, m.taskKey.split, m.task); err != nil {
			return err
		}
	}
	for i, o := range m.outputs {
		if err := in.insert.outputs.add(ctx, stage, m.task.ids[m.places[i]], o.Text, o.Tokens, number(o.Ended)); err != nil {
			return err
		}
	}
	return in.insert.outputs.flush(ctx)
}

func (in *Ingest) writeScores(ctx context.Context, stage int64, m made) error {
	for _, s := range m.scores {
		metric, err := in.metric(ctx, s.metric)
		if err != nil {
			return fmt.Errorf("metric %s: %w", s.metric.Name, err)
		}
		if err := in.insert.scores.add(ctx, stage, s.form, metric, s.byExample); err != nil {
			return err
		}
	}
	return in.insert.scores.flush(ctx)
}

// metric returns the id of a metric, which it adds where it is new.
func (in *Ingest) metric(ctx context.Context, metric Metric) (int64, error) {
	if id, ok := in.metrics[metric]; ok {
		return id, nil
	}
	// The update that changes nothing makes RETURNING speak.
	id, err := in.id(ctx, `INSERT INTO metrics (name, signature) VALUES (?, ?)
		ON CONFLICT (name, signature) DO UPDATE SET name = excluded.name RETURNING id`, metric.Name, metric.Signature)
	if err == nil {
		in.metrics[metric] = id
	}
	return id, err
}

// writeRun writes what is new of a run.
func (in *Ingest) writeRun(ctx context.Context, run Run, stored *storedRun, state State, restate bool, links []storedLink) error {
	var err error
	switch {
	case stored.id == 0:
		// Another process may have added it, and knows less.
		stored.id, err = in.id(ctx, `INSERT INTO runs (name, seed, config, status, reason) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET status = excluded.status, reason = excluded.reason RETURNING id`,
			run.Name, run.Seed, string(run.Config), state.Status, state.Reason)
	case restate:
		_, err = in.exec(ctx, `UPDATE runs SET status = ?, reason = ? WHERE id = ?`, state.Status, state.Reason, stored.id)
	}
	if err != nil {
		return err
	}
	for _, l := range links {
		_, err := in.exec(ctx, `INSERT INTO run_stages (run, kind, role, stage) VALUES (?, ?, ?, ?)
			ON CONFLICT (run, kind, role) DO UPDATE SET stage = excluded.stage`, stored.id, l.kind, l.role, l.stage.id)
		if err != nil {
			return err
		}
	}
	return nil
}

func (in *Ingest) writeSweep(ctx context.Context, sweep Sweep) error {
	id, err := in.id(ctx, `INSERT INTO sweeps (name, file, report) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET file = excluded.file, report = excluded.report RETURNING id`,
		sweep.Name, sweep.File, orEmpty(sweep.Report))
	if err != nil {
		return err
	}
	if _, err := in.exec(ctx, `DELETE FROM sweep_runs WHERE sweep = ?`, id); err != nil {
		return err
	}
	for i, r := range sweep.Runs {
		if err := in.insert.sweepRuns.add(ctx, id, in.runs[r.Run].id, r.Label, r.Variant, orEmpty(r.Axes), r.Seed, i); err != nil {
			return err
		}
	}
	return in.insert.sweepRuns.flush(ctx)
}
