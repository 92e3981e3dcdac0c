package slurm

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"

	"lastmile/harness/stage"
)

// LeftError is that the coordinator was told to stop while the jobs go on.
type LeftError struct {
	// Jobs are the numbers of those in the queue.
	Jobs  []string
	cause error
}

// Error says which jobs go on, and how to end them.
func (e *LeftError) Error() string {
	numbers := strings.Join(e.Jobs, " ")
	if len(e.Jobs) == 1 {
		return fmt.Sprintf("job %s goes on (scancel %s ends it)", numbers, numbers)
	}
	return fmt.Sprintf("jobs %s go on (scancel %s ends them)", numbers, numbers)
}

// Unwrap returns why the coordinator was stopped.
func (e *LeftError) Unwrap() error { return e.cause }

// Coordinator submits a job and follows it.
type Coordinator struct {
	Job Job
	// Say is told, in a line each, what happens to the tasks.
	Say func(line string)

	store    *stage.Store
	progress func(stage.Event)
	follow   *stage.Following
	record   record
	queue    []queued
	missing  map[string]int // how often a task was not in the queue
	ended    map[string]bool
	silent   time.Time // since when Slurm does not answer
	tasks    *stage.Stage
}

// Run has the goals computed and returns how they ended. Where ctx is done before that
// the jobs go on, and the error is a [*LeftError]; it is a [*MistakeError] where Slurm
// does not take the job, and tells the reasons where no task is left that was not
// submitted too often. It is what [lastmile/harness/graph.Options] can have as
// Elsewhere.
func (c *Coordinator) Run(ctx context.Context, store *stage.Store, goals []*stage.Stage, o stage.Options) (map[*stage.Stage]stage.Outcome, error) {
	c.store, c.progress = store, o.Report
	c.missing, c.ended = map[string]int{}, map[string]bool{}
	c.tasks = &stage.Stage{Kind: "slurm", Name: "stages of " + c.Job.Sweep}
	follow, err := store.Follow(goals, o)
	if err != nil {
		return nil, err
	}
	if c.follow = follow; follow.Total() == 0 {
		return follow.Outcomes(), nil
	}
	for _, folder := range []string{"tasks", "logs"} {
		if err := os.MkdirAll(filepath.Join(c.Job.Folder(), folder), 0o777); err != nil {
			return nil, err
		}
	}
	held, release, err := c.hold(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := c.attach(held, goals); err != nil {
		return nil, err
	}
	if err := c.watch(held); err != nil {
		if ctx.Err() != nil && len(c.jobs()) > 0 {
			return nil, &LeftError{c.jobs(), err}
		}
		return nil, err
	}
	c.progress(stage.Event{Stage: c.tasks, State: stage.Found})
	c.cancelWaiting(ctx)
	return follow.Outcomes(), nil
}

// hold takes the coordinator's lock. One of another machine may be left of a
// coordinator that has gone: that is waited for.
func (c *Coordinator) hold(ctx context.Context) (held context.Context, release func(), err error) {
	limit := time.Now().Add(2 * c.Job.lease())
	told := false
	for {
		held, release, err := stage.Hold(ctx, filepath.Join(c.Job.Folder(), "lock"), c.Job.lease())
		var other *stage.HeldError
		if !errors.As(err, &other) {
			return held, release, err
		}
		if other.Owner.Here() || time.Now().After(limit) {
			return nil, nil, fmt.Errorf("this sweep is looked after already, by %v", other.Owner)
		}
		if !told {
			c.Say(fmt.Sprintf("waiting to see whether %v still looks after this sweep", other.Owner))
			told = true
		}
		select {
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		case <-time.After(min(c.Job.poll(), c.Job.lease()/4)):
		}
	}
}

// attach finds what is in the queue already. Where nothing is, stages that failed are
// to be tried again, and the script is written anew.
func (c *Coordinator) attach(ctx context.Context, goals []*stage.Stage) error {
	var err error
	if c.record, err = c.Job.readRecord(); err != nil {
		return err
	}
	if c.queue, err = c.Job.queue(ctx); err != nil {
		return err
	}
	if len(c.queue) > 0 {
		c.Say(fmt.Sprintf("back: %s, %s", english.PluralWord(len(c.jobs()), "job", "")+" "+strings.Join(c.jobs(), " "), c.inQueue()))
		return nil
	}
	// Every try of before is over: its deaths do not count any more.
	c.record.Jobs, c.record.Deaths = nil, nil
	if err := c.store.Forgive(goals); err != nil {
		return err
	}
	if err := os.WriteFile(c.Job.script(), []byte(c.Job.Script()), 0o777); err != nil {
		return err
	}
	return stage.WriteJSON(c.Job.record(), c.record)
}

// watch sees to it that there are tasks until nothing is left.
func (c *Coordinator) watch(ctx context.Context) error {
	first := len(c.queue) == 0
	for {
		if err := c.follow.Look(); err != nil {
			return err
		}
		if c.follow.Left() == 0 {
			return nil
		}
		if first {
			// As many as can be computed at once at some time: we may not be here then.
			if err := c.submit(ctx, min(c.Job.Tasks, c.follow.AtOnce())); err != nil {
				return err
			}
			first = false
		} else if err := c.look(ctx); err != nil {
			return err
		}
		c.show()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(c.Job.poll()):
		}
	}
}

