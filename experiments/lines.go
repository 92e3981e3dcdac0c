package experiments

import (
	"maps"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// statement is one thing that a TOML file says, with the line on which it says
// it: a value under a key, or the opening of a table.
type statement struct {
	path  []string // the whole key, unquoted
	line  int
	kind  statementKind
	value any // as the TOML decoder gives it, where kind is isValue
	// inline marks tables of a list in one value, as in key = [{ … }, { … }].
	inline bool
}

type statementKind int

const (
	isValue     statementKind = iota // key = value
	opensTable                       // [key], or key = { … }, whose content follows
	opensTables                      // [[key]], or one { … } of key = [{ … }, { … }]
)

// statements lists what a TOML text says, in its order. The decoder keeps
// neither lines nor, for inline tables, order; so this walks over the text
// itself, and takes each value from root, which is what the decoder made of the
// same text. It relies on the decoder having found the text valid.
func statements(text string, root map[string]any) []statement {
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		text = strings.TrimPrefix(text, mark)
	}
	w := walker{text: text, line: 1, root: root, tables: map[string]int{}}
	var table []string
	for w.skip(" \t\r\n"); w.more(); w.skip(" \t\r\n") {
		if w.next() != '[' {
			w.pair(table)
			continue
		}
		line, kind := w.line, opensTable
		w.advance(1)
		if w.next() == '[' {
			kind = opensTables
			w.advance(1)
		}
		table = w.key()
		if kind == opensTables {
			w.count(table)
		}
		w.found = append(w.found, statement{path: table, line: line, kind: kind})
		for w.next() == ']' {
			w.advance(1)
		}
	}
	return w.found
}

// count notes that another table of a list begins.
func (w *walker) count(list []string) {
	path := strings.Join(list, "\x00")
	w.tables[path]++
	maps.DeleteFunc(w.tables, func(within string, _ int) bool { // counted anew in each
		return strings.HasPrefix(within, path+"\x00")
	})
}

type walker struct {
	text   string // what is left
	line   int
	root   map[string]any
	tables map[string]int // how many tables of each list there were so far
	found  []statement
}

func (w *walker) more() bool { return w.text != "" }

// next is the next byte, 0 at the end.
func (w *walker) next() byte {
	if w.text == "" {
		return 0
	}
	return w.text[0]
}

func (w *walker) advance(n int) {
	n = min(n, len(w.text))
	w.line += strings.Count(w.text[:n], "\n")
	w.text = w.text[n:]
}

// skip passes over bytes of a set, and over comments where the set has the end
// of the line.
func (w *walker) skip(set string) {
	for w.more() {
		switch {
		case strings.IndexByte(set, w.next()) >= 0:
			w.advance(1)
		case w.next() == '#' && strings.Contains(set, "\n"):
			w.advance(w.until("\n"))
		default:
			return
		}
	}
}

// until counts the bytes before the first of a set.
func (w *walker) until(set string) int {
	if n := strings.IndexAny(w.text, set); n >= 0 {
		return n
	}
	return len(w.text)
}

// key reads a dotted key.
func (w *walker) key() []string {
	var path []string
	for {
		w.skip(" \t")
		switch w.next() {
		case '"', '\'':
			before := w.text
			w.passString()
			path = append(path, unquote(before[:len(before)-len(w.text)]))
		default:
			n := w.until(" \t.=]}\n")
			path = append(path, w.text[:n])
			w.advance(n)
		}
		w.skip(" \t")
		if w.next() != '.' {
			return path
		}
		w.advance(1)
	}
}

func unquote(quoted string) string {
	var holder struct{ Key string }
	if _, err := toml.Decode("key = "+quoted, &holder); err != nil {
		return quoted
	}
	return holder.Key
}

// pair reads key = value within a table.
func (w *walker) pair(table []string) {
	line := w.line
	path := slices.Concat(table, w.key())
	w.advance(1) // the equals sign
	w.skip(" \t")
	if w.next() == '{' {
		w.found = append(w.found, statement{path: path, line: line, kind: opensTable})
		w.inTable(func() { w.pair(path) })
		return
	}
	value := w.lookup(path)
	if w.next() != '[' || !areTables(value) {
		w.found = append(w.found, statement{path: path, line: line, value: value})
		w.passValue()
		return
	}
	w.inList(func() {
		w.count(path)
		w.found = append(w.found, statement{path: path, line: w.line, kind: opensTables, inline: true})
		w.inTable(func() { w.pair(path) })
	})
}

// areTables tells whether a value is a list of one table or more, and nothing
// else.
func areTables(value any) bool {
	list, ok := listOf(value)
	return ok && len(list) > 0 && !slices.ContainsFunc(list, func(element any) bool {
		_, ok := element.(map[string]any)
		return !ok
	})
}

// inList reads a list whose elements are read by a function.
func (w *walker) inList(element func()) {
	w.advance(1)
	for w.skip(" \t\r\n,"); w.more() && w.next() != ']'; w.skip(" \t\r\n,") {
		element()
	}
	w.advance(1)
}

// inTable reads an inline table whose pairs are read by a function.
func (w *walker) inTable(pair func()) {
	w.advance(1)
	for w.skip(" \t\r\n,"); w.more() && w.next() != '}'; w.skip(" \t\r\n,") {
		pair()
	}
	w.advance(1)
}

// passValue passes over a value.
func (w *walker) passValue() {
	switch w.next() {
	case '"', '\'':
		w.passString()
	case '[':
		w.inList(w.passValue)
	case '{':
		w.inTable(func() {
			w.key()
			w.advance(1)
			w.skip(" \t")
			w.passValue()
		})
	default:
		w.advance(max(1, w.until(",]}#\n")))
	}
}

// passString passes over a string of any of the four kinds.
func (w *walker) passString() {
	quote := w.text[:1]
	long := strings.Repeat(quote, 3)
	end := quote
	if strings.HasPrefix(w.text, long) {
		end = long
	}
	w.advance(len(end))
	for w.more() && !strings.HasPrefix(w.text, end) {
		if w.next() == '\\' && quote == `"` {
			w.advance(1)
		}
		w.advance(1)
	}
	w.advance(len(end))
	// A long string may end with up to two quotes of its own.
	for range len(end) - 1 {
		if strings.HasPrefix(w.text, quote) {
			w.advance(1)
		}
	}
}

// lookup finds a value in what the decoder made; within a list of tables, in
// the last one so far.
func (w *walker) lookup(path []string) any {
	var at any = w.root
	for i, part := range path {
		at = within(at, w.tables[strings.Join(path[:i], "\x00")])
		table, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = table[part]
	}
	return at
}

// within returns the number-th element of a list, nil where it has none, and what is
// no list as it is.
func within(at any, number int) any {
	switch list := at.(type) {
	case []any:
		if number > 0 && number <= len(list) {
			return list[number-1]
		}
		return nil
	case []map[string]any:
		if number > 0 && number <= len(list) {
			return list[number-1]
		}
		return nil
	}
	return at
}
