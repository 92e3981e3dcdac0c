package jinja

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// tuple is a list that Python writes with parentheses.
type tuple []any

// Dict is a mapping in the order in which its keys were set.
type Dict struct {
	keys   []any
	values map[any]any
}

// NewDict returns a mapping of names to values, given by turns.
func NewDict(pairs ...any) *Dict {
	d := &Dict{values: map[any]any{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		d.set(pairs[i], pairs[i+1])
	}
	return d
}

func (d *Dict) set(key, value any) {
	hashed := hash(key)
	if _, there := d.values[hashed]; !there {
		d.keys = append(d.keys, key)
	}
	d.values[hashed] = value
}

func (d *Dict) get(key any) (any, bool) {
	value, ok := d.values[hash(key)]
	return value, ok
}

// hash is what keys that are equal have in common.
func hash(key any) any {
	switch k := key.(type) {
	case nil, string, int:
		return key
	case bool:
		return number(k)
	case float64:
		if n := int(k); float64(n) == k {
			return n
		}
		return k
	}
	fail("%s cannot be a key", kindOf(key))
	return nil
}

// undefined is what a name without a value is. Printing it gives nothing; most
// else is an error.
type undefined struct{ what string }

// namespace is an object whose attributes a template can set.
type namespace struct{ values map[string]any }

// function is what a template can call.
type function func(r *renderer, a arguments) any

// kindOf is Python's name of a value's type.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "None"
	case bool:
		return "bool"
	case int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case []any:
		return "list"
	case tuple:
		return "tuple"
	case *Dict:
		return "dict"
	case undefined:
		return "undefined"
	case *namespace:
		return "namespace"
	}
	return "function"
}

// defined fails where a value is undefined.
func defined(v any) any {
	if u, ok := v.(undefined); ok {
		fail("%s", u.what)
	}
	return v
}

// truth is whether Python counts a value as true.
func truth(v any) bool {
	switch v := v.(type) {
	case nil, undefined:
		return false
	case bool:
		return v
	case int:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case tuple:
		return len(v) > 0
	case *Dict:
		return len(v.keys) > 0
	}
	return true
}

// text is Python's str of a value.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case undefined:
		return ""
	}
	var b strings.Builder
	represent(&b, v, 0)
	return b.String()
}

// repr is Python's repr of a value.
func repr(v any) string {
	var b strings.Builder
	represent(&b, v, 0)
	return b.String()
}

func represent(b *strings.Builder, v any, depth int) {
	if depth > mostDepth || b.Len() > mostMemory {
		panic(failure{err: errTooLong})
	}
	list := func(items []any, open, end string) {
		b.WriteString(open)
		for i, item := range items {
			if i > 0 {
				b.WriteString(", ")
			}
			represent(b, item, depth+1)
		}
		b.WriteString(end)
	}
	switch v := v.(type) {
	case nil:
		b.WriteString("None")
	case bool:
		b.WriteString(map[bool]string{true: "True", false: "False"}[v])
	case int:
		b.WriteString(strconv.Itoa(v))
	case float64:
		b.WriteString(floatText(v))
	case string:
		quote(b, v)
	case []any:
		list(v, "[", "]")
	case tuple:
		if len(v) == 1 {
			list(v, "(", ",)")
			return
		}
		list(v, "(", ")")
	case *Dict:
		b.WriteString("{")
		for i, key := range v.keys {
			if i > 0 {
				b.WriteString(", ")
			}
			represent(b, key, depth+1)
			b.WriteString(": ")
			value, _ := v.get(key)
			represent(b, value, depth+1)
		}
		b.WriteString("}")
	case undefined:
		b.WriteString("Undefined")
	default:
		fmt.Fprintf(b, "<%s>", kindOf(v))
	}
}

// floatText is Python's repr of a float.
func floatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// quote writes a string as Python's repr does.
func quote(b *strings.Builder, s string) {
	mark := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		mark = '"'
	}
	b.WriteRune(mark)
	for _, r := range s {
		switch {
		case r == mark || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == ' ' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			fmt.Fprintf(b, `\U%08x`, r)
		}
	}
	b.WriteRune(mark)
}

