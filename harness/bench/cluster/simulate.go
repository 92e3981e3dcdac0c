package main

import (
	"container/heap"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"time"
)

// conditions are what a cluster is like.
type conditions struct {
	Nodes                             int
	Queue, Limit, Checkpoint, Request time.Duration
	Deaths                            float64
	Requests                          int
	Poll, Lease, Idle                 time.Duration
	Seed                              uint64
}

// What a look at the work folder asks: for the folders of locks and of what is
// unfinished; for each stage that seems free, or for a list of its kind, as many names
// a request; and where nothing is free, for the locks of others.
const (
	folders = 8
	few     = 100
	watched = 32 * 3
)

// When a worker looks anew though it has something to do, as in [stage.Store.Work].
const (
	mostVain    = 20
	longestView = 8
)

// result is what a simulation gives.
type result struct {
	Runs, Stages int
	// Work is the time that the stages take, and Longest that of the longest way.
	Work, Longest float64
	// Span is the time until all is done; Used what tasks had nodes for; Again the
	// computing that was lost with tasks that died.
	Span, Used, Again float64
	// Tasks counts the starts of tasks, Deaths those that died, and Limits those that
	// the time limit ended. Idle counts those that ended for want of work.
	Tasks, Deaths, Limits, Idle int
	// Collisions counts how often a worker reached for a stage that another one had;
	// Requests what the file system was asked, and Busiest that in the busiest minute.
	Collisions int
	Requests   float64
	Busiest    float64
}

// An event is something that happens to a worker at a time.
type event struct {
	at     float64
	worker int
	life   int // of the worker; what was planned for an earlier one does not happen
	what   happening
}

type happening int

const (
	begins happening = iota // the task begins
	looks                   // the worker chooses a stage
	ends                    // its stage is finished
	dies
	limit
	looked // the coordinator looks whether there are enough tasks
)

