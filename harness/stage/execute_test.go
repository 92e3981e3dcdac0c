package stage_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lastmile/harness/stage"
)

func TestExecuteComputesOnce(t *testing.T) {
	overBoth(t, func(t *testing.T, executor stage.Executor) {
		store := open(t)
		trace := filepath.Join(t.TempDir(), "trace")
		a := stageOf("a", behaviour{Text: "a", Trace: trace})
		b := stageOf("b", behaviour{Text: "b", Trace: trace}, a)
		c := stageOf("c", behaviour{Text: "c", Trace: trace}, a)
		goals := []*stage.Stage{b, c}
		options := stage.Options{Executor: executor, Workers: 2, Threads: 1}

		outcomes := store.Execute(t.Context(), goals, options)
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

		outcomes = store.Execute(t.Context(), goals, options)
		for _, s := range goals {
			if outcomes[s].State != stage.Found {
				t.Errorf("again, %s: %v %v", s.Kind, outcomes[s].State, outcomes[s].Err)
			}
		}
		if calls := linesOf(trace); len(calls) != 3 {
			t.Errorf("calls: %v, expected 3", calls)
		}
		for _, folder := range []string{"partial", "locks", "logs"} {
			if left, _ := os.ReadDir(filepath.Join(store.Dir, folder)); len(left) > 0 {
				t.Errorf("left in %s: %v", folder, left)
			}
		}
		for _, s := range []*stage.Stage{a, b, c} {
			if files, _ := os.ReadDir(store.Path(s)); len(files) != 2 {
				t.Errorf("in the artifact of %s: %v, expected stage.json and text", s.Kind, files)
			}
		}
	})
}

func TestFailureBlocksOnlyItsDependants(t *testing.T) {
	overBoth(t, func(t *testing.T, executor stage.Executor) {
		store := open(t)
		mended := filepath.Join(t.TempDir(), "mended")
		bad := stageOf("bad", behaviour{Do: "fail", Text: "the loss is NaN at step 7", Unless: mended})
		after := stageOf("after", behaviour{}, bad)
		last := stageOf("last", behaviour{}, after)
		panics := stageOf("panics", behaviour{Do: "panic", Text: "index out of range", Unless: mended})
		good := stageOf("good", behaviour{})
		goals := []*stage.Stage{last, panics, good}
		options := stage.Options{Executor: executor, Workers: 1}

		outcomes := store.Execute(t.Context(), goals, options)
		for s, want := range map[*stage.Stage]stage.State{bad: stage.Failed, after: stage.Blocked, last: stage.Blocked, panics: stage.Failed, good: stage.Computed} {
			if outcomes[s].State != want {
				t.Errorf("%s: %v, expected %v", s.Kind, outcomes[s].State, want)
			}
		}
		if err := outcomes[last].Err; err == nil || err.Error() != "stage bad (bad) failed: the loss is NaN at step 7" {
			t.Errorf("last is blocked by: %v", err)
		}
		if got := store.Failure(bad); got != "the loss is NaN at step 7" {
			t.Errorf("stored failure: %q", got)
		}
		if got := store.Failure(panics); !strings.Contains(got, "panic: index out of range") || !strings.Contains(got, store.Log(panics)) {
			t.Errorf("stored failure of the panic: %q", got)
		}
		if log, err := os.ReadFile(store.Log(panics)); err != nil || !strings.Contains(string(log), "main_test.go") {
			t.Errorf("the log has no stack: %v\n%s", err, log)
		}

		// The same again, with the cause gone: all is computed, the cost adds up.
		appendLine(mended, "yes")
		outcomes = store.Execute(t.Context(), goals, options)
		for _, s := range []*stage.Stage{bad, after, last, panics} {
			if outcomes[s].State != stage.Computed {
				t.Errorf("again, %s: %v %v", s.Kind, outcomes[s].State, outcomes[s].Err)
			}
		}
		if record, _, _ := store.Record(bad); record.Tries != 2 {
			t.Errorf("%d tries, expected 2", record.Tries)
		}
		if store.Failure(bad) != "" || exists(store.Log(panics)) {
			t.Error("the failures outlived their cause")
		}
	})
}

