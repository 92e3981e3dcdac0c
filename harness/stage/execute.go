package stage

import (
	"context"
	"errors"
	"fmt"
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
	// Damaged artifacts are not as they were written: they are computed again.
	Damaged
)

var stateNames = [...]string{"pending", "waiting", "running", "found", "computed", "failed", "blocked", "stopped", "damaged"}

// String returns the state's name.
func (s State) String() string { return stateNames[s] }

// Outcome is how a stage ended.
type Outcome struct {
	State State
	// Err says why a stage failed or was stopped, or which failure blocks it.
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
	// Said is a line of another program that a running stage has begun. An event with
	// one tells nothing else.
	Said string
	// Warning is what a running stage has to say that should not be missed.
	Warning string
	// Holder is the process that a waiting stage waits for.
	Holder Owner
	// Took is how long a computed stage took, where another process computed it.
	Took time.Duration
	// Err belongs to a failed, blocked or damaged stage.
	Err error
}

// Options says how to execute.
type Options struct {
	// Executor computes the stages. It is needed where any is to be computed.
	Executor Executor
	// Workers is the number of stages computed at once.
	Workers int
	// Threads is the number of threads that each may compute with.
	Threads int
	// Device is where models compute.
	Device string
	// Weight is about how many seconds a stage will take; nil counts each as
	// one. Of the stages that can be computed, the one goes first that begins
	// the longest way to a goal.
	Weight func(*Stage) float64
	// Report is told of every event, one at a time.
	Report func(Event)
}

const (
	// stopWithin is how long Execute waits for computations that were told to
	// stop. It is more than grace, within which they should return.
	stopWithin = 2800 * time.Millisecond
	// pollEvery is how often a stage of another process is looked at.
	pollEvery = 250 * time.Millisecond
)

// Execute computes the stages, and all that they need, that are not there yet.
// The longest way goes first, and of equally long ones that to an earlier goal
// in the list. A stage that fails blocks those that need it and no others.
//
// Artifacts that are read are looked at beforehand, as [Quick] says, and one that is
// damaged is computed again.
//
// The outcomes are those of the goals and of the stages that are needed for
// them: what a finished stage was made from has none, unless another stage
// needs it. Where ctx is done Execute returns within three seconds; a stage
// that has not stopped by then is left running, so the process should end.
func (s *Store) Execute(ctx context.Context, goals []*Stage, o Options) map[*Stage]Outcome {
	e := &execution{
		store:    s,
		options:  o,
		outcomes: make(map[*Stage]Outcome, len(goals)),
		nodes:    map[*Stage]*node{},
		read:     map[*Stage]bool{},
		waiting:  map[*node]Owner{},
		results:  make(chan result),
		quit:     make(chan struct{}),
	}
	defer e.close()
	e.plan(ctx, goals)
	if err := s.make(); err != nil && len(e.ordered) > 0 {
		for _, n := range e.ordered {
			e.end(n, Outcome{State: Failed, Err: err})
		}
		return e.outcomes
	}
	s.tidy()
	for ctx.Err() == nil {
		e.start(ctx)
		if e.running == 0 && len(e.waiting) == 0 {
			break
		}
		e.await(ctx)
	}
	e.drain(ctx)
	for _, n := range e.ordered {
		if _, ok := e.outcomes[n.stage]; !ok {
			e.end(n, Outcome{State: Stopped, Err: context.Cause(ctx)})
		}
	}
	return e.outcomes
}

// execution is one call of Execute. Its fields belong to the calling
// goroutine; the others only send results and report.
type execution struct {
	store    *Store
	options  Options
	outcomes map[*Stage]Outcome
	nodes    map[*Stage]*node
	read     map[*Stage]bool // those that are there and will be read
	ordered  []*node         // every node after its inputs
	ready    queue
	waiting  map[*node]Owner // the processes last reported as waited for
	running  int
	results  chan result
	quit     chan struct{}
	reports  sync.Mutex
	closed   bool // no more reports
}

type result struct {
	node *node
	err  error
}

// close lets go of what is still running.
func (e *execution) close() {
	close(e.quit)
	e.reports.Lock()
	defer e.reports.Unlock()
	e.closed = true
}

func (e *execution) report(event Event) {
	e.reports.Lock()
	defer e.reports.Unlock()
	if e.options.Report != nil && !e.closed {
		e.options.Report(event)
	}
}

