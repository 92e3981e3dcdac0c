package stage_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lastmile/harness/stage"
)

// The environment variables of a worker's process: the machine that it believes to be
// on, and the lease of its locks.
const (
	machineVariable = "STAGE_TEST_MACHINE"
	leaseVariable   = "STAGE_TEST_LEASE"
)

// work is a process that works on the graph of [trained].
func work(gate, folder string) int {
	if machine := os.Getenv(machineVariable); machine != "" {
		stage.MoveTo(machine)
	}
	store, err := stage.Open(folder)
	if err == nil {
		store.Lease, err = time.ParseDuration(os.Getenv(leaseVariable))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	worked, err := store.Work(context.Background(), []*stage.Stage{trained(gate, folder)}, workOptions(10*time.Second))
	fmt.Printf("computed %d, left %d\n", worked.Computed, worked.Left)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func workOptions(idle time.Duration) stage.WorkOptions {
	return stage.WorkOptions{Options: stage.Options{Executor: executors["local"]}, Idle: idle, Poll: 20 * time.Millisecond}
}

// worker starts a process that works as on another machine.
func worker(t *testing.T, machine string, lease time.Duration, gate, folder string) (*exec.Cmd, *output) {
	t.Helper()
	c := exec.Command(os.Args[0], gate, folder)
	c.Env = append(os.Environ(), roleVariable+"=worker", machineVariable+"="+machine, leaseVariable+"="+lease.String())
	out := new(output)
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill() })
	return c, out
}

// straight is what the graph of [trained] comes to when nothing happens.
func straight(t *testing.T) string {
	t.Helper()
	store := open(t)
	goal := trained("", store.Dir)
	if o := store.Execute(t.Context(), []*stage.Stage{goal}, stage.Options{Executor: executors["local"]})[goal]; !o.Done() {
		t.Fatal(o)
	}
	return artifacts(t, store.Dir)
}

func TestWorkersShareASweepAndComputeEachStageOnce(t *testing.T) {
	t.Parallel()
	store := open(t)
	trace := filepath.Join(t.TempDir(), "trace")
	var goals []*stage.Stage
	base := stageOf("base", behaviour{Text: "b", Trace: trace})
	for i := range 20 {
		mle := stageOf("mle", behaviour{Text: strconv.Itoa(i), Trace: trace, Do: "report"}, base)
		goals = append(goals, stageOf("score", behaviour{Text: "s", Trace: trace}, mle))
	}
	var mu sync.Mutex
	var group sync.WaitGroup
	computed := 0
	for range 6 {
		group.Go(func() {
			worked, err := store.Work(t.Context(), goals, workOptions(time.Minute))
			if err != nil || worked.Left != 0 || worked.Failed != 0 {
				t.Errorf("%+v, %v", worked, err)
			}
			mu.Lock()
			defer mu.Unlock()
			computed += worked.Computed
		})
	}
	group.Wait()
	lines := linesOf(trace)
	slices.Sort(lines)
	if once := slices.Compact(slices.Clone(lines)); computed != 41 || len(lines) != 41 || len(once) != 41 {
		t.Errorf("%d computed, %d begun, %d of them different, expected 41", computed, len(lines), len(once))
	}
	if names, err := os.ReadDir(filepath.Join(store.Dir, "locks")); err != nil || len(names) > 0 {
		t.Errorf("locks are left: %v, %v", names, err)
	}
}

