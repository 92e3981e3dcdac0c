package experiments

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// cutter writes parts of configurations as JSON. Runs share most of the
// instances that a part is made of, so what one comes to is kept.
type cutter struct {
	cost   []string
	keys   map[string]piece // without text, by the dotted key
	pieces map[source][]piece
	// Memory for one part.
	all  []piece
	open []string
}

func newCutter(cost []string) cutter {
	return cutter{cost: cost, keys: map[string]piece{}, pieces: map[source][]piece{}}
}

// source is an instance, and the number of the selection that reads it.
type source struct {
	selection int
	instance  *instance
}

// piece is a value that a part has, or a table, which is there also where it is
// empty.
type piece struct {
	path string // the dotted key with zeros for dots, which sorts as nested tables do
	text string // of the value, as JSON; empty for a table
	cost bool   // no part of the identity
}

// cut writes what is selected of a configuration, with what changes only costs
// and without.
func (w *cutter) cut(selections []selection, c Config) (settings, identity json.RawMessage) {
	w.all = w.all[:0]
	for n, s := range selections {
		s.instances(c, func(i *instance) {
			from := source{n, i}
			pieces, known := w.pieces[from]
			if !known {
				pieces = w.cutInstance(s, i)
				w.pieces[from] = pieces
			}
			w.all = append(w.all, pieces...)
		})
	}
	slices.SortStableFunc(w.all, func(a, b piece) int { return strings.Compare(a.path, b.path) })
	settings = w.write(true)
	if !slices.ContainsFunc(w.all, func(p piece) bool { return p.cost }) {
		return settings, settings
	}
	return settings, w.write(false)
}

// cutInstance lists what a selection reads of an instance.
func (w *cutter) cutInstance(s selection, i *instance) []piece {
	pieces := make([]piece, 0, 1+len(i.table.fields))
	add := func(key, text string) {
		p, known := w.keys[key]
		if !known {
			p.path = strings.ReplaceAll(key, ".", "\x00")
			p.cost = slices.ContainsFunc(w.cost, func(cost string) bool { return fits(cost, key) })
			w.keys[key] = p
		}
		p.text = text
		pieces = append(pieces, p)
	}
	if i.table.key != "" {
		add(i.table.key, "")
	}
	content := reflect.ValueOf(i.value)
	for _, f := range i.table.fields {
		value := content.FieldByIndex(f.position)
		if f.hidden || s.below != "" && !isBelow(f.key, s.below) || isEmpty(value) {
			continue
		}
		add(f.full, string(appendValue(nil, value)))
	}
	return pieces
}

// write nests the sorted pieces, those of costs too or not.
func (w *cutter) write(costs bool) json.RawMessage {
	w.open = w.open[:0]
	text := make([]byte, 1, 512)
	text[0] = '{'
	last := "" // the path of the piece before
	name := func(of string) {
		if text[len(text)-1] != '{' {
			text = append(text, ',')
		}
		text = append(text, '"')
		text = append(text, of...)
		text = append(text, '"', ':')
	}
	for _, p := range w.all {
		if p.cost && !costs || p.path == last {
			continue
		}
		last = p.path
		tables, leaf := p.path, ""
		if p.text != "" {
			cut := strings.LastIndexByte(p.path, 0)
			tables, leaf = p.path[:max(cut, 0)], p.path[cut+1:]
		}
		// Leave the tables that this one is not in, and enter the others.
		depth := 0
		for tables != "" {
			table, rest, _ := strings.Cut(tables, "\x00")
			if depth == len(w.open) || w.open[depth] != table {
				text = w.close(text, depth)
				name(table)
				text = append(text, '{')
				w.open = append(w.open, table)
			}
			depth++
			tables = rest
		}
		text = w.close(text, depth)
		if p.text != "" {
			name(leaf)
			text = append(text, p.text...)
		}
	}
	return append(w.close(text, 0), '}')
}

// close leaves the open tables but for so many.
func (w *cutter) close(text []byte, depth int) []byte {
	for len(w.open) > depth {
		text = append(text, '}')
		w.open = w.open[:len(w.open)-1]
	}
	return text
}
