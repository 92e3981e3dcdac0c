package graph

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/stage"
	"lastmile/harness/stages"
	"lastmile/runs"
)

// TestDamageCostsOneStage damages finished stages of a sweep, goals and what they were
// made of, whether or not the store has them already.
func TestDamageCostsOneStage(t *testing.T) {
	ctx := t.Context()
	s, work := sweep(t, threeVariants+lexical), t.TempDir()
	var said []string
	run := func(o Options) Result {
		t.Helper()
		g, err := Plan(t.Context(), s, work)
		if err != nil {
			t.Fatal(err)
		}
		fake(g)
		o.Jobs, o.Threads = 1, 1
		o.Report = func(e stage.Event) {
			if e.State == stage.Damaged {
				said = append(said, e.Stage.Kind)
			}
		}
		result, err := g.Run(ctx, o)
		if err != nil || !result.Complete() {
			t.Fatalf("%+v %v", result, err)
		}
		return result
	}
	run(Options{})
	of := func(kind, file string) string {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(work, "stages", kind, "*", file))
		if err != nil || len(found) == 0 {
			t.Fatalf("no %s of %s: %v", file, kind, err)
		}
		return found[0]
	}
	for name, damage := range map[string]struct{ kind, file, content string }{
		"a truncated record":           {stages.Score, "stage.json", `{"kind":`},
		"an edited output":             {stages.Decode, "outputs.jsonl", "{}\n"},
		"a record without its content": {stages.MLE, "stage.json", ""},
	} {
		for _, stored := range []bool{true, false} {
			said = nil
			if !stored {
				if err := os.Remove(runs.Path(work)); err != nil {
					t.Fatal(err)
				}
			}
			path := of(damage.kind, damage.file)
			whole, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, []byte(damage.content), 0o666)
			}
			if err != nil {
				t.Fatal(err)
			}
			g, err := Plan(t.Context(), s, work)
			if err != nil {
				t.Fatal(err)
			}
			status, err := g.Status(t.Context(), Options{})
			if err == nil {
				err = g.Times(ctx, &status)
			}
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(status.Stages, func(st StageStatus) bool {
				return st.Status == "damaged" && st.Kind == damage.kind && strings.Contains(st.Reason, damage.file)
			}) {
				t.Errorf("%s: status does not tell", name)
			}
			if again := run(Options{}); again.Computed != 1 || !slices.Equal(said, []string{damage.kind}) {
				t.Errorf("%s, in the store %v: %d computed, damaged %v", name, stored, again.Computed, said)
			}
			if got, err := os.ReadFile(path); err != nil || damage.file != "stage.json" && string(got) != string(whole) {
				t.Errorf("%s: %s is %q, %v", name, path, got, err)
			}
		}
	}
	if again := run(Options{Verify: true}); again.Computed != 0 {
		t.Errorf("at last: %+v", again)
	}
}

// TestDamageFoundOnTheWayIntoTheStore is that of a sweep too large to be looked at
// beforehand.
func TestDamageFoundOnTheWayIntoTheStore(t *testing.T) {
	ctx := t.Context()
	s, work := sweep(t, threeVariants+lexical), t.TempDir()
	g, err := Plan(t.Context(), s, work)
	if err != nil {
		t.Fatal(err)
	}
	fake(g)
	states := make([]RunStatus, len(g.Runs))
	var goals []*stage.Stage
	for i, run := range g.Runs {
		goals = append(goals, run.Goals...)
		states[i].Status = runs.Planned
	}
	g.store.Execute(ctx, goals, stage.Options{Executor: g.executor(Options{Jobs: 1})})
	scored := goals[0]
	if err := os.WriteFile(filepath.Join(g.store.Path(scored), "scores.jsonl"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	damaged, err := g.ingest(ctx, states, Options{})
	if err != nil || !slices.Equal(damaged, []*stage.Stage{scored}) || g.store.Finished(scored) {
		t.Fatalf("damaged: %v %v", damaged, err)
	}
	result, err := g.Run(ctx, Options{Jobs: 1, Threads: 1})
	if err != nil || result.Computed != 1 || !result.Complete() {
		t.Errorf("%+v %v", result, err)
	}
}
