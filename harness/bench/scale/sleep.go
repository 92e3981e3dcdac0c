package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"lastmile/harness/bench/scale/sleeping"
	"lastmile/harness/graph"
	"lastmile/harness/stage"
	"lastmile/harness/stages"
)

// form is who computes the stages of a sweep that sleeps.
type form string

const (
	inProcess form = "local"   // goroutines of one process
	children  form = "process" // a process for each stage
	workers   form = "workers" // processes that pull stages, as the tasks of Slurm's jobs do
)

// sleep is a sweep that is run from end to end, with stages that do nothing but sleep.
type sleep struct {
	File string `json:"file"`
	Work string `json:"work"`
	// Models has the artifacts that the stages leave; see [sleeping.Model].
	Models string `json:"models"`
	Form   form   `json:"form"`
	// Jobs is the number of stages computed at once; of workers, that of processes.
	Jobs int `json:"jobs"`
	// Sleeper is the program that computes one stage.
	Sleeper string `json:"sleeper"`
	// KillAfter is after how many stages the process kills itself; 0 is never.
	KillAfter int `json:"kill_after"`
}

// durations are how long the stages of a kind sleep, in the proportions in which they
// would compute.
var durations = map[string]time.Duration{
	stages.Base: 50, stages.MLE: 50, stages.Reward: 50, stages.Scorer: 50, stages.Policy: 20, stages.RewardEval: 10, stages.Decode: 10, stages.Score: 5,
}

// modelsOf is how many artifacts are made up for each kind.
const modelsOf = 16

// makeModels makes up the artifacts that the stages of a sweep leave, for test sets of
// so many examples, and returns how long all stages sleep together.
func makeModels(all []*stage.Stage, models string, examples int) (slept time.Duration, err error) {
	a := artifacts{examples: examples}
	known := map[string]bool{}
	for _, st := range all {
		slept += durations[st.Kind] * time.Millisecond
		if known[st.Kind] {
			continue
		}
		known[st.Kind] = true
		folder, err := sleeping.Prepare(models, st.Kind, durations[st.Kind]*time.Millisecond)
		if err != nil {
			return 0, err
		}
		for n := range modelsOf {
			model := filepath.Join(folder, strconv.Itoa(n))
			if err := os.MkdirAll(model, 0o777); err != nil {
				return 0, err
			}
			// One stage stands for all of its kind: those of one sweep have the same metrics.
			if err := a.files(st, model, rand.New(rand.NewPCG(uint64(n), 1))); err != nil {
				return 0, err
			}
		}
	}
	return slept, nil
}

// ran is what running the sweep came to.
type ran struct {
	Found    int `json:"found"`
	Computed int `json:"computed"`
	// Plan, First, Stages and Ingest are the seconds on the wall of planning, of what
	// comes before the stages, of the stages, and of bringing them into the store.
	Plan   float64 `json:"plan"`
	First  float64 `json:"first"`
	Stages float64 `json:"stages"`
	Ingest float64 `json:"ingest"`
	// CPU is the time of processors of all processes while the stages were computed, and
	// IngestCPU that of bringing them into the store.
	CPU       float64 `json:"cpu"`
	IngestCPU float64 `json:"ingest_cpu"`
	// Peak is the largest resident size of the process, and Child that of one of those that
	// it began, in MB.
	Peak  float64 `json:"peak"`
	Child float64 `json:"child"`
}

// run runs the sweep in this process.
func (s sleep) run(ctx context.Context) (ran, error) {
	var r ran
	begin := time.Now()
	lap := func() float64 {
		seconds := time.Since(begin).Seconds()
		begin = time.Now()
		return seconds
	}
	g, err := planned(s.File, s.Work)
	if err != nil {
		return r, err
	}
	r.Plan = lap()
	var cpu float64
	computed := 0
	o := graph.Options{Jobs: s.Jobs, Threads: 1, Device: "cpu", Report: func(e stage.Event) {
		if e.State == stage.Computed {
			if computed++; computed == s.KillAfter {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		}
	}}
	o.Elsewhere = func(ctx context.Context, store *stage.Store, goals []*stage.Stage, o stage.Options) (map[*stage.Stage]stage.Outcome, error) {
		r.First += lap()
		before := used()
		outcomes, child, err := s.compute(ctx, store, goals, o)
		r.Child = child
		r.Stages += lap()
		cpu = used()
		r.CPU += cpu - before
		return outcomes, err
	}
	result, err := g.Run(ctx, o)
	if err != nil {
		return r, err
	}
	r.Ingest, r.IngestCPU = lap(), used()-cpu
	r.Peak = peak()
	r.Found, r.Computed = result.Found, result.Computed
	if !result.Complete() {
		return r, fmt.Errorf("%d stages failed", result.Failed)
	}
	return r, nil
}

// used is the time of processors of this process and of those that it began and that
// have ended.
func used() float64 {
	own, _ := usage()
	others, _ := usageOf(syscall.RUSAGE_CHILDREN)
	return own + others
}

// peak is the largest resident size of this process, in MB. What getrusage(2) tells may
// be that of the process that began it.
func peak() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	var kilobytes float64
	if _, after, found := strings.Cut(string(text), "VmHWM:"); found {
		fmt.Sscan(after, &kilobytes)
	}
	return kilobytes / 1024
}

