package stage

import (
	"sync/atomic"
	"time"
)

// watcher measures a try while it runs, and keeps the measure on disk so that
// a killed try counts too.
type watcher struct {
	tokens  atomic.Int64
	quit    chan struct{}
	stopped chan Cost
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
		// A record that cannot be written only loses this measure.
		_ = WriteJSON(path, now)
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