type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at < e[j].at }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)        { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// worker is a task of the array.
type worker struct {
	life          int
	alive, queued bool
	stage         int // that it computes, -1 for none
	since, began  float64
	looked, busy  float64
	spread        int
	vain          int
	knows         map[int]bool
}

// state is where a stage is.
type state struct {
	readyAt, takenAt float64
	ready            bool
	done             bool
	left             float64 // seconds that are still to be computed
	freeAt           float64 // when its lock is free again
}

type simulation struct {
	c       conditions
	r       result
	draw    *rand.Rand
	jobs    []job
	states  []state
	open    []int // stages that are ready and not done, in the order of the jobs
	workers []worker
	events  events
	minutes map[int]float64 // requests by minute
	done    map[int]int     // by kind
	left    int
	now     float64
}

// simulate lets workers compute the stages.
func simulate(jobs []job, c conditions) result {
	s := &simulation{c: c, draw: rand.New(rand.NewPCG(c.Seed, 2)), jobs: jobs, states: make([]state, len(jobs)), workers: make([]worker, c.Nodes), minutes: map[int]float64{}, done: map[int]int{}, left: len(jobs)}
	s.r.Stages = len(jobs)
	for i, j := range jobs {
		s.r.Work += j.seconds
		s.r.Longest = max(s.r.Longest, j.way)
		s.states[i] = state{left: j.seconds, takenAt: math.Inf(1)}
		if j.open == 0 {
			s.makeReady(i)
		}
	}
	for w := range s.workers {
		s.submit(w, 0)
	}
	s.plan(0, 0, looked, c.Poll.Seconds())
	for s.left > 0 {
		e := heap.Pop(&s.events).(event)
		s.now = e.at
		if e.what == looked {
			s.coordinate()
			continue
		}
		if s.workers[e.worker].life == e.life {
			s.happen(e)
		}
	}
	s.r.Span = s.now
	for w := range s.workers {
		if s.workers[w].alive {
			s.r.Used += s.now - s.workers[w].began
		}
	}
	for _, n := range s.minutes {
		s.r.Requests += n
		s.r.Busiest = max(s.r.Busiest, n/60)
	}
	return s.r
}

func (s *simulation) plan(w, life int, what happening, in float64) {
	heap.Push(&s.events, event{s.now + in, w, life, what})
}

// ask counts requests to the file system and returns the time that they take.
func (s *simulation) ask(requests float64) float64 {
	s.minutes[int(s.now/60)] += requests
	return requests * s.c.Request.Seconds()
}

// submit puts a task into the queue.
func (s *simulation) submit(w int, after float64) {
	of := &s.workers[w]
	of.life++
	of.alive, of.queued, of.stage = false, true, -1
	s.plan(w, of.life, begins, after+s.draw.ExpFloat64()*s.c.Queue.Seconds())
}

func (s *simulation) happen(e event) {
	of := &s.workers[e.worker]
	switch e.what {
	case begins:
		s.r.Tasks++
		of.alive, of.queued, of.began, of.busy, of.spread = true, false, s.now, s.now, 1
		of.looked, of.knows = math.Inf(-1), map[int]bool{}
		limited := s.c.Limit.Seconds()
		if s.draw.Float64() < s.c.Deaths {
			s.plan(e.worker, of.life, dies, s.draw.Float64()*limited)
		}
		s.plan(e.worker, of.life, limit, limited)
		// Planning takes some seconds, and every worker does it.
		s.plan(e.worker, of.life, looks, 5)
	case looks:
		s.choose(e.worker)
	case ends:
		s.finish(of.stage, of)
		of.stage, of.busy = -1, s.now
		of.spread = max(1, of.spread/2)
		s.choose(e.worker)
	case dies:
		s.r.Deaths++
		s.drop(of, math.Mod(s.now-of.since, s.c.Checkpoint.Seconds()), s.c.Lease.Seconds())
		s.leave(of)
		// The coordinator sees it at two looks.
		s.submit(e.worker, 2*s.c.Poll.Seconds())
	case limit:
		s.r.Limits++
		s.drop(of, 0, 0)
		s.leave(of)
		s.submit(e.worker, 120) // as Slurm does with what is requeued
	}
}

// leave ends a task.
func (s *simulation) leave(of *worker) {
	s.r.Used += s.now - of.began
	of.alive = false
	of.life++
}

// drop leaves the stage that a task computes to others: what was computed since the
// last checkpoint is lost, and the lock is free after a while.
func (s *simulation) drop(of *worker, lost, after float64) {
	if of.stage < 0 {
		return
	}
	st := &s.states[of.stage]
	s.r.Again += lost
	st.left = max(0, st.left-(s.now-of.since)+lost)
	st.freeAt = s.now + after
	st.takenAt = math.Inf(1)
	of.stage = -1
}

// makeReady takes in that a stage can be computed.
func (s *simulation) makeReady(i int) {
	s.states[i].ready, s.states[i].readyAt = true, s.now
	at := len(s.open)
	s.open = append(s.open, i)
	for ; at > 0 && s.open[at-1] > i; at-- {
		s.open[at] = s.open[at-1]
	}
	s.open[at] = i
}

// finish takes in that a stage is done; its worker knows at once what follows.
func (s *simulation) finish(i int, of *worker) {
	s.states[i].done = true
	s.done[s.jobs[i].kind]++
	s.left--
	for at, other := range s.open {
		if other == i {
			s.open = append(s.open[:at], s.open[at+1:]...)
			break
		}
	}
	for _, d := range s.jobs[i].dependents {
		if s.jobs[d].open--; s.jobs[d].open == 0 {
			s.makeReady(d)
			of.knows[d] = true
		}
	}
}

// choose lets a worker reach for a stage, or wait.
func (s *simulation) choose(w int) {
	of := &s.workers[w]
	took := 0.0
	for {
		i := s.candidate(of)
		if i < 0 || of.vain > mostVain || s.now-of.looked > longestView*s.c.Poll.Seconds() {
			took += s.look(of)
			i = s.candidate(of)
		}
		if i < 0 {
			break
		}
		st := &s.states[i]
		took += s.ask(8) // the lock, and whether it is done
		if st.done || !math.IsInf(st.takenAt, 1) || st.freeAt > s.now {
			s.r.Collisions++
			of.vain++
			of.spread = min(2*of.spread, len(s.jobs))
			of.knows[-1-i] = true // not again until the next look
			continue
		}
		st.takenAt, of.stage, of.since = s.now, i, s.now
		took += s.ask(float64(s.c.Requests))
		s.plan(w, of.life, ends, took+st.left)
		return
	}
	if s.now-of.busy > s.c.Idle.Seconds() {
		s.r.Idle++
		s.leave(of)
		return
	}
	took += s.ask(watched)
	s.plan(w, of.life, looks, took+s.c.Poll.Seconds()*(0.75+s.draw.Float64()/2))
}

// look lists the work folder.
func (s *simulation) look(of *worker) float64 {
	of.looked, of.vain = s.now, 0
	clear(of.knows)
	free := map[int]int{}
	for _, i := range s.open {
		if math.IsInf(s.states[i].takenAt, 1) {
			free[s.jobs[i].kind]++
		}
	}
	requests := float64(folders)
	for kind, n := range free {
		if n > 4+s.done[kind]/few {
			n = 4 + s.done[kind]/few
		}
		requests += float64(n)
	}
	return s.ask(requests)
}

// candidate is a stage that a worker believes to be free, -1 where there is none.
func (s *simulation) candidate(of *worker) int {
	found, n := -1, 0
	for _, i := range s.open {
		st := &s.states[i]
		known := st.readyAt <= of.looked || of.knows[i]
		taken := st.takenAt <= of.looked || st.freeAt > s.now || of.knows[-1-i]
		if !known || taken {
			continue
		}
		// Evenly one of the first.
		if n++; s.draw.IntN(n) == 0 {
			found = i
		}
		if n == of.spread {
			break
		}
	}
	return found
}

// coordinate submits tasks where there is more to compute than those do that there are.
func (s *simulation) coordinate() {
	free, spare := 0, 0
	for _, i := range s.open {
		if math.IsInf(s.states[i].takenAt, 1) {
			free++
		}
	}
	for w := range s.workers {
		if s.workers[w].queued || s.workers[w].alive && s.workers[w].stage < 0 {
			spare++
		}
	}
	for w := range s.workers {
		if free-spare <= 0 {
			break
		}
		if !s.workers[w].queued && !s.workers[w].alive {
			s.submit(w, 0)
			spare++
		}
	}
	s.plan(0, 0, looked, s.c.Poll.Seconds())
}

// print says what was assumed and what came out.
func (r result) print(w io.Writer, c conditions) {
	hours := func(seconds float64) string { return fmt.Sprintf("%.1f h", seconds/3600) }
	ideal := max(r.Work/float64(c.Nodes), r.Longest)
	fmt.Fprintf(w, "%d runs, %d stages: %s of computing, the longest way %s\n", r.Runs, r.Stages, hours(r.Work), hours(r.Longest))
	fmt.Fprintf(w, "%d nodes, %v in the queue, %.1f %% of tasks die, limit %v, checkpoints every %v, %v a request\n", c.Nodes, c.Queue, 100*c.Deaths, c.Limit, c.Checkpoint, c.Request)
	fmt.Fprintf(w, "all done after     %s (no less than %s)\n", hours(r.Span), hours(ideal))
	fmt.Fprintf(w, "nodes computed     %.1f %% of the time that tasks had them\n", 100*r.Work/r.Used)
	fmt.Fprintf(w, "tasks              %d begun, %d died, %d at their limit, %d ended for want of work\n", r.Tasks, r.Deaths, r.Limits, r.Idle)
	fmt.Fprintf(w, "computed again     %s, %.2f %% of the computing\n", hours(r.Again), 100*r.Again/r.Work)
	fmt.Fprintf(w, "reached in vain    %d times, %.2f a stage\n", r.Collisions, float64(r.Collisions)/float64(r.Stages))
	fmt.Fprintf(w, "file system        %.0f requests, %.0f a second on average, %.0f in the busiest minute\n", r.Requests, r.Requests/r.Span, r.Busiest)
}
