package stage_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lastmile/harness/stage"
)

func TestCrashCostsOneStage(t *testing.T) {
	t.Parallel()
	store := open(t)
	mended := filepath.Join(t.TempDir(), "mended")
	crash := func(do string) *stage.Stage {
		return stageOf(strings.ReplaceAll(do, " ", "-"), behaviour{Do: do, Text: "out of luck", Unless: mended})
	}
	exit, kill, segfault, elsewhere := crash("exit"), crash("kill"), crash("segfault"), crash("panic elsewhere")
	good := stageOf("good", behaviour{})
	after := stageOf("after", behaviour{}, kill)
	goals := []*stage.Stage{exit, after, segfault, elsewhere, good}
	options := stage.Options{Executor: executors["process"], Workers: 2}

	outcomes := store.Execute(t.Context(), goals, options)
	if outcomes[good].State != stage.Computed || outcomes[after].State != stage.Blocked {
		t.Errorf("good: %v, after: %v", outcomes[good], outcomes[after])
	}
	for s, want := range map[*stage.Stage][]string{
		exit:      {"exit status 3", "a library says out of luck", store.Log(exit)},
		kill:      {"killed by signal 9", "out-of-memory killer"},
		segfault:  {"segmentation fault in native code (signal 11)", store.Log(segfault)},
		elsewhere: {"exit status 2", "panic: out of luck", store.Log(elsewhere)},
	} {
		if outcomes[s].State != stage.Failed {
			t.Errorf("%s: %v", s.Kind, outcomes[s])
			continue
		}
		reason := store.Failure(s)
		t.Log(reason)
		if reason != outcomes[s].Err.Error() {
			t.Errorf("%s failed for %q, but recorded is %q", s.Kind, outcomes[s].Err, reason)
		}
		for _, part := range want {
			if !strings.Contains(reason, part) {
				t.Errorf("%s failed for %q, which does not say %q", s.Kind, reason, part)
			}
		}
	}
	if log, err := os.ReadFile(store.Log(segfault)); err != nil || !strings.Contains(string(log), "main_test.go") {
		t.Errorf("the log of the segmentation fault: %v\n%s", err, log)
	}

	appendLine(mended, "yes")
	outcomes = store.Execute(t.Context(), goals, options)
	for _, s := range []*stage.Stage{exit, kill, after, segfault, elsewhere} {
		if outcomes[s].State != stage.Computed || store.Failure(s) != "" {
			t.Errorf("again, %s: %v", s.Kind, outcomes[s])
		}
	}
	if record, _, _ := store.Record(kill); record.Tries != 2 {
		t.Errorf("%d tries of what was killed, expected 2", record.Tries)
	}
	for _, folder := range []string{"partial", "locks", "logs"} {
		if left, _ := os.ReadDir(filepath.Join(store.Dir, folder)); len(left) > 0 {
			t.Errorf("left in %s: %v", folder, left)
		}
	}
}

func TestWhatOtherProgramsSayIsShownAndKept(t *testing.T) {
	overBoth(t, func(t *testing.T, executor stage.Executor) {
		store := open(t)
		s := stageOf("say", behaviour{Do: "say", Text: "said"})
		for range 2 { // the log is that of the last try
			var said []string
			store.Execute(t.Context(), []*stage.Stage{s}, stage.Options{Executor: executor, Report: func(e stage.Event) {
				if e.Said != "" {
					said = append(said, e.Said+"\n")
				}
			}})
			if len(said) != 30 || said[29] != "said 29\n" {
				t.Errorf("said %q", said)
			}
			if log, err := os.ReadFile(store.Log(s)); string(log) != strings.Join(said, "") {
				t.Errorf("the log has %q (%v)", log, err)
			}
		}
	})
}

