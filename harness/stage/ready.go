package stage

import (
	"container/heap"
	"context"
	"errors"
)

// node is a stage that is to be computed, in the graph of those.
type node struct {
	stage *Stage
	place int // in the order of the goals
	// way is about how many seconds the longest way from here to a goal takes,
	// this stage included.
	way        float64
	open       int // the number of inputs that are not there yet
	dependents []*node
	ended      bool // as far as a view has seen
}

// plan settles the goals that are there, and makes nodes of those that are not
// and of what they need. It looks at no stage that nobody needs.
func (e *execution) plan(ctx context.Context, goals []*Stage) {
	for _, goal := range goals {
		e.need(ctx, goal, false)
	}
	for i := len(e.ordered) - 1; i >= 0; i-- {
		n := e.ordered[i]
		for _, dependent := range n.dependents {
			n.way = max(n.way, dependent.way)
		}
		if e.options.Weight == nil {
			n.way++
		} else {
			n.way += e.options.Weight(n.stage)
		}
	}
	for _, n := range e.ordered {
		if n.open == 0 {
			e.ready.add(n)
		}
	}
}

// need returns the node of a stage that is needed, nil where it is there. What will
// be read must also be sound.
func (e *execution) need(ctx context.Context, st *Stage, read bool) *node {
	n, known := e.nodes[st]
	if n != nil || known && (e.read[st] || !read) {
		return n
	}
	if e.store.Finished(st) && (!read || e.sound(ctx, st)) {
		e.nodes[st], e.read[st] = nil, read
		e.outcomes[st] = Outcome{State: Found}
		e.report(Event{Stage: st, State: Found})
		return nil
	}
	delete(e.outcomes, st)
	n = &node{stage: st}
	e.nodes[st] = n
	for _, input := range st.Inputs {
		if needed := e.need(ctx, input.Stage, true); needed != nil {
			needed.dependents = append(needed.dependents, n)
			n.open++
		}
	}
	n.place = len(e.ordered)
	e.ordered = append(e.ordered, n)
	return n
}

// sound reports whether the artifact of a stage can be read. A damaged one is not
// there any more.
func (e *execution) sound(ctx context.Context, st *Stage) bool {
	_, _, err := e.store.Sound(ctx, st.Kind, st.Key, Quick)
	var damaged *DamagedError
	if !errors.As(err, &damaged) {
		return true // what else is wrong comes up when it is read
	}
	e.report(Event{Stage: st, State: Damaged, Err: err})
	// Where it cannot be given up, those that read it fail.
	_ = e.store.Retire(ctx, st.Kind, st.Key, Quick)
	return false
}

// queue holds the stages that can be computed, the one that begins the longest
// way on top, as a heap.
type queue []*node

func (q *queue) add(n *node) { heap.Push(q, n) }
func (q *queue) next() *node { return heap.Pop(q).(*node) }

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].way != q[j].way {
		return q[i].way > q[j].way
	}
	return q[i].place < q[j].place
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(n any)   { *q = append(*q, n.(*node)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	n := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return n
}
