package jinja

import "slices"

func (l literal) value(*renderer, *scope) any { return l.is }

func (v variable) value(_ *renderer, s *scope) any {
	if found, ok := s.find(v.name); ok {
		return found
	}
	return undefined{"'" + v.name + "' is undefined"}
}

func (l listing) value(r *renderer, s *scope) any {
	r.spend(16 * len(l.items))
	all := make([]any, len(l.items))
	for i, e := range l.items {
		all[i] = r.eval(e, s)
	}
	if l.isTuple {
		return tuple(all)
	}
	return all
}

func (m mapping) value(r *renderer, s *scope) any {
	r.spend(64 * len(m.keys))
	d := NewDict()
	for i, key := range m.keys {
		d.set(r.eval(key, s), r.eval(m.values[i], s))
	}
	return d
}

func (a attribute) value(r *renderer, s *scope) (v any) {
	at(a.line, func() {
		of := defined(r.eval(a.of, s))
		var ok bool
		if v, ok = attributeOf(of, a.name); !ok {
			v = undefined{"'" + kindOf(of) + " object' has no attribute '" + a.name + "'"}
		}
	})
	return v
}

// attributeOf is of.name: an attribute first, and then an item.
func attributeOf(of any, name string) (any, bool) {
	switch v := of.(type) {
	case *loop:
		return v.attribute(name)
	case *namespace:
		found, ok := v.values[name]
		return found, ok
	}
	if m := method(of, name); m != nil {
		return m, true
	}
	if d, ok := of.(*Dict); ok {
		return d.get(name)
	}
	return nil, false
}

func (i item) value(r *renderer, s *scope) (v any) {
	at(i.line, func() {
		of, key := defined(r.eval(i.of, s)), defined(r.eval(i.at, s))
		r.reads(of)
		v = itemOf(of, key)
	})
	return v
}

// itemOf is of[key]: an item first, and then an attribute.
func itemOf(of, key any) any {
	n, isIndex := whole(key)
	var list []any
	switch v := of.(type) {
	case *Dict:
		if found, ok := v.get(key); ok {
			return found
		}
	case []any:
		list = v
	case tuple:
		list = v
	case string:
		if runes := []rune(v); isIndex {
			if n < 0 {
				n += len(runes)
			}
			if n >= 0 && n < len(runes) {
				return string(runes[n])
			}
		}
	}
	if isIndex && list != nil {
		if n < 0 {
			n += len(list)
		}
		if n >= 0 && n < len(list) {
			return list[n]
		}
	}
	if name, ok := key.(string); ok {
		if found, ok := attributeOf(of, name); ok {
			return found
		}
	}
	return undefined{"'" + kindOf(of) + " object' has no element " + repr(key)}
}

func (sl slicing) value(r *renderer, s *scope) (v any) {
	at(sl.line, func() {
		of := defined(r.eval(sl.of, s))
		bound := func(e expression) *int {
			if e == nil {
				return nil
			}
			is := r.eval(e, s)
			if is == nil {
				return nil
			}
			n := integerOf(is, "a slice")
			return &n
		}
		from, to, step := bound(sl.from), bound(sl.to), bound(sl.step)
		switch of := of.(type) {
		case string:
			r.spend(5 * len(of))
			v = string(sliced([]rune(of), from, to, step))
		case []any:
			r.spend(16 * len(of))
			v = sliced(of, from, to, step)
		case tuple:
			r.spend(16 * len(of))
			v = tuple(sliced(of, from, to, step))
		default:
			fail("%s cannot be sliced", kindOf(of))
		}
	})
	return v
}

// sliced is Python's all[from:to:step].
func sliced[T any](all []T, from, to, step *int) []T {
	by := 1
	if step != nil {
		by = *step
	}
	if by == 0 {
		fail("a slice's step is 0")
	}
	// Where an index that is left out lies, and how far one may go.
	low, high, first, last := 0, len(all), 0, len(all)
	if by < 0 {
		low, high, first, last = -1, len(all)-1, len(all)-1, -1
	}
	place := func(i *int, otherwise int) int {
		if i == nil {
			return otherwise
		}
		n := *i
		if n < 0 {
			n = max(n+len(all), low)
		}
		return min(max(n, low), high)
	}
	start, end := place(from, first), place(to, last)
	if by == 1 {
		return slices.Clone(all[start:max(start, end)])
	}
	out := []T{}
	for i := start; by > 0 && i < end || by < 0 && i > end; i += by {
		out = append(out, all[i])
		if by > len(all) || by < -len(all) {
			break
		}
	}
	return out
}