// number is the integer that a bool is in Python.
func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// numeric returns a value as a float where it is a number, and whether it is an
// integer.
func numeric(v any) (f float64, whole, ok bool) {
	switch v := v.(type) {
	case bool:
		return float64(number(v)), true, true
	case int:
		return float64(v), true, true
	case float64:
		return v, false, true
	}
	return 0, false, false
}

// whole returns an integer, which a bool is too.
func whole(v any) (int, bool) {
	switch v := v.(type) {
	case bool:
		return number(v), true
	case int:
		return v, true
	}
	return 0, false
}

// integerOf is a value that must be an integer.
func integerOf(v any, what string) int {
	n, ok := whole(defined(v))
	if !ok {
		fail("%s: expected an integer, found %s", what, kindOf(v))
	}
	return n
}

// stringOf is a value that must be a string.
func stringOf(v any, what string) string {
	s, ok := defined(v).(string)
	if !ok {
		fail("%s: expected a string, found %s", what, kindOf(v))
	}
	return s
}

// items are the elements of a value that can be iterated over.
func items(r *renderer, v any) []any {
	switch v := v.(type) {
	case undefined:
		return nil
	case []any:
		return v
	case tuple:
		return v
	case *Dict:
		return v.keys
	case string:
		r.spend(16 * len(v))
		runes := make([]any, 0, len(v))
		for _, c := range v {
			runes = append(runes, string(c))
		}
		return runes
	}
	fail("%s is not iterable", kindOf(v))
	return nil
}

// length is Python's len.
func length(v any) int {
	switch v := v.(type) {
	case undefined:
		return 0
	case string:
		return len([]rune(v))
	case []any:
		return len(v)
	case tuple:
		return len(v)
	case *Dict:
		return len(v.keys)
	}
	fail("%s has no length", kindOf(v))
	return 0
}

// equal is Python's ==. Each comparison counts as a step: lists that share their
// elements could be compared for ever.
func (r *renderer) equal(a, b any) bool {
	r.step()
	r.reads(a)
	if x, xWhole, ok := numeric(a); ok {
		y, yWhole, ok := numeric(b)
		if ok && xWhole && yWhole {
			i, _ := whole(a)
			j, _ := whole(b)
			return i == j
		}
		return ok && x == y
	}
	switch a := a.(type) {
	case nil:
		return b == nil
	case string:
		s, ok := b.(string)
		return ok && a == s
	case []any:
		list, ok := b.([]any)
		return ok && slices.EqualFunc(a, list, r.equal)
	case tuple:
		list, ok := b.(tuple)
		return ok && slices.EqualFunc(a, list, r.equal)
	case *Dict:
		d, ok := b.(*Dict)
		return ok && len(a.keys) == len(d.keys) && !slices.ContainsFunc(a.keys, func(key any) bool {
			x, _ := a.get(key)
			y, there := d.get(key)
			return !there || !r.equal(x, y)
		})
	case undefined:
		_, ok := b.(undefined)
		return ok
	case *namespace:
		return a == b
	}
	return false
}

// compare is below, at or above 0 as a is below, at or above b.
func (r *renderer) compare(a, b any) int {
	r.step()
	r.reads(a)
	if x, _, ok := numeric(defined(a)); ok {
		if y, _, ok := numeric(defined(b)); ok {
			switch {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		}
	}
	switch a := a.(type) {
	case string:
		if s, ok := b.(string); ok {
			return strings.Compare(a, s)
		}
	case []any:
		if list, ok := b.([]any); ok {
			return slices.CompareFunc(a, list, r.compare)
		}
	case tuple:
		if list, ok := b.(tuple); ok {
			return slices.CompareFunc(a, list, r.compare)
		}
	}
	fail("%s and %s have no order", kindOf(a), kindOf(defined(b)))
	return 0
}

// contains is Python's in.
func contains(r *renderer, container, item any) bool {
	r.reads(container)
	switch c := defined(container).(type) {
	case string:
		return strings.Contains(c, stringOf(item, "in"))
	case *Dict:
		_, ok := c.get(item)
		return ok
	}
	return slices.ContainsFunc(items(r, container), func(v any) bool { return r.equal(v, item) })
}

// isSpace is Python's str.isspace of a character.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
