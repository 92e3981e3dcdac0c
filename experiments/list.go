package experiments

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// listName is the key that says which element of a group a [[list]] has.
const listName = "name"

// list is a group that a file, or a variant, writes as a list of tables. It
// replaces all elements that there were.
type list struct {
	group    *group
	variant  int // counted from 1; 0 for the file itself
	at       Position
	elements []listElement
}

// listElement is one table of a list. Which element it is may be said after its
// other keys, so they wait.
type listElement struct {
	at   Position
	said []statement // paths start within the table
}

// inList takes in a statement where it belongs to the list of a group.
func (f *fileReader) inList(variant int, s statement, path []string, at Position) bool {
	for _, g := range f.load.index.groups {
		depth := strings.Count(g.Key, ".") + 1
		if !g.List || len(path) < depth || strings.Join(path[:depth], ".") != g.Key {
			continue
		}
		i := slices.IndexFunc(f.lists, func(l *list) bool { return l.group == g && l.variant == variant })
		switch {
		case len(path) == depth && s.kind == opensTables:
			if i < 0 {
				i = len(f.lists)
				f.lists = append(f.lists, &list{group: g, variant: variant, at: at})
			}
			f.lists[i].elements = append(f.lists[i].elements, listElement{at: at})
			return true
		case len(path) > depth && i >= 0:
			last := &f.lists[i].elements[len(f.lists[i].elements)-1]
			s.path = path[depth:]
			last.said = append(last.said, s)
			return true
		}
	}
	return false
}

// listValue takes in a list that is the value of its group's key: an empty one,
// or one of an option.
func (f *fileReader) listValue(g *group, variant int, s statement, at Position) []assignment {
	elements, ok := listOf(s.value)
	l := &list{group: g, variant: variant, at: at}
	for _, element := range elements {
		content, isTable := element.(map[string]any)
		ok = ok && isTable
		l.elements = append(l.elements, listElement{at, statementsOf(content, nil, at.Line)})
	}
	if !ok {
		f.wrong(at, g.Key, "expected a list of tables with the key %s, found %s", listName, describe(s.value))
		return nil
	}
	return f.listed(l)
}

// statementsOf lists what a table of the TOML decoder says, sorted by key.
func statementsOf(table map[string]any, path []string, line int) []statement {
	var said []statement
	for _, key := range slices.Sorted(maps.Keys(table)) {
		at := append(slices.Clone(path), key)
		if content, ok := table[key].(map[string]any); ok {
			said = append(said, statement{path: at, line: line, kind: opensTable})
			said = append(said, statementsOf(content, at, line)...)
			continue
		}
		said = append(said, statement{path: at, line: line, value: table[key]})
	}
	return said
}

// closeList takes in a list of which all has been read.
func (f *fileReader) closeList(l *list) {
	set := f.listed(l)
	if l.variant == 0 {
		f.config = append(f.config, set...)
		return
	}
	v := &f.variants[l.variant-1]
	v.set = append(v.set, set...)
}

// listed returns what a list sets.
func (f *fileReader) listed(l *list) []assignment {
	key := l.group.Key
	set := []assignment{{kind: emptiesGroup, key: key, group: l.group, at: l.at}}
	in := fileScope
	if l.variant > 0 {
		in = variantScope
	}
	lines := map[string]int{}
	defer func(broken []string) { f.broken = broken }(f.broken)
	for _, element := range l.elements {
		t := f.listTable(l.group, element)
		if t == nil {
			continue
		}
		if line, twice := lines[t.name]; twice {
			f.wrong(element.at, key, "%q is in the list twice, first on line %d", t.name, line)
			continue
		}
		lines[t.name] = element.at.Line
		set = append(set, assignment{kind: makesPresent, key: t.key, table: t, at: element.at})
		f.broken = nil // holds paths within this element now
		for _, s := range element.said {
			if f.enough(s.path) {
				continue
			}
			at := Position{f.file, s.line}
			within := strings.Join(s.path, ".")
			switch {
			case within == listName:
			case s.kind != isValue:
				f.table(in, dotted(t.key, within), s, at)
			default:
				if a, ok := f.assignment(in, fmt.Sprint(l.variant), dotted(t.key, within), s.value, at); ok {
					set = append(set, a)
				}
			}
		}
	}
	return set
}

// listTable finds out which element a table of a list is.
func (f *fileReader) listTable(g *group, element listElement) *table {
	i := slices.IndexFunc(element.said, func(s statement) bool { return len(s.path) == 1 && s.path[0] == listName })
	if i < 0 {
		message := "has no " + listName
		if g.Names != nil {
			message += "; one of " + strings.Join(g.Names, ", ")
		}
		f.wrong(element.at, g.Key, "%s", message)
		return nil
	}
	s := element.said[i]
	at := Position{f.file, s.line}
	name, ok := s.value.(string)
	if !ok {
		f.wrong(at, dotted(g.Key, listName), "expected a string, found %s", describeStatement(s))
		return nil
	}
	t := f.load.index.element(g, name)
	if t == nil {
		f.wrong(at, dotted(g.Key, listName), "%s", place{group: g, name: name}.unknownElement())
	}
	return t
}
