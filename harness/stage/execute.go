package stage

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// State is where a stage stands.
type State int

// The states of a stage during and after Execute.
const (
	// Pending stages wait for their inputs or for a worker.
	Pending State = iota
	// Waiting stages are computed by another process, whose end is awaited.
	Waiting
	// Running stages are being computed.
	Running
	// Found artifacts were there already, or another process made them.
	Found
	// Computed stages were computed and finished.
	Computed
	// Failed stages returned an error.
	Failed
	// Blocked stages need one that failed.
	Blocked
	// Stopped stages were interrupted, or never begun for that reason.
	Stopped
)

var stateNames = [...]string{"pending", "waiting", "running", "found", "computed", "failed", "blocked", "stopped"}

// String returns the state's name.
func (s State) String() string { return stateNames[s] }

// Outcome is how a stage ended.
type Outcome struct {
	State State
	// Err says why a stage failed, or which failure blocks it.
	Err error
}

// Done reports whether the artifact is there.
func (o Outcome) Done() bool { return o.State == Found || o.State == Computed }

// Event is a change of a stage's state, or progress of a running one.
type Event struct {
	Stage *Stage
	State State
	// Done, Total and Note are what the stage's function last reported.
	Done, Total int
	Note        string
	// Holder is the number of the process that a waiting stage waits for.
	Holder int
	// Err belongs to a failed or blocked stage.
	Err error
}

// Options says how to execute.
type Options struct {
	// Workers is the number of stages computed at once.
	Workers int
	// Threads is the number of threads that each may compute with.
	Threads int
	// Device is where models compute.
	Device string
	// Report is told of every event, one at a time.
	Report func(Event)
}

const (
	// grace is how long a stopped stage is waited for. Nothing is lost with one
	// that takes longer: it goes on from its checkpoint.
	grace = 2 * time.Second
	// pollEvery is how often a stage of another process is looked at.
	pollEvery = 250 * time.Millisecond
)

// Execute computes the stages, and all that they need, that are not there yet;
// earlier ones in the list go first. A stage that fails blocks those that need
// it and no others. Where ctx is done it returns within three seconds; a stage
// that has not stopped by then is left running, so the process should end.
func (s *Store) Execute(ctx context.Context, goals []*Stage, o Options) map[*Stage]Outcome {
	e := &execution{
		store:    s,
		options:  o,
		ordered:  Order(goals),
		outcomes: map[*Stage]Outcome{},
		busy:     map[*Stage]bool{},
		holders:  map[*Stage]int{},
		results:  make(chan result),
		quit:     make(chan struct{}),
	}
	e.options.Workers = max(1, o.Workers)
	defer close(e.quit)
	if err := s.make(); err != nil {
		for _, st := range e.ordered {
			e.end(st, Outcome{State: Failed, Err: err})
		}
		return e.outcomes
	}
	for {
		waiting := e.startReady(ctx)
		if e.running == 0 && !waiting {
			break
		}
		var poll <-chan time.Time
		if waiting {
			poll = time.After(pollEvery)
		}
		select {
		case r := <-e.results:
			e.settle(ctx, r)
		case <-poll:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			e.drain(ctx)
			break
		}
	}
	for _, st := range e.ordered {
		if _, ok := e.outcomes[st]; !ok {
			e.end(st, Outcome{State: Stopped, Err: context.Cause(ctx)})
		}
	}
	return e.outcomes
}

// execution is one call of Execute. Its fields belong to the calling
// goroutine; the stages' goroutines only send results and report progress.
type execution struct {
	store    *Store
	options  Options
	ordered  []*Stage
	outcomes map[*Stage]Outcome
	busy     map[*Stage]bool
	holders  map[*Stage]int // the processes last reported as waited for
	running  int
	results  chan result
	quit     chan struct{}
	reports  sync.Mutex
}

type result struct {
	stage *Stage
	err   error
}

