package slurm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lastmile/harness/stage"
)

// fakes are commands of Slurm's that keep to files: sbatch notes how it was called and
// answers with the next number, and adds the tasks to the file queue where the file
// fills says how they are; squeue prints that file.
var fakes = map[string]string{
	"sbatch": `echo "$*" >> submitted; n=$(wc -l < submitted); if [ -e refuses ]; then cat refuses >&2; exit 1; fi
if [ -e fills ]; then array=${2#--array=}; for i in $(seq ${array%-*} ${array#*-}); do echo "$n|$i|$(cat fills)" >> queue; done; fi; echo "$n;cluster"`,
	"squeue":   `if [ -e silent ]; then echo "squeue: error: Unable to contact slurm controller" >&2; exit 1; fi; cat queue`,
	"scontrol": `echo "JobId=1 JobState=NODE_FAIL Reason=NodeDown BatchHost=n7"`,
	"scancel":  `echo "$*" >> cancelled`,
}

// bench is a work folder, a job in it and commands of Slurm's that only seem so.
type bench struct {
	t     *testing.T
	dir   string // of the commands and their files
	job   Job
	store *stage.Store
	mu    sync.Mutex
	said  []string
}

// newBench changes PATH, so that tests with it run one after the other.
func newBench(t *testing.T) *bench {
	b := &bench{t: t, dir: t.TempDir()}
	for name, script := range fakes {
		b.write(name, "#!/bin/sh\ncd '"+b.dir+"' || exit\n"+script+"\n")
	}
	b.write("queue", "")
	t.Setenv("PATH", b.dir+":"+os.Getenv("PATH"))
	store, err := stage.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b.store = store
	b.job = Job{Settings: settings(), Sweep: "demo", Hash: "0123abcd", Work: store.Dir, Dir: b.dir, Command: []string{"true"}}
	b.job.Poll, b.job.Tasks, b.job.Retries = "10ms", 2, 1
	return b
}

func (b *bench) write(name, text string) {
	b.t.Helper()
	// In one step: the commands read it meanwhile.
	path := filepath.Join(b.dir, name)
	if err := os.WriteFile(path+".new", []byte(text), 0o777); err != nil {
		b.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) read(name string) string {
	text, _ := os.ReadFile(filepath.Join(b.dir, name))
	return string(text)
}

// submissions are the arrays that were submitted.
func (b *bench) submissions() (arrays []string) {
	for line := range strings.Lines(b.read("submitted")) {
		_, after, _ := strings.Cut(line, "--array=")
		array, _, _ := strings.Cut(after, " ")
		arrays = append(arrays, array)
	}
	return arrays
}

// sayings are the coordinator's lines so far.
func (b *bench) sayings() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.said, "\n")
}

// run runs a coordinator.
func (b *bench) run(ctx context.Context, goals []*stage.Stage) (map[*stage.Stage]stage.Outcome, error) {
	c := Coordinator{Job: b.job, Say: func(line string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.said = append(b.said, line)
	}}
	return c.Run(ctx, b.store, goals, stage.Options{Report: func(stage.Event) {}})
}

// start runs a coordinator beside the test.
func (b *bench) start(ctx context.Context, goals []*stage.Stage) (ended chan error) {
	ended = make(chan error, 1)
	go func() {
		_, err := b.run(ctx, goals)
		ended <- err
	}()
	return ended
}

// work computes the goals, as workers do.
func (b *bench) work(goals []*stage.Stage) {
	b.t.Helper()
	funcs := func(string) (stage.Func, int, bool) {
		return func(_ context.Context, job *stage.Job) error {
			return os.WriteFile(filepath.Join(job.Dir, "text"), nil, 0o666)
		}, 1, true
	}
	o := stage.WorkOptions{Options: stage.Options{Executor: stage.Local{Funcs: funcs}}, Idle: time.Second, Poll: time.Millisecond}
	if worked, err := b.store.Work(b.t.Context(), goals, o); err != nil || worked.Left > 0 {
		b.t.Fatalf("%+v, %v", worked, err)
	}
}

func (b *bench) until(what string, ok func() bool) {
	b.t.Helper()
	for limit := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			b.t.Fatalf("%s did not come about in 2 min; said was\n%s", what, b.sayings())
		}
	}
}