// look looks at the queue, buries the dead and submits what is missing.
func (c *Coordinator) look(ctx context.Context) error {
	queue, err := c.Job.queue(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		// The workers go on without us, and we without Slurm's answer.
		if c.silent.IsZero() {
			c.silent = time.Now()
			c.Say("Slurm does not answer, and is asked again: " + err.Error())
		}
		return nil
	}
	c.silent = time.Time{}
	c.queue = queue
	changed := false
	for _, q := range queue {
		changed = c.record.adopt(q) || changed
	}
	unsure, died := c.bury(ctx)
	if changed || died {
		if err := stage.WriteJSON(c.Job.record(), c.record); err != nil {
			return err
		}
	}
	want := min(c.Job.Tasks-len(queue)-len(unsure), c.follow.Free()-c.spare()-len(unsure))
	slots := c.slots(unsure)
	if want > 0 && len(slots) > 0 {
		return c.submit(ctx, min(want, len(slots)))
	}
	if len(queue)+len(unsure)+len(c.follow.Running()) == 0 && c.follow.Free() > 0 && len(slots) == 0 {
		return c.giveUp()
	}
	return nil
}

// bury takes in which tasks have ended, and how. A task that is seen in no queue for
// the first time may still say that it ended well: it is unsure.
func (c *Coordinator) bury(ctx context.Context) (unsure map[int]bool, died bool) {
	live := map[string]bool{}
	for _, q := range c.queue {
		live[q.id()] = true
		delete(c.missing, q.id())
	}
	unsure = map[int]bool{}
	for _, d := range c.record.Deaths {
		c.ended[taskID(d.Job, d.Task)] = true
	}
	for _, job := range c.record.Jobs {
		for _, n := range job.Tasks {
			id := taskID(job.Job, n)
			if live[id] || c.ended[id] {
				continue
			}
			var t task
			// Without a record the task never began.
			_ = stage.ReadJSON(c.Job.task(id), &t)
			if t.End == endDone || t.End == endIdle {
				c.ended[id] = true
				continue
			}
			if c.missing[id]++; c.missing[id] < 2 {
				unsure[n] = true
				continue
			}
			d := death{Job: job.Job, Task: n, Why: c.Job.told(id, t, fate(ctx, id))}
			c.record.Deaths = append(c.record.Deaths, d)
			c.ended[id], died = true, true
			c.Say(fmt.Sprintf("task %s died (%d of %d): %s", id, c.record.deaths(n), c.Job.Retries+1, d.Why))
		}
	}
	return unsure, died
}

// spare is the number of tasks in the queue that compute no stage: they will take
// those that are free.
func (c *Coordinator) spare() int {
	live := map[string]bool{}
	for _, q := range c.queue {
		live[q.id()] = true
	}
	for _, owner := range c.follow.Running() {
		delete(live, owner.Job)
	}
	return len(live)
}

