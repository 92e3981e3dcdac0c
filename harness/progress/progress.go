// Package progress shows how stages get on: bars with rate and time left on a
// terminal, plain lines elsewhere.
package progress

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"lastmile/harness/stage"
)

// Display shows events. Its methods may be called from any goroutine.
type Display interface {
	// Report takes in an event.
	Report(stage.Event)
	// Say shows a line.
	Say(line string)
	// Close ends the display; what still runs vanishes from it.
	Close()
}

// New returns bars where w is a terminal, and plain lines otherwise.
func New(w io.Writer) Display {
	if f, ok := terminal(w); ok && isTerminal(f) {
		return newBars(f)
	}
	return newLines(w, time.Now)
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil && os.Getenv("TERM") != "dumb"
}

// task is one running stage.
type task struct {
	label       string
	begin       time.Time
	done, total int
	note        string
	// The first progress that the stage reported: a resumed stage starts with
	// steps that cost nothing now.
	from  int
	since time.Time
}

func newTask(e stage.Event, now time.Time) *task {
	return &task{label: label(e.Stage), begin: now}
}

// label is the kind and the name of a stage.
func label(s *stage.Stage) string { return fmt.Sprintf("%-11s %s", s.Kind, Visible(s.Name)) }

// update takes in an event of the running stage.
func (t *task) update(e stage.Event, now time.Time) {
	if e.Total == 0 && e.Done == 0 && e.Note == "" {
		return
	}
	// A stage may work in several parts, each counted from its own beginning.
	if t.since.IsZero() || e.Done < t.done || e.Total != t.total {
		t.from, t.since = e.Done, now
	}
	t.done, t.total, t.note = e.Done, e.Total, e.Note
}

// status says how far the task is, at what rate, and how long it will take.
func (t *task) status(now time.Time) string {
	var parts []string
	if t.total > 0 {
		parts = append(parts, fmt.Sprintf("%d/%d", t.done, t.total))
	} else if t.done > 0 {
		parts = append(parts, fmt.Sprint(t.done))
	}
	var left string
	if steps, took := t.done-t.from, now.Sub(t.since).Seconds(); steps > 0 && took > 0 {
		each := took / float64(steps)
		if each >= 1 {
			parts = append(parts, fmt.Sprintf("%.1f s/step", each))
		} else {
			parts = append(parts, fmt.Sprintf("%.3g steps/s", 1/each))
		}
		if t.total > t.done {
			left = clock(time.Duration(each*float64(t.total-t.done)*float64(time.Second))) + " left"
		}
	}
	if t.note != "" {
		parts = append(parts, t.note)
	}
	if left != "" {
		parts = append(parts, left)
	}
	return strings.Join(parts, "  ")
}

// clock formats a duration as minutes and seconds, or hours, minutes and
// seconds.
func clock(d time.Duration) string {
	seconds := int(d.Round(time.Second).Seconds())
	if seconds < 3600 {
		return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
}

// About formats a duration for an estimate or a summary: "0.4 s", "48 s",
// "24 min", "3.5 h".
func About(d time.Duration) string {
	switch seconds := d.Seconds(); {
	case seconds < 9.95:
		return fmt.Sprintf("%.1f s", seconds)
	case seconds < 120:
		return fmt.Sprintf("%.0f s", seconds)
	case seconds < 2*3600:
		return fmt.Sprintf("%.0f min", seconds/60)
	default:
		return fmt.Sprintf("%.1f h", seconds/3600)
	}
}

// ending says how a stage ended, "" where that is not worth a line: a found
// one was counted beforehand, and blocked and stopped ones are summed up
// afterwards.
func ending(e stage.Event, took time.Duration) string {
	switch e.State {
	case stage.Computed:
		return "done in " + About(cmp.Or(e.Took, took))
	case stage.Failed:
		return "failed: " + e.Err.Error()
	case stage.Damaged:
		return e.Err.Error() + "; it is computed again"
	case stage.Waiting:
		return "waiting for " + e.Holder.String()
	}
	return ""
}

// lines is the display for what is not a terminal.
type lines struct {
	w     io.Writer
	now   func() time.Time
	mu    sync.Mutex
	tasks map[*stage.Stage]*task
	last  map[*stage.Stage]time.Time
}

// quiet is the shortest time between two lines about one stage.
const quiet = 5 * time.Second

func newLines(w io.Writer, now func() time.Time) *lines {
	return &lines{w: w, now: now, tasks: map[*stage.Stage]*task{}, last: map[*stage.Stage]time.Time{}}
}

func (l *lines) Report(e stage.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Said != "" {
		fmt.Fprintf(l.w, "%s: %s\n", label(e.Stage), e.Said)
		return
	}
	now := l.now()
	t := l.tasks[e.Stage]
	if e.State != stage.Running {
		var took time.Duration
		if t != nil {
			took = now.Sub(t.begin)
			delete(l.tasks, e.Stage)
		}
		if text := ending(e, took); text != "" {
			fmt.Fprintf(l.w, "%s: %s\n", label(e.Stage), text)
		}
		return
	}
	if t == nil {
		t = newTask(e, now)
		l.tasks[e.Stage], l.last[e.Stage] = t, now
	}
	if e.Warning != "" {
		fmt.Fprintf(l.w, "%s: %s\n", t.label, e.Warning)
		return
	}
	t.update(e, now)
	if now.Sub(l.last[e.Stage]) >= quiet {
		l.last[e.Stage] = now
		fmt.Fprintf(l.w, "%s: %s\n", t.label, t.status(now))
	}
}

func (l *lines) Say(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.w, Visible(line))
}

func (l *lines) Close() {}

// Width returns the number of columns of the terminal that w is, 0 where it is
// none.
func Width(w io.Writer) int { return int(size(w).Col) }

// Height returns the number of lines of the terminal that w is, 0 where it is none.
func Height(w io.Writer) int { return int(size(w).Row) }

// Clear clears the terminal that w is, and goes to its first line.
func Clear(w io.Writer) {
	if f, ok := terminal(w); ok {
		fmt.Fprint(f, "\x1b[H\x1b[2J")
	}
}

func size(w io.Writer) unix.Winsize {
	f, ok := terminal(w)
	if !ok {
		return unix.Winsize{}
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return unix.Winsize{}
	}
	return *size
}
