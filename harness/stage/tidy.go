package stage

import (
	"os"
	"path/filepath"
	"strings"
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
		for _, name := range namesIn(filepath.Join(s.Dir, folder)) {
			path := filepath.Join(s.Dir, folder, name)
			if _, held := askLock(path); held {
				continue
			}
			if l, _, err := tryLock(path); err == nil && l != nil {
				l.release()
			}
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
