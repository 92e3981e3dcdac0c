package main

import (
	"os"
	"path/filepath"
	"testing"

	"lastmile/harness/graph"
	"lastmile/harness/stage"
	"lastmile/harness/stages"
	"lastmile/runs"
)

// seconds is the time of processors that f takes. That on the wall is also what
// others do on the machine.
func seconds(f func()) float64 {
	before, _ := usage()
	f()
	after, _ := usage()
	return after - before
}

// write writes a sweep of PPO at so many KL coefficients with two seeds each.
func write(t *testing.T, coefficients int) string {
	t.Helper()
	demo, err := filepath.Abs("../../../experiments/demo.toml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "many.toml")
	if err := os.WriteFile(file, sweepOf(demo, coefficients), 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestThousandsOfRunsArePlannedInSeconds notices what grows with the square of the
// number of runs: the bound is ten times what they take.
func TestThousandsOfRunsArePlannedInSeconds(t *testing.T) {
	file, work := write(t, 1000), t.TempDir()
	var g *graph.Graph
	var status graph.Status
	took := seconds(func() {
		var err error
		if g, err = planned(file, work); err != nil {
			t.Fatal(err)
		}
		if status, err = g.Status(t.Context(), graph.Options{Jobs: 1}); err != nil {
			t.Fatal(err)
		}
	})
	// The data, the base and the scorer; MLE, negatives and reward model of each
	// seed; and each run's policy, evaluation of the
	// reward model, and two decodings.
	if n := 3 + 2*3 + 2000*8; len(g.Runs) != 2000 || len(g.Stages) != n || len(status.Stages) != n {
		t.Errorf("%d runs with %d stages, of which %d have a status; expected 2000 with %d", len(g.Runs), len(g.Stages), len(status.Stages), n)
	}
	if took > 5 {
		t.Errorf("planning 2,000 runs took %.1f s of a processor, expected less than 5", took)
	}
}

// TestAFinishedSweepIsFound runs a sweep of which everything is there, and one of
// which a goal is missing.
func TestAFinishedSweepIsFound(t *testing.T) {
	file, work := write(t, 50), t.TempDir()
	if _, err := finish(t.Context(), file, work, 2); err != nil {
		t.Fatal(err)
	}
	g, err := planned(file, work)
	if err != nil {
		t.Fatal(err)
	}
	o := graph.Options{Jobs: 1, Threads: 1, Device: "cpu"}
	var result graph.Result
	took := seconds(func() { result, err = g.Run(t.Context(), o) })
	if err != nil || !result.Complete() || result.Computed > 0 || result.Found != len(g.Stages) {
		t.Fatalf("found %d, computed %d, failed %d of %d stages: %v", result.Found, result.Computed, result.Failed, len(g.Stages), err)
	}
	if took > 2 {
		t.Errorf("finding 100 runs took %.1f s of a processor, expected less than 2", took)
	}

	// A goal that is gone is computed again, which fails here, since the scorer is made
	// up. A policy that is gone is not asked for where the goals are there.
	store, err := stage.Open(work)
	if err != nil {
		t.Fatal(err)
	}
	gone := g.Runs[7].Goals[0]
	for _, role := range g.Runs[9].Stages {
		if role.Kind == stages.Policy {
			if err := os.RemoveAll(store.Path(role.Stage)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.RemoveAll(store.Path(gone)); err != nil {
		t.Fatal(err)
	}
	if result, err = g.Run(t.Context(), o); err != nil || result.Failed != 1 {
		t.Fatalf("found %d, computed %d, failed %d of %d stages: %v", result.Found, result.Computed, result.Failed, len(g.Stages), err)
	}
	for i, r := range result.Runs {
		if (r.Status == runs.Failed) != (i == 7) {
			t.Errorf("%s: %s %s", r.Label, r.Status, r.Reason)
		}
	}
}
