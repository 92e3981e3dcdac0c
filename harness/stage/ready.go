package stage

import "container/heap"

// node is a stage that is to be computed, in the graph of those.
type node struct {
	stage *Stage
	place int // in the order of the goals
	// way is about how many seconds the longest way from here to a goal takes,
	// this stage included.
	way        float64
	open       int // the number of inputs that are not there yet
	dependents []*node
}

// plan settles the goals that are there, and makes nodes of those that are not
// and of what they need. It looks at no stage that nobody needs.
func (e *execution) plan(goals []*Stage) {
	for _, goal := range goals {
		e.need(goal)
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

// need returns the node of a stage that is needed, nil where it is there.
func (e *execution) need(st *Stage) *node {
	if n, known := e.nodes[st]; known {
		return n
	}
	if e.store.Finished(st) {
		e.nodes[st] = nil
		e.outcomes[st] = Outcome{State: Found}
		e.report(Event{Stage: st, State: Found})
		return nil
	}
	n := &node{stage: st}
	e.nodes[st] = n
	for _, input := range st.Inputs {
		if needed := e.need(input.Stage); needed != nil {
			needed.dependents = append(needed.dependents, n)
			n.open++
		}
	}
	n.place = len(e.ordered)
	e.ordered = append(e.ordered, n)
	return n
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
