package runs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ListedSweep is a sweep as the store has it.
type ListedSweep struct {
	Name   string
	File   string
	Report json.RawMessage
	Runs   []ListedRun // in the order of the file
}

// ListedRun is a run of a sweep, and how far it got.
type ListedRun struct {
	SweepRun
	Config json.RawMessage
	Status string // planned, done or failed
	Reason string // why it failed
}

// StageOf is a stage in the part that it plays in a run.
type StageOf struct {
	Stage
	Role string // the name of the decoding, for decode, postprocess and score
}

// RunDetails is all that the store knows of a run, but for what its stages
// made.
type RunDetails struct {
	Run
	Status   string
	Reason   string
	Settings []Setting
	Stages   []StageOf   // in the order in which they were begun
	Listed   []RunLabels // the sweeps that list it
}

// RunLabels is the name of a run in a sweep.
type RunLabels struct {
	Sweep, Label string
}

// StageCost is what a stage of a sweep cost.
type StageCost struct {
	Stage
	Runs   int      // how many of the sweep's runs share it
	Labels []string // theirs, each once, in the order of the sweep
}

// Sweeps lists the names of all sweeps, in the order of their names.
func (s *Store) Sweeps(ctx context.Context) ([]string, error) {
	var names []string
	var name string
	err := s.read(ctx, "listing sweeps", `SELECT name FROM sweeps ORDER BY name`, nil, []any{&name}, func() error {
		names = append(names, name)
		return nil
	})
	return names, err
}

// Sweep returns a sweep and its runs. Where there is none of that name, the
// error lists those that there are.
func (s *Store) Sweep(ctx context.Context, name string) (ListedSweep, error) {
	sweep := ListedSweep{Name: name}
	var report string
	err := s.db.QueryRowContext(ctx, `SELECT file, report FROM sweeps WHERE name = ?`, name).Scan(&sweep.File, &report)
	if errors.Is(err, sql.ErrNoRows) {
		names, err := s.Sweeps(ctx)
		if err != nil {
			return sweep, err
		}
		known := "it has none"
		if len(names) > 0 {
			known = "it has " + strings.Join(names, ", ")
		}
		return sweep, fmt.Errorf("the store %s has no sweep %q; %s", s.path, name, known)
	}
	if err != nil {
		return sweep, fmt.Errorf("reading sweep %s from the store %s: %w", name, s.path, err)
	}
	sweep.Report = json.RawMessage(report)
	var r ListedRun
	var axes, config string
	err = s.read(ctx, "reading the runs of sweep "+name, `
		SELECT r.name, sr.label, sr.variant, sr.axes, sr.seed, r.config, r.status, r.reason
		FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id JOIN runs r ON r.id = sr.run
		WHERE s.name = ? ORDER BY sr.position`, []any{name},
		[]any{&r.Run, &r.Label, &r.Variant, &axes, &r.Seed, &config, &r.Status, &r.Reason}, func() error {
			r.Axes, r.Config = json.RawMessage(axes), json.RawMessage(config)
			sweep.Runs = append(sweep.Runs, r)
			return nil
		})
	return sweep, err
}

