package stage_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lastmile/harness/stage"
)

// file returns a function that writes text and the texts of its inputs.
func file(text string, calls *atomic.Int64) stage.Func {
	return func(_ context.Context, job *stage.Job) error {
		calls.Add(1)
		for _, dir := range job.Inputs {
			input, err := os.ReadFile(filepath.Join(dir, "text"))
			if err != nil {
				return err
			}
			text += string(input)
		}
		job.Tokens(len(text))
		return os.WriteFile(filepath.Join(job.Dir, "text"), []byte(text), 0o666)
	}
}

func failing(err error) stage.Func {
	return func(context.Context, *stage.Job) error { return err }
}

func node(t *testing.T, kind string, f stage.Func, inputs ...*stage.Stage) *stage.Stage {
	t.Helper()
	var named []stage.Input
	for _, input := range inputs {
		named = append(named, stage.Input{Name: input.Kind, Stage: input})
	}
	s, err := stage.New(kind, 1, kind, named, f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t *testing.T) *stage.Store {
	t.Helper()
	store, err := stage.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestExecuteComputesOnce(t *testing.T) {
	store := open(t)
	var calls atomic.Int64
	a := node(t, "a", file("a", &calls))
	b := node(t, "b", file("b", &calls), a)
	c := node(t, "c", file("c", &calls), a)

	outcomes := store.Execute(t.Context(), []*stage.Stage{b, c}, stage.Options{Workers: 2, Threads: 1})
	for _, s := range []*stage.Stage{a, b, c} {
		if outcomes[s].State != stage.Computed {
			t.Errorf("%s: %v %v", s.Kind, outcomes[s].State, outcomes[s].Err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(store.Path(c), "text")); err != nil || string(text) != "ca" {
		t.Errorf("c: %q %v", text, err)
	}
	record, ok, err := store.Record(b)
	if err != nil || !ok {
		t.Fatalf("b: %v %v", ok, err)
	}
	if record.Kind != "b" || record.Key != b.Key || record.Inputs["a"] != a.Key || record.Tokens != 2 || record.Tries != 1 || record.PeakMemoryBytes == 0 || record.Started.IsZero() {
		t.Errorf("record of b: %+v", record)
	}

	outcomes = store.Execute(t.Context(), []*stage.Stage{b, c}, stage.Options{Workers: 2, Threads: 1})
	for _, s := range []*stage.Stage{a, b, c} {
		if outcomes[s].State != stage.Found {
			t.Errorf("again, %s: %v %v", s.Kind, outcomes[s].State, outcomes[s].Err)
		}
	}
	if calls.Load() != 3 {
		t.Errorf("%d calls, expected 3", calls.Load())
	}
	for _, folder := range []string{"partial", "locks", "logs"} {
		if left, _ := os.ReadDir(filepath.Join(store.Dir, folder)); len(left) > 0 {
			t.Errorf("left in %s: %v", folder, left)
		}
	}
}

func TestFailureBlocksOnlyItsDependants(t *testing.T) {
	store := open(t)
	var calls atomic.Int64
	bad := node(t, "bad", failing(errors.New("the loss is NaN at step 7")))
	after := node(t, "after", file("x", &calls), bad)
	last := node(t, "last", file("x", &calls), after)
	panics := node(t, "panics", func(context.Context, *stage.Job) error { panic("index out of range") })
	good := node(t, "good", file("good", &calls))
	goals := []*stage.Stage{last, panics, good}

	outcomes := store.Execute(t.Context(), goals, stage.Options{Workers: 1})
	for s, want := range map[*stage.Stage]stage.State{bad: stage.Failed, after: stage.Blocked, last: stage.Blocked, panics: stage.Failed, good: stage.Computed} {
		if outcomes[s].State != want {
			t.Errorf("%s: %v, expected %v", s.Kind, outcomes[s].State, want)
		}
	}
	if err := outcomes[last].Err; err == nil || !strings.Contains(err.Error(), "bad") || !strings.Contains(err.Error(), "NaN at step 7") {
		t.Errorf("last is blocked by: %v", err)
	}
	if got := store.Failure(bad); got != "the loss is NaN at step 7" {
		t.Errorf("stored failure: %q", got)
	}
	if log, err := os.ReadFile(store.Log(panics)); err != nil || !strings.Contains(string(log), "execute_test.go") {
		t.Errorf("the log has no stack: %v\n%s", err, log)
	}

	// The same again, with the cause gone: all is computed, the cost adds up.
	bad.Func, panics.Func = file("bad", &calls), file("p", &calls)
	outcomes = store.Execute(t.Context(), goals, stage.Options{Workers: 1})
	for _, s := range []*stage.Stage{bad, after, last, panics} {
		if outcomes[s].State != stage.Computed {
			t.Errorf("again, %s: %v %v", s.Kind, outcomes[s].State, outcomes[s].Err)
		}
	}
	if record, _, _ := store.Record(bad); record.Tries != 2 {
		t.Errorf("%d tries, expected 2", record.Tries)
	}
	if store.Failure(bad) != "" {
		t.Error("the failure outlived its cause")
	}
}

func TestWorkersRunSideBySide(t *testing.T) {
	store := open(t)
	var meet sync.WaitGroup
	meet.Add(2)
	both := func(ctx context.Context, job *stage.Job) error {
		meet.Done()
		meet.Wait()
		return nil
	}
	a, b := node(t, "a", both), node(t, "b", both)
	outcomes := store.Execute(t.Context(), []*stage.Stage{a, b}, stage.Options{Workers: 2})
	if !outcomes[a].Done() || !outcomes[b].Done() {
		t.Error(outcomes)
	}
}

func TestInterruptionStopsInTimeAndLosesNothingFinished(t *testing.T) {
	store := open(t)
	var calls atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	first := node(t, "first", file("first", &calls))
	polite := node(t, "polite", func(ctx context.Context, job *stage.Job) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}, first)
	stubborn := node(t, "stubborn", func(context.Context, *stage.Job) error {
		time.Sleep(5 * time.Second)
		return nil
	}, first)
	never := node(t, "never", file("never", &calls), polite)
	begin := time.Now()
	outcomes := store.Execute(ctx, []*stage.Stage{first, stubborn, polite, never}, stage.Options{Workers: 2})
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("stopping took %v", took)
	}
	for s, want := range map[*stage.Stage]stage.State{first: stage.Computed, polite: stage.Stopped, stubborn: stage.Stopped, never: stage.Stopped} {
		if outcomes[s].State != want {
			t.Errorf("%s: %v, expected %v", s.Kind, outcomes[s].State, want)
		}
	}
	if reason := store.Failure(polite); reason != "" {
		t.Errorf("a stopped stage counts as failed: %s", reason)
	}
}