// slots are the numbers of tasks that can be submitted, those that died least first.
func (c *Coordinator) slots(unsure map[int]bool) []int {
	taken := maps.Clone(unsure)
	for _, q := range c.queue {
		taken[q.task] = true
	}
	var free []int
	for n := range c.Job.Tasks {
		if !taken[n] && c.record.deaths(n) <= c.Job.Retries {
			free = append(free, n)
		}
	}
	slices.SortStableFunc(free, func(a, b int) int { return c.record.deaths(a) - c.record.deaths(b) })
	return free
}

// submit submits so many tasks.
func (c *Coordinator) submit(ctx context.Context, n int) error {
	tasks := c.slots(map[int]bool{})[:n]
	id, err := c.Job.submit(ctx, tasks)
	if err != nil {
		if len(c.record.Jobs) > 0 && ctx.Err() == nil && !isMistake(err) {
			c.Say(err.Error() + "; it is tried again")
			return nil
		}
		return err
	}
	c.record.Jobs = append(c.record.Jobs, submitted{Job: id, Tasks: tasks, Time: now()})
	for _, task := range tasks {
		c.queue = append(c.queue, queued{job: id, task: task, state: "PENDING"})
	}
	c.Say(fmt.Sprintf("submitted job %s: %s (logs in %s)", id, english.Plural(n, "task", ""), filepath.Join(c.Job.Folder(), "logs")))
	return stage.WriteJSON(c.Job.record(), c.record)
}

func isMistake(err error) bool {
	var mistake *MistakeError
	return errors.As(err, &mistake)
}

// giveUp is the error where no task may be submitted any more.
func (c *Coordinator) giveUp() error {
	const most = 5
	reasons := map[string]int{}
	var order []string
	for _, d := range slices.Backward(c.record.Deaths) {
		if reasons[d.Why]++; reasons[d.Why] == 1 {
			order = append(order, fmt.Sprintf("task %s: %s", taskID(d.Job, d.Task), d.Why))
		}
	}
	if len(order) > most {
		order = append(order[:most], fmt.Sprintf("and %d other reasons", len(order)-most))
	}
	return fmt.Errorf("%s left, and every task has died %s (slurm.retries is %d):\n  %s",
		english.Plural(c.follow.Left(), "stage is", "stages are"), english.Plural(c.Job.Retries+1, "time", ""), c.Job.Retries, strings.Join(order, "\n  "))
}

// show reports how far all is.
func (c *Coordinator) show() {
	total := c.follow.Total()
	c.progress(stage.Event{Stage: c.tasks, State: stage.Running, Done: total - c.follow.Left(), Total: total, Note: c.inQueue()})
}

// inQueue says how many tasks there are in which state: "12 tasks running, 3 pending
// (Resources)".
func (c *Coordinator) inQueue() string {
	states, reasons := map[string]int{}, map[string]string{}
	for _, q := range c.queue {
		states[q.state]++
		if q.reason != "" && q.reason != "None" {
			reasons[q.state] = q.reason
		}
	}
	if len(states) == 0 {
		return "no tasks"
	}
	var parts []string
	for i, state := range slices.SortedFunc(maps.Keys(states), func(a, b string) int { return strings.Compare(b, a) }) {
		part := fmt.Sprint(states[state])
		if i == 0 {
			part = english.Plural(states[state], "task", "")
		}
		part += " " + strings.ToLower(state)
		if reasons[state] != "" {
			part += " (" + reasons[state] + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// jobs are the numbers of the jobs in the queue.
func (c *Coordinator) jobs() []string {
	jobs := map[string]bool{}
	for _, q := range c.queue {
		jobs[q.job] = true
	}
	return slices.Sorted(maps.Keys(jobs))
}

// cancelWaiting takes tasks out of the queue that would find nothing to do. Those that
// run see it by themselves.
func (c *Coordinator) cancelWaiting(ctx context.Context) {
	if slices.ContainsFunc(c.queue, func(q queued) bool { return q.state == "PENDING" }) {
		// Where it fails they begin and end.
		_, _ = command(ctx, append([]string{"scancel", "--state=PENDING"}, c.jobs()...))
	}
}
