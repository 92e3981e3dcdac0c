package jinja

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf16"
)

// tojson is transformers' filter: Python's json.dumps, whose texts keep what is
// not ASCII unless asked otherwise.
func tojson(r *renderer, v any, a arguments) any {
	bound := a.bind("tojson", "ensure_ascii?", "indent?", "separators?", "sort_keys?")
	w := jsonWriter{
		renderer: r,
		ascii:    or(bound[0], false, "tojson"),
		item:     ", ",
		key:      ": ",
		sorted:   or(bound[3], false, "tojson"),
	}
	switch indent := bound[1].(type) {
	case string:
		w.indent = &indent
	case nil, missingArgument:
	default:
		by := strings.Repeat(" ", min(max(integerOf(indent, "tojson"), 0), widest))
		w.indent = &by
	}
	if w.indent != nil {
		w.item = ","
	}
	if bound[2] != missing && bound[2] != nil {
		pair := items(r, bound[2])
		if len(pair) != 2 {
			fail("tojson: separators are two")
		}
		w.item, w.key = stringOf(pair[0], "tojson"), stringOf(pair[1], "tojson")
	}
	w.write(v, 0)
	return w.String()
}

type jsonWriter struct {
	strings.Builder
	renderer  *renderer
	ascii     bool
	sorted    bool
	indent    *string
	item, key string
}

func (w *jsonWriter) write(v any, depth int) {
	w.renderer.step()
	if depth > mostDepth || w.Len() > mostMemory {
		panic(failure{err: errTooLong})
	}
	switch v := v.(type) {
	case nil:
		w.WriteString("null")
	case bool:
		fmt.Fprint(w, v)
	case int:
		fmt.Fprint(w, v)
	case float64:
		switch {
		case math.IsNaN(v):
			w.WriteString("NaN")
		case math.IsInf(v, 1):
			w.WriteString("Infinity")
		case math.IsInf(v, -1):
			w.WriteString("-Infinity")
		default:
			w.WriteString(floatText(v))
		}
	case string:
		w.quote(v)
	case []any:
		w.list("[", "]", len(v), depth, func(i int) { w.write(v[i], depth+1) })
	case tuple:
		w.list("[", "]", len(v), depth, func(i int) { w.write(v[i], depth+1) })
	case *Dict:
		keys := v.keys
		if w.sorted {
			keys = w.renderer.sorted(keys, func(key any) any { return key }, true, false)
		}
		w.list("{", "}", len(keys), depth, func(i int) {
			w.quote(jsonKey(keys[i]))
			w.WriteString(w.key)
			value, _ := v.get(keys[i])
			w.write(value, depth+1)
		})
	default:
		fail("tojson: %s is not JSON", kindOf(defined(v)))
	}
}

// jsonKey is what a key is in JSON.
func jsonKey(key any) string {
	switch key := key.(type) {
	case nil:
		return "null"
	case bool:
		return fmt.Sprint(key)
	}
	return text(key)
}

// list writes n elements between brackets.
func (w *jsonWriter) list(open, end string, n, depth int, element func(i int)) {
	w.WriteString(open)
	for i := range n {
		if i > 0 {
			w.WriteString(w.item)
		}
		w.newLine(depth + 1)
		element(i)
	}
	if n > 0 {
		w.newLine(depth)
	}
	w.WriteString(end)
}

func (w *jsonWriter) newLine(depth int) {
	if w.indent != nil {
		w.renderer.spend(1 + depth*len(*w.indent))
		w.WriteString("\n" + strings.Repeat(*w.indent, depth))
	}
}

func (w *jsonWriter) quote(s string) {
	w.renderer.spend(len(s))
	w.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			w.WriteByte('\\')
			w.WriteRune(c)
		case c == '\n':
			w.WriteString(`\n`)
		case c == '\r':
			w.WriteString(`\r`)
		case c == '\t':
			w.WriteString(`\t`)
		case c == '\b':
			w.WriteString(`\b`)
		case c == '\f':
			w.WriteString(`\f`)
		case c < ' ':
			fmt.Fprintf(w, `\u%04x`, c)
		case w.ascii && c > 0x7f:
			for _, unit := range utf16.Encode([]rune{c}) {
				fmt.Fprintf(w, `\u%04x`, unit)
			}
		default:
			w.WriteRune(c)
		}
	}
	w.WriteByte('"')
}
