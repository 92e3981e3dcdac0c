package runs

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
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
	State
}

// Label is a label of a sweep, and what its first run is.
type Label struct {
	Name    string
	Variant string
	Axes    json.RawMessage
	Run     string
	Config  json.RawMessage
}

// StageOf is a stage in the part that it plays in a run.
type StageOf struct {
	Stage
	Role string // the name of the decoding, for a stage with outputs or scores
}

// RunDetails is all that the store knows of a run, but for what its stages
// made.
type RunDetails struct {
	Run
	State
	Settings []Setting
	Stages   []StageOf   // each after those that it was made of
	Listed   []RunLabels // the sweeps that list it
}

// RunLabels is the name of a run in a sweep.
type RunLabels struct {
	Sweep, Label string
}

// StageCost is what a stage of a sweep cost.
type StageCost struct {
	Stage           // without its Part
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

// Listing returns a sweep and its runs. Where there is none of that name, the
// error lists those that there are.
func (s *Store) Listing(ctx context.Context, name string) (ListedSweep, error) {
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
	var axes string
	err = s.read(ctx, "reading the runs of sweep "+name, `
		SELECT r.name, sr.label, sr.variant, sr.axes, sr.seed, r.status, r.reason
		FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id JOIN runs r ON r.id = sr.run
		WHERE s.name = ? ORDER BY sr.position`, []any{name},
		[]any{&r.Run, &r.Label, &r.Variant, &axes, &r.Seed, &r.Status, &r.Reason}, func() error {
			r.Axes = json.RawMessage(axes)
			sweep.Runs = append(sweep.Runs, r)
			return nil
		})
	return sweep, err
}

// Labels gives the labels of a sweep, in its order.
func (s *Store) Labels(ctx context.Context, sweep string) iter.Seq2[Label, error] {
	return func(yield func(Label, error) bool) {
		var l Label
		var axes, config string
		s.each(ctx, "reading the labels of sweep "+sweep, `
			SELECT f.label, f.variant, f.axes, r.name, r.config
			FROM (SELECT sr.label, sr.variant, sr.axes, sr.run, min(sr.position) AS first
			      FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id WHERE s.name = ? GROUP BY sr.label) f
			JOIN runs r ON r.id = f.run ORDER BY f.first`, []any{sweep},
			[]any{&l.Name, &l.Variant, &axes, &l.Run, &config}, func(err error) bool {
				if err == nil {
					l.Axes, l.Config = json.RawMessage(axes), json.RawMessage(config)
				}
				return yield(l, err)
			})
	}
}

// Run returns the run whose name begins with prefix.
func (s *Store) Run(ctx context.Context, prefix string) (RunDetails, error) {
	var found []RunDetails
	var d RunDetails
	var config string
	err := s.read(ctx, "looking for run "+prefix, `SELECT name, seed, config, status, reason FROM runs WHERE name >= ? AND name < ? ORDER BY name`,
		[]any{prefix, after(prefix)}, []any{&d.Name, &d.Seed, &config, &d.Status, &d.Reason}, func() error {
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
		SELECT s.name, sr.label FROM runs r JOIN sweep_runs sr ON sr.run = r.id JOIN sweeps s ON s.id = sr.sweep
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
		WHERE r.name = ? ORDER BY t.id, rs.role`, []any{d.Name}, append(fields, &st.Role), func() error {
		if err := finish(); err != nil {
			return err
		}
		d.Stages = append(d.Stages, st)
		return nil
	})
	return d, err
}

// Costs returns the stages of a sweep, each once and after those that it was made of:
// when they were begun is what the clocks of several machines say.
func (s *Store) Costs(ctx context.Context, sweep string) ([]StageCost, error) {
	users := map[int64]*StageCost{}
	var id int64
	var runs int
	var label string
	doing := "reading the costs of sweep " + sweep
	words := map[string]string{}
	err := s.read(ctx, doing, `
		SELECT rs.stage, sr.label
		FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id JOIN run_stages rs ON rs.run = sr.run
		WHERE s.name = ? GROUP BY rs.stage, sr.label ORDER BY min(sr.position)`, []any{sweep}, []any{&id, &label}, func() error {
		of := users[id]
		if of == nil {
			of = &StageCost{}
			users[id] = of
		}
		if _, ok := words[label]; !ok {
			words[label] = label
		}
		of.Labels = append(of.Labels, words[label])
		return nil
	})
	if err != nil {
		return nil, err
	}
	costs := make([]StageCost, 0, len(users))
	var st Stage
	fields, finish := stageFields(&st)
	columns := strings.Replace(stageColumns, "t.part", "'{}'", 1)
	err = s.read(ctx, doing, `
		SELECT `+columns+`, t.id, u.runs
		FROM (SELECT rs.stage, count(DISTINCT sr.run) AS runs
		      FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id JOIN run_stages rs ON rs.run = sr.run
		      WHERE s.name = ? GROUP BY rs.stage) u
		JOIN stages t ON t.id = u.stage ORDER BY t.id`, []any{sweep}, append(fields, &id, &runs), func() error {
		if err := finish(); err != nil {
			return err
		}
		if of := users[id]; of != nil {
			st.Part = nil
			of.Stage, of.Runs = st, runs
			costs = append(costs, *of)
		}
		return nil
	})
	return costs, err
}

// Digest is a hash of all that the store has of a sweep: the runs that it
// lists, how far they are, and their stages, whose keys stand for what they
// made.
func (s *Store) Digest(ctx context.Context, sweep string) (string, error) {
	hash := sha256.New()
	// Strings as JSON have an end.
	encoder := json.NewEncoder(hash)
	doing := "reading sweep " + sweep
	for _, query := range []struct {
		text   string
		fields []any
	}{
		{`SELECT s.file, s.report FROM sweeps s WHERE s.name = ?`, make([]any, 2)},
		{`SELECT r.name, sr.label, sr.variant, sr.axes, sr.seed, r.status, r.reason
			FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id JOIN runs r ON r.id = sr.run
			WHERE s.name = ? ORDER BY sr.position`, make([]any, 7)},
		{`SELECT sr.position, rs.role, t.key
			FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id JOIN run_stages rs ON rs.run = sr.run JOIN stages t ON t.id = rs.stage
			WHERE s.name = ? ORDER BY sr.position, rs.kind, rs.role`, make([]any, 3)},
		{`SELECT t.key, t.started, t.seconds, t.tokens, t.peak_memory_bytes, t.threads FROM stages t WHERE t.id IN (
			SELECT rs.stage FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id JOIN run_stages rs ON rs.run = sr.run WHERE s.name = ?)
			ORDER BY t.key`, make([]any, 6)},
	} {
		values := make([]any, len(query.fields))
		for i := range values {
			query.fields[i] = &values[i]
		}
		err := s.read(ctx, doing, query.text, []any{sweep}, query.fields, func() error {
			return encoder.Encode(values)
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
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
func (s *Store) read(ctx context.Context, doing, query string, arguments, fields []any, each func() error) (err error) {
	s.each(ctx, doing, query, arguments, fields, func(failed error) bool {
		if err = failed; err != nil {
			return false
		}
		if failed := each(); failed != nil {
			err = s.failed(doing, failed)
		}
		return err == nil
	})
	return err
}

// each is read for what goes on until it is told to stop. An error comes last.
func (s *Store) each(ctx context.Context, doing, query string, arguments, fields []any, each func(error) bool) {
	if err := s.scan(ctx, query, arguments, fields, func() bool { return each(nil) }); err != nil {
		each(s.failed(doing, err))
	}
}

// scan runs a query and scans its rows, as long as each says so.
func (s *Store) scan(ctx context.Context, query string, arguments, fields []any, each func() bool) error {
	// A query that can be cancelled costs a goroutine a row.
	rows, err := s.db.QueryContext(context.WithoutCancel(ctx), query, arguments...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for n := 0; rows.Next(); n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := rows.Scan(fields...); err != nil {
			return err
		}
		if !each() {
			return nil
		}
	}
	return rows.Err()
}

func (s *Store) failed(doing string, err error) error {
	return fmt.Errorf("%s in the store %s: %w", doing, s.path, explained(s.path, err))
}