// threeGoals are three stages on one base.
func threeGoals() (goals []*stage.Stage) {
	base := stage.New("base", 1, nil, nil, "", nil)
	for i := range 3 {
		goals = append(goals, stage.New("score", 1, fmt.Appendf(nil, "%d", i), nil, "", []stage.Input{{Name: "base", Stage: base}}))
	}
	return goals
}

func TestTheCoordinatorSubmitsOnceAndCollects(t *testing.T) {
	b := newBench(t)
	goals := threeGoals()
	b.write("fills", "PENDING||Resources")
	ended := b.start(t.Context(), goals)
	b.until("the submission", func() bool { return len(b.submissions()) == 1 })
	time.Sleep(100 * time.Millisecond)
	b.work(goals)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if arrays := b.submissions(); len(arrays) != 1 || arrays[0] != "0-1" {
		t.Errorf("submitted were %q", arrays)
	}
	if got := b.read("cancelled"); got != "--state=PENDING 1\n" {
		t.Errorf("scancel was called with %q", got)
	}
	if script, err := os.ReadFile(b.job.script()); err != nil || string(script) != b.job.Script() {
		t.Errorf("the script is %q, %v", script, err)
	}
	// Once all is there, nothing is submitted any more, with Slurm or without.
	for name := range fakes {
		os.Remove(filepath.Join(b.dir, name))
	}
	outcomes, err := b.run(t.Context(), goals)
	if err != nil || !outcomes[goals[0]].Done() {
		t.Errorf("%v, %v", outcomes, err)
	}
}

func TestTheCoordinatorLeavesAndComesBack(t *testing.T) {
	b := newBench(t)
	goals := threeGoals()
	ctx, stop := context.WithCancel(t.Context())
	b.write("fills", "RUNNING|n1|None")
	ended := b.start(ctx, goals)
	b.until("the submission", func() bool { return strings.Contains(b.sayings(), "submitted job 1: 2 tasks") })
	if _, err := b.run(t.Context(), goals); err == nil || !strings.Contains(err.Error(), "this sweep is looked after already, by process ") {
		t.Errorf("a second coordinator ends with %v", err)
	}
	stop()
	var left *LeftError
	if err := <-ended; !errors.As(err, &left) || left.Error() != "job 1 goes on (scancel 1 ends it)" {
		t.Errorf("left with %v", err)
	}
	// That it was submitted was never written down, as if the coordinator was killed.
	if err := os.Remove(b.job.record()); err != nil {
		t.Fatal(err)
	}
	ended = b.start(t.Context(), goals)
	b.until("the return", func() bool { return strings.Contains(b.sayings(), "back: job 1, ") })
	time.Sleep(50 * time.Millisecond)
	b.work(goals)
	if err := <-ended; err != nil || len(b.submissions()) != 1 {
		t.Errorf("%v; submitted were %q", err, b.submissions())
	}
}

func TestATaskThatDiedIsSubmittedAgainAsOftenAsIsSaid(t *testing.T) {
	b := newBench(t)
	b.job.Tasks = 1
	goals := threeGoals()
	ended := b.start(t.Context(), goals)
	b.until("the first submission", func() bool { return len(b.submissions()) == 1 })
	b.until("the second submission", func() bool { return len(b.submissions()) == 2 })
	err := <-ended
	if err == nil {
		t.Fatal("the coordinator did not give up")
	}
	for _, want := range []string{
		"4 stages are left, and every task has died 2 times (slurm.retries is 1)",
		"task 2_0: it ended before lastmile began; Slurm: NODE_FAIL on n7 (NodeDown)",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoes not say %s", err, want)
		}
	}
	if arrays := b.submissions(); len(arrays) != 2 || arrays[1] != "0" {
		t.Errorf("submitted were %q", arrays)
	}
	if !strings.Contains(b.sayings(), "task 1_0 died (1 of 2): it ended before lastmile began") {
		t.Errorf("said was\n%s", b.sayings())
	}
	// The next time all begins anew.
	b.write("fills", "RUNNING|n1|None")
	ended = b.start(t.Context(), goals)
	b.until("the third submission", func() bool { return len(b.submissions()) == 3 })
	b.work(goals)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestATaskThatEndedWellIsNoDeath(t *testing.T) {
	b := newBench(t)
	b.job.Tasks, b.job.Retries = 1, 0
	goals := threeGoals()
	ended := b.start(t.Context(), goals)
	b.write("fills", "RUNNING|n1|None")
	for n := 1; n <= 3; n++ {
		b.until("a submission", func() bool { return strings.Contains(b.sayings(), fmt.Sprintf("submitted job %d:", n)) })
		if n == 3 {
			break
		}
		if err := b.job.write(taskID(fmt.Sprint(n), 0), task{Host: "n1", Began: now(), Ended: now(), End: endIdle}); err != nil {
			t.Fatal(err)
		}
		b.write("queue", "")
	}
	b.work(goals)
	if err := <-ended; err != nil || strings.Contains(b.sayings(), "died") {
		t.Errorf("%v; said was\n%s", err, b.sayings())
	}
}

