package runs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

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

// inserters fill the tables.
type inserters struct {
	sweepRuns, examples, curves, accuracies, decodings, tried, outputs, scores *inserter
	rewardKinds, rewardSamples, rewardBins                                     *inserter
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
		decodings:  table("decodings", "stage", "temperature", "chosen"),
		tried:      table("tried_decodings", "stage", "position", "decoding", "score"),
		outputs:    table("outputs", "stage", "example", "text", "tokens", "ended"),
		scores:     table("scores", "stage", "form", "metric", "by_example"),

		rewardKinds:   table("reward_kinds", "stage", "position", "kind", "ended", "trained", "accuracy", "trivial", "n"),
		rewardSamples: table("reward_samples", "stage", "position", "policy", "statistic", "metric", "value", "low", "high", "n"),
		rewardBins:    table("reward_calibration", "stage", "pairs", "bin", "confidence", `"right"`, "n"),
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
