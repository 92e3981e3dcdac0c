package stage

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
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
	// Boot tells the machine's kernel, since it was started, from all others.
	Boot string `json:"boot,omitempty"`
	// Job is the job of Slurm's that the process belongs to.
	Job string `json:"job,omitempty"`
}

// String returns the owner in words.
func (o Owner) String() string {
	if o.Process == 0 {
		return "another process"
	}
	job := ""
	if o.Job != "" {
		job = " (job " + o.Job + ")"
	}
	return fmt.Sprintf("process %d on %s%s since %s", o.Process, o.Host, job, o.Since.Local().Format("2006-01-02 15:04:05"))
}

// claim is what a lock's file holds.
type claim struct {
	Owner
	// Token tells the lock from any other that was or will be.
	Token string `json:"token"`
	// Lease is the number of seconds after which a lock whose Beat stands still is
	// over; 0 leaves the lock to the kernel.
	Lease float64 `json:"lease"`
	// Beat counts the heartbeats.
	Beat int `json:"beat"`
	// Unlocked is true where the kernel's locks do not work: then the lease is all.
	Unlocked bool `json:"unlocked,omitempty"`
	// Progress is how far the stage is.
	Progress *Progress `json:"progress,omitempty"`
	// Doing is what the owner does in the work folder, of a lock that says that it is
	// there.
	Doing string `json:"doing,omitempty"`
}

// lock is a file that says who has the lock, under a path that a process gives to
// a file of its own only where there is none, or where the one that there is
// belongs to nobody any more.
//
// What is relied on:
//
//   - Of several processes that link(2) a file to one path, one succeeds, and
//     rename(2) replaces a path in one step. That holds on local file systems, on
//     NFS 3 and 4, Lustre, GPFS, BeeGFS and CephFS.
//   - Who opens a file sees what was in it when it was last closed (close-to-open
//     consistency). That holds there too, unless NFS is mounted with nocto.
//   - On one machine, the kernel holds the lock of an open file description until
//     the process ends, however it ends, and tells others of it. So what a dead
//     process of this machine had is free at once, and what a live one has, though
//     it was stopped for hours, is not. Where a file system is seen not to do that
//     ([locksWork]), the lease is all on one machine, too.
//
// Of a process on another machine the kernel's word is not relied on, since that
// depends on the server and on how it is mounted. Its file counts: the owner adds
// to Beat four times a lease, and a lock whose Beat was seen to stand still for a
// lease is over. The time is taken by the clock of the process that looks, so
// clocks need not agree. An owner that was away for longer (a machine that was cut
// off and comes back) finds out at its next heartbeat, and before it publishes
// anything, that the path names another's file, and stops.
type lock struct {
	path  string
	file  *os.File // keeps the kernel's lock
	claim claim
}

// DefaultLease is how long the lock of a process on another machine outlives its
// last heartbeat.
const DefaultLease = time.Minute

// tryLock takes the lock at path, or returns the process that has it.
func tryLock(path string) (l *lock, owner Owner, err error) { return tryLockFor(path, DefaultLease) }

// tryLockFor is [tryLock] with a lease.
func tryLockFor(path string, lease time.Duration) (l *lock, owner Owner, err error) {
	for {
		there, err := holderOf(path)
		if err != nil {
			return nil, Owner{}, fmt.Errorf("locking %s: %w", path, err)
		}
		if there.held {
			return nil, there.claim.Owner, nil
		}
		l, err := prepareLock(path, lease)
		if err != nil {
			return nil, Owner{}, fmt.Errorf("locking %s: %w", path, err)
		}
		won, err := l.take(there)
		if errors.Is(err, fs.ErrNotExist) {
			// This process stood still so long that its file was taken for litter.
			l.drop()
			continue
		}
		if err != nil {
			l.drop()
			return nil, Owner{}, fmt.Errorf("locking %s: %w", path, err)
		}
		if won {
			forget(path)
			return l, Owner{}, nil
		}
		l.drop() // another one was faster
	}
}

// prepareLock makes a file with a lock of this process, under a name of its own.
func prepareLock(path string, lease time.Duration) (*lock, error) {
	l := &lock{path: path, claim: claim{Owner: self(), Token: rand.Text(), Lease: lease.Seconds()}}
	name := l.temporary()
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	l.file = f
	if l.claim.Unlocked = !locksWork(filepath.Dir(path)); !l.claim.Unlocked {
		if _, err := control(f, unix.F_OFD_SETLK, unix.F_WRLCK); err != nil {
			l.drop()
			return nil, err
		}
	}
	// Written through another description, it is there for others once that is
	// closed. On a full disk the file stays empty, and the kernel's lock is all.
	if err := writeClaim(name, l.claim); err != nil {
		if l.claim.Unlocked {
			l.drop()
			return nil, err
		}
		_ = f.Truncate(0)
	}
	return l, nil
}

