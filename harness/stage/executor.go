package stage

import (
	"context"
	"errors"
	"time"
)

// Executor computes stages: in this process, in another, or on another
// machine.
type Executor interface {
	// Start begins to compute a stage, whose spec.json is written and whose
	// inputs are finished. It returns soon; report may be called from any
	// goroutine, until Wait has returned. Whoever computes the stage takes its
	// lock, as [Serve] does.
	Start(ctx context.Context, spec Spec, report func(Progress)) (Computation, error)
}

// Choice is an executor that leaves each stage to the one that it names.
type Choice func(spec Spec) Executor

// Start implements [Executor].
func (choose Choice) Start(ctx context.Context, spec Spec, report func(Progress)) (Computation, error) {
	return choose(spec).Start(ctx, spec, report)
}

// Computation is a stage that an executor has started.
type Computation interface {
	// Wait returns how the stage ended: nil where its artifact is published
	// now; [ErrFound], a [*HeldError] or [ErrStopped], perhaps wrapped, where
	// that is the case; any other error is why it failed. After ctx is done
	// it returns within two seconds. It is called once.
	Wait() error
}

// Progress is what a running stage last said about its work.
type Progress struct {
	Done int `json:"done"`
	// Total is 0 where it is unknown.
	Total int `json:"total"`
	// Note is a few words, such as "loss 2.31".
	Note string `json:"note,omitempty"`
	// Said is a line of another program that the stage has begun, for the user to see;
	// with one the rest says nothing.
	Said string `json:"said,omitempty"`
	// Warning is a sentence that should not be missed.
	Warning string `json:"warning,omitempty"`
}

// ErrFound says that the artifact was there already when the computation was
// to begin.
var ErrFound = errors.New("the stage is finished already")

// ErrStopped says that the computation was told to stop before its end.
var ErrStopped = errors.New("stopped")

// HeldError says that another process computes the stage.
type HeldError struct{ Owner Owner }

// Error names the process.
func (e *HeldError) Error() string { return "the stage is computed by " + e.Owner.String() }

// grace is how long a stage that was told to stop is waited for. Nothing is
// lost with one that takes longer: it goes on from its checkpoint.
const grace = 2 * time.Second