// Run returns the run whose name begins with prefix.
func (s *Store) Run(ctx context.Context, prefix string) (RunDetails, error) {
	var found []RunDetails
	var d RunDetails
	var config string
	err := s.read(ctx, "looking for run "+prefix, `SELECT name, seed, config, status, reason FROM runs WHERE substr(name, 1, ?) = ? ORDER BY name`,
		[]any{len(prefix), prefix}, []any{&d.Name, &d.Seed, &config, &d.Status, &d.Reason}, func() error {
			d.Config = json.RawMessage(config)
			found = append(found, d)
			return nil
		})
	if err != nil {
		return d, err
	}
	if len(found) != 1 {
		return RunDetails{}, fmt.Errorf("the store %s has %d runs whose name begins with %q; one is wanted", s.path, len(found), prefix)
	}
	d = found[0]
	if d.Settings, err = Settings(d.Config); err != nil {
		return d, fmt.Errorf("reading the configuration of run %s: %w", d.Name, err)
	}
	var l RunLabels
	err = s.read(ctx, "reading the sweeps of run "+d.Name, `
		SELECT s.name, sr.label FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id JOIN runs r ON r.id = sr.run
		WHERE r.name = ? ORDER BY s.name, sr.position`, []any{d.Name}, []any{&l.Sweep, &l.Label}, func() error {
		d.Listed = append(d.Listed, l)
		return nil
	})
	if err != nil {
		return d, err
	}
	var st StageOf
	fields, finish := stageFields(&st.Stage)
	err = s.read(ctx, "reading the stages of run "+d.Name, `
		SELECT `+stageColumns+`, rs.role
		FROM runs r JOIN run_stages rs ON rs.run = r.id JOIN stages t ON t.id = rs.stage
		WHERE r.name = ? ORDER BY t.started, t.kind, rs.role`, []any{d.Name}, append(fields, &st.Role), func() error {
		if err := finish(); err != nil {
			return err
		}
		d.Stages = append(d.Stages, st)
		return nil
	})
	return d, err
}

// Costs returns the stages of a sweep, each once, in the order in which they
// were begun.
func (s *Store) Costs(ctx context.Context, sweep string) ([]StageCost, error) {
	var costs []StageCost
	var c StageCost
	var labels string
	fields, finish := stageFields(&c.Stage)
	err := s.read(ctx, "reading the costs of sweep "+sweep, `
		SELECT `+stageColumns+`, count(DISTINCT u.run), json_group_array(u.label)
		FROM (SELECT rs.stage, sr.run, sr.label FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id
		      JOIN run_stages rs ON rs.run = sr.run WHERE s.name = ? ORDER BY sr.position) u
		JOIN stages t ON t.id = u.stage
		GROUP BY t.id ORDER BY t.started, t.kind, t.key`, []any{sweep}, append(fields, &c.Runs, &labels), func() error {
		if err := finish(); err != nil {
			return err
		}
		var all []string
		if err := json.Unmarshal([]byte(labels), &all); err != nil {
			return err
		}
		c.Labels = unique(all)
		costs = append(costs, c)
		return nil
	})
	return costs, err
}

// stageColumns are the columns of the table stages, called t, that
// [stageFields] reads.
const stageColumns = `t.key, t.kind, t.part, t.version, t.started, t.seconds, t.tokens, t.peak_memory_bytes, t.threads`

// stageFields returns where to scan stageColumns to, and what to call after
// each scan.
func stageFields(stage *Stage) (fields []any, finish func() error) {
	var part, started string
	fields = []any{&stage.Key, &stage.Kind, &part, &stage.Version, &started, &stage.Seconds, &stage.Tokens, &stage.PeakMemoryBytes, &stage.Threads}
	return fields, func() error {
		stage.Part = json.RawMessage(part)
		var err error
		if stage.Started, err = time.Parse(timeLayout, started); err != nil {
			return fmt.Errorf("the start of stage %s: %w", stage.Key, err)
		}
		return nil
	}
}

// read runs a query and calls each after every row was scanned into fields.
// doing names the work in errors.
func (s *Store) read(ctx context.Context, doing, query string, arguments, fields []any, each func() error) error {
	fail := func(err error) error { return fmt.Errorf("%s in the store %s: %w", doing, s.path, err) }
	rows, err := s.db.QueryContext(ctx, query, arguments...)
	if err != nil {
		return fail(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(fields...); err != nil {
			return fail(err)
		}
		if err := each(); err != nil {
			return fail(err)
		}
	}
	if err := rows.Err(); err != nil {
		return fail(err)
	}
	return nil
}

// unique returns the values in their order, each once.
func unique(values []string) []string {
	var result []string
	seen := map[string]bool{}
	for _, v := range values {
		if !seen[v] {
			seen[v] = true
			result = append(result, v)
		}
	}
	return result
}