func TestAWorkerTriesAFailedStageOnceUntilItIsForgiven(t *testing.T) {
	t.Parallel()
	store := open(t)
	trace, mended := filepath.Join(t.TempDir(), "trace"), filepath.Join(t.TempDir(), "mended")
	broken := stageOf("mle", behaviour{Do: "fail", Text: "no data", Trace: trace, Unless: mended})
	goals := []*stage.Stage{stageOf("score", behaviour{}, broken), stageOf("rule", behaviour{})}
	work := func() stage.Worked {
		t.Helper()
		worked, err := store.Work(t.Context(), goals, workOptions(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		return worked
	}
	if worked := work(); worked != (stage.Worked{Computed: 1, Failed: 1}) {
		t.Errorf("%+v", worked)
	}
	if worked := work(); worked != (stage.Worked{}) || len(linesOf(trace)) != 1 {
		t.Errorf("again: %+v, begun %d times", worked, len(linesOf(trace)))
	}
	followed, err := store.Follow(goals, stage.Options{})
	if err == nil {
		err = followed.Look()
	}
	if err != nil || followed.Left() != 0 {
		t.Fatal(err, followed.Left())
	}
	outcomes := followed.Outcomes()
	if o := outcomes[goals[0]]; o.State != stage.Blocked || !strings.Contains(o.Err.Error(), "stage mle (mle) failed: no data") {
		t.Errorf("who follows sees %v: %v", o.State, o.Err)
	}
	appendLine(mended, "yes")
	if err := store.Forgive(goals); err != nil {
		t.Fatal(err)
	}
	if worked := work(); worked != (stage.Worked{Computed: 2}) {
		t.Errorf("forgiven: %+v", worked)
	}
}

func TestWhatAnotherLeftGoesFirstWhereItIsNeededMost(t *testing.T) {
	t.Parallel()
	store := open(t)
	trace := filepath.Join(t.TempDir(), "trace")
	long := stageOf("mle", behaviour{Trace: trace})
	goals := []*stage.Stage{stageOf("rule", behaviour{Trace: trace}), stageOf("score", behaviour{Trace: trace}, long)}
	lock := filepath.Join(store.Dir, "locks", long.ID())
	if err := os.MkdirAll(filepath.Dir(lock), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(lock, []byte(`{"host": "gone", "process": 1}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if worked, err := store.Work(t.Context(), goals, workOptions(time.Minute)); err != nil || worked != (stage.Worked{Computed: 3}) {
		t.Errorf("%+v, %v", worked, err)
	}
	if lines := linesOf(trace); len(lines) != 3 || lines[0] != long.ID() {
		t.Errorf("computed in the order %q", lines)
	}
}

func TestAWorkerEndsWhenNothingHasBeenReadyForLong(t *testing.T) {
	t.Parallel()
	store := open(t)
	dir := t.TempDir()
	begun, gate := filepath.Join(dir, "begun"), filepath.Join(dir, "gate")
	slow := stageOf("mle", behaviour{Sign: begun, Gate: gate})
	goals := []*stage.Stage{stageOf("score", behaviour{}, slow)}
	done := make(chan stage.Worked)
	go func() {
		worked, _ := store.Work(context.WithoutCancel(t.Context()), goals, workOptions(time.Minute))
		done <- worked
	}()
	until(t, "the stage", func() bool { return exists(begun) })
	worked, err := store.Work(t.Context(), goals, workOptions(50*time.Millisecond))
	if err != nil || worked != (stage.Worked{Left: 2}) {
		t.Errorf("%+v, %v", worked, err)
	}
	followed, err := store.Follow(goals, stage.Options{})
	if err == nil {
		err = followed.Look()
	}
	if err != nil || len(followed.Running()) != 1 || followed.Free() != 0 || followed.Left() != 2 {
		t.Errorf("who follows sees %v run, %d free, %d left, %v", followed.Running(), followed.Free(), followed.Left(), err)
	}
	appendLine(gate, "open")
	if worked := <-done; worked.Computed != 2 {
		t.Errorf("%+v", worked)
	}
}

func TestAStoppedWorkerSaysWhetherACheckpointIsNew(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		do   string
		kept bool
	}{"a new one": {"wait", true}, "none": {"stubborn", false}} {
		store := open(t)
		dir := t.TempDir()
		sign, gate := filepath.Join(dir, "sign"), filepath.Join(dir, "gate")
		goals := []*stage.Stage{stageOf("mle", behaviour{Do: test.do, Text: "state", Sign: sign, Gate: gate})}
		why := errors.New("time is over")
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			until(t, "the stage", func() bool { return exists(sign) })
			appendLine(gate, "open")
			time.Sleep(20 * time.Millisecond)
			cancel(why)
		}()
		o := workOptions(time.Minute)
		if name == "none" {
			o.Executor = stage.Local{Funcs: func(string) (stage.Func, int, bool) {
				return func(ctx context.Context, job *stage.Job) error {
					appendLine(sign, "here")
					<-ctx.Done()
					return ctx.Err()
				}, 1, true
			}}
		}
		worked, err := store.Work(ctx, goals, o)
		if !errors.Is(err, why) || worked != (stage.Worked{Left: 1, Kept: test.kept}) {
			t.Errorf("%s: %+v, %v", name, worked, err)
		}
	}
}

func TestAStageIsWaitedForAsLongAsTheStoreSays(t *testing.T) {
	overBoth(t, func(t *testing.T, executor stage.Executor) {
		store := open(t)
		store.Grace = time.Minute
		sign := filepath.Join(t.TempDir(), "sign")
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			until(t, "the stage", func() bool { return exists(sign) })
			cancel()
		}()
		o := workOptions(time.Minute)
		o.Executor = executor
		worked, err := store.Work(ctx, []*stage.Stage{stageOf("mle", behaviour{Do: "late", Sign: sign})}, o)
		if !errors.Is(err, context.Canceled) || worked != (stage.Worked{Left: 1, Kept: true}) {
			t.Errorf("%+v, %v", worked, err)
		}
	})
}

func TestAtOnce(t *testing.T) {
	t.Parallel()
	store := open(t)
	base := stageOf("base", behaviour{})
	var goals []*stage.Stage
	for i := range 5 {
		goals = append(goals, stageOf("score", behaviour{}, stageOf("mle", behaviour{Text: strconv.Itoa(i)}, base)))
	}
	for want, weight := range map[int]func(*stage.Stage) float64{
		5: nil,
		6: func(st *stage.Stage) float64 { // one is long, and others' scores are made beside it
			if st.Kind == "other" {
				return 10
			}
			return 1
		},
	} {
		all := goals
		if weight != nil {
			all = append(all[:len(all):len(all)], stageOf("other", behaviour{}))
		}
		followed, err := store.Follow(all, stage.Options{Weight: weight})
		if err != nil || followed.AtOnce() != want || followed.Total() != len(all)+6 {
			t.Errorf("%d at once of %d, %v, expected %d", followed.AtOnce(), followed.Total(), err, want)
		}
	}
}

func TestALockOfAMachineThatIsGoneIsTakenOverAfterItsLease(t *testing.T) {
	t.Parallel()
	const lease = 1200 * time.Millisecond
	folder, gate := t.TempDir(), filepath.Join(t.TempDir(), "gate")
	gone, _ := worker(t, "machine 1", lease, gate, folder)
	until(t, "the stage", func() bool { return len(linesOf(filepath.Join(folder, "begun"))) == 1 })
	other, out := worker(t, "machine 2", lease, gate, folder)
	// While its heart beats, nobody takes what it has.
	time.Sleep(2 * lease)
	if begun := linesOf(filepath.Join(folder, "begun")); len(begun) != 1 {
		t.Fatalf("begun %d times", len(begun))
	}
	if err := gone.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	gone.Wait()
	killed := time.Now()
	until(t, "the take-over", func() bool { return len(linesOf(filepath.Join(folder, "begun"))) >= 2 })
	if took := time.Since(killed); took < lease/2 {
		t.Errorf("the lock was taken over after %v already", took)
	}
	appendLine(gate, "open")
	if err := other.Wait(); err != nil || !strings.Contains(out.String(), "computed 2, left 0") {
		t.Errorf("%v: %s", err, out)
	}
	if got := artifacts(t, folder); got != straight(t) {
		t.Error("the bytes are others")
	}
}

// TestAProcessThatComesBackStops stops a process for longer than its lease, as a
// machine is that was cut off: what it had was taken over meanwhile, and it must
// neither publish nor spoil it.
func TestAProcessThatComesBackStops(t *testing.T) {
	t.Parallel()
	const lease = 1200 * time.Millisecond
	folder, gate := t.TempDir(), filepath.Join(t.TempDir(), "gate")
	away, awayOut := worker(t, "machine 1", lease, gate, folder)
	until(t, "the stage", func() bool { return len(linesOf(filepath.Join(folder, "begun"))) == 1 })
	if err := away.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	other, out := worker(t, "machine 2", lease, gate, folder)
	until(t, "the take-over", func() bool { return len(linesOf(filepath.Join(folder, "begun"))) >= 2 })
	lock := filepath.Join(folder, "locks", trained(gate, folder).Inputs[0].Stage.ID())
	until(t, "the new owner", func() bool {
		text, _ := os.ReadFile(lock)
		return strings.Contains(string(text), fmt.Sprintf(`"process": %d,`, other.Process.Pid))
	})
	if err := away.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	time.Sleep(lease)
	appendLine(gate, "open")
	if err := other.Wait(); err != nil || !strings.HasPrefix(out.String(), "computed") {
		t.Errorf("%v: %s", err, out)
	}
	if err := away.Wait(); err != nil {
		t.Errorf("%v: %s", err, awayOut)
	}
	// The stage was computed by the one that took it over, all of its steps.
	steps := map[string]int{}
	for _, line := range linesOf(filepath.Join(folder, "trace")) {
		process, _, _ := strings.Cut(line, " ")
		steps[process]++
	}
	if n := steps[strconv.Itoa(other.Process.Pid)] + steps[strconv.Itoa(away.Process.Pid)]; n != 80 {
		t.Errorf("%v steps were made, expected 80 in all", steps)
	}
	if got := artifacts(t, folder); got != straight(t) {
		t.Error("the bytes are others")
	}
}

func TestAProcessThatIsStoppedOnThisMachineKeepsItsLock(t *testing.T) {
	t.Parallel()
	const lease = 100 * time.Millisecond
	folder, gate := t.TempDir(), filepath.Join(t.TempDir(), "gate")
	stopped, _ := worker(t, "", lease, gate, folder)
	until(t, "the stage", func() bool { return len(linesOf(filepath.Join(folder, "begun"))) == 1 })
	if err := stopped.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	store, err := stage.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	worked, err := store.Work(t.Context(), []*stage.Stage{trained(gate, folder)}, workOptions(6*lease))
	if err != nil || worked != (stage.Worked{Left: 2}) {
		t.Errorf("%+v, %v", worked, err)
	}
	// Once it is dead, its lock is free at once.
	stopped.Process.Kill()
	stopped.Wait()
	appendLine(gate, "open")
	if worked, err := store.Work(t.Context(), []*stage.Stage{trained(gate, folder)}, workOptions(6*lease)); err != nil || worked.Computed != 2 {
		t.Errorf("%+v, %v", worked, err)
	}
}

// TestOneOfManyTakesAnAbandonedLock lets many reach at once for locks that were
// abandoned, some of them by two in a row.
func TestOneOfManyTakesAnAbandonedLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	abandoned := func(token string) []byte {
		return fmt.Appendf(nil, `{"host": %q, "process": 1, "token": %q, "lease": 60}`, host, token)
	}
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if len(boot) > 0 {
		abandoned = func(token string) []byte {
			return fmt.Appendf(nil, `{"host": %q, "boot": %q, "process": 1, "token": %q, "lease": 60}`, host, strings.TrimSpace(string(boot)), token)
		}
	}
	for round := range 50 {
		path := filepath.Join(dir, strconv.Itoa(round))
		files := map[string]string{path: "A"}
		if round%2 == 1 {
			files[path+".A"] = "B"
		}
		for name, token := range files {
			if err := os.WriteFile(name, abandoned(token), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		var group sync.WaitGroup
		var mu sync.Mutex
		var won []func()
		for range 8 {
			group.Go(func() {
				release, err := stage.TryLock(path)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if release != nil {
					won = append(won, release)
				}
			})
		}
		group.Wait()
		if len(won) != 1 {
			t.Fatalf("round %d: %d have the lock", round, len(won))
		}
		won[0]()
		if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
			t.Fatalf("round %d: %q are left", round, left)
		}
	}
}
