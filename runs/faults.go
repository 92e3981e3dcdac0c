package runs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/mattn/go-sqlite3"
)

// patience is how long another process is waited for that has the store locked, and
// nap how long SQLite waits for it at a time: a wait in SQLite cannot be interrupted.
const (
	patience = time.Minute
	nap      = time.Second
)

// is tells whether an error is one of these of SQLite.
func is(err error, codes ...sqlite3.ErrNo) bool {
	var failure sqlite3.Error
	if !errors.As(err, &failure) {
		return false
	}
	for _, code := range codes {
		if failure.Code == code {
			return true
		}
	}
	return false
}

// patient does what may find the store locked until it does not, or ctx is done.
func patient(ctx context.Context, do func() error) error {
	for deadline := time.Now().Add(patience); ; {
		err := do()
		if !is(err, sqlite3.ErrBusy, sqlite3.ErrLocked) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("another program has had it locked for %.0f s: %w", patience.Seconds(), err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// explained adds to an error of the store at path what can be done about it, or what is
// behind it.
func explained(path string, err error) error {
	if is(err, sqlite3.ErrCorrupt, sqlite3.ErrNotADB) {
		return fmt.Errorf("%w: the file is damaged and may be deleted, with those of its name that end in -wal and -shm: running the sweep again brings its results back from the folders of its stages and computes nothing", err)
	}
	if is(err, sqlite3.ErrCantOpen) {
		// SQLite tries to read where it may not write, and tells how that failed.
		f, why := os.CreateTemp(filepath.Dir(path), ".probe.*")
		if why != nil {
			return fmt.Errorf("%w; nothing can be made in its folder: %w", err, why)
		}
		f.Close()
		os.Remove(f.Name())
	}
	return err
}

// RefusedError says that a file cannot be used as a store: it is none, or of a version that
// is not known.
type RefusedError struct{ text string }

// Error says which file it is, and what is there.
func (e *RefusedError) Error() string { return e.text }

func refused(path, what string) error {
	return &RefusedError{fmt.Sprintf("opening the store %s: %s", path, what)}
}

// Check looks whether the file is sound.
func (s *Store) Check(ctx context.Context) error {
	found := "ok"
	err := s.db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&found)
	if err == nil && found != "ok" {
		err = sqlite3.Error{Code: sqlite3.ErrCorrupt}
	}
	if err != nil {
		return fmt.Errorf("checking the store %s: %w", s.path, explained(s.path, err))
	}
	return nil
}
