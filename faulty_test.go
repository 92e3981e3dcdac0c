package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A faulty process is one of lastmile's in which, from some moment on, the kernel
// answers some system calls with an error, whoever makes them: Go, SQLite or libtorch.
// That is the disk that is full, broken or read-only, at each write in turn.

const (
	faultVariable = "LASTMILE_TEST_FAULT" // the name of the fault
	errorVariable = "LASTMILE_TEST_ERROR" // the error, as a number
	delayVariable = "LASTMILE_TEST_DELAY" // how long after the beginning
)

// call is a system call that a fault answers.
type call struct {
	number uint32
	only   int // which of them: one of the constants below
}

const (
	always  = iota
	toFiles // write(2): standard output and error, and Go's own wake-ups, are spared
	writing // openat(2): what would only be read is not
)

// faults are system calls that fail together.
var faults = map[string][]call{
	"write":  {{unix.SYS_WRITE, toFiles}, {unix.SYS_PWRITE64, always}, {unix.SYS_WRITEV, toFiles}, {unix.SYS_FTRUNCATE, always}},
	"create": {{unix.SYS_OPENAT, writing}, {unix.SYS_MKDIRAT, always}},
	"sync":   {{unix.SYS_FSYNC, always}, {unix.SYS_FDATASYNC, always}},
	"rename": {{unix.SYS_RENAMEAT, always}, {unix.SYS_RENAMEAT2, always}, {unix.SYS_UNLINKAT, always}},
}

// faulty is the program with the fault that the environment names.
func faulty() {
	var number uint32
	var delay time.Duration
	fmt.Sscan(os.Getenv(errorVariable), &number)
	delay, _ = time.ParseDuration(os.Getenv(delayVariable))
	if delay == 0 {
		inject(faults[os.Getenv(faultVariable)], number)
	} else {
		time.AfterFunc(delay, func() { inject(faults[os.Getenv(faultVariable)], number) })
	}
	main()
}

// inject has the kernel answer these calls of all threads with an error. It cannot be
// taken back.
func inject(calls []call, number uint32) {
	const load, equal, greater, set, yield = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_JMP | unix.BPF_JGT | unix.BPF_K, unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	const argument = 16 // where the first is in struct seccomp_data; each has 8 bytes
	fail := unix.SockFilter{Code: yield, K: unix.SECCOMP_RET_ERRNO | number}
	allow := unix.SockFilter{Code: yield, K: unix.SECCOMP_RET_ALLOW}
	var filter []unix.SockFilter
	for _, c := range calls {
		var test []unix.SockFilter
		switch c.only {
		case always:
			test = []unix.SockFilter{fail}
		case toFiles:
			test = []unix.SockFilter{
				{Code: load, K: argument}, {Code: greater, K: 2, Jt: 1}, allow,
				{Code: load, K: argument + 16}, {Code: equal, K: 8, Jf: 1}, allow, fail,
			}
		case writing:
			test = []unix.SockFilter{
				{Code: load, K: argument + 16}, {Code: set, K: unix.O_CREAT | unix.O_WRONLY | unix.O_RDWR, Jt: 1}, allow, fail,
			}
		}
		filter = append(filter, unix.SockFilter{Code: load, K: 0}, unix.SockFilter{Code: equal, K: c.number, Jf: uint8(len(test))})
		filter = append(filter, test...)
	}
	filter = append(filter, allow)
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread()
	err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	if err == nil {
		if _, _, failure := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program))); failure != 0 {
			err = failure
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "no faults:", err)
		os.Exit(noFaults)
	}
}

// noFaults is the exit code where the kernel gives no faults.
const noFaults = 77