func TestWorkersRunSideBySide(t *testing.T) {
	overBoth(t, func(t *testing.T, executor stage.Executor) {
		store := open(t)
		dir := t.TempDir()
		one, other := filepath.Join(dir, "one"), filepath.Join(dir, "other")
		a, b := stageOf("a", behaviour{Sign: one, Gate: other}), stageOf("b", behaviour{Sign: other, Gate: one})
		outcomes := store.Execute(t.Context(), []*stage.Stage{a, b}, stage.Options{Executor: executor, Workers: 2})
		if !outcomes[a].Done() || !outcomes[b].Done() {
			t.Error(outcomes)
		}
	})
}

func TestInterruptionStopsInTimeAndLosesNothingFinished(t *testing.T) {
	overBoth(t, func(t *testing.T, executor stage.Executor) {
		store := open(t)
		dir := t.TempDir()
		stubborn := filepath.Join(dir, "stubborn")
		first := stageOf("first", behaviour{})
		polite := stageOf("polite", behaviour{Do: "wait", Text: "state"}, first)
		deaf := stageOf("deaf", behaviour{Do: "stubborn", Sign: stubborn, Gate: filepath.Join(dir, "gate")}, first)
		never := stageOf("never", behaviour{}, polite)
		ctx, cancel := context.WithCancel(t.Context())
		var stopped time.Time
		outcomes := store.Execute(ctx, []*stage.Stage{first, deaf, never}, stage.Options{Executor: executor, Workers: 2, Report: func(e stage.Event) {
			if e.Stage == polite && e.Done > 0 && exists(stubborn) && ctx.Err() == nil {
				stopped = time.Now()
				cancel()
			}
		}})
		if took := time.Since(stopped); stopped.IsZero() || took > 3*time.Second {
			t.Errorf("stopping took %v", took)
		}
		appendLine(filepath.Join(dir, "gate"), "open") // for a stage in this process
		for s, want := range map[*stage.Stage]stage.State{first: stage.Computed, polite: stage.Stopped, deaf: stage.Stopped, never: stage.Stopped} {
			if outcomes[s].State != want {
				t.Errorf("%s: %v, expected %v", s.Kind, outcomes[s].State, want)
			}
		}
		for _, s := range []*stage.Stage{polite, deaf} {
			if reason := store.Failure(s); reason != "" {
				t.Errorf("%s was stopped, and counts as failed: %s", s.Kind, reason)
			}
		}
		kept, err := os.ReadFile(filepath.Join(store.Dir, "partial", polite.ID(), stage.Checkpoint, "state"))
		if err != nil || string(kept) != "state" {
			t.Errorf("the checkpoint: %q, %v", kept, err)
		}
		if !store.Begun(polite) || store.Begun(never) {
			t.Errorf("begun: polite %v, never %v", store.Begun(polite), store.Begun(never))
		}
		until(t, "the end of the deaf stage", func() bool { _, held := store.Holder(deaf); return !held })
	})
}

func TestProgressArrives(t *testing.T) {
	overBoth(t, func(t *testing.T, executor stage.Executor) {
		store := open(t)
		s := stageOf("mle", behaviour{Do: "report", Text: `loss 2.31 "<`})
		var got []string
		outcomes := store.Execute(t.Context(), []*stage.Stage{s}, stage.Options{Executor: executor, Report: func(e stage.Event) {
			got = append(got, fmt.Sprintf("%v %d/%d %s", e.State, e.Done, e.Total, e.Note))
		}})
		want := []string{"running 0/0 ", `running 1/3 loss 2.31 "<`, `running 2/3 loss 2.31 "<`, `running 3/3 loss 2.31 "<`, "computed 0/0 "}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, expected %q: %v", got, want, outcomes[s].Err)
		}
	})
}

func TestLongestWayFirst(t *testing.T) {
	t.Parallel()
	// short, then one of three stages in a row, then two of equal length.
	short := stageOf("short", behaviour{})
	a := stageOf("a", behaviour{})
	b := stageOf("b", behaviour{}, a)
	c := stageOf("c", behaviour{}, b)
	left, right := stageOf("left", behaviour{}), stageOf("right", behaviour{})
	end := stageOf("end", behaviour{}, left, right)
	goals := []*stage.Stage{short, end, c}
	for name, test := range map[string]struct {
		weight func(*stage.Stage) float64
		want   []string
	}{
		"by number": {nil, []string{"a", "left", "right", "b", "short", "end", "c"}},
		"by time": {func(s *stage.Stage) float64 {
			return map[string]float64{"short": 100, "right": 3, "end": 2}[s.Kind]
		}, []string{"short", "right", "left", "end", "a", "b", "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			var began []string
			open(t).Execute(t.Context(), goals, stage.Options{Executor: executors["local"], Weight: test.weight, Report: func(e stage.Event) {
				if e.State == stage.Running {
					began = append(began, e.Stage.Kind)
				}
			}})
			if !slices.Equal(began, test.want) {
				t.Errorf("began %v, expected %v", began, test.want)
			}
		})
	}
}

