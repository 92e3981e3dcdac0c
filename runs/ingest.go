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

// The states of a run.
const (
	Planned = "planned" // not finished: not begun, stopped, or to be tried again
	Done    = "done"    // all its stages are there
	Failed  = "failed"
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
	Run     string          // the run's name
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

// State is how far a run got.
type State struct {
	Status string // Planned, Done or Failed
	Reason string // why it failed
}

// Link says which stage is the run's one of its kind and role.
type Link struct {
	Role  string // the name of the decoding, for a stage with outputs or scores, and else ""
	Stage string // its key
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
	// Task is the key of the stage that made the examples which its outputs and
	// scores are for, and Split says which of them. A stage without outputs and
	// scores may leave them empty.
	Task  string
	Split string
}

// Ingest brings stages, runs and a sweep into a store. It collects what it is
// given, and writes it in transactions of many rows: each stage is there whole
// or not at all, and after the stages that it needs. Other processes may write
// between two of these transactions.
//
// A method that fails leaves the ingest as it was before the call, unless it
// was the writing that failed: then that error comes again from all methods.
// What was written is written, and another ingest goes on from there.
type Ingest struct {
	store   *Store
	conn    *sql.Conn
	stages  map[string]*storedStage
	runs    map[string]*storedRun
	tasks   map[taskKey]*task
	metrics map[Metric]int64
	insert  inserters
	// statements are those that are prepared, by their text.
	statements map[string]*sql.Stmt

	pending []func(context.Context) error
	rows    int // about how many the pending ones write
	failed  error
}

// pendingRows is how many rows are written in one transaction.
const pendingRows = 50_000

// storedStage is a stage in the store, or on its way.
type storedStage struct {
	id   int64 // 0 until it is written
	kind string
}

// storedRun is a run in the store, or on its way.
type storedRun struct {
	id    int64 // 0 until it is written
	state State
	links []storedLink
}

type storedLink struct {
	kind, role string
	stage      *storedStage
}

// taskKey names the examples that outputs are for.
type taskKey struct{ stage, split string }

// task is the examples of a split.
type task struct {
	places map[string]int // of the examples, by name
	ids    []int64        // by place; nil until they are needed
}

// inserters fill the tables.
type inserters struct {
	sweepRuns, examples, curves, accuracies, decodings, tried, outputs, scores *inserter
}

// Ingest begins to bring something into the store. It must be closed.
func (s *Store) Ingest(ctx context.Context) (*Ingest, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("ingesting into the store %s: %w", s.path, err)
	}
	in := &Ingest{store: s, conn: conn, stages: map[string]*storedStage{}, runs: map[string]*storedRun{}, tasks: map[taskKey]*task{}, metrics: map[Metric]int64{}, statements: map[string]*sql.Stmt{}}
	if err := in.load(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	table := func(name string, columns ...string) *inserter {
		return &inserter{prepare: in.prepare, table: name, columns: columns}
	}
	in.insert = inserters{
		sweepRuns:  table("sweep_runs", "sweep", "run", "label", "variant", "axes", "seed", "position"),
		examples:   table("examples", "stage", "split", "position", "name", "input", `"references"`),
		curves:     table("curves", "stage", "name", "split", "step", "value"),
		accuracies: table("reward_accuracies", "stage", "kind", "ended", "accuracy", "n"),
		decodings:  table("decodings", "stage", "temperature"),
		tried:      table("tried_temperatures", "stage", "temperature", "score"),
		outputs:    table("outputs", "stage", "example", "text", "tokens", "ended"),
		scores:     table("scores", "stage", "form", "metric", "by_example"),
	}
	return in, nil
}

// load reads which stages, runs and links there are.
func (in *Ingest) load(ctx context.Context) error {
	stages := map[int64]*storedStage{}
	runs := map[int64]*storedRun{}
	words := map[string]string{} // kinds and roles, of which there are few
	word := func(s string) string {
		if known, ok := words[s]; ok {
			return known
		}
		words[s] = s
		return s
	}
	var id, run int64
	var key, kind, role string
	var state State
	err := in.store.read(ctx, "reading which stages there are", `SELECT id, key, kind FROM stages`, nil, []any{&id, &key, &kind}, func() error {
		stages[id] = &storedStage{id: id, kind: word(kind)}
		in.stages[key] = stages[id]
		return nil
	})
	if err != nil {
		return err
	}
	err = in.store.read(ctx, "reading which runs there are", `SELECT id, name, status, reason FROM runs`, nil, []any{&id, &key, &state.Status, &state.Reason}, func() error {
		state.Status = word(state.Status)
		runs[id] = &storedRun{id: id, state: state}
		in.runs[key] = runs[id]
		return nil
	})
	if err != nil {
		return err
	}
	return in.store.read(ctx, "reading which stages the runs have", `SELECT run, kind, role, stage FROM run_stages`, nil, []any{&run, &kind, &role, &id}, func() error {
		// Another process may have written between the queries.
		if of, stage := runs[run], stages[id]; of != nil && stage != nil {
			of.links = append(of.links, storedLink{word(kind), word(role), stage})
		}
		return nil
	})
}

// HasStage tells whether the stage with that key is there, or on its way.
func (in *Ingest) HasStage(key string) bool { return in.stages[key] != nil }

// HasRun tells whether the run of that name is there, or on its way.
func (in *Ingest) HasRun(name string) bool { return in.runs[name] != nil }

// Stage adds a stage and what write gives of it; write may be nil. A stage that
// is there already stays as it is, and write is not called.
func (in *Ingest) Stage(ctx context.Context, stage Stage, write func(*Writer) error) error {
	if in.failed != nil || in.HasStage(stage.Key) {
		return in.failed
	}
	fail := func(err error) error { return fmt.Errorf("adding %s stage %s: %w", stage.Kind, stage.Key, err) }
	w := &Writer{in: in, made: made{taskKey: taskKey{stage.Task, stage.Split}}}
	if write != nil {
		if err := write(w); err != nil {
			return fail(err)
		}
	}
	if err := in.addTasks(stage.Key, w.made.examples); err != nil {
		return fail(err)
	}
	stored := &storedStage{kind: stage.Kind}
	in.stages[stage.Key] = stored
	return in.add(ctx, w.made.rows(), func(ctx context.Context) error {
		if err := in.writeStage(ctx, stage, stored, w.made); err != nil {
			return fail(err)
		}
		return nil
	})
}

// addTasks notes the examples that a stage makes, for the outputs that come.
func (in *Ingest) addTasks(key string, examples []Example) error {
	made := map[string]*task{}
	for _, e := range examples {
		t := made[e.Split]
		if t == nil {
			t = &task{places: map[string]int{}}
			made[e.Split] = t
		}
		if _, twice := t.places[e.ID]; twice {
			return fmt.Errorf("two examples %q in the split %q", e.ID, e.Split)
		}
		t.places[e.ID] = len(t.places)
	}
	for split, t := range made {
		in.tasks[taskKey{key, split}] = t
	}
	return nil
}

// Run adds a run, in the sweep's listing or not, its state and the stages that
// it is made of, which must be there or on their way. A run that is there
// already needs no Config, and gets the state and the links that are new.
func (in *Ingest) Run(ctx context.Context, run Run, state State, links []Link) error {
	if in.failed != nil {
		return in.failed
	}
	fail := func(err error) error { return fmt.Errorf("adding run %s: %w", run.Name, err) }
	if state.Status == Failed && state.Reason == "" {
		state.Reason = "no reason given"
	}
	old := in.runs[run.Name]
	if old == nil && len(run.Config) == 0 {
		return fail(errors.New("it has no configuration"))
	}
	var changed []storedLink
	for _, link := range links {
		stage := in.stages[link.Stage]
		if stage == nil {
			return fail(fmt.Errorf("no stage %q in the store", link.Stage))
		}
		if l := (storedLink{stage.kind, link.Role, stage}); old == nil || !slices.Contains(old.links, l) {
			changed = append(changed, l)
		}
	}
	if old != nil && old.state == state && len(changed) == 0 {
		return nil
	}
	stored := old
	if old == nil {
		stored = &storedRun{}
		in.runs[run.Name] = stored
	}
	restate := stored.state != state
	stored.state = state
	for _, l := range changed {
		stored.links = slices.DeleteFunc(stored.links, func(o storedLink) bool { return o.kind == l.kind && o.role == l.role })
		stored.links = append(stored.links, l)
	}
	return in.add(ctx, 1+len(changed), func(ctx context.Context) error {
		if err := in.writeRun(ctx, run, stored, state, restate, changed); err != nil {
			return fail(err)
		}
		return nil
	})
}

// Sweep adds a sweep whose runs are there or on their way. A sweep of that name
// is replaced, so that it lists what its file lists now.
func (in *Ingest) Sweep(ctx context.Context, sweep Sweep) error {
	if in.failed != nil {
		return in.failed
	}
	fail := func(err error) error { return fmt.Errorf("adding sweep %s: %w", sweep.Name, err) }
	type place struct {
		label string
		seed  int
	}
	seen := map[place]bool{}
	for _, r := range sweep.Runs {
		if in.runs[r.Run] == nil {
			return fail(fmt.Errorf("label %q, seed %d: no run %q in the store", r.Label, r.Seed, r.Run))
		}
		if seen[place{r.Label, r.Seed}] {
			return fail(fmt.Errorf("label %q, seed %d is there twice", r.Label, r.Seed))
		}
		seen[place{r.Label, r.Seed}] = true
	}
	if err := in.flush(ctx); err != nil {
		return err
	}
	same, err := in.isListed(ctx, sweep)
	if err != nil || same {
		return err
	}
	return in.add(ctx, 1+len(sweep.Runs), func(ctx context.Context) error {
		if err := in.writeSweep(ctx, sweep); err != nil {
			return fail(err)
		}
		return nil
	})
}

// isListed tells whether the store has the very sweep.
func (in *Ingest) isListed(ctx context.Context, sweep Sweep) (bool, error) {
	same, n := false, 0
	var file, report string
	err := in.store.read(ctx, "looking for sweep "+sweep.Name, `SELECT file, report FROM sweeps WHERE name = ?`, []any{sweep.Name}, []any{&file, &report}, func() error {
		same = file == sweep.File && report == orEmpty(sweep.Report)
		return nil
	})
	if err != nil || !same {
		return false, err
	}
	var r SweepRun
	var axes string
	err = in.store.read(ctx, "reading the runs of sweep "+sweep.Name, `
		SELECT r.name, sr.label, sr.variant, sr.axes, sr.seed
		FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id JOIN runs r ON r.id = sr.run
		WHERE s.name = ? ORDER BY sr.position`, []any{sweep.Name},
		[]any{&r.Run, &r.Label, &r.Variant, &axes, &r.Seed}, func() error {
			if n < len(sweep.Runs) {
				o := sweep.Runs[n]
				same = same && r.Run == o.Run && r.Label == o.Label && r.Variant == o.Variant && axes == orEmpty(o.Axes) && r.Seed == o.Seed
			}
			n++
			return nil
		})
	return same && n == len(sweep.Runs), err
}

// Close writes what was not written yet, and ends the ingest.
func (in *Ingest) Close() error {
	var err error
	if in.failed == nil {
		err = in.flush(context.Background())
	}
	for _, statement := range in.statements {
		err = errors.Join(err, statement.Close())
	}
	return errors.Join(err, in.conn.Close())
}

// task returns the examples of a split, those of a stage on its way too.
func (in *Ingest) task(key taskKey) (*task, error) {
	if t := in.tasks[key]; t != nil {
		return t, nil
	}
	stage := in.stages[key.stage]
	if stage == nil {
		return nil, fmt.Errorf("no prepare stage %q in the store", key.stage)
	}
	t := &task{places: map[string]int{}}
	if stage.id != 0 {
		if err := in.readTask(context.Background(), stage.id, key.split, t); err != nil {
			return nil, err
		}
	}
	in.tasks[key] = t
	return t, nil
}

// readTask reads the examples of a split that are in the store.
func (in *Ingest) readTask(ctx context.Context, stage int64, split string, t *task) error {
	rows, err := in.conn.QueryContext(ctx, `SELECT id, name FROM examples WHERE stage = ? AND split = ? ORDER BY position`, stage, split)
	if err != nil {
		return err
	}
	defer rows.Close()
	t.ids = []int64{}
	for rows.Next() {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return err
		}
		t.places[name] = len(t.ids)
		t.ids = append(t.ids, id)
	}
	return rows.Err()
}

