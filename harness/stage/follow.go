package stage

import (
	"cmp"
	"slices"
	"time"
)

// Following is how far stages are that other processes compute, as [Store.Work]
// does.
type Following struct {
	view     *view
	options  Options
	outcomes map[*Stage]Outcome
	shown    map[*node]bool // whether its running was reported
	running  []Owner
	free     int
}

// mostShown is how many running stages are reported at once.
const mostShown = 12

// Follow begins to follow the goals and all that they need. Of the options Weight
// and Report count.
func (s *Store) Follow(goals []*Stage, o Options) (*Following, error) {
	if err := s.make(); err != nil {
		return nil, err
	}
	v, err := s.view(goals, o.Weight)
	if err != nil {
		return nil, err
	}
	f := &Following{view: v, options: o, outcomes: map[*Stage]Outcome{}, shown: map[*node]bool{}}
	for _, st := range v.found {
		f.outcomes[st] = Outcome{State: Found}
	}
	for n, outcome := range v.ended { // since a moment ago
		f.outcomes[n.stage] = outcome
	}
	v.end = f.end
	return f, nil
}

// end takes in that a stage has ended.
func (f *Following) end(n *node, outcome Outcome) {
	e := Event{Stage: n.stage, State: outcome.State, Err: outcome.Err}
	if outcome.State == Found {
		outcome.State, e.State = Computed, Computed
		// How long it took is a nicety.
		if record, ok, err := f.view.store.Record(n.stage); err == nil && ok {
			e.Took = time.Duration(record.Seconds * float64(time.Second))
		}
	}
	f.outcomes[n.stage] = outcome
	delete(f.shown, n)
	f.report(e)
}

func (f *Following) report(e Event) {
	if f.options.Report != nil {
		f.options.Report(e)
	}
}

// Look looks how far the stages are, and reports what has changed: a few of those
// that run, and all that have ended.
func (f *Following) Look() error {
	v := f.view
	if err := v.look(); err != nil {
		return err
	}
	v.failures()
	f.running, f.free = f.running[:0], 0
	for _, n := range v.ready() {
		if !v.held[n.stage.ID()] {
			f.free++
			f.rest(n)
			continue
		}
		there, held := v.store.holder(n.stage)
		if !held {
			f.free++
			f.rest(n)
			continue
		}
		f.running = append(f.running, there.Owner)
		if !f.shown[n] && len(f.shown) == mostShown {
			continue
		}
		f.shown[n] = true
		e := Event{Stage: n.stage, State: Running}
		if p := there.Progress; p != nil {
			e.Done, e.Total, e.Note = p.Done, p.Total, p.Note
		}
		f.report(e)
	}
	return nil
}

// rest takes in that nobody computes a stage any more, though it is not there.
func (f *Following) rest(n *node) {
	if f.shown[n] {
		delete(f.shown, n)
		f.report(Event{Stage: n.stage, State: Pending})
	}
}

// Total is the number of stages that were not there at first.
func (f *Following) Total() int { return len(f.view.ordered) }

// Left is the number of stages that are not there, have not failed, and need none that
// has.
func (f *Following) Left() int { return f.view.left() }

// Free is the number of stages that could be computed now and that nobody computes,
// as of the last Look.
func (f *Following) Free() int { return f.free }

// Running are the processes that compute a stage each, as of the last Look.
func (f *Following) Running() []Owner { return f.running }

// Outcomes are those of the goals, and of what was needed for them, as those of
// [Store.Execute]: stages that are not there yet are pending.
func (f *Following) Outcomes() map[*Stage]Outcome { return f.outcomes }

func (f *Following) weight(st *Stage) float64 {
	if f.options.Weight == nil {
		return 1
	}
	return f.options.Weight(st)
}

// AtOnce is about how many of the stages that are left can be computed at once at
// most, by what Weight says of each.
func (f *Following) AtOnce() int {
	type change struct {
		at float64
		by int // 1 where a stage begins, -1 where it ends
	}
	var changes []change
	ends := map[*node]float64{}
	starts := map[*node]float64{}
	for _, n := range f.view.ordered {
		if _, ended := f.view.ended[n]; ended {
			continue
		}
		ends[n] = starts[n] + f.weight(n.stage)
		for _, dependent := range n.dependents {
			starts[dependent] = max(starts[dependent], ends[n])
		}
		changes = append(changes, change{starts[n], 1}, change{ends[n], -1})
	}
	slices.SortFunc(changes, func(a, b change) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.by, b.by)) // ends before begins
	})
	most, now := 0, 0
	for _, c := range changes {
		now += c.by
		most = max(most, now)
	}
	return most
}