func (e *execution) report(event Event) {
	if e.options.Report == nil {
		return
	}
	e.reports.Lock()
	defer e.reports.Unlock()
	e.options.Report(event)
}

func (e *execution) end(st *Stage, outcome Outcome) {
	e.outcomes[st] = outcome
	e.report(Event{Stage: st, State: outcome.State, Err: outcome.Err})
}

// startReady settles what needs no work and starts what a worker is free for.
// It reports whether stages wait for other processes.
func (e *execution) startReady(ctx context.Context) (waiting bool) {
	for _, st := range e.ordered {
		if ctx.Err() != nil {
			return waiting
		}
		if _, settled := e.outcomes[st]; settled || e.busy[st] {
			continue
		}
		if e.found(st) {
			continue
		}
		ready, blocked := e.inputs(st)
		switch {
		case blocked != nil:
			e.end(st, Outcome{State: Blocked, Err: blocked})
		case ready && e.running < e.options.Workers:
			if holder, held := e.start(ctx, st); held {
				waiting = true
				if last, told := e.holders[st]; !told || last != holder {
					e.holders[st] = holder
					e.report(Event{Stage: st, State: Waiting, Holder: holder})
				}
			}
		}
	}
	return waiting
}

// inputs reports whether all inputs are there, and why they never will be.
func (e *execution) inputs(st *Stage) (ready bool, blocked error) {
	ready = true
	for _, input := range st.Inputs {
		outcome, settled := e.outcomes[input.Stage]
		switch {
		case !settled:
			ready = false
		case outcome.State == Failed:
			return false, fmt.Errorf("stage %s (%s) failed: %w", input.Stage.Kind, input.Stage.Name, outcome.Err)
		case outcome.State == Blocked:
			return false, outcome.Err
		}
	}
	return ready, nil
}

// found settles a stage whose artifact is there, or whose record is damaged.
func (e *execution) found(st *Stage) bool {
	_, ok, err := e.store.Record(st)
	switch {
	case err != nil:
		e.end(st, Outcome{State: Failed, Err: err})
	case ok:
		e.end(st, Outcome{State: Found})
	default:
		return false
	}
	return true
}

// start gives the stage to a goroutine, unless another process has its lock.
func (e *execution) start(ctx context.Context, st *Stage) (holder int, held bool) {
	l, holder, err := tryLock(e.store.lockPath(st))
	if err != nil {
		e.end(st, Outcome{State: Failed, Err: err})
		return 0, false
	}
	if l == nil {
		return holder, true
	}
	if e.found(st) { // between the look and the lock
		l.release()
		return 0, false
	}
	e.busy[st] = true
	e.running++
	e.report(Event{Stage: st, State: Running})
	go func() {
		// Never unlocked: the thread, with what a stage's libraries have set on
		// it, ends with the goroutine.
		runtime.LockOSThread()
		err := errors.New("the stage's function ended its goroutine")
		defer func() {
			l.release()
			select {
			case e.results <- result{st, err}:
			case <-e.quit:
			}
		}()
		err = e.store.try(ctx, st, e.options, func(done, total int, note string) {
			e.report(Event{Stage: st, State: Running, Done: done, Total: total, Note: note})
		})
	}()
	return 0, false
}

// settle takes in how a stage ended.
func (e *execution) settle(ctx context.Context, r result) {
	e.running--
	delete(e.busy, r.stage)
	switch {
	case r.err == nil:
		e.end(r.stage, Outcome{State: Computed})
	case ctx.Err() != nil:
		e.end(r.stage, Outcome{State: Stopped, Err: context.Cause(ctx)})
	default:
		e.end(r.stage, Outcome{State: Failed, Err: r.err})
	}
}

// drain waits for the running stages to stop, but not for ever.
func (e *execution) drain(ctx context.Context) {
	limit := time.After(grace)
	for e.running > 0 {
		select {
		case r := <-e.results:
			e.settle(ctx, r)
		case <-limit:
			return
		}
	}
}
