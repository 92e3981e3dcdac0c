package stage

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// tidy removes what processes left that were killed: locks that nobody holds, and what
// they were writing of a stage that nobody computes, or that is finished.
func (s *Store) tidy() {
	for _, name := range namesIn(filepath.Join(s.Dir, partialDir)) {
		id, rest, _ := strings.Cut(name, attemptSuffix)
		temporary := rest != ""
		if !temporary && !s.finishedID(id) {
			continue // a later try goes on with it
		}
		l, _, err := tryLock(s.lockPath(id))
		if err != nil || l == nil {
			continue
		}
		if temporary || s.finishedID(id) {
			os.RemoveAll(filepath.Join(s.Dir, partialDir, name))
		}
		l.release()
	}
	for _, folder := range []string{locksDir, presentDir} {
		s.tidyLocks(filepath.Join(s.Dir, folder))
	}
}

// tidyLocks removes the locks in a folder that nobody holds.
func (s *Store) tidyLocks(folder string) {
	names := namesIn(folder)
	for _, name := range locksAmong(names) {
		path := filepath.Join(folder, name)
		if _, held := askLock(path); held {
			continue
		}
		if l, _, err := tryLock(path); err == nil && l != nil {
			l.release()
		}
	}
	// What else is there a process makes on the way to a lock. It is no lock yet, so
	// it must not be taken for one that nobody holds: to touch it would take the
	// lock from under that process. Only what nobody can be at any more goes.
	for _, name := range names {
		path := filepath.Join(folder, name)
		base, passing := passingName(name)
		if !passing {
			continue
		}
		if _, err := os.Lstat(filepath.Join(folder, base)); err == nil && !strings.HasPrefix(name, ".") {
			continue // a successor, which those who ask for the lock must find
		}
		info, err := os.Lstat(path)
		// One from the future was made by another clock, or before this one was set back.
		if err != nil || time.Since(info.ModTime()).Abs() < passingFor {
			continue
		}
		if _, held, err := heldAt(path); err == nil && !held {
			os.Remove(path)
		}
	}
}

// finishedID reports whether the stage with an ID is finished.
func (s *Store) finishedID(id string) bool {
	cut := len(id) - keyDigits
	return cut > 1 && finished(s.Folder(id[:cut-1], id[cut:]))
}

// namesIn lists a folder; what cannot be listed is left alone.
func namesIn(folder string) []string {
	var names []string
	entries, _ := os.ReadDir(folder)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// locksIn lists the locks in a folder.
func locksIn(folder string) []string { return locksAmong(namesIn(folder)) }

// locksAmong are the names of locks: none of what [passingName] tells.
func locksAmong(names []string) []string {
	var locks []string
	for _, name := range names {
		if _, passing := passingName(name); !passing {
			locks = append(locks, name)
		}
	}
	return locks
}
