package jinja

import "strings"

// renderer is the state of one rendering.
type renderer struct {
	steps  int
	memory int
	read   int
	depth  int
}

// mostNesting is how deep evaluations may lie within each other.
const mostNesting = 1000

// step counts one more node, which a failure in it is said to be in.
func (r *renderer) step() {
	if r.steps++; r.steps > mostSteps {
		fail("the template takes more than %d steps", mostSteps)
	}
}

// spend counts memory, in bytes, before it is asked for.
func (r *renderer) spend(n int) {
	if n < 0 || n > mostMemory-r.memory {
		panic(failure{err: errTooLong})
	}
	r.memory += n
}

// reads counts the text of a value that is about to be looked through.
func (r *renderer) reads(v any) {
	if s, ok := v.(string); ok {
		if r.read += len(s); r.read > mostRead {
			fail("the template looks through more than %d bytes", mostRead)
		}
	}
}

// eval returns the value of an expression.
func (r *renderer) eval(e expression, s *scope) any {
	r.step()
	if r.depth++; r.depth > mostNesting {
		fail("evaluations lie deeper than %d within each other", mostNesting)
	}
	v := e.value(r, s)
	r.depth--
	return v
}

// output is what a body writes.
type output struct {
	strings.Builder
	left ending
}

// ending says why a loop's body was left early.
type ending int

const (
	running ending = iota
	broken
	continued
)

func (r *renderer) run(body []statement, s *scope, out *output) {
	if r.depth++; r.depth > mostNesting {
		fail("blocks lie deeper than %d within each other", mostNesting)
	}
	for _, st := range body {
		r.step()
		if st.run(r, s, out); out.left != running {
			break
		}
	}
	r.depth--
}

// write writes text, which counts as memory.
func (r *renderer) write(out *output, text string) {
	r.spend(len(text))
	out.WriteString(text)
}

// captured returns what a body writes, in a scope of its own.
func (r *renderer) captured(body []statement, s *scope) string {
	var out output
	r.run(body, s.inner(), &out)
	return out.String()
}

// scope holds names and their values.
type scope struct {
	names map[string]any
	outer *scope
}

func (s *scope) inner() *scope { return &scope{names: map[string]any{}, outer: s} }

func (s *scope) find(name string) (any, bool) {
	for ; s != nil; s = s.outer {
		if v, ok := s.names[name]; ok {
			return v, true
		}
	}
	return nil, false
}

// give gives a value to a target.
func (r *renderer) give(s *scope, t target, v any) {
	switch {
	case t.several != nil:
		values := items(r, defined(v))
		if len(values) != len(t.several) {
			fail("%d values are given to %d names", len(values), len(t.several))
		}
		for i, each := range t.several {
			r.give(s, each, values[i])
		}
	case t.attribute != "":
		of, _ := s.find(t.name)
		n, ok := of.(*namespace)
		if !ok {
			fail("%s is no namespace: its attributes cannot be set", t.name)
		}
		n.values[t.attribute] = v
	default:
		s.names[t.name] = v
	}
}

func (w writing) run(r *renderer, _ *scope, out *output) { r.write(out, w.text) }

func (p printing) run(r *renderer, s *scope, out *output) {
	at(p.line, func() { r.write(out, text(r.eval(p.of, s))) })
}

func (c choosing) run(r *renderer, s *scope, out *output) {
	for i, test := range c.tests {
		if truth(r.eval(test, s)) {
			r.run(c.bodies[i], s, out)
			return
		}
	}
	if len(c.bodies) > len(c.tests) {
		r.run(c.bodies[len(c.tests)], s, out)
	}
}

func (set setting) run(r *renderer, s *scope, _ *output) {
	at(set.line, func() { r.give(s, set.target, r.eval(set.to, s)) })
}

func (set settingBlock) run(r *renderer, s *scope, _ *output) {
	at(set.line, func() {
		var v any = r.captured(set.body, s)
		if set.filter != nil {
			v = r.filtered(set.filter, v, s)
		}
		r.give(s, set.target, v)
	})
}

// filtered applies the filters of a block to what it wrote.
func (r *renderer) filtered(filters expression, v any, s *scope) any {
	inner := s.inner()
	inner.names[blockContent] = v
	return r.eval(filters, inner)
}

// blockContent is the name of what a block wrote, for its filters. No template can
// have such a name.
const blockContent = " block"

