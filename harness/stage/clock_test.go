package stage_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lastmile/harness/stage"
)

// moments are times that a file may have where clocks do not agree.
var moments = map[string]time.Time{
	"1970": time.Unix(1, 0), "an hour ago": time.Now().Add(-time.Hour), "now": {}, "in an hour": time.Now().Add(time.Hour), "2099": time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC),
}

// remoteLock puts a lock of a process on another machine at path, as of some heartbeat;
// its file has such a time.
func remoteLock(t *testing.T, path string, beat int, lease time.Duration, at time.Time) {
	t.Helper()
	written := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".T")
	text := fmt.Sprintf(`{"host": "node7", "process": 12, "boot": "another", "token": "T", "lease": %g, "beat": %d, "doing": "run far"}`, lease.Seconds(), beat)
	err := os.MkdirAll(filepath.Dir(path), 0o777)
	if err == nil {
		err = os.WriteFile(written, []byte(text), 0o666)
	}
	if err == nil && !at.IsZero() {
		err = os.Chtimes(written, at, at)
	}
	if err == nil {
		err = os.Rename(written, path)
	}
	if err != nil {
		t.Error(err)
	}
}

// beating has the heart of a lock beat until it is stopped.
func beating(t *testing.T, path string, lease time.Duration, at time.Time) (stop func()) {
	remoteLock(t, path, 0, lease, at)
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for beat := 1; ; beat++ {
			select {
			case <-quit:
				return
			case <-time.After(lease / 10):
				remoteLock(t, path, beat, lease, at)
			}
		}
	}()
	return func() { close(quit); <-done }
}

// TestAloneTrustsNoFilesTime asks for a work folder that a process on another machine
// uses, and for one that such a process has left: what times the files have makes no
// difference.
func TestAloneTrustsNoFilesTime(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"processes", "locks"} {
		for name, at := range moments {
			t.Run(folder+" "+name, func(t *testing.T) {
				t.Parallel()
				store := open(t)
				path := filepath.Join(store.Dir, folder, "node7-12")
				const long = 20 * time.Second
				stop := beating(t, path, long, at)
				told := 0
				_, others, err := store.Alone(t.Context(), func(stage.Present) { told++ })
				if !errors.Is(err, stage.ErrPresent) || len(others) != 1 || others[0].Process != 12 || told > 1 {
					t.Errorf("beside a process that is alive: %+v, %v, told %d times", others, err, told)
				}
				stop()

				store = open(t)
				path = filepath.Join(store.Dir, folder, "node7-12")
				const lease = 300 * time.Millisecond
				remoteLock(t, path, 3, lease, at)
				begin := time.Now()
				release, others, err := store.Alone(t.Context(), func(stage.Present) { told++ })
				if err != nil || time.Since(begin) < lease || exists(path) {
					t.Fatalf("after %v beside a process that is gone: %+v, %v; its file is there: %v", time.Since(begin), others, err, exists(path))
				}
				release()
			})
		}
	}
}

// TestEnteringTrustsNoFilesTime enters a folder that a process on another machine has
// for itself.
func TestEnteringTrustsNoFilesTime(t *testing.T) {
	t.Parallel()
	for name, at := range moments {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := open(t)
			path := filepath.Join(store.Dir, "processes", "alone")
			const lease = 2 * time.Second
			stop := beating(t, path, lease, at)
			ctx, cancel := context.WithTimeout(t.Context(), lease+lease/2)
			defer cancel()
			if _, err := store.Enter(ctx, "run demo"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("entering beside one that is alone: %v", err)
			}
			stop()
			leave, err := store.Enter(t.Context(), "run demo")
			if err != nil {
				t.Fatal(err)
			}
			leave()
		})
	}
}

// TestALockFromTheFutureIsShownAsWhatItIs looks at a stage whose lock's file was written
// by another clock.
func TestALockFromTheFutureIsShownAsWhatItIs(t *testing.T) {
	t.Parallel()
	for name, at := range moments {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := open(t)
			st := stageOf("mle", behaviour{})
			path := filepath.Join(store.Dir, "locks", st.ID())
			const lease = time.Minute
			remoteLock(t, path, 1, lease, at)
			if _, held := store.Holder(st); held != at.IsZero() {
				t.Errorf("at first sight it is held: %v", held)
			}
			remoteLock(t, path, 2, lease, at)
			if owner, held := store.Holder(st); !held || owner.Process != 12 {
				t.Errorf("after a heartbeat it is held: %v, by %v", held, owner)
			}
		})
	}
}

// TestTriesCountWhateverTheirTimes goes on with a stage whose earlier tries began in the
// future, or before all time.
func TestTriesCountWhateverTheirTimes(t *testing.T) {
	t.Parallel()
	for name, at := range moments {
		store := open(t)
		st := stageOf("mle", behaviour{Text: "x"})
		path := filepath.Join(store.Dir, "partial", st.ID()+".json")
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := stage.WriteJSON(path, stage.Cost{Started: at, Tries: 2, Seconds: 5}); err != nil {
			t.Fatal(err)
		}
		if o := store.Execute(t.Context(), []*stage.Stage{st}, stage.Options{Executor: executors["local"]})[st]; o.State != stage.Computed {
			t.Fatal(name, o)
		}
		record, ok, err := store.Record(st)
		if err != nil || !ok || record.Tries != 3 || record.Seconds < 5 || record.Seconds > 65 || !at.IsZero() && !record.Started.Equal(at) {
			t.Errorf("%s: %+v, %v", name, record.Cost, err)
		}
	}
}
