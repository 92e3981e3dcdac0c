package stage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// WorkOptions say how to work.
type WorkOptions struct {
	Options
	// Idle is how long to wait for a stage that can be computed before the work
	// ends.
	Idle time.Duration
	// Poll is about how often the work folder is looked at.
	Poll time.Duration
}

// Worked is what came of working.
type Worked struct {
	// Computed and Failed count the stages that were computed here.
	Computed, Failed int
	// Left counts the stages that are not there, and have not failed.
	Left int
	// Kept is true where the last stage was stopped and has left another checkpoint
	// than it found.
	Kept bool
}

// Work computes one stage after the other, of the goals and of all that they need,
// beside any number of processes that do the same on any machine. The longest way
// goes first. It ends when nothing is left, or nothing could be computed for as
// long as o.Idle says, or ctx is done, whose cause is the error then. A stage
// whose last try failed is not tried again: see [Store.Forgive].
//
// The processes agree by the locks of the stages alone. What others have finished
// or hold is seen by looking at the work folder from time to time, so two may reach
// for one stage: then each looks further down, the further the more often that
// happens. Stages whose owner has gone are found in the same way.
func (s *Store) Work(ctx context.Context, goals []*Stage, o WorkOptions) (Worked, error) {
	if err := s.make(); err != nil {
		return Worked{}, err
	}
	v, err := s.view(goals, o.Weight)
	if err != nil {
		return Worked{}, err
	}
	w := worker{view: v, options: o, spread: 1, first: rand.IntN(1 << 20), looked: time.Now(), fresh: true, busy: time.Now()}
	err = w.work(ctx)
	w.worked.Left = v.left()
	return w.worked, err
}

// worker is one call of Work.
type worker struct {
	*view
	options WorkOptions
	worked  Worked
	// spread is among how many of the foremost stages one is chosen.
	spread int
	vain   int       // how often what was reached for was another's, since the last look
	looked time.Time // when the work folder was looked at
	fresh  bool      // whether that was a moment ago
	busy   time.Time // when a stage was last computed
	// Of the stages that can be computed, those from first on are looked at for what
	// others have left: seen times, since then.
	first, seen int
	since       time.Time
}

func (w *worker) work(ctx context.Context) error {
	for ctx.Err() == nil && w.left() > 0 {
		n := w.choose()
		if n == nil || w.outdated() {
			if err := w.again(); err != nil {
				return err
			}
			n = w.choose()
		}
		if w.fresh {
			w.fresh = false
			if o := w.orphan(); o != nil && (n == nil || o.way > n.way) {
				n = o
			}
		}
		if n != nil {
			w.compute(ctx, n)
			continue
		}
		if w.left() == 0 || time.Since(w.busy) > w.options.Idle {
			return nil
		}
		pause(ctx, w.options.Poll)
	}
	return context.Cause(ctx)
}

// outdated reports whether to look at the work folder anew though there is something
// to do: where too often that was another's already, which costs as much by now, or
// after a while.
func (w *worker) outdated() bool {
	return w.vain > mostVain || time.Since(w.looked) > longestView*w.options.Poll
}

const (
	mostVain    = 20 // times that a worker reaches for what another one has
	longestView = 8  // times the poll
)

// again looks at the work folder anew.
func (w *worker) again() error {
	w.looked, w.vain, w.fresh = time.Now(), 0, true
	if err := w.look(); err != nil {
		return fmt.Errorf("looking how far others are: %w", err)
	}
	w.failures()
	return nil
}

// choose returns a stage that can be computed and that nobody was seen to have.
func (w *worker) choose() *node {
	var free []*node
	for _, n := range w.ready() {
		if !w.held[n.stage.ID()] {
			if free = append(free, n); len(free) == w.spread {
				break
			}
		}
	}
	if len(free) == 0 {
		return nil
	}
	return free[rand.IntN(len(free))]
}

// watched is how many locks of others a worker looks at each time. It keeps to the same
// ones until it has seen them twice, with more than a lease in between.
const watched = 32

// orphan returns a stage whose owner has gone.
func (w *worker) orphan() *node {
	open := w.ready()
	if len(open) == 0 {
		return nil
	}
	if w.seen > 1 && time.Since(w.since) > 2*w.store.lease() {
		w.first, w.seen = w.first+watched, 0
	}
	if w.seen++; w.seen == 1 {
		w.since = time.Now()
	}
	for i := range min(watched, len(open)) {
		n := open[(w.first+i)%len(open)]
		if w.held[n.stage.ID()] && w.abandoned(n) {
			return n
		}
	}
	return nil
}

// compute has a stage computed, and takes in how that ended.
func (w *worker) compute(ctx context.Context, n *node) {
	if reason := w.store.Failure(n.stage); reason != "" {
		w.settle(n, Outcome{State: Failed, Err: errors.New(reason)}) // a moment ago
		return
	}
	before := w.checkpoint(n)
	err := w.store.compute(ctx, n.stage, w.options.Options, w.report)
	var held *HeldError
	switch {
	case err == nil:
		w.worked.Computed++
		w.report(Event{Stage: n.stage, State: Computed})
		w.settle(n, Outcome{State: Computed})
		w.spread = max(1, w.spread/2)
		w.busy = time.Now()
	case errors.Is(err, ErrFound):
		w.settle(n, Outcome{State: Found})
		w.spread = min(2*w.spread, len(w.ordered))
		w.vain++
	case errors.As(err, &held):
		w.held[n.stage.ID()] = true
		w.spread = min(2*w.spread, len(w.ordered))
		w.vain++
	case ctx.Err() != nil || errors.Is(err, ErrStopped):
		w.worked.Kept = w.checkpoint(n) != before
		w.held[n.stage.ID()] = true
	default:
		w.store.noteFailure(n.stage, err.Error())
		w.worked.Failed++
		w.report(Event{Stage: n.stage, State: Failed, Err: err})
		w.settle(n, Outcome{State: Failed, Err: err})
		w.busy = time.Now()
	}
}

func (w *worker) report(e Event) {
	if w.options.Report != nil {
		w.options.Report(e)
	}
}

// checkpoint tells a stage's checkpoint from others, by what lies in it.
func (w *worker) checkpoint(n *node) string {
	var all string
	// What cannot be read is as good as not there.
	_ = filepath.WalkDir(filepath.Join(w.store.partial(n.stage.ID()), Checkpoint), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if info, err := entry.Info(); err == nil && !entry.IsDir() {
			all += fmt.Sprintln(path, info.Size(), info.ModTime().UnixNano())
		}
		return nil
	})
	return all
}

// pause waits about as long as it is told, so that many processes that began at once
// do not ask at once for ever.
func pause(ctx context.Context, about time.Duration) {
	select {
	case <-time.After(about*3/4 + rand.N(about/2+1)):
	case <-ctx.Done():
	}
}

// Forgive forgets why stages failed, of the goals and of all that they need, so that
// they are computed again by whoever works on them.
func (s *Store) Forgive(goals []*Stage) error {
	tried, err := list(filepath.Join(s.Dir, partialDir))
	if err != nil {
		return err
	}
	for _, st := range Order(goals) {
		if !tried[attemptName(st.ID())] || s.Failure(st) == "" {
			continue
		}
		s.noteFailure(st, "")
		if reason := s.Failure(st); reason != "" {
			if _, held := s.holder(st); !held && !s.Finished(st) {
				return fmt.Errorf("stage %s: that it failed could not be taken back: %w", st.ID(), os.ErrPermission)
			}
		}
	}
	return nil
}
