package stage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// Process computes each stage in a child process, so that a crash of native
// code, or the kernel that takes the memory back, costs one stage. A child is
// killed when this process ends, however it ends. Why it died is in the error:
// in words, with the last that it wrote.
type Process struct {
	// Command is the program and its arguments. The partial folder is added to
	// them; the program must call [Serve] with it and standard output.
	Command []string
	// Env is added to the environment of this process.
	Env []string
}

// Start starts the child. When ctx is done it gets SIGTERM, and after the store's
// Grace SIGKILL.
func (p Process) Start(ctx context.Context, spec Spec, report func(Progress)) (Computation, error) {
	if len(p.Command) == 0 {
		return nil, errors.New("no command that computes stages in a process of its own")
	}
	r := &childProcess{ctx: ctx, spec: spec, report: report, done: make(chan struct{})}
	arguments := append(p.Command[1:len(p.Command):len(p.Command)], spec.Folder())
	c := exec.CommandContext(ctx, p.Command[0], arguments...)
	c.Env = append(os.Environ(), p.Env...)
	said := &lines{take: r.line}
	c.Stdout, c.Stderr = said, &r.rest
	// A group of its own, so that Ctrl-C reaches this process alone and the
	// child is told once, by SIGTERM.
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = spec.grace()
	started := make(chan error)
	go func() {
		// The kernel takes the end of the thread that started a child for the
		// end of its parent.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.Start()
		started <- err
		if err == nil {
			// What the child said counts, and else its state.
			_ = c.Wait()
			said.take(said.open)
			r.state = c.ProcessState
			close(r.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting the process of stage %s: %w", spec.ID(), err)
	}
	return r, nil
}

type childProcess struct {
	ctx    context.Context
	spec   Spec
	report func(Progress)
	end    message // the last line, once there is one
	rest   ends    // what else the child has written
	state  *os.ProcessState
	done   chan struct{}
}

// line takes in a line of the child's standard output.
func (r *childProcess) line(text []byte) {
	var m message
	switch {
	case len(text) == 0:
	case json.Unmarshal(text, &m) != nil || m == message{}:
		r.rest.Write(fmt.Appendf(nil, "%s\n", text))
	case m.Progress != nil:
		r.report(*m.Progress)
	default:
		r.end = m
	}
}

func (r *childProcess) Wait() error {
	<-r.done
	switch {
	case r.end.End != "":
		return r.end.err() // whatever the libraries did at the process's end
	case finished(r.spec.store.Folder(r.spec.Kind, r.spec.Key)):
		return nil
	case r.ctx.Err() != nil:
		return fmt.Errorf("%w: its process did not end by itself", ErrStopped)
	}
	return r.death()
}

// death says why the child ended without saying how the stage ended, and keeps
// what it wrote.
func (r *childProcess) death() error {
	text := r.rest.String()
	reason := "the stage's process " + death(r.state, text)
	if text == "" {
		return errors.New(reason)
	}
	log := r.spec.store.log(r.spec.ID())
	if r.spec.store.addToLog(r.spec.ID(), reason+"\n\n"+text) == nil {
		reason += " (all that it wrote is in " + log + ")"
	}
	return errors.New(reason)
}

// lines hands on what is written to it line by line.
type lines struct {
	take func([]byte)
	open []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.open = append(l.open, p...)
	for {
		line, after, ok := bytes.Cut(l.open, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		l.take(line)
		l.open = after
	}
}

// ends is a writer that keeps the beginning and the end of what is written.
type ends struct {
	mu          sync.Mutex
	first, last []byte
	left        int // the number of bytes left out between them
}

// kept is how much of either end is kept.
const kept = 32 << 10

func (e *ends) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	head := min(len(p), kept-len(e.first))
	e.first = append(e.first, p[:head]...)
	e.last = append(e.last, p[head:]...)
	if over := len(e.last) - kept; over > 0 {
		e.last = append(e.last[:0], e.last[over:]...)
		e.left += over
	}
	return len(p), nil
}

func (e *ends) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.left == 0 {
		return string(e.first) + string(e.last)
	}
	return fmt.Sprintf("%s\n... %d bytes left out ...\n%s", e.first, e.left, e.last)
}
