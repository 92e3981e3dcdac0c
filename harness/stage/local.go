package stage

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// Local computes stages in this process. A panic of a stage's function is an
// error, its stack goes to the log; a crash of native code ends the process.
type Local struct {
	// Funcs are the code of the kinds.
	Funcs Funcs
}

// Start computes the stage on an OS thread of its own. A stage that has not
// stopped two seconds, or the store's Grace, after ctx is done is left running, so the process should
// end then.
func (l Local) Start(ctx context.Context, spec Spec, report func(Progress)) (Computation, error) {
	f, err := l.Funcs.of(spec)
	if err != nil {
		return nil, err
	}
	r := &localComputation{ctx: ctx, grace: spec.grace(), err: errors.New("the stage's function ended its goroutine"), done: make(chan struct{})}
	go func() {
		defer close(r.done)
		// Never unlocked: the thread, with what a stage's libraries have set on
		// it, ends with the goroutine.
		runtime.LockOSThread()
		r.err = compute(ctx, spec, f, report)
	}()
	return r, nil
}

type localComputation struct {
	ctx   context.Context
	grace time.Duration
	err   error // once done is closed
	done  chan struct{}
}

func (r *localComputation) Wait() error {
	select {
	case <-r.done:
		return r.err
	case <-r.ctx.Done():
	}
	select {
	case <-r.done:
		return r.err
	case <-time.After(r.grace):
		return fmt.Errorf("%w, but still running after %v", ErrStopped, r.grace)
	}
}
