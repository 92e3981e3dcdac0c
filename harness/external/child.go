package external

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// killAfter is how long a process has to end after SIGTERM, before SIGKILL.
	killAfter = time.Second
	// endWithin is how long it has to end by itself when its input or output has.
	endWithin = 5 * time.Second
	// drainFor is how long its last words are waited for once it is gone.
	drainFor = 500 * time.Millisecond
)

// child is a running process with its pipes. It leads a group of its own, so that Ctrl-C
// reaches lastmile alone, and what it begins itself is ended with it.
type child struct {
	in       *os.File
	lines    chan reply // of standard output, closed at its end
	words    *words     // what it says on standard error
	quit     chan struct{}
	done     chan struct{} // closed once it has ended
	state    *os.ProcessState
	answered bool // at least once

	mu    sync.Mutex
	pid   int
	ended bool // its number may be another's by now
}

// reply is a line of the process's standard output, without its end, or why it could not
// be read.
type reply struct {
	text []byte
	err  error
}

// begin begins the process of some settings.
func begin(s Settings, threads int, say func(string)) (*child, error) {
	file, err := s.program()
	if err != nil {
		return nil, err
	}
	c := &child{lines: make(chan reply, 1), words: newWords(say), quit: make(chan struct{}), done: make(chan struct{})}
	var theirs, ours []*os.File
	closeAll := func(files []*os.File) {
		for _, f := range files {
			f.Close()
		}
	}
	for range 3 {
		read, write, err := os.Pipe()
		if err != nil {
			closeAll(theirs)
			closeAll(ours)
			return nil, err
		}
		theirs, ours = append(theirs, write), append(ours, read)
	}
	theirs[0], ours[0] = ours[0], theirs[0] // it reads its standard input
	cmd := exec.Command(file, s.Run[1:]...)
	cmd.Dir, cmd.Env = s.Folder, environment(threads)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs[0], theirs[1], theirs[2]
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		// The kernel takes the end of the thread that started a process for the end
		// of its parent.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			c.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			c.wait(cmd)
		}
	}()
	err = <-started
	closeAll(theirs)
	if err != nil {
		closeAll(ours)
		return nil, err
	}
	c.in = ours[0]
	go c.read(ours[1])
	go c.words.read(ours[2])
	return c, nil
}

// environment is lastmile's own, with what keeps Python from holding answers back and
// other libraries from computing with more threads than the stage has.
func environment(threads int) []string {
	env := os.Environ()
	for _, variable := range [][2]string{{"PYTHONUNBUFFERED", "1"}, {"PYTHONIOENCODING", "utf-8"}, {"OMP_NUM_THREADS", strconv.Itoa(max(1, threads))}} {
		if _, set := os.LookupEnv(variable[0]); !set {
			env = append(env, variable[0]+"="+variable[1])
		}
	}
	return env
}

// wait waits for the process, and ends with it what is left of its group. Until it has
// been waited for, its number is no other's.
func (c *child) wait(cmd *exec.Cmd) {
	for {
		if err := unix.Waitid(unix.P_PID, c.pid, nil, unix.WEXITED|unix.WNOWAIT, nil); !errors.Is(err, unix.EINTR) {
			break
		}
	}
	c.signal(syscall.SIGKILL)
	c.mu.Lock()
	// Its state says how it ended.
	_ = cmd.Wait()
	c.state, c.ended = cmd.ProcessState, true
	c.mu.Unlock()
	close(c.done)
}

// signal sends a signal to the process's group.
func (c *child) signal(signal syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		// A group that is gone needs no signal.
		_ = syscall.Kill(-c.pid, signal)
	}
}

// stop ends the process, whatever it does.
func (c *child) stop() {
	c.signal(syscall.SIGTERM)
	if !c.endsWithin(killAfter) {
		c.signal(syscall.SIGKILL)
		c.endsWithin(killAfter)
	}
	c.in.Close()
	select {
	case <-c.quit:
	default:
		close(c.quit)
	}
	c.words.wait()
}

func (c *child) endsWithin(limit time.Duration) bool {
	select {
	case <-c.done:
		return true
	case <-time.After(limit):
		return false
	}
}

// read hands on the lines of standard output.
func (c *child) read(from *os.File) {
	defer from.Close()
	defer close(c.lines)
	r := bufio.NewReaderSize(from, 64<<10)
	for {
		text, err := readLine(r)
		if errors.Is(err, io.EOF) {
			return // half a line at the end is no answer
		}
		select {
		case c.lines <- reply{text, err}:
		case <-c.quit:
			return
		}
		if err != nil {
			return
		}
	}
}

// readLine reads a line up to its end, which it leaves out.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > longest {
			return append(line, part...)[:longest], errLong
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return line[:len(line)-1], nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, io.EOF // also where the pipe cannot be read any more
		}
	}
}

// ending says how the process ended.
func (c *child) ending() string {
	status, _ := c.state.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return fmt.Sprintf("was ended by signal %d (%v)", int(status.Signal()), status.Signal())
	}
	return fmt.Sprintf("ended with exit status %d", status.ExitStatus())
}

// words are what a process says on standard error.
type words struct {
	say  func(string)
	done chan struct{}
	mu   sync.Mutex
	last []string
	said int
}

// How much of standard error is kept: of a line the first bytes; of the lines the first,
// which are shown, and the last, which an error quotes.
const (
	mostOfLine   = 400
	mostShown    = 200
	mostQuoted   = 5
	mostOfQuoted = 600
)

func newWords(say func(string)) *words { return &words{say: say, done: make(chan struct{})} }

// read takes in standard error, whose lines end with a line's end or, as those of bars
// of progress do, with a carriage return.
func (w *words) read(from *os.File) {
	defer from.Close()
	defer close(w.done)
	buffer := make([]byte, 32<<10)
	var open []byte // the beginning of a line
	for {
		n, err := from.Read(buffer)
		for _, b := range buffer[:n] {
			switch {
			case b == '\n' || b == '\r':
				w.line(open)
				open = open[:0]
			case len(open) < mostOfLine:
				open = append(open, b)
			}
		}
		if err != nil {
			w.line(open)
			return
		}
	}
}

func (w *words) line(text []byte) {
	line := strings.TrimRight(strings.ToValidUTF8(string(text), "\uFFFD"), " \t")
	if line == "" {
		return
	}
	w.mu.Lock()
	if len(w.last) == mostQuoted {
		w.last = w.last[1:]
	}
	w.last = append(w.last, strings.TrimSpace(line))
	w.said++
	said := w.said
	w.mu.Unlock()
	switch {
	case said > mostShown:
	case said == mostShown:
		w.say("… (it says more, which is not shown)")
	default:
		w.say(line)
	}
}

// wait waits for the last words of a process that has ended.
func (w *words) wait() {
	select {
	case <-w.done:
	case <-time.After(drainFor):
	}
}

// quote is the last that a process said that has ended, in one line.
func (w *words) quote() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := strings.Join(w.last, "; ")
	if over := len(text) - mostOfQuoted; over > 0 {
		text = "…" + strings.ToValidUTF8(text[over:], "")
	}
	return text
}