// add takes what is to be written, and writes where that is enough for a
// transaction.
func (in *Ingest) add(ctx context.Context, rows int, write func(context.Context) error) error {
	in.pending = append(in.pending, write)
	in.rows += rows
	if in.rows < pendingRows {
		return nil
	}
	return in.flush(ctx)
}

// flush writes what is pending in one transaction.
func (in *Ingest) flush(ctx context.Context) error {
	if len(in.pending) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// A statement that can be cancelled costs a goroutine; a transaction takes
	// about a second at most.
	ctx = context.WithoutCancel(ctx)
	err := in.transact(ctx)
	in.pending, in.rows = nil, 0
	if err != nil {
		in.failed = fmt.Errorf("ingesting into the store %s: %w", in.store.path, err)
	}
	return in.failed
}

func (in *Ingest) transact(ctx context.Context) error {
	if _, err := in.conn.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		return err
	}
	var err error
	for _, write := range in.pending {
		if err = write(ctx); err != nil {
			break
		}
	}
	if err == nil {
		_, err = in.conn.ExecContext(ctx, `COMMIT`)
	}
	if err != nil {
		_, _ = in.conn.ExecContext(ctx, `ROLLBACK`) // the first error is the one to tell
	}
	return err
}

// prepare returns the statement, which is prepared once.
func (in *Ingest) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if statement := in.statements[query]; statement != nil {
		return statement, nil
	}
	statement, err := in.conn.PrepareContext(ctx, query)
	if err == nil {
		in.statements[query] = statement
	}
	return statement, err
}

// exec runs a statement that is run often.
func (in *Ingest) exec(ctx context.Context, query string, arguments ...any) (sql.Result, error) {
	statement, err := in.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return statement.ExecContext(ctx, arguments...)
}

// id runs a statement that is run often and gives one id.
func (in *Ingest) id(ctx context.Context, query string, arguments ...any) (int64, error) {
	statement, err := in.prepare(ctx, query)
	if err != nil {
		return 0, err
	}
	var id int64
	err = statement.QueryRowContext(ctx, arguments...).Scan(&id)
	return id, err
}

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
	for _, write := range []func(context.Context, int64, made) error{in.writeExamples, in.writeCurves, in.writeAccuracies, in.writeDecoding, in.writeOutputs, in.writeScores} {
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
	if err := in.insert.decodings.add(ctx, stage, m.decoding.Temperature); err != nil {
		return err
	}
	if err := in.insert.decodings.flush(ctx); err != nil {
		return err
	}
	for _, t := range m.decoding.Tried {
		if err := in.insert.tried.add(ctx, stage, t.Temperature, t.Score); err != nil {
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
