package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// try computes a stage whose lock the caller holds, or completes the artifact
// of a try that was killed at its very end.
func (s *Store) try(ctx context.Context, st *Stage, o Options, progress func(done, total int, note string)) error {
	dir := s.partial(st)
	if _, complete, err := readRecord(dir, st); err == nil && complete {
		return s.publish(st)
	}
	if err := prepareFolder(dir); err != nil {
		return fmt.Errorf("preparing %s: %w", dir, err)
	}

	before := s.attempt(st)
	if before.Started.IsZero() {
		before.Started = time.Now().UTC().Truncate(time.Second)
	}
	before.Failure = ""
	before.Tries++
	before.Threads = o.Threads
	watch := watch(s.attemptPath(st), before)

	job := &Job{
		Dir:      dir,
		Inputs:   map[string]string{},
		Config:   st.Config,
		Threads:  o.Threads,
		Device:   o.Device,
		Progress: progress,
		Tokens:   func(n int) { watch.tokens.Add(int64(n)) },
	}
	for _, input := range st.Inputs {
		job.Inputs[input.Name] = s.Path(input.Stage)
	}
	err := s.call(ctx, st, job)
	cost := watch.stop()
	if err == nil {
		err = s.finish(st, cost)
	}
	if err != nil {
		last := attempt{Cost: cost}
		if ctx.Err() == nil {
			last.Failure = err.Error()
		}
		// On a full disk the record is lost with the rest; the error is not.
		_ = writeJSON(s.attemptPath(st), last)
		return err
	}
	return nil
}

// prepareFolder makes dir, and removes from it all but the checkpoint: what
// a stage wrote after its last checkpoint, it writes again.
func prepareFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == Checkpoint {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// call runs the stage's function and makes a panic an error. What the stage
// leaves unused goes back to the system at once: the next one may run beside
// others, and its peak is measured.
func (s *Store) call(ctx context.Context, st *Stage, job *Job) (err error) {
	defer debug.FreeOSMemory()
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		report := fmt.Sprintf("%s\nstage %s (%s)\npanic: %v\n\n%s", time.Now().Format(time.RFC3339), st.ID(), st.Name, cause, debug.Stack())
		err = fmt.Errorf("panic: %v (the stack is in %s)", cause, s.Log(st))
		if os.WriteFile(s.Log(st), []byte(report), 0o666) != nil {
			err = errors.New(report)
		}
	}()
	return st.Func(ctx, job)
}

// finish completes the artifact in the partial folder. From the moment when
// stage.json is there, all else is on disk, and a later try need only publish.
func (s *Store) finish(st *Stage, cost Cost) error {
	dir := s.partial(st)
	record := Record{Kind: st.Kind, Key: st.Key, Version: st.Version, Part: st.Part, Inputs: map[string]string{}, Cost: cost}
	for _, input := range st.Inputs {
		record.Inputs[input.Name] = input.Stage.Key
	}
	if err := syncTree(dir); err != nil {
		return fmt.Errorf("writing %s to the disk: %w", dir, err)
	}
	if err := writeJSON(filepath.Join(dir, recordName), record); err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Join(dir, recordName), err)
	}
	return s.publish(st)
}

// publish makes the complete partial folder the artifact.
func (s *Store) publish(st *Stage) error {
	dir, final := s.partial(st), s.Path(st)
	if err := os.RemoveAll(filepath.Join(dir, Checkpoint)); err != nil {
		return fmt.Errorf("removing the checkpoints of a finished stage: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(final), 0o777); err != nil {
		return fmt.Errorf("publishing an artifact: %w", err)
	}
	// What lies there without a stage.json is no artifact.
	if err := os.RemoveAll(final); err != nil {
		return fmt.Errorf("publishing an artifact: %w", err)
	}
	if err := os.Rename(dir, final); err != nil {
		return fmt.Errorf("publishing an artifact: %w", err)
	}
	for _, folder := range []string{filepath.Dir(final), filepath.Dir(filepath.Dir(final)), filepath.Dir(dir)} {
		if err := syncPath(folder); err != nil {
			return fmt.Errorf("publishing %s: %w", final, err)
		}
	}
	os.Remove(s.attemptPath(st))
	os.Remove(s.Log(st))
	return nil
}

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
	go func() {
		sample := time.NewTicker(100 * time.Millisecond)
		defer sample.Stop()
		for ticks := 0; ; ticks++ {
			measure()
			if ticks%20 == 0 {
				// A record that cannot be written only loses this measure.
				_ = writeJSON(path, now)
			}
			select {
			case <-sample.C:
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
