package stage

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// lock is a file locked by flock(2): the kernel lets go of it when the process
// ends, however it ends.
type lock struct{ file *os.File }

// tryLock locks the file at path, or returns the number of the process that
// has it, 0 where that cannot be told.
func tryLock(path string) (l *lock, holder int, err error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, 0, err
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			defer f.Close()
			if err != unix.EWOULDBLOCK {
				return nil, 0, fmt.Errorf("locking %s: %w", path, err)
			}
			return nil, holderIn(f), nil
		}
		// release removes the file: what was locked here may be one that
		// another process has just removed, and then it locks nothing.
		mine, err := f.Stat()
		if err != nil {
			f.Close()
			return nil, 0, err
		}
		named, err := os.Stat(path)
		if err != nil || !os.SameFile(mine, named) {
			f.Close()
			continue
		}
		// The number is for people; the lock holds without it on a full disk.
		f.Truncate(0)
		f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		return &lock{f}, 0, nil
	}
}

// holderIn reads the number of the process that has locked f, which it writes
// a moment after it has locked it; 0 where it did not.
func holderIn(f *os.File) int {
	for range 20 {
		text := make([]byte, 32)
		n, _ := f.ReadAt(text, 0)
		if holder, err := strconv.Atoi(strings.TrimSpace(string(text[:n]))); err == nil {
			return holder
		}
		time.Sleep(time.Millisecond)
	}
	return 0
}

// release removes the file and unlocks it.
func (l *lock) release() {
	os.Remove(l.file.Name())
	l.file.Close()
}
