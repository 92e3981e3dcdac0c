package stage

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// presentDir holds a locked file for each process that uses the work folder, and
// aloneName that of one that wants it for itself.
const (
	presentDir = "processes"
	aloneName  = "alone"
)

// Present is a process that uses a work folder.
type Present struct {
	Owner
	// Doing is what it does there, such as the name of the sweep that it computes.
	Doing string `json:"doing"`
}

// Enter says that this process uses the work folder until leave is called, so that
// nothing is removed that it reads; a process that has the folder for itself is waited
// for. A folder that cannot be written to is nobody's to remove from.
func (s *Store) Enter(ctx context.Context, doing string) (leave func(), err error) {
	folder := filepath.Join(s.Dir, presentDir)
	if os.MkdirAll(folder, 0o777) != nil {
		return func() {}, nil
	}
	host, _ := os.Hostname()
	path := filepath.Join(folder, host+"-"+strconv.Itoa(os.Getpid()))
	for {
		l, owner, err := tryLock(path)
		if err != nil || l == nil && owner.Process == os.Getpid() {
			return func() {}, nil // not to be had, or this very process has it already
		}
		if l != nil {
			// By no clock but this process's own: to be wrong would be to lose what is read.
			if alone, err := holderOf(filepath.Join(folder, aloneName)); err != nil || !alone.held {
				return l.keep(doing), nil
			}
			l.release()
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Present lists the processes that use the work folder.
func (s *Store) Present() []Present {
	var all []Present
	for _, name := range locksIn(filepath.Join(s.Dir, presentDir)) {
		path := filepath.Join(s.Dir, presentDir, name)
		if _, held := askLock(path); !held || name == aloneName {
			continue
		}
		var p Present
		if ReadJSON(path, &p) == nil {
			all = append(all, p)
		}
	}
	return all
}

// Alone has the work folder for this process until release is called. Where others use
// it, the error is [ErrPresent] and they are returned. Of a process on another machine
// that does not show whether it is alive, waiting is told; that takes its lease at most.
func (s *Store) Alone(ctx context.Context, waiting func(Present)) (release func(), others []Present, err error) {
	folder := filepath.Join(s.Dir, presentDir)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, nil, err
	}
	l, owner, err := tryLock(filepath.Join(folder, aloneName))
	if err != nil {
		return nil, nil, err
	}
	if l == nil {
		return nil, []Present{{Owner: owner}}, ErrPresent
	}
	// Whoever enters from now on waits; who came before is seen.
	release = l.keep("remove")
	if others, err = s.others(ctx, waiting); err == nil && len(others) > 0 {
		err = ErrPresent
	}
	if err != nil {
		release()
		return nil, others, err
	}
	return release, nil, nil
}

// others are the processes that use the work folder or compute a stage, but for one that
// has the folder for itself. A lock of another machine is looked at until it was seen to
// change, or to stand still for its lease: files have the times of the other machine's
// clock, or of the file system's, which may be any.
func (s *Store) others(ctx context.Context, waiting func(Present)) (others []Present, err error) {
	var unsure []string // the paths of locks
	for _, folder := range []string{presentDir, locksDir} {
		// A process of another version computes a stage without having entered.
		for _, name := range locksIn(filepath.Join(s.Dir, folder)) {
			if folder == locksDir || name != aloneName {
				unsure = append(unsure, filepath.Join(s.Dir, folder, name))
			}
		}
	}
	for first := true; ; first = false {
		least := time.Minute
		unsure = slices.DeleteFunc(unsure, func(path string) bool {
			h, err := holderOf(path)
			if err != nil || !h.held {
				if l, _, err := tryLock(path); err == nil && l != nil {
					l.release() // so that the next one need not wait
				}
				return true
			}
			p := Present{h.claim.Owner, cmp.Or(h.claim.Doing, filepath.Base(path))}
			if h.claim.known() || seenToMove(h.path) {
				others = append(others, p)
				return true
			}
			if first && waiting != nil {
				waiting(p)
			}
			least = min(least, seconds(h.claim.Lease))
			return false
		})
		if len(others) > 0 || len(unsure) == 0 {
			return others, nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(least / 8):
		}
	}
}

// keep says in the lock's file what its owner does, and keeps the lock alive until it is
// released.
func (l *lock) keep(doing string) (release func()) {
	l.claim.Doing = doing
	// Where it cannot be said the lock holds all the same.
	_, _, _ = l.write(l.claim)
	_, beats := l.beat(context.Background())
	return func() {
		beats.end()
		l.release()
	}
}

// ErrPresent says that other processes use the work folder.
var ErrPresent = errors.New("other processes use the work folder")