// temporary is the name of the lock's file while it has none that others know.
func (l *lock) temporary() string {
	return filepath.Join(filepath.Dir(l.path), "."+filepath.Base(l.path)+"."+l.claim.Token)
}

// passingFor is how long a file that is no lock yet, or no longer, is left to the
// process that makes it.
const passingFor = time.Minute

// passingName reports whether a name in a folder of locks is one that a file has on
// the way to a lock, and which lock's: that of [lock.temporary], of
// [holder.successor] or of a probe.
func passingName(name string) (base string, passing bool) {
	at := strings.LastIndexByte(name, '.')
	if strings.HasPrefix(name, ".") {
		return name[1:max(at, 1)], true
	}
	if at < 0 {
		return "", false
	}
	token := name[at+1:]
	if token == unknownToken || len(token) == tokenLength && strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == "" {
		return name[:at], true
	}
	return "", false
}

// tokenLength is that of [rand.Text], and unknownToken what stands for the token of a
// lock whose file is empty.
const (
	tokenLength  = 26
	unknownToken = "unknown"
)

// take gives the lock's file the path, where that still is as it was found. It
// reports whether the lock is this process's now.
func (l *lock) take(there holder) (won bool, err error) {
	if !there.exists {
		return l.place(l.path)
	}
	// Whoever takes the place of a lock first gives his file a name that is made
	// of the other's token: one alone succeeds, and if he dies before he has taken
	// the path, that file is the one to be replaced.
	successor := there.successor()
	if won, err := l.place(successor); err != nil || !won {
		return false, err
	}
	now, err := holderOf(l.path)
	if err != nil || !now.exists || now.claim.Token != l.claim.Token {
		// The path went to somebody else, who had the name of a successor before.
		os.Remove(successor)
		return false, err
	}
	if err := os.Rename(successor, l.path); err != nil {
		os.Remove(successor)
		return false, err
	}
	for _, name := range there.passed {
		os.Remove(name)
	}
	return true, nil
}

// place gives the lock's file a name that no file has. The temporary name is gone
// then.
func (l *lock) place(name string) (won bool, err error) {
	temporary := l.temporary()
	err = os.Link(temporary, name)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		// A file system without hard links.
		err = unix.Renameat2(unix.AT_FDCWD, temporary, unix.AT_FDCWD, name, unix.RENAME_NOREPLACE)
		if errors.Is(err, fs.ErrExist) {
			return false, nil
		}
		return err == nil, err
	}
	if errors.Is(err, fs.ErrExist) {
		// An NFS server may have done it and be asked again because its answer was lost.
		if claimIn(name).Token != l.claim.Token {
			return false, nil
		}
	} else if err != nil {
		return false, err
	}
	os.Remove(temporary)
	return true, nil
}

// drop lets go of a lock that was not taken.
func (l *lock) drop() {
	os.Remove(l.temporary())
	l.file.Close()
}

// mine reports whether the path still names this lock's file.
func (l *lock) mine() (now Owner, mine bool) {
	there, err := readClaim(l.path)
	if err == nil && there.Token == "" {
		mine, err := isNamed(l.file, l.path)
		return Owner{}, err == nil && mine // a full disk has left it empty
	}
	return there.Owner, err == nil && there.Token == l.claim.Token
}

// write says in the lock's file what the claim is now, where the file is still this
// process's; now is the owner otherwise.
func (l *lock) write(c claim) (now Owner, mine bool, err error) {
	// Opened anew, so that an NFS client asks the server what the path names.
	f, err := os.OpenFile(l.path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return Owner{}, false, nil
	}
	if err != nil {
		return Owner{}, false, err
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return Owner{}, false, err
	}
	var there claim
	if len(text) == 0 {
		if same, err := isNamed(l.file, l.path); err != nil || !same {
			return Owner{}, false, err
		}
	} else if err := json.Unmarshal(text, &there); err != nil {
		return Owner{}, false, err
	} else if there.Token != l.claim.Token {
		return there.Owner, false, nil
	}
	if _, err := f.WriteAt(c.text(), 0); err != nil {
		return Owner{}, true, err
	}
	return Owner{}, true, f.Close()
}

// release removes the file and unlocks it. Unlocking is not left to closing: a
// process that is being started may hold a copy for a moment.
func (l *lock) release() {
	if _, mine := l.mine(); mine {
		os.Remove(l.path)
	}
	control(l.file, unix.F_OFD_SETLK, unix.F_UNLCK)
	l.file.Close()
}