func TestNothingIsSubmittedWhileSlurmDoesNotAnswer(t *testing.T) {
	b := newBench(t)
	goals := threeGoals()
	b.write("fills", "RUNNING|n1|None")
	ended := b.start(t.Context(), goals)
	b.until("the submission", func() bool { return strings.Contains(b.sayings(), "submitted job 1: 2 tasks") })
	b.write("silent", "")
	b.until("the complaint", func() bool { return strings.Contains(b.sayings(), "Unable to contact slurm controller") })
	time.Sleep(100 * time.Millisecond)
	if n := strings.Count(b.sayings(), "does not answer"); n != 1 {
		t.Errorf("it was said %d times", n)
	}
	b.work(goals)
	if err := <-ended; err != nil || len(b.submissions()) != 1 {
		t.Errorf("%v; submitted were %q", err, b.submissions())
	}
}

func TestWhatSlurmRefusesIsAMistake(t *testing.T) {
	b := newBench(t)
	for complaint, want := range map[string]struct {
		text    string
		mistake bool
	}{
		"sbatch: error: invalid partition specified: nope\nsbatch: error: Batch job submission failed: Invalid partition name specified\n": {
			"Slurm does not take the job (" + b.job.script() + "): sbatch: invalid partition specified: nope; Batch job submission failed: Invalid partition name specified", true},
		"sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)\n": {
			"submitting the job: sbatch: Batch job submission failed: Unable to contact slurm controller (connect failure)", false},
	} {
		b.write("refuses", complaint)
		_, err := b.run(t.Context(), threeGoals())
		if err == nil || err.Error() != want.text || isMistake(err) != want.mistake {
			t.Errorf("%v, expected %s", err, want.text)
		}
	}
	t.Setenv("PATH", t.TempDir())
	_, err := b.run(t.Context(), threeGoals())
	if !isMistake(err) || !strings.Contains(err.Error(), "on the PATH; --executor slurm is for a machine from which jobs of Slurm's are submitted") {
		t.Errorf("without Slurm: %v", err)
	}
}

// TestACoordinatorOfBeforeARestartIsGone finds the lock of one that ran on this machine
// before it was started anew: it cannot be asked, and its heart does not beat.
func TestACoordinatorOfBeforeARestartIsGone(t *testing.T) {
	b := newBench(t)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(b.job.Folder(), 0o777); err != nil {
		t.Fatal(err)
	}
	lock := fmt.Sprintf(`{"host": %q, "process": 1, "boot": "before", "token": "T", "lease": 0.3, "beat": 7}`, host)
	if err := os.WriteFile(filepath.Join(b.job.Folder(), "lock"), []byte(lock), 0o666); err != nil {
		t.Fatal(err)
	}
	goals := threeGoals()
	b.write("fills", "RUNNING|n1|None")
	ended := b.start(t.Context(), goals)
	b.until("the submission", func() bool { return len(ended) > 0 || strings.Contains(b.sayings(), "submitted job 1: 2 tasks") })
	b.work(goals)
	if err := <-ended; err != nil || !strings.Contains(b.sayings(), "waiting to see whether process 1 on ") {
		t.Errorf("%v; said was\n%s", err, b.sayings())
	}
}