func TestReasonsOfDeath(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"kill -SEGV $$": "the stage's process was ended by a segmentation fault in native code (signal 11)",
		"kill -BUS $$":  "the stage's process was ended by a bus error in native code (signal 7): a file in memory was cut short, or shared memory ran out",
		"kill -USR1 $$": "the stage's process was ended by signal 10 (user defined signal 1)",
		"exit 0":        "the stage's process ended before the stage did",
		// As Go's runtime reports an exception of libtorch that nobody catches.
		`printf "terminate called after throwing an instance of 'c10::Error'\n  what():  CUDA out of memory\nSIGABRT: abort\nPC=0x7f m=0 sigcode=18446744073709551610\n\ngoroutine 1\nrax 0x0\n" >&2; exit 2`: "the stage's process was ended by native code that gave up (signal 6): terminate called after throwing an instance of 'c10::Error'; what():  CUDA out of memory; SIGABRT: abort (all that it wrote is in LOG)",
		// And a fault in it.
		`printf "fatal error: unexpected signal during runtime execution\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x7f]\n\nruntime stack:\n" >&2; exit 2`: "the stage's process was ended by a segmentation fault in native code (signal 11): fatal error: unexpected signal during runtime execution; [signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x7f] (all that it wrote is in LOG)",
		// A nil pointer in Go is none.
		`printf "panic: runtime error: invalid memory address\n[signal SIGSEGV: segmentation violation code=0x1]\n" >&2; exit 2`: "the stage's process ended with exit status 2: panic: runtime error: invalid memory address; [signal SIGSEGV: segmentation violation code=0x1] (all that it wrote is in LOG)",
		// Much output keeps its end.
		`i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done; exit 7`: "the stage's process ended with exit status 7: 19995; 19996; 19997; 19998; 19999 (all that it wrote is in LOG)",
	} {
		store := open(t)
		s := stageOf("mle", behaviour{})
		outcome := store.Execute(t.Context(), []*stage.Stage{s}, stage.Options{Executor: stage.Process{Command: []string{"sh", "-c", script}}})[s]
		want = strings.ReplaceAll(want, "LOG", store.Log(s))
		if outcome.State != stage.Failed || outcome.Err.Error() != want {
			t.Errorf("%s:\ngot      %v %v\nexpected %s", script, outcome.State, outcome.Err, want)
		}
	}
}

func TestCommandThatCannotBeStarted(t *testing.T) {
	store := open(t)
	s := stageOf("mle", behaviour{})
	for _, command := range [][]string{nil, {filepath.Join(store.Dir, "missing")}} {
		outcome := store.Execute(t.Context(), []*stage.Stage{s}, stage.Options{Executor: stage.Process{Command: command}})[s]
		if outcome.State != stage.Failed || outcome.Err.Error() != store.Failure(s) {
			t.Errorf("%v: %v, recorded %q", command, outcome, store.Failure(s))
		}
	}
	if reason := store.Failure(s); !strings.Contains(reason, "starting the process of stage mle-") || !strings.Contains(reason, "no such file") {
		t.Errorf("the reason is %q", reason)
	}
}

func TestTwoProcessesShareTheWork(t *testing.T) {
	for name := range executors {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			work, gate := t.TempDir(), filepath.Join(t.TempDir(), "gate")
			var processes [2]*exec.Cmd
			var outputs [2]*output
			for i := range processes {
				processes[i], outputs[i] = coordinator(t, name, gate, work)
			}
			both := func() string { return outputs[0].String() + outputs[1].String() }
			// The one that computes is a coordinator, or a child of one.
			until(t, "that one waits for the other", func() bool { return strings.Contains(both(), "waiting for ") })
			store, err := stage.Open(work)
			if err != nil {
				t.Fatal(err)
			}
			var owner stage.Owner
			until(t, "that the stage is computed", func() bool {
				if !exists(filepath.Join(work, "begun")) {
					return false
				}
				owner, _ = store.Holder(trained(gate, work).Inputs[0].Stage)
				return true
			})
			until(t, "that one waits for that process", func() bool {
				return strings.Contains(both(), fmt.Sprintf("waiting for %d on %s\n", owner.Process, owner.Host))
			})
			appendLine(gate, "open")
			for i, p := range processes {
				if err := p.Wait(); err != nil {
					t.Fatalf("%v: %s", err, outputs[i])
				}
			}
			if got := linesOf(filepath.Join(work, "trace")); len(got) != 2*steps {
				t.Errorf("%d steps were computed, expected %d:\n%s", len(got), 2*steps, got)
			}
		})
	}
}