// compute has the stages computed, in the sweep's form. It returns also the largest
// resident size of a process that it began, in MB.
func (s sleep) compute(ctx context.Context, store *stage.Store, goals []*stage.Stage, o stage.Options) (outcomes map[*stage.Stage]stage.Outcome, child float64, err error) {
	o.Workers = s.Jobs
	switch s.Form {
	case inProcess:
		o.Executor = s.local()
	case children:
		// As in a run: what has no native code has no process of its own.
		pure := map[string]bool{}
		for _, k := range stages.Kinds() {
			pure[k.Name] = k.Pure
		}
		local, process := s.local(), stage.Process{Command: []string{s.Sleeper, s.Models}}
		o.Executor = stage.Choice(func(spec stage.Spec) stage.Executor {
			if pure[spec.Kind] {
				return local
			}
			return process
		})
	case workers:
		return s.follow(ctx, store, goals, o)
	}
	outcomes = store.Execute(ctx, goals, o)
	if s.Form == children {
		for record, err := range store.Records(stages.Policy) {
			if err != nil {
				return nil, 0, err
			}
			child = max(child, float64(record.PeakMemoryBytes)/(1<<20))
		}
	}
	return outcomes, child, nil
}

// local computes stages in this process.
func (s sleep) local() stage.Executor {
	return stage.Local{Funcs: func(kind string) (stage.Func, int, bool) {
		_, version, ok := stages.Funcs(kind)
		return sleeping.Stage(s.Models), version, ok
	}}
}

// poll is how often workers that wait, and who follows them, look at the work folder.
const poll = 2 * time.Second

// follow begins the workers and follows them, as the coordinator of Slurm's jobs does.
func (s sleep) follow(ctx context.Context, store *stage.Store, goals []*stage.Stage, o stage.Options) (outcomes map[*stage.Stage]stage.Outcome, child float64, err error) {
	follow, err := store.Follow(goals, o)
	if err != nil {
		return nil, 0, err
	}
	if follow.Total() == 0 {
		return follow.Outcomes(), 0, nil
	}
	var running sync.WaitGroup
	ended, failures := make([]ran, s.Jobs), make([]error, s.Jobs)
	for n := range s.Jobs {
		running.Go(func() { ended[n], failures[n] = s.begin(ctx, workRole) })
	}
	over := make(chan struct{})
	go func() { running.Wait(); close(over) }()
	for working := true; working; {
		select {
		case <-over:
			working = false
		case <-time.After(poll):
		}
		if err := follow.Look(); err != nil {
			return nil, 0, err
		}
	}
	for _, r := range ended {
		child = max(child, r.Peak)
	}
	return follow.Outcomes(), child, errors.Join(failures...)
}

// work is a worker.
func (s sleep) work(ctx context.Context) (ran, error) {
	g, err := planned(s.File, s.Work)
	if err != nil {
		return ran{}, err
	}
	store, err := stage.Open(s.Work)
	if err != nil {
		return ran{}, err
	}
	worked, err := store.Work(ctx, g.Goals(graph.Options{}), stage.WorkOptions{
		Options: stage.Options{Executor: s.local(), Threads: 1, Device: "cpu"}, Idle: time.Minute, Poll: poll,
	})
	if err == nil && worked.Left+worked.Failed > 0 {
		err = fmt.Errorf("%d stages failed and %d are left", worked.Failed, worked.Left)
	}
	return ran{Computed: worked.Computed, Peak: peak()}, err
}

// The roles of the processes that this program begins of itself.
const (
	runRole  = "sleep-run"
	workRole = "sleep-work"
)

// serve plays a role: it prints what came of it.
func (s sleep) serve(ctx context.Context, role string) error {
	play := s.run
	if role == workRole {
		play = s.work
	}
	r, err := play(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// errKilled says that a process was killed.
var errKilled = errors.New("killed")

// begin has a process of this program play a role, and returns what came of it.
func (s sleep) begin(ctx context.Context, role string) (ran, error) {
	var r ran
	text, err := json.Marshal(s)
	if err != nil {
		return r, err
	}
	program, err := os.Executable()
	if err != nil {
		return r, err
	}
	var out, said bytes.Buffer
	c := exec.CommandContext(ctx, program, role, string(text))
	c.Stdout, c.Stderr = &out, &said
	err = c.Run()
	if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
		return r, errKilled
	}
	if err != nil {
		return r, fmt.Errorf("%s: %w: %s", role, err, said.Bytes())
	}
	return r, json.Unmarshal(out.Bytes(), &r)
}
