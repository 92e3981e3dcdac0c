package stage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Owner is a process that computes a stage. The zero Owner is one that could
// not be told.
type Owner struct {
	// Host is the name of its machine.
	Host string `json:"host"`
	// Process is its number there.
	Process int `json:"process"`
	// Since is when it began with the stage.
	Since time.Time `json:"since"`
}

// String returns the owner in words.
func (o Owner) String() string {
	if o.Process == 0 {
		return "another process"
	}
	return fmt.Sprintf("process %d on %s since %s", o.Process, o.Host, o.Since.Local().Format("2006-01-02 15:04:05"))
}

// lock is a file with a lock of its open file description: the kernel lets go
// of it when the process ends, however it ends, and another one can ask about
// it without taking it. The file holds an [Owner].
type lock struct{ file *os.File }

// tryLock locks the file at path, or returns the process that has it.
func tryLock(path string) (l *lock, owner Owner, err error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, Owner{}, err
		}
		_, err = control(f, unix.F_OFD_SETLK, unix.F_WRLCK)
		if err != nil {
			defer f.Close()
			if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EACCES) {
				return nil, Owner{}, fmt.Errorf("locking %s: %w", path, err)
			}
			return nil, ownerIn(path), nil
		}
		// release removes the file: what was locked here may be one that
		// another process has just removed, and then it locks nothing.
		if named, err := isNamed(f, path); err != nil || !named {
			f.Close()
			if err != nil {
				return nil, Owner{}, err
			}
			continue
		}
		l := &lock{f}
		l.write(l.owner())
		return l, Owner{}, nil
	}
}

// owner is this process, from now on.
func (*lock) owner() Owner {
	host, _ := os.Hostname()
	return Owner{Host: host, Process: os.Getpid(), Since: time.Now().UTC().Truncate(time.Second)}
}

// write says in the file who has it. That is for people; the lock holds without it on a
// full disk.
func (l *lock) write(who any) {
	if text, err := encode(who); err == nil {
		l.file.Truncate(0)
		l.file.WriteAt(text, 0)
	}
}

// askLock returns the process that has locked the file at path; held is false
// where none has. It takes and changes nothing.
func askLock(path string) (owner Owner, held bool) {
	f, err := os.Open(path)
	if err != nil {
		return Owner{}, false
	}
	defer f.Close()
	if found, err := control(f, unix.F_OFD_GETLK, unix.F_WRLCK); err != nil || found == unix.F_UNLCK {
		return Owner{}, false
	}
	return ownerIn(path), true
}

// control is fcntl(2) on the lock of a whole file; it returns the kind of lock
// that the kernel answers with.
func control(f *os.File, command int, kind int16) (int16, error) {
	l := unix.Flock_t{Type: kind, Whence: io.SeekStart}
	err := unix.FcntlFlock(f.Fd(), command, &l)
	return l.Type, err
}

// isNamed reports whether path still names the file.
func isNamed(f *os.File, path string) (bool, error) {
	mine, err := f.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(mine, named), err
}

// ownerIn reads the owner in a locked file, who is written there a moment after
// the file is locked.
func ownerIn(path string) Owner {
	for range 20 {
		var owner Owner
		if err := ReadJSON(path, &owner); err == nil {
			return owner
		}
		time.Sleep(time.Millisecond)
	}
	return Owner{}
}

// release removes the file and unlocks it. Unlocking is not left to closing: a
// process that is being started may hold a copy for a moment.
func (l *lock) release() {
	os.Remove(l.file.Name())
	control(l.file, unix.F_OFD_SETLK, unix.F_UNLCK)
	l.file.Close()
}