func TestKilledCoordinatorBlocksNothing(t *testing.T) {
	t.Parallel()
	work, gate := t.TempDir(), filepath.Join(t.TempDir(), "gate")
	p, _ := coordinator(t, "process", gate, work)
	until(t, "the first stage", func() bool { return exists(filepath.Join(work, "begun")) })
	store, err := stage.Open(work)
	if err != nil {
		t.Fatal(err)
	}
	goal := trained(gate, work)
	mle := goal.Inputs[0].Stage
	owner, held := store.Holder(mle)
	if !held || owner.Process == p.Process.Pid {
		t.Errorf("the stage is held by %v (%v), expected a child of %d", owner, held, p.Process.Pid)
	}
	p.Process.Kill()
	p.Wait()
	until(t, "the end of the child", func() bool { _, held := store.Holder(mle); return !held })
	if !store.Begun(mle) {
		t.Error("the interrupted stage left nothing")
	}
	appendLine(gate, "open")
	outcomes := store.Execute(t.Context(), []*stage.Stage{goal}, stage.Options{Executor: executors["process"]})
	if outcomes[mle].State != stage.Computed || outcomes[goal].State != stage.Computed {
		t.Errorf("afterwards: %v", outcomes)
	}
}

func TestChildThatIsStoppedAloneHasNotFailed(t *testing.T) {
	t.Parallel()
	store := open(t)
	polite := stageOf("polite", behaviour{Do: "wait"})
	after := stageOf("after", behaviour{}, polite)
	good := stageOf("good", behaviour{})
	told := false
	outcomes := store.Execute(t.Context(), []*stage.Stage{after, good}, stage.Options{Executor: executors["process"], Report: func(e stage.Event) {
		if e.Stage == polite && e.Done > 0 && !told {
			owner, _ := store.Holder(polite)
			told = syscall.Kill(owner.Process, syscall.SIGTERM) == nil
		}
	}})
	if outcomes[polite].State != stage.Stopped || outcomes[after].State != stage.Stopped || outcomes[good].State != stage.Computed || store.Failure(polite) != "" {
		t.Errorf("%v, recorded failure %q", outcomes, store.Failure(polite))
	}
}

func TestKilledAtAnyMomentGivesTheSameBytes(t *testing.T) {
	gate := filepath.Join(t.TempDir(), "gate")
	appendLine(gate, "open")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for name := range executors {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			undisturbed := t.TempDir()
			begin := time.Now()
			p, out := coordinator(t, name, gate, undisturbed)
			if err := p.Wait(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			whole := time.Since(begin)
			want := artifacts(t, undisturbed)
			if strings.Count(want, "\n") != 4 {
				t.Fatalf("undisturbed:\n%s", want)
			}
			moments := rand.New(rand.NewPCG(seed, 0))
			for round := range 2 {
				work := t.TempDir()
				kills := 0
				for done := false; !done; {
					p, out := coordinator(t, name, gate, work)
					ended := make(chan error, 1)
					go func() { ended <- p.Wait() }()
					switch kills {
					case 0: // amid the first stage, past a checkpoint
						until(t, "a checkpoint", func() bool { return len(linesOf(filepath.Join(work, "trace"))) > 15 })
						p.Process.Kill()
					case 1, 2, 3, 4, 5, 6:
						timer := time.AfterFunc(time.Duration(moments.Int64N(int64(whole)*2/3)), func() { p.Process.Kill() })
						defer timer.Stop()
					}
					switch err := <-ended; {
					case err == nil:
						done = true
					case p.ProcessState.Exited():
						t.Fatalf("failed by itself: %v: %s", err, out)
					default:
						kills++
					}
				}
				if kills == 0 {
					t.Errorf("round %d: the kill came too late", round)
				}
				if got := artifacts(t, work); got != want {
					t.Errorf("round %d: after %d kills:\n%s\nexpected:\n%s", round, kills, got, want)
				}
				t.Logf("round %d: %d kills", round, kills)
			}
		})
	}
}
