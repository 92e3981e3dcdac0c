package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"
)

// compute computes a stage in this process: it takes the stage's lock, unless
// another one has it, and computes what is not there yet. Its errors are those
// of [Computation.Wait].
func compute(ctx context.Context, spec Spec, f Func, report func(Progress)) error {
	store := spec.store
	if err := store.make(); err != nil {
		return err
	}
	l, owner, err := tryLockFor(store.lockPath(spec.ID()), store.lease())
	if err != nil {
		return err
	}
	if l == nil {
		return &HeldError{owner}
	}
	defer l.release()
	if finished(store.Folder(spec.Kind, spec.Key)) {
		return ErrFound
	}
	ctx, beats := l.beat(ctx)
	spec.lock = l
	err = spec.try(ctx, f, func(p Progress) {
		beats.progress(p)
		report(p)
	})
	if owner, lost := beats.end(); lost && err != nil {
		return &HeldError{owner}
	}
	return err
}

// try computes a stage whose lock the caller holds, or completes the artifact
// of a try that was killed at its very end.
func (s Spec) try(ctx context.Context, f Func, report func(Progress)) error {
	dir := s.Folder()
	if record, complete, err := readRecord(dir, s.Key); err == nil && complete {
		if _, err := compareFiles(ctx, dir, &record, Quick); err == nil {
			return s.publish()
		}
	}
	if err := prepareFolder(dir); err != nil {
		return fmt.Errorf("preparing %s: %w", dir, err)
	}
	path := s.store.attemptPath(s.ID())
	before := s.store.attempt(s.ID())
	if before.Started.IsZero() {
		before.Started = time.Now().UTC().Truncate(time.Second)
	}
	before.Failure = ""
	os.Remove(s.store.log(s.ID())) // of an earlier try
	before.Tries++
	before.Threads = s.Threads
	watch := watch(path, before)
	err := s.run(ctx, f, report, watch)
	cost := watch.stop()
	if err == nil {
		err = s.finish(cost)
	}
	if _, mine := s.lock.mine(); err != nil && mine {
		last := attempt{Cost: cost}
		if ctx.Err() == nil {
			last.Failure = err.Error()
		}
		// On a full disk the record is lost with the rest; the error is not.
		_ = WriteJSON(path, last)
	}
	return err
}

// run calls the stage's function once its inputs are seen to be there.
func (s Spec) run(ctx context.Context, f Func, report func(Progress), w *watcher) error {
	job := &Job{
		Dir:      s.Folder(),
		Inputs:   make(map[string]string, len(s.Inputs)),
		Settings: s.Settings,
		Threads:  s.Threads,
		Device:   s.Device,
		Content:  s.Content,
		Progress: func(done, total int, note string) {
			p := Progress{Done: done, Total: total, Note: note}
			w.progress(p)
			report(p)
		},
		Say: func(line string) {
			// Without the log the line is shown all the same.
			_ = s.store.addToLog(s.ID(), line+"\n")
			report(Progress{Said: line})
		},
		Tokens: func(n int) { w.tokens.Add(int64(n)) },
	}
	for name, input := range s.Inputs {
		_, ok, err := s.store.sound(ctx, input.Folder, input.Key, Quick)
		if err != nil {
			return fmt.Errorf("input %s: %w", name, err)
		}
		if !ok {
			return fmt.Errorf("input %s: %s holds no finished artifact", name, input.Folder)
		}
		job.Inputs[name] = input.Folder
	}
	err := s.call(ctx, f, job)
	if bad := (*CheckpointError)(nil); errors.As(err, &bad) && ctx.Err() == nil {
		report(Progress{Warning: fmt.Sprintf("its checkpoint is left behind, and it begins anew: %v", bad)})
		if err := os.RemoveAll(filepath.Join(job.Dir, Checkpoint)); err != nil {
			return err
		}
		if err := prepareFolder(job.Dir); err != nil {
			return fmt.Errorf("preparing %s: %w", job.Dir, err)
		}
		err = s.call(ctx, f, job)
	}
	return err
}

// prepareFolder makes dir, and removes from it all but spec.json and the
// checkpoint: what a stage wrote after its last checkpoint, it writes again.
func prepareFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == Checkpoint || entry.Name() == specName {
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
func (s Spec) call(ctx context.Context, f Func, job *Job) (err error) {
	defer giveBack()
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		log := s.store.log(s.ID())
		report := fmt.Sprintf("%s\nstage %s (%s)\npanic: %v\n\n%s", time.Now().Format(time.RFC3339), s.ID(), s.Name, cause, debug.Stack())
		err = fmt.Errorf("panic: %v (the stack is in %s)", cause, log)
		if s.store.addToLog(s.ID(), report) != nil {
			err = errors.New(report)
		}
	}()
	return f(ctx, job)
}

// finish completes the artifact in the partial folder. From the moment when
// stage.json is there, all else is on disk, and a later try need only publish.
func (s Spec) finish(cost Cost) error {
	dir := s.Folder()
	record := Record{Kind: s.Kind, Key: s.Key, Version: s.Version, Part: s.Identity, Content: s.Content, Inputs: make(map[string]string, len(s.Inputs)), Cost: cost}
	for name, input := range s.Inputs {
		record.Inputs[name] = input.Key
	}
	if err := syncTree(dir); err != nil {
		return fmt.Errorf("writing %s to the disk: %w", dir, err)
	}
	var err error
	if record.Files, err = FilesOf(dir); err != nil {
		return fmt.Errorf("hashing the files in %s: %w", dir, err)
	}
	if err := WriteJSON(filepath.Join(dir, recordName), record); err != nil {
		return err
	}
	return s.publish()
}

// publish makes the complete partial folder the artifact.
func (s Spec) publish() error {
	dir, final := s.Folder(), s.store.Folder(s.Kind, s.Key)
	if owner, mine := s.lock.mine(); !mine {
		return &HeldError{owner}
	}
	for _, name := range []string{Checkpoint, specName} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("removing what a finished stage needs no more: %w", err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(final), 0o777); err != nil {
		return fmt.Errorf("publishing an artifact: %w", err)
	}
	if owner, mine := s.lock.mine(); !mine {
		return &HeldError{owner}
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
	os.Remove(s.store.attemptPath(s.ID()))
	os.Remove(s.store.log(s.ID()))
	return nil
}
