package experiments

// resolver finds out which sections and elements a run uses. It can be used for
// many runs, one after the other, with little new memory.
type resolver struct {
	index   *index
	present body // without the elements that count as not there
	now     body
	next    body
	groupOn []bool // which groups the run uses
}

// used returns the part of a content that its run uses: full itself where that
// is all. What is active may depend on values of sections that are themselves
// not, so the question is asked until the answer is the same twice.
func (r *resolver) used(full *body) *body {
	r.present.copyFrom(full)
	r.groupOn = append(r.groupOn[:0], make([]bool, len(r.index.groups))...)
	for n, g := range r.index.groups {
		r.present.groups[n] = keep(full.groups[n], func(i *instance) bool { return g.Gone == nil || !g.Gone(i.value) })
	}
	r.now.copyFrom(&r.present)
	for range len(r.index.sections) + len(r.index.groups) {
		c := Config{r.index, &r.now, &r.now}
		r.next.copyFrom(&r.present)
		for slot, t := range r.index.sections {
			if t.Active != nil && r.present.sections[slot] != nil && !t.Active(c) {
				r.next.sections[slot] = nil
			}
		}
		for n, g := range r.index.groups {
			if r.groupOn[n] = g.Active == nil || g.Active(c); !r.groupOn[n] {
				r.next.groups[n] = nil
				continue
			}
			r.next.groups[n] = keep(r.present.groups[n], func(i *instance) bool { return i.table.Active == nil || i.table.Active(c) })
		}
		same := r.next.equal(&r.now)
		r.now, r.next = r.next, r.now
		if same {
			break
		}
	}
	if r.now.equal(full) {
		return full
	}
	return r.now.clone()
}

// keep returns the elements that a function accepts, and the same list where it
// accepts all.
func keep(elements []*instance, accepts func(*instance) bool) []*instance {
	for n, i := range elements {
		if accepts(i) {
			continue
		}
		kept := append([]*instance(nil), elements[:n]...)
		for _, later := range elements[n+1:] {
			if accepts(later) {
				kept = append(kept, later)
			}
		}
		return kept
	}
	return elements
}