// start gives ready stages to the workers that are free.
func (e *execution) start(ctx context.Context) {
	for e.running < max(1, e.options.Workers) && len(e.ready) > 0 {
		n := e.ready.next()
		e.running++
		go func() {
			err := e.store.compute(ctx, n.stage, e.options, e.report)
			select {
			case e.results <- result{n, err}:
			case <-e.quit:
			}
		}()
	}
}

// compute has a stage computed whose inputs are there. Its errors are those of
// [Computation.Wait].
func (s *Store) compute(ctx context.Context, st *Stage, o Options, report func(Event)) error {
	spec := s.Spec(st, o.Threads, o.Device)
	if err := s.writeDown(spec); err != nil {
		return err
	}
	report(Event{Stage: st, State: Running})
	computation, err := o.Executor.Start(ctx, spec, func(p Progress) {
		report(Event{Stage: st, State: Running, Done: p.Done, Total: p.Total, Note: p.Note, Said: p.Said, Warning: p.Warning})
	})
	if err != nil {
		return err
	}
	return computation.Wait()
}

// writeDown writes spec.json, unless the stage is finished or computed by
// another process. The lock is let go of, for the process that computes it.
func (s *Store) writeDown(spec Spec) error {
	l, owner, err := tryLock(s.lockPath(spec.ID()))
	if err != nil {
		return err
	}
	if l == nil {
		return &HeldError{owner}
	}
	defer l.release()
	if finished(s.Folder(spec.Kind, spec.Key)) {
		return ErrFound
	}
	return spec.Write()
}

// await waits until something has happened, and takes it in.
func (e *execution) await(ctx context.Context) {
	var poll <-chan time.Time
	if len(e.waiting) > 0 {
		poll = time.After(pollEvery)
	}
	select {
	case r := <-e.results:
		e.settle(ctx, r)
	case <-poll:
		e.look()
	case <-ctx.Done():
	}
}

// look looks how the stages get on that other processes compute.
func (e *execution) look() {
	for n, before := range e.waiting {
		if e.store.Finished(n.stage) {
			e.end(n, Outcome{State: Found})
			continue
		}
		there, held := e.store.holder(n.stage)
		switch {
		case !held:
			delete(e.waiting, n)
			e.ready.add(n)
		case there.Owner != before:
			e.wait(n, there.Owner)
		}
	}
}

// wait makes a stage wait for another process.
func (e *execution) wait(n *node, owner Owner) {
	before, told := e.waiting[n]
	e.waiting[n] = owner
	if !told || before != owner {
		e.report(Event{Stage: n.stage, State: Waiting, Holder: owner})
	}
}

// settle takes in how a computation ended.
func (e *execution) settle(ctx context.Context, r result) {
	e.running--
	var held *HeldError
	switch {
	case r.err == nil:
		e.end(r.node, Outcome{State: Computed})
	case errors.Is(r.err, ErrFound):
		e.end(r.node, Outcome{State: Found})
	case errors.As(r.err, &held):
		e.wait(r.node, held.Owner)
	case ctx.Err() != nil:
		e.end(r.node, Outcome{State: Stopped, Err: context.Cause(ctx)})
	case errors.Is(r.err, ErrStopped):
		e.end(r.node, Outcome{State: Stopped, Err: r.err})
	default:
		e.store.noteFailure(r.node.stage, r.err.Error())
		e.end(r.node, Outcome{State: Failed, Err: r.err})
	}
}

// end settles a stage, and what follows for those that need it.
func (e *execution) end(n *node, outcome Outcome) {
	if _, settled := e.outcomes[n.stage]; settled {
		return
	}
	delete(e.waiting, n)
	e.outcomes[n.stage] = outcome
	e.report(Event{Stage: n.stage, State: outcome.State, Err: outcome.Err})
	for _, dependent := range n.dependents {
		switch outcome.State {
		case Found, Computed:
			if dependent.open--; dependent.open == 0 {
				e.ready.add(dependent)
			}
		case Failed:
			e.end(dependent, Outcome{State: Blocked, Err: fmt.Errorf("stage %s (%s) failed: %w", n.stage.Kind, n.stage.Name, outcome.Err)})
		case Blocked, Stopped:
			e.end(dependent, outcome)
		}
	}
}

// drain waits for the running stages to stop, but not for ever.
func (e *execution) drain(ctx context.Context) {
	limit := time.After(stopWithin)
	for e.running > 0 {
		select {
		case r := <-e.results:
			e.settle(ctx, r)
		case <-limit:
			return
		}
	}
}
