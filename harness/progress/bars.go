package progress

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"lastmile/harness/stage"
)

// bars is the display for a terminal: a bar for each running stage, and above
// the bars a line for each that ended.
type bars struct {
	container *mpb.Progress
	mu        sync.Mutex
	running   map[*stage.Stage]*bar
}

// bar is a task that is drawn by another goroutine, which waits for none of
// the locks of bars: those are held while the drawing is waited for.
type bar struct {
	drawn *mpb.Bar
	mu    sync.Mutex
	task  *task
}

func newBars(w io.Writer, options ...mpb.ContainerOption) *bars {
	options = append(options, mpb.WithOutput(w), mpb.WithRefreshRate(200*time.Millisecond))
	return &bars{
		container: mpb.New(options...),
		running:   map[*stage.Stage]*bar{},
	}
}

func (b *bars) Report(e stage.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e.Said != "" {
		fmt.Fprintf(b.container, "%s: %s\n", label(e.Stage), Visible(e.Said))
		return
	}
	now := time.Now()
	running := b.running[e.Stage]
	if e.State != stage.Running {
		var took time.Duration
		if running != nil {
			took = now.Sub(running.task.begin)
			running.drawn.Abort(true)
			delete(b.running, e.Stage)
		}
		if text := ending(e, took); text != "" {
			fmt.Fprintf(b.container, "%s: %s\n", label(e.Stage), Visible(text))
		}
		return
	}
	if running == nil {
		running = b.add(e, now)
		b.running[e.Stage] = running
	}
	if e.Warning != "" {
		fmt.Fprintf(b.container, "%s: %s\n", label(e.Stage), Visible(e.Warning))
		return
	}
	running.mu.Lock()
	running.task.update(e, now)
	done, total := running.task.done, running.task.total
	running.mu.Unlock()
	running.drawn.SetTotal(int64(total), false)
	running.drawn.SetCurrent(int64(done))
}

// add puts a new bar under the others.
func (b *bars) add(e stage.Event, now time.Time) *bar {
	added := &bar{task: newTask(e, now)}
	status := decor.Any(func(decor.Statistics) string {
		added.mu.Lock()
		defer added.mu.Unlock()
		return added.task.status(time.Now())
	}, decor.WC{C: decor.DSyncSpaceR})
	added.drawn = b.container.New(0,
		mpb.BarStyle().Lbound("").Rbound("").Filler("█").Tip("█").Padding("░"),
		mpb.BarWidth(16),
		mpb.PrependDecorators(decor.Name(label(e.Stage), decor.WC{C: decor.DSyncWidthR | decor.DextraSpace})),
		mpb.AppendDecorators(status),
	)
	return added
}

func (b *bars) Say(line string) { fmt.Fprintln(b.container, Visible(line)) }

func (b *bars) Close() {
	b.mu.Lock()
	for _, running := range b.running {
		running.drawn.Abort(true)
	}
	b.mu.Unlock()
	b.container.Wait()
}