func (c calling) value(r *renderer, s *scope) (v any) {
	at(c.line, func() { v = r.call(r.eval(c.of, s), r.arguments(c.given, s)) })
	return v
}

// call calls a value.
func (r *renderer) call(f any, a arguments) any {
	r.step()
	switch f := defined(f).(type) {
	case function:
		return f(r, a)
	case *loop:
		if f.again == nil {
			fail("the loop is not recursive")
		}
		return f.again(r, a.bind("loop", "iterable")[0])
	default:
		fail("%s cannot be called", kindOf(f))
	}
	return nil
}

// name adds an argument that is given by name.
func (a *arguments) name(name string, v any) {
	if _, twice := a.named[name]; twice {
		fail("the argument %q is given twice", name)
	}
	a.names = append(a.names, name)
	a.named[name] = v
}

// arguments evaluates those of a call.
func (r *renderer) arguments(g given, s *scope) arguments {
	a := arguments{positional: make([]any, len(g.positional)), named: map[string]any{}}
	for i, e := range g.positional {
		a.positional[i] = r.eval(e, s)
	}
	for i, e := range g.named {
		a.name(g.names[i], r.eval(e, s))
	}
	if g.list != nil {
		a.positional = append(a.positional, items(r, defined(r.eval(g.list, s)))...)
	}
	if g.dict != nil {
		d, ok := r.eval(g.dict, s).(*Dict)
		if !ok {
			fail("** needs a dict")
		}
		for _, key := range d.keys {
			v, _ := d.get(key)
			a.name(stringOf(key, "**"), v)
		}
	}
	return a
}

func (f filtering) value(r *renderer, s *scope) (v any) {
	at(f.line, func() {
		var of any
		if f.of == nil {
			of, _ = s.find(blockContent)
		} else {
			of = r.eval(f.of, s)
		}
		v = r.filter(f.name, of, r.arguments(f.given, s))
	})
	return v
}

func (t predicate) value(r *renderer, s *scope) (v any) {
	at(t.line, func() { v = r.test(t.name, r.eval(t.of, s), r.arguments(t.given, s)) != t.not })
	return v
}

func (c condition) value(r *renderer, s *scope) any {
	switch {
	case truth(r.eval(c.test, s)):
		return r.eval(c.then, s)
	case c.otherwise == nil:
		return undefined{"the condition is false, and there is no else"}
	}
	return r.eval(c.otherwise, s)
}

func (u unary) value(r *renderer, s *scope) (v any) {
	of := r.eval(u.of, s)
	if u.operator == "not" {
		return !truth(of)
	}
	at(u.line, func() {
		if n, ok := whole(defined(of)); ok {
			if v = n; u.operator == "-" {
				v = arithmetic(r, "-", 0, n)
			}
			return
		}
		f, ok := of.(float64)
		if !ok {
			fail("%s has no sign", kindOf(of))
		}
		if v = f; u.operator == "-" {
			v = -f
		}
	})
	return v
}

func (b binary) value(r *renderer, s *scope) (v any) {
	left := r.eval(b.left, s)
	switch {
	case b.operator == "and" && !truth(left), b.operator == "or" && truth(left):
		return left
	case b.operator == "and", b.operator == "or":
		return r.eval(b.right, s)
	}
	right := r.eval(b.right, s)
	at(b.line, func() {
		if b.operator == "~" {
			x, y := text(left), text(right)
			r.spend(len(x) + len(y))
			v = x + y
			return
		}
		v = arithmetic(r, b.operator, defined(left), defined(right))
	})
	return v
}

func (c comparison) value(r *renderer, s *scope) (v any) {
	left := r.eval(c.first, s)
	at(c.line, func() {
		for _, next := range c.rest {
			right := r.eval(next.with, s)
			if v = related(r, next.operator, left, right); v == false {
				return
			}
			left = right
		}
	})
	return v
}

func related(r *renderer, operator string, a, b any) bool {
	switch operator {
	case "==":
		return r.equal(a, b)
	case "!=":
		return !r.equal(a, b)
	case "in":
		return contains(r, b, a)
	case "not in":
		return !contains(r, b, a)
	case "<":
		return r.compare(a, b) < 0
	case "<=":
		return r.compare(a, b) <= 0
	case ">":
		return r.compare(a, b) > 0
	}
	return r.compare(a, b) >= 0
}