// holder is what is found at the path of a lock.
type holder struct {
	exists bool
	claim  claim
	// held is true while the owner may be computing.
	held bool
	path string // of the file that counts
	root string
	// passed are the files of successors who died before they had the path.
	passed []string
}

// successor is the name that the file which replaces this one gets first.
func (h holder) successor() string {
	token := h.claim.Token
	if token == "" {
		token = unknownToken
	}
	return h.root + "." + token
}

// holderOf looks who has the lock at path. It changes nothing.
func holderOf(path string) (holder, error) {
	h := holder{root: path, path: path}
	for {
		there, held, err := heldAt(h.path)
		if errors.Is(err, fs.ErrNotExist) {
			return holder{root: path, path: path}, nil
		}
		if err != nil {
			return h, err
		}
		h.exists, h.held, h.claim = true, held, there
		if held {
			return h, nil
		}
		next := h.successor()
		if _, err := os.Lstat(next); err != nil || slices.Contains(h.passed, next) {
			return h, nil // or one that is damaged names itself
		}
		h.passed = append(h.passed, next)
		h.path = next
	}
}

// heldAt tells whether a lock's file belongs to a process that may still be there.
func heldAt(path string) (there claim, held bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return claim{}, false, err
	}
	defer f.Close()
	there = claimIn(path)
	found, err := control(f, unix.F_OFD_GETLK, unix.F_WRLCK)
	locked := err == nil && found != unix.F_UNLCK
	if there.known() {
		return there, locked, nil
	}
	return there, !standsStill(path, there), nil
}

// askLock returns the process that has locked the file at path; held is false
// where none has. It takes and changes nothing. A lock of another machine that was not
// seen to change counts as free where its file was written more than two leases ago, or
// ahead, by the clocks of both, which need not agree: so this is for showing, and who
// takes the lock looks for himself.
func askLock(path string) (owner Owner, held bool) {
	h, err := holderOf(path)
	if err != nil || !h.held {
		return Owner{}, false
	}
	if info, err := os.Stat(h.path); err == nil && !h.claim.known() && !seenToMove(h.path) &&
		time.Since(info.ModTime()).Abs().Seconds() > 2*h.claim.Lease {
		return Owner{}, false
	}
	return h.claim.Owner, true
}

// known reports whether the kernel knows if the lock's owner is alive.
func (c claim) known() bool { return c.Lease == 0 || !c.Unlocked && c.Here() }

// works has, by folder, whether the kernel's locks work there.
var works sync.Map

// locksWork reports whether the kernel's lock of a file in a folder is seen under
// another name of the file. Some file systems of user space take links of a file for
// different files, and some have no locks.
func locksWork(dir string) bool {
	if known, ok := works.Load(dir); ok {
		return known.(bool)
	}
	f, err := os.CreateTemp(dir, ".probe.*")
	if err != nil {
		return true // whoever makes the lock's file sees why
	}
	defer f.Close()
	defer os.Remove(f.Name())
	other := f.Name() + ".link"
	if err := os.Link(f.Name(), other); err != nil {
		other = f.Name()
	} else {
		defer os.Remove(other)
	}
	_, err = control(f, unix.F_OFD_SETLK, unix.F_WRLCK)
	work := err == nil
	if g, err := os.Open(other); work && err == nil {
		found, err := control(g, unix.F_OFD_GETLK, unix.F_WRLCK)
		work = err == nil && found != unix.F_UNLCK
		g.Close()
	}
	works.Store(dir, work)
	return work
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

// claimIn reads what a lock's file says. It may be in writing at the moment.
func claimIn(path string) claim {
	for range 20 {
		if there, err := readClaim(path); err == nil {
			return there
		}
		time.Sleep(time.Millisecond)
	}
	return claim{}
}

// readClaim reads a lock's file; an empty one is the zero claim.
func readClaim(path string) (there claim, err error) {
	text, err := os.ReadFile(path)
	if err != nil || len(text) == 0 {
		return claim{}, err
	}
	err = json.Unmarshal(text, &there)
	return there, err
}

// claimSize is the size of a lock's file: the same whatever it says, so that it is
// never cut short for who reads it meanwhile.
const claimSize = 1024

// writeClaim writes into the file at path, which is there.
func writeClaim(path string, c claim) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(c.text(), 0)
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}

// text is the claim as a lock's file holds it.
func (c claim) text() []byte {
	text, err := encode(c)
	if len(text) > claimSize && c.Progress != nil {
		c.Progress = nil
		return c.text()
	}
	if err != nil {
		return nil
	}
	for len(text) < claimSize {
		text = append(text, '\n')
	}
	return text
}
