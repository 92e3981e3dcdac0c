package stage

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// view is what a process knows of the stages of a sweep that many processes compute
// on one work folder. It asks by listing folders: thousands of stages on a network
// file system cost a few requests each time.
type view struct {
	store   *Store
	nodes   map[*Stage]*node
	ordered []*node // every node after its inputs
	ended   map[*node]Outcome
	// open are the stages whose inputs are there, the first sorted of them in their
	// order. Those that have ended are taken out, and the others brought into order, by
	// [view.ready].
	open   []*node
	sorted int
	stale  bool // whether that is to be done
	// there are the artifacts by their kinds and the beginnings of their keys.
	there map[string]map[string]bool
	// held are the IDs of the stages that have a lock, and tried of those that have
	// an unfinished try.
	held, tried map[string]bool
	// found are the goals, and what is needed for others, that were there at first.
	found []*Stage
	// end is told of every stage that ends; nil tells nobody.
	end func(*node, Outcome)
}

// view looks at the goals, and at all that those need that are not there.
func (s *Store) view(goals []*Stage, weight func(*Stage) float64) (*view, error) {
	v := &view{store: s, nodes: map[*Stage]*node{}, ended: map[*node]Outcome{}, there: map[string]map[string]bool{}}
	for _, goal := range goals {
		if _, err := v.need(goal); err != nil {
			return nil, err
		}
	}
	for i := len(v.ordered) - 1; i >= 0; i-- {
		n := v.ordered[i]
		for _, dependent := range n.dependents {
			n.way = max(n.way, dependent.way)
		}
		if weight == nil {
			n.way++
		} else {
			n.way += weight(n.stage)
		}
		if n.open == 0 {
			v.open = append(v.open, n)
		}
	}
	v.stale = true
	return v, v.look()
}

// need returns the node of a stage that is needed, nil where it is there.
func (v *view) need(st *Stage) (*node, error) {
	if n, known := v.nodes[st]; known {
		return n, nil
	}
	if v.there[st.Kind] == nil {
		if err := v.list(st.Kind); err != nil {
			return nil, err
		}
	}
	if v.there[st.Kind][short(st.Key)] && v.store.Finished(st) {
		v.nodes[st] = nil
		v.found = append(v.found, st)
		return nil, nil
	}
	n := &node{stage: st}
	v.nodes[st] = n
	for _, input := range st.Inputs {
		needed, err := v.need(input.Stage)
		if err != nil {
			return nil, err
		}
		if needed != nil {
			needed.dependents = append(needed.dependents, n)
			n.open++
		}
	}
	n.place = len(v.ordered)
	v.ordered = append(v.ordered, n)
	return n, nil
}

// list lists the artifacts of a kind.
func (v *view) list(kind string) error {
	names, err := list(filepath.Join(v.store.Dir, stagesDir, kind))
	v.there[kind] = names
	return err
}

// list returns the names in a folder, none where there is no such folder.
func list(folder string) (map[string]bool, error) {
	f, err := os.Open(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]bool{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set, nil
}

// look looks at the work folder anew: what is finished, held and tried now.
func (v *view) look() error {
	var err error
	// Locks before artifacts: what is let go of in between is seen finished.
	if v.held, err = list(filepath.Join(v.store.Dir, locksDir)); err != nil {
		return err
	}
	if v.tried, err = list(filepath.Join(v.store.Dir, partialDir)); err != nil {
		return err
	}
	free := map[string]int{}
	for _, n := range v.ready() {
		if !v.held[n.stage.ID()] {
			free[n.stage.Kind]++
		}
	}
	listed := map[string]bool{}
	for kind, n := range free {
		// Where they are few they are asked about one by one.
		if listed[kind] = n > 4+len(v.there[kind])/few; listed[kind] {
			if err := v.list(kind); err != nil {
				return err
			}
		}
	}
	// What ends opens others, behind it, which may be there too.
	for i := 0; i < len(v.open); i++ {
		n := v.open[i]
		if v.held[n.stage.ID()] || listed[n.stage.Kind] && !v.there[n.stage.Kind][short(n.stage.Key)] {
			continue
		}
		if v.store.Finished(n.stage) {
			v.settle(n, Outcome{State: Found})
		}
	}
	return nil
}

// few is about how many names of a folder one request lists on a network file system.
const few = 100

// settle ends a stage, and what follows for those that need it.
func (v *view) settle(n *node, outcome Outcome) {
	if _, ended := v.ended[n]; ended {
		return
	}
	v.ended[n] = outcome
	n.ended, v.stale = true, true
	if v.end != nil {
		v.end(n, outcome)
	}
	for _, dependent := range n.dependents {
		if outcome.Done() {
			if dependent.open--; dependent.open == 0 {
				v.open = append(v.open, dependent)
			}
			continue
		}
		blocked := outcome
		if outcome.State == Failed {
			blocked = Outcome{State: Blocked, Err: fmt.Errorf("stage %s (%s) failed: %w", n.stage.Kind, n.stage.Name, outcome.Err)}
		}
		v.settle(dependent, blocked)
	}
}

// ready returns the stages that can be computed, the one that begins the longest way
// first.
func (v *view) ready() []*node {
	if !v.stale {
		return v.open
	}
	at, sorted := 0, v.sorted
	v.open = slices.DeleteFunc(v.open, func(n *node) bool {
		if n.ended && at < v.sorted {
			sorted--
		}
		at++
		return n.ended
	})
	if opened := v.open[sorted:]; len(opened) > few {
		slices.SortFunc(v.open, byWay)
	} else {
		// A worker that has ended a stage opens a few, among thousands.
		v.open = v.open[:sorted]
		for _, n := range slices.Clone(opened) {
			place, _ := slices.BinarySearchFunc(v.open, n, byWay)
			v.open = slices.Insert(v.open, place, n)
		}
	}
	v.sorted, v.stale = len(v.open), false
	return v.open
}

// byWay is the order in which stages are computed.
func byWay(a, b *node) int { return cmp.Or(cmp.Compare(b.way, a.way), cmp.Compare(a.place, b.place)) }

// left is the number of stages that have not ended.
func (v *view) left() int { return len(v.ordered) - len(v.ended) }

// failures ends the stages that can be computed, that nobody has, and whose last try
// failed.
func (v *view) failures() {
	for _, n := range v.ready() {
		id := n.stage.ID()
		if v.held[id] || !v.tried[attemptName(id)] {
			continue
		}
		if reason := v.store.Failure(n.stage); reason != "" {
			v.settle(n, Outcome{State: Failed, Err: errors.New(reason)})
		}
	}
}

// attemptName is the name of the record of a stage's tries in the folder partial.
func attemptName(id string) string { return id + ".json" }

// abandoned reports whether a stage's lock was seen to belong to nobody any more.
func (v *view) abandoned(n *node) bool {
	_, held := v.store.holder(n.stage)
	return !held
}
