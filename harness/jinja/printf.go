package jinja

import (
	"fmt"
	"regexp"
	"strings"
)

var directive = regexp.MustCompile(`%(\([^)]*\))?([-+ #0]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])`)

// widest is the widest field of a format.
const widest = 10_000

// printf is Python's format % values, with s, r, d, i, f, e, g, x, X, o, c and %.
func printf(r *renderer, format string, values []any) string {
	var b strings.Builder
	rest, next := format, 0
	named := len(values) == 1 && isDict(values[0])
	for {
		found := directive.FindStringSubmatchIndex(rest)
		if found == nil {
			if strings.Contains(rest, "%") {
				fail("the format %q is incomplete", format)
			}
			b.WriteString(rest)
			break
		}
		b.WriteString(rest[:found[0]])
		part := func(i int) string {
			if found[2*i] < 0 {
				return ""
			}
			return rest[found[2*i]:found[2*i+1]]
		}
		key, flags, width, precision, verb := part(1), part(2), part(3), part(4), part(5)
		rest = rest[found[1]:]
		if verb == "%" {
			b.WriteByte('%')
			continue
		}
		var v any
		switch {
		case key != "" && named:
			v, _ = values[0].(*Dict).get(key[1 : len(key)-1])
		case next >= len(values):
			fail("the format %q has more places than there are values", format)
		default:
			v = values[next]
			next++
		}
		if len(width) > 4 || len(precision) > 4 {
			fail("the format %q is wider than %d", format, widest)
		}
		r.spend(widest)
		b.WriteString(directed(flags, width, precision, verb, defined(v)))
	}
	if next < len(values) && !named {
		fail("the format %q has fewer places than there are values", format)
	}
	r.spend(b.Len())
	return b.String()
}

func isDict(v any) bool {
	_, ok := v.(*Dict)
	return ok
}

// directed writes one value.
func directed(flags, width, precision, verb string, v any) string {
	spec := "%" + flags + width
	if precision != "" {
		spec += "." + precision
	}
	switch verb {
	case "s":
		return fmt.Sprintf(spec+"s", text(v))
	case "r":
		return fmt.Sprintf(spec+"s", repr(v))
	case "c":
		if s, ok := v.(string); ok {
			return fmt.Sprintf("%"+flags+width+"s", s)
		}
		return fmt.Sprintf("%"+flags+width+"c", integerOf(v, "%c"))
	case "d", "i", "u":
		if f, isFloat := v.(float64); isFloat {
			v = int(f)
		}
		return fmt.Sprintf("%"+flags+width+"d", integerOf(v, "%"+verb))
	case "x", "X", "o":
		return fmt.Sprintf("%"+flags+width+verb, integerOf(v, "%"+verb))
	case "f", "F", "e", "E", "g", "G":
		f, _, ok := numeric(v)
		if !ok {
			fail("%%%s: expected a number, found %s", verb, kindOf(v))
		}
		if precision == "" {
			spec += ".6"
		}
		return fmt.Sprintf(spec+verb, f)
	}
	fail("unknown format %%%s", verb)
	return ""
}