func (d defining) run(_ *renderer, s *scope, _ *output) {
	s.names[d.macro.name] = d.macro.function(s)
}

// function is the macro as a value, which sees the scope that it is defined in.
func (m *macro) function(s *scope) function {
	return func(r *renderer, a arguments) any {
		inner := s.inner()
		bound := a.fill(m.name, m.parameters)
		for i, parameter := range m.parameters {
			if bound[i] == missing {
				if d := i - (len(m.parameters) - len(m.defaults)); d >= 0 {
					bound[i] = r.eval(m.defaults[d], inner)
				} else {
					bound[i] = undefined{"the parameter '" + parameter + "' was not given"}
				}
			}
			inner.names[parameter] = bound[i]
		}
		if a.caller != nil {
			inner.names["caller"] = a.caller
		}
		return r.captured(m.body, inner)
	}
}

func (c callBlock) run(r *renderer, s *scope, out *output) {
	at(c.line, func() {
		f := r.eval(c.call.of, s)
		a := r.arguments(c.call.given, s)
		a.caller = c.body.function(s)
		r.write(out, text(r.call(f, a)))
	})
}

func (f filterBlock) run(r *renderer, s *scope, out *output) {
	r.write(out, text(r.filtered(f.filter, r.captured(f.body, s), s)))
}

func (w within) run(r *renderer, s *scope, out *output) {
	inner := s.inner()
	for i, t := range w.names {
		r.give(inner, t, r.eval(w.values[i], s))
	}
	r.run(w.body, inner, out)
}

func (breaking) run(_ *renderer, _ *scope, out *output) { out.left = broken }

func (continuing) run(_ *renderer, _ *scope, out *output) { out.left = continued }

func (l looping) run(r *renderer, s *scope, out *output) {
	at(l.line, func() { l.each(r, s, out, r.eval(l.over, s), 0) })
}

// each runs the body for each item of a value.
func (l looping) each(r *renderer, s *scope, out *output, over any, depth int) {
	all := items(r, over)
	if l.when != nil {
		var kept []any
		for _, v := range all {
			inner := s.inner()
			r.give(inner, l.target, v)
			if truth(r.eval(l.when, inner)) {
				kept = append(kept, v)
			}
		}
		all = kept
	}
	r.spend(16 * len(all))
	state := &loop{items: all, depth: depth}
	if l.recursive {
		state.again = func(r *renderer, over any) string {
			var deeper output
			l.each(r, s, &deeper, over, depth+1)
			return deeper.String()
		}
	}
	for i, v := range all {
		state.at = i
		inner := s.inner()
		inner.names["loop"] = state
		r.give(inner, l.target, v)
		r.run(l.body, inner, out)
		left := out.left
		out.left = running
		if left == broken {
			break
		}
	}
	if len(all) == 0 {
		r.run(l.otherwise, s.inner(), out)
	}
}

// loop is what a loop's body sees of it.
type loop struct {
	items   []any
	at      int
	depth   int
	again   func(r *renderer, over any) string
	changed *any
}

// attribute returns what the loop has under a name.
func (l *loop) attribute(name string) (any, bool) {
	n := len(l.items)
	switch name {
	case "index":
		return l.at + 1, true
	case "index0":
		return l.at, true
	case "revindex":
		return n - l.at, true
	case "revindex0":
		return n - l.at - 1, true
	case "first":
		return l.at == 0, true
	case "last":
		return l.at == n-1, true
	case "length":
		return n, true
	case "depth":
		return l.depth + 1, true
	case "depth0":
		return l.depth, true
	case "previtem":
		if l.at == 0 {
			return undefined{"there is no previous item"}, true
		}
		return l.items[l.at-1], true
	case "nextitem":
		if l.at == n-1 {
			return undefined{"there is no next item"}, true
		}
		return l.items[l.at+1], true
	case "cycle":
		return function(func(_ *renderer, a arguments) any {
			if len(a.positional) == 0 {
				fail("cycle: no items")
			}
			return a.positional[l.at%len(a.positional)]
		}), true
	case "changed":
		return function(func(r *renderer, a arguments) any {
			var now any = tuple(a.positional)
			if l.changed != nil && r.equal(*l.changed, now) {
				return false
			}
			l.changed = &now
			return true
		}), true
	}
	return nil, false
}
