package jinja

import (
	"fmt"
	"slices"
)

// arguments are those of a call.
type arguments struct {
	positional []any
	names      []string // of those given by name, in their order
	named      map[string]any
	caller     any // the body of a call block
}

// missing stands for an argument that was not given.
var missing = any(missingArgument{})

type missingArgument struct{}

// fill returns the arguments in the order of the parameters, missing ones too.
func (a arguments) fill(of string, parameters []string) []any {
	if len(a.positional) > len(parameters) {
		fail("%s takes %d arguments, found %d", of, len(parameters), len(a.positional))
	}
	bound := slices.Repeat([]any{missing}, len(parameters))
	copy(bound, a.positional)
	for _, name := range a.names {
		i := slices.Index(parameters, name)
		if i < 0 {
			fail("%s has no parameter %q", of, name)
		}
		if i < len(a.positional) {
			fail("%s is given %q twice", of, name)
		}
		bound[i] = a.named[name]
	}
	return bound
}

// bind returns the arguments in the order of the parameters, all of which must be
// given but those that are written with "?".
func (a arguments) bind(of string, parameters ...string) []any {
	names := make([]string, len(parameters))
	for i, p := range parameters {
		names[i] = p
		if p[len(p)-1] == '?' {
			names[i] = p[:len(p)-1]
		}
	}
	bound := a.fill(of, names)
	for i, v := range bound {
		if v == missing && names[i] == parameters[i] {
			fail("%s: no %s is given", of, names[i])
		}
	}
	return bound
}

// or is a value, or another one where it is missing.
func or[T any](v any, otherwise T, what string) T {
	if v == missing {
		return otherwise
	}
	if t, ok := v.(T); ok {
		return t
	}
	fail("%s: expected %s, found %s", what, kindOf(any(otherwise)), kindOf(defined(v)))
	return otherwise
}

// globalFunctions are those that every template has.
func globalFunctions() map[string]function {
	return map[string]function{
		"range":     rangeOf,
		"dict":      func(_ *renderer, a arguments) any { return dictOf(a) },
		"namespace": func(_ *renderer, a arguments) any { return namespaceOf(a) },
	}
}

// mostRange is the most numbers of a range, as in Jinja2's sandbox.
const mostRange = 100_000

func rangeOf(r *renderer, a arguments) any {
	bound := a.bind("range", "start", "stop?", "step?")
	start, stop, step := 0, integerOf(bound[0], "range"), 1
	if bound[1] != missing {
		start, stop = stop, integerOf(bound[1], "range")
	}
	if bound[2] != missing {
		step = integerOf(bound[2], "range")
	}
	if step == 0 {
		fail("range: the step is 0")
	}
	var all []any
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		if len(all) == mostRange {
			fail("range: more than %d numbers", mostRange)
		}
		all = append(all, i)
	}
	r.spend(16 * len(all))
	return all
}

func dictOf(a arguments) *Dict {
	d := NewDict()
	for _, of := range a.positional {
		from, ok := of.(*Dict)
		if !ok {
			fail("dict: expected a dict, found %s", kindOf(of))
		}
		for _, key := range from.keys {
			v, _ := from.get(key)
			d.set(key, v)
		}
	}
	for _, name := range a.names {
		d.set(name, a.named[name])
	}
	return d
}

func namespaceOf(a arguments) *namespace {
	n := &namespace{map[string]any{}}
	d := dictOf(a)
	for _, key := range d.keys {
		v, _ := d.get(key)
		n.values[fmt.Sprint(key)] = v
	}
	return n
}
