package runs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Sweep is a sweep file and the runs that it lists.
type Sweep struct {
	Name   string
	File   string
	Report json.RawMessage // its section [report]; may be nil
	Runs   []SweepRun      // in the order of the file
}

// SweepRun is a run in a sweep.
type SweepRun struct {
	Run     string          // the run's name, known to AddRun
	Label   string          // what reports call it; the same for runs that differ by their seed alone
	Variant string          // the name of its [[variant]], or ""
	Axes    json.RawMessage // its values on the axes of [grid]; may be nil
	Seed    int
}

// Run is one complete configuration.
type Run struct {
	Name   string // the hash of the configuration
	Seed   int
	Config json.RawMessage
}

// Stage is one computation, without what it made.
type Stage struct {
	Key             string
	Kind            string
	Part            json.RawMessage // its part of the configuration; may be nil
	Version         int
	Started         time.Time
	Seconds         float64
	Tokens          int
	PeakMemoryBytes int64
	Threads         int
}

// AddRun adds a run, as planned, and its settings one by one. A run that is
// there already stays as it is.
func (s *Store) AddRun(ctx context.Context, run Run) error {
	settings, err := Settings(run.Config)
	if err != nil {
		return fmt.Errorf("adding run %s: its configuration: %w", run.Name, err)
	}
	return s.write(ctx, "adding run "+run.Name, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `INSERT INTO runs (name, seed, config) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING`,
			run.Name, run.Seed, string(run.Config))
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
		rows := newBatch(ctx, tx, "run_settings", "run", "key", "value")
		for _, setting := range settings {
			if err := rows.add(id, setting.Key, setting.Value); err != nil {
				return err
			}
		}
		return rows.flush()
	})
}

// AddSweep adds a sweep whose runs are there already. A sweep of that name is
// replaced, so that it lists what its file lists now.
func (s *Store) AddSweep(ctx context.Context, sweep Sweep) error {
	return s.write(ctx, "adding sweep "+sweep.Name, func(tx *sql.Tx) error {
		var id int64
		err := tx.QueryRowContext(ctx, `INSERT INTO sweeps (name, file, report) VALUES (?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET file = excluded.file, report = excluded.report RETURNING id`,
			sweep.Name, sweep.File, orEmpty(sweep.Report)).Scan(&id)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM sweep_runs WHERE sweep = ?`, id); err != nil {
			return err
		}
		for i, r := range sweep.Runs {
			run, err := lookup(ctx, tx, "run", `SELECT id FROM runs WHERE name = ?`, r.Run)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO sweep_runs (sweep, run, label, variant, axes, seed, position) VALUES (?, ?, ?, ?, ?, ?, ?)`,
				id, run, r.Label, r.Variant, orEmpty(r.Axes), r.Seed, i); err != nil {
				return fmt.Errorf("label %q, seed %d: %w", r.Label, r.Seed, err)
			}
		}
		return nil
	})
}

// HasStage tells whether the stage with that key was ingested.
func (s *Store) HasStage(ctx context.Context, key string) (bool, error) {
	var one int
	err := s.db.QueryRowContext(ctx, `SELECT 1 FROM stages WHERE key = ?`, key).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for stage %s in the store %s: %w", key, s.path, err)
	}
	return true, nil
}

// Link says that the stage with that key is the run's stage of its kind and
// role. The role is the name of the decoding for decode, postprocess and
// score, and "" for all other kinds. A second link of that kind and role
// replaces the first.
func (s *Store) Link(ctx context.Context, run, role, key string) error {
	return s.write(ctx, fmt.Sprintf("linking run %s to stage %s", run, key), func(tx *sql.Tx) error {
		runID, err := lookup(ctx, tx, "run", `SELECT id FROM runs WHERE name = ?`, run)
		if err != nil {
			return err
		}
		stageID, err := lookup(ctx, tx, "stage", `SELECT id FROM stages WHERE key = ?`, key)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO run_stages (run, kind, role, stage)
			SELECT ?, kind, ?, id FROM stages WHERE id = ?
			ON CONFLICT (run, kind, role) DO UPDATE SET stage = excluded.stage`, runID, role, stageID)
		return err
	})
}

// MarkPlanned says that a run is not finished: it was not begun, was stopped,
// or is to be tried again.
func (s *Store) MarkPlanned(ctx context.Context, run string) error {
	return s.mark(ctx, run, "planned", "")
}

// MarkDone says that all stages of a run are there.
func (s *Store) MarkDone(ctx context.Context, run string) error {
	return s.mark(ctx, run, "done", "")
}

// MarkFailed says that a run failed, and why.
func (s *Store) MarkFailed(ctx context.Context, run, reason string) error {
	if reason == "" {
		reason = "no reason given"
	}
	return s.mark(ctx, run, "failed", reason)
}

func (s *Store) mark(ctx context.Context, run, status, reason string) error {
	return s.write(ctx, fmt.Sprintf("marking run %s as %s", run, status), func(tx *sql.Tx) error {
		id, err := lookup(ctx, tx, "run", `SELECT id FROM runs WHERE name = ?`, run)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE runs SET status = ?, reason = ? WHERE id = ?`, status, reason, id)
		return err
	})
}

// lookup returns the id that query finds for a name, or an error that says
// that there is no such thing.
func lookup(ctx context.Context, tx *sql.Tx, what, query, name string) (int64, error) {
	var id int64
	err := tx.QueryRowContext(ctx, query, name).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("no %s %q in it", what, name)
	}
	return id, err
}

// orEmpty gives an empty JSON object for no JSON.
func orEmpty(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "{}"
	}
	return string(raw)
}

// Setting is one value of a configuration.
type Setting struct {
	Key   string // dotted, as in a sweep file
	Value string // JSON, but for strings, which are without quotes
}

// Settings flattens a configuration in JSON to its settings, sorted by key.
func Settings(config json.RawMessage) ([]Setting, error) {
	var root map[string]json.RawMessage
	if err := json.Unmarshal(config, &root); err != nil {
		return nil, err
	}
	var settings []Setting
	var walk func(prefix string, values map[string]json.RawMessage) error
	walk = func(prefix string, values map[string]json.RawMessage) error {
		for key, raw := range values {
			var inner map[string]json.RawMessage
			var text string
			switch {
			case raw[0] == '{':
				if err := json.Unmarshal(raw, &inner); err != nil {
					return err
				}
				if err := walk(prefix+key+".", inner); err != nil {
					return err
				}
			case raw[0] == '"':
				if err := json.Unmarshal(raw, &text); err != nil {
					return err
				}
				settings = append(settings, Setting{prefix + key, text})
			default:
				settings = append(settings, Setting{prefix + key, string(raw)})
			}
		}
		return nil
	}
	if err := walk("", root); err != nil {
		return nil, err
	}
	slices.SortFunc(settings, func(a, b Setting) int {
		if a.Key < b.Key {
			return -1
		}
		return 1
	})
	return settings, nil
}