func TestOnlyWhatIsNeededIsLookedAt(t *testing.T) {
	t.Parallel()
	store := open(t)
	a := stageOf("a", behaviour{Text: "a"})
	b := stageOf("b", behaviour{Text: "b"}, a)
	c := stageOf("c", behaviour{Text: "c"}, a)
	options := stage.Options{Executor: executors["local"]}
	store.Execute(t.Context(), []*stage.Stage{b}, options)
	if err := os.RemoveAll(store.Path(a)); err != nil {
		t.Fatal(err)
	}
	outcomes := store.Execute(t.Context(), []*stage.Stage{b}, options)
	if len(outcomes) != 1 || outcomes[b].State != stage.Found {
		t.Errorf("a goal that is there needs %v", outcomes)
	}
	outcomes = store.Execute(t.Context(), []*stage.Stage{b, c}, options)
	if outcomes[a].State != stage.Computed || outcomes[c].State != stage.Computed || outcomes[b].State != stage.Found {
		t.Errorf("with another goal: %v", outcomes)
	}
}

func TestStageThatIsTwiceInTheGraphIsComputedOnce(t *testing.T) {
	t.Parallel()
	trace := filepath.Join(t.TempDir(), "trace")
	b := behaviour{Trace: trace, Do: "report"}
	one, same := stageOf("mle", b), stageOf("mle", b)
	outcomes := open(t).Execute(t.Context(), []*stage.Stage{one, same}, stage.Options{Executor: executors["local"], Workers: 2})
	if !outcomes[one].Done() || !outcomes[same].Done() || len(linesOf(trace)) != 1 {
		t.Errorf("%v after calls %v", outcomes, linesOf(trace))
	}
}

// TestFinishedSweepIsFoundAtOnce has 10,000 runs of 16 stages each, all done.
func TestFinishedSweepIsFoundAtOnce(t *testing.T) {
	store := open(t)
	goals := sweep(10_000, 16)
	// One artifact stands for all.
	artifact := t.TempDir()
	appendLine(filepath.Join(artifact, "stage.json"), "{}")
	if err := os.MkdirAll(filepath.Dir(store.Path(goals[0])), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, goal := range goals {
		if err := os.Symlink(artifact, store.Path(goal)); err != nil {
			t.Fatal(err)
		}
	}
	shortest := time.Hour
	for range 3 {
		begin := time.Now()
		outcomes := store.Execute(t.Context(), goals, stage.Options{Executor: executors["local"]})
		shortest = min(shortest, time.Since(begin))
		if len(outcomes) != len(goals) || outcomes[goals[0]].State != stage.Found {
			t.Fatalf("%d outcomes, expected %d", len(outcomes), len(goals))
		}
	}
	t.Logf("found in %v", shortest)
	if shortest > 500*time.Millisecond {
		t.Errorf("found in %v, expected less than half a second", shortest)
	}
}

// sweep returns the goals of runs that share no stage.
func sweep(runs, stages int) []*stage.Stage {
	var goals []*stage.Stage
	for run := range runs {
		var last []stage.Input
		identity := fmt.Appendf(nil, `{"run":%d}`, run)
		for range stages {
			s := stage.New("mle", 1, identity, identity, "", last)
			last = []stage.Input{{Name: "before", Stage: s}}
		}
		goals = append(goals, last[0].Stage)
	}
	return goals
}

func BenchmarkNew(b *testing.B) {
	identity := []byte(`{"more":"` + strings.Repeat("x", 1000) + `"}`)
	input := stageOf("data", behaviour{})
	inputs := []stage.Input{{Name: "data", Stage: input}, {Name: "base", Stage: input}}
	for b.Loop() {
		stage.New("mle", 1, identity, identity, "", inputs)
	}
}
