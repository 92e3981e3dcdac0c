package stage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Serve computes the stage that is written down in a partial folder, as
// [Process] asks a child process to do. It writes to out a line of JSON for
// reports of progress, no more than twenty a second and all warnings, and one for how the stage
// ended. ctx should be done when the process is told to stop by SIGTERM. The
// error is nil where the artifact is there afterwards, and otherwise one of
// those of [Computation.Wait].
func Serve(ctx context.Context, folder string, funcs Funcs, out io.Writer) error {
	w := &messages{out: out}
	err := serve(ctx, folder, funcs, w.progress)
	w.end(ctx, err)
	if errors.Is(err, ErrFound) {
		return nil
	}
	return err
}

func serve(ctx context.Context, folder string, funcs Funcs, report func(Progress)) error {
	spec, err := ReadSpec(folder)
	if errors.Is(err, fs.ErrNotExist) && published(folder) {
		return ErrFound // by another process, since the spec was written
	}
	if err != nil {
		return fmt.Errorf("no stage to compute in %s: %w", folder, err)
	}
	running, err := Local{funcs}.Start(ctx, spec, report)
	if err != nil {
		return err
	}
	return running.Wait()
}

// published reports whether the artifact of a partial folder is finished.
func published(folder string) bool {
	store, id, err := partialFolder(folder)
	if err != nil {
		return false
	}
	return store.finishedID(id)
}

// ClaimStdout returns standard output for [Serve], and sends what the process
// otherwise writes there, libraries included, to standard error.
func ClaimStdout() (*os.File, error) {
	copied, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, fmt.Errorf("copying standard output: %w", err)
	}
	if err := unix.Dup3(2, 1, 0); err != nil {
		return nil, fmt.Errorf("sending standard output to standard error: %w", err)
	}
	return os.NewFile(uintptr(copied), "stdout"), nil
}

// message is a line that a process that computes a stage writes for the one
// that has started it.
type message struct {
	Progress *Progress `json:"progress,omitempty"`
	// End is how the stage ended: the last line.
	End ending `json:"end,omitempty"`
	// Error says why the stage failed.
	Error string `json:"error,omitempty"`
	// Owner is the process that computes the stage instead.
	Owner *Owner `json:"owner,omitempty"`
}

type ending string

const (
	endComputed ending = "computed"
	endFound    ending = "found"
	endHeld     ending = "held"
	endStopped  ending = "stopped"
	endFailed   ending = "failed"
)

// err is the message's ending as an error of [Computation.Wait].
func (m message) err() error {
	switch m.End {
	case endComputed:
		return nil
	case endFound:
		return ErrFound
	case endHeld:
		if m.Owner == nil {
			return &HeldError{}
		}
		return &HeldError{*m.Owner}
	case endStopped:
		return ErrStopped
	}
	return errors.New(m.Error)
}

// messages writes messages.
type messages struct {
	mu   sync.Mutex
	out  io.Writer
	last time.Time // when progress was written
}

// quiet is the shortest time between two lines of progress.
const quiet = 50 * time.Millisecond

func (w *messages) progress(p Progress) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.Said != "" {
		w.write(message{Progress: &p})
		return
	}
	if now := time.Now(); now.Sub(w.last) >= quiet || p.Warning != "" || p.Total > 0 && p.Done == p.Total {
		w.last = now
		w.write(message{Progress: &p})
	}
}

func (w *messages) end(ctx context.Context, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var held *HeldError
	switch {
	case err == nil:
		w.write(message{End: endComputed})
	case errors.Is(err, ErrFound):
		w.write(message{End: endFound})
	case errors.As(err, &held):
		w.write(message{End: endHeld, Owner: &held.Owner})
	case ctx.Err() != nil || errors.Is(err, ErrStopped):
		w.write(message{End: endStopped})
	default:
		w.write(message{End: endFailed, Error: err.Error()})
	}
}

// write writes a line in one piece. Where nobody reads it, the stage is worth
// computing all the same.
func (w *messages) write(m message) {
	line, err := json.Marshal(m)
	if err == nil {
		_, _ = w.out.Write(append(line, '\n'))
	}
}