// TestAFaultyDiskLosesNothing lets writes fail in every way, from the beginning and
// from some moment on: the program ends with a message and no panic, and the same
// command on a sound disk ends as an undisturbed one.
func TestAFaultyDiskLosesNothing(t *testing.T) {
	n, long := kills(t)
	dir := faultFolder(t, noModel)
	begin := time.Now()
	undisturbed(t, dir, "whole")
	takes := time.Since(begin)
	want := outcomeOf(t, filepath.Join(dir, "whole"))
	codes := map[string][]unix.Errno{"write": {unix.ENOSPC, unix.EIO}, "create": {unix.EROFS, unix.ENOSPC}, "sync": {unix.EIO}, "rename": {unix.EIO, unix.EROFS}}
	r := rand.New(rand.NewPCG(uint64(begin.UnixNano()), 0))
	tried, failed := 0, 0
	for name, errors := range codes {
		if !long {
			errors = errors[:1]
		}
		for _, code := range errors {
			work := fmt.Sprint(name, int(code))
			fail := func(delay time.Duration) error {
				t.Helper()
				c, said := program(dir, "faulty", "run", "sweep.toml", "--work", work)
				c.Env = append(os.Environ(), faultVariable+"="+name, fmt.Sprintf("%s=%d", errorVariable, uint32(code)), delayVariable+"="+delay.String())
				err := c.Run()
				if c.ProcessState != nil && c.ProcessState.ExitCode() == noFaults {
					t.Skip(said)
				}
				if strings.Contains(said.String(), "panic") || strings.Contains(said.String(), "fatal error") || err == nil && delay == 0 {
					t.Errorf("%s fails with %v after %v: %v\n%s", name, code, delay, err, said)
				}
				if tried++; err != nil {
					failed++
				}
				if err != nil && c.ProcessState.ExitCode() != 1 {
					t.Errorf("%s fails with %v: %v, expected exit code 1\n%s", name, code, err, said)
				}
				if err != nil && !strings.Contains(said.String(), code.Error()) && !strings.Contains(said.String(), "disk") {
					t.Errorf("%s fails with %v, and the message is\n%s", name, code, said)
				}
				return err
			}
			_ = fail(0) // what is wrong with it has been told
			if long {
				for range n / 3 {
					if fail(time.Duration(1+r.Int64N(int64(takes)))) == nil {
						// It came to its end before, so the next one begins anew.
						compareOutcomes(t, want, outcomeOf(t, filepath.Join(dir, work)))
						os.RemoveAll(filepath.Join(dir, work))
					}
				}
			}
			undisturbed(t, dir, work)
			compareOutcomes(t, want, outcomeOf(t, filepath.Join(dir, work)))
		}
	}
	t.Logf("%d processes had a faulty disk, %d of them ended for it", tried, failed)
}

// TestAFullDiskLosesNothing, a part of the long form, has the work folder on disks of
// every size that is too small: each is full at another write. They are tmpfs in a mount
// namespace of their own.
func TestAFullDiskLosesNothing(t *testing.T) {
	if _, long := kills(t); !long {
		t.Skip("a part of the long form, make faults")
	}
	if out, err := exec.Command("unshare", "-rm", "true").CombinedOutput(); err != nil {
		t.Skipf("no mount namespace: %v %s", err, out)
	}
	dir := faultFolder(t, everyKind)
	undisturbed(t, dir, "whole")
	want := outcomeOf(t, filepath.Join(dir, "whole"))
	full := 0
	for kilobytes := 32; ; kilobytes += kilobytes / 3 {
		work := filepath.Join(dir, fmt.Sprint(kilobytes))
		script := `mkdir disk copy; mount -t tmpfs -o size=` + fmt.Sprint(kilobytes) + `k tmpfs disk || exit 3
			"$0" run sweep.toml --work disk; code=$?
			mount -o remount,size=256m disk; "$0" run sweep.toml --work disk || exit 4
			cp -a disk/. copy; exit $code`
		c := exec.Command("unshare", "-rm", "sh", "-c", script, filepath.Join(dir, "lastmile"))
		c.Dir = dir
		if err := os.Symlink(testBinary(), filepath.Join(dir, "lastmile")); err != nil {
			t.Fatal(err)
		}
		said, err := c.CombinedOutput()
		code := c.ProcessState.ExitCode()
		if err != nil && (code != 1 || strings.Contains(string(said), "panic") || !strings.Contains(string(said), "no space left") && !strings.Contains(string(said), "disk is full")) {
			t.Errorf("%d kB: %v\n%s", kilobytes, err, said)
		}
		if err := os.Rename(filepath.Join(dir, "copy"), work); err != nil {
			t.Fatal(err)
		}
		compareOutcomes(t, want, outcomeOf(t, work))
		for _, name := range []string{work, filepath.Join(dir, "disk"), filepath.Join(dir, "lastmile")} {
			os.RemoveAll(name)
		}
		if err == nil {
			break
		}
		full++
	}
	t.Logf("%d disks were full", full)
}
