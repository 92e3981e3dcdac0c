package stage

import (
	"sync/atomic"
	"time"
)

// watcher measures a try while it runs, and keeps the measure on disk so that
// a killed try counts too.
type watcher struct {
	tokens  atomic.Int64
	pace    atomic.Pointer[paced]
	quit    chan struct{}
	stopped chan Cost
}

// paced is the progress of a try, and where and when it began to be counted: a stage may
// work in several parts, each counted from its own beginning.
type paced struct {
	Progress
	from  int
	since time.Time
}

// progress takes in what the stage reports; it is not called by two goroutines at once.
func (w *watcher) progress(p Progress) {
	now := paced{p, p.Done, time.Now()}
	if last := w.pace.Load(); last != nil && p.Total == last.Total && p.Done >= last.Done {
		now.from, now.since = last.from, last.since
	}
	w.pace.Store(&now)
}

// rated is the pace as it is kept.
func (w *watcher) rated() *Pace {
	now := w.pace.Load()
	if now == nil {
		return nil
	}
	pace := &Pace{Progress: now.Progress}
	if took := time.Since(now.since).Seconds(); took > 0 {
		pace.Rate = float64(now.Done-now.from) / took
	}
	return pace
}

// watch begins to measure on top of what earlier tries took.
func watch(path string, before attempt) *watcher {
	w := &watcher{quit: make(chan struct{}), stopped: make(chan Cost, 1)}
	begin := time.Now()
	_, peakBefore := memory()
	now := before
	measure := func() {
		now.Seconds = before.Seconds + time.Since(begin).Seconds()
		now.Tokens = before.Tokens + w.tokens.Load()
		resident, peak := memory()
		now.PeakMemoryBytes = max(now.PeakMemoryBytes, resident)
		if peak > peakBefore {
			now.PeakMemoryBytes = max(now.PeakMemoryBytes, peak)
		}
	}
	keep := func() {
		measure()
		now.Pace = w.rated()
		// A record that cannot be written, or is lost with the power, only loses this
		// measure.
		if text, err := encode(now); err == nil {
			_ = replaceFile(path, text, false)
		}
	}
	keep()
	go func() {
		sample := time.NewTicker(100 * time.Millisecond)
		defer sample.Stop()
		for ticks := 1; ; ticks++ {
			select {
			case <-sample.C:
				if ticks%20 == 0 {
					keep()
				} else {
					measure()
				}
			case <-w.quit:
				measure()
				w.stopped <- now.Cost
				return
			}
		}
	}()
	return w
}

// stop ends measuring and returns the cost of all tries.
func (w *watcher) stop() Cost {
	close(w.quit)
	return <-w.stopped
}
