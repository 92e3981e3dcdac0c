package experiments

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// fileReader sorts the statements of one file into the loader: each is checked
// where it stands, so that also a value that is overridden later must be right.
type fileReader struct {
	load   *loader
	file   string
	folder string // where relative paths start

	config   []assignment
	variants []variant
	excludes []exclude
	lists    []*list
	given    map[string]int // table and key → line, to find what is said twice
	broken   []string       // prefixes of paths of which enough was said
}

// read takes in the statements of a file, or of an option.
func (f *fileReader) read(said []statement) {
	for _, s := range said {
		if f.load.mistakes.enough() {
			break
		}
		f.statement(s)
	}
	for _, list := range f.lists {
		f.closeList(list)
	}
	f.lists = nil
}

// statement takes in one statement.
func (f *fileReader) statement(s statement) {
	if f.enough(s.path) {
		return
	}
	at := Position{f.file, s.line}
	rest := strings.Join(s.path[1:], ".")
	switch section := s.path[0]; section {
	case "variant", "exclude":
		if len(s.path) == 1 {
			f.open(section, s, at)
		} else {
			f.within(section, rest, s, at)
		}
	case "grid":
		switch {
		case len(s.path) == 1 && s.kind == opensTable:
		case len(s.path) == 1:
			f.stop(s, at, "grid", "expected a table of axes, found "+describeStatement(s))
		case s.kind != isValue:
			f.table(gridScope, rest, s, at)
		default:
			f.axis(rest, s.value, at)
		}
	default:
		f.config = append(f.config, f.setting(fileScope, 0, s, s.path, at)...)
	}
}

// enough tells whether enough was said about a path.
func (f *fileReader) enough(path []string) bool {
	key := strings.Join(path, "\x00")
	return slices.ContainsFunc(f.broken, func(prefix string) bool {
		return key == prefix || strings.HasPrefix(key, prefix+"\x00")
	})
}

// setting takes in a statement of the file itself, or of its nth variant, that
// gives something a value or opens a table. The path is the statement's within
// the variant.
func (f *fileReader) setting(in scope, n int, s statement, path []string, at Position) []assignment {
	if f.inList(n, s, path, at) {
		return nil
	}
	key := strings.Join(path, ".")
	if s.kind != isValue {
		return f.table(in, key, s, at)
	}
	if p := f.load.index.find(key); p.kind == isGroup && p.group.List {
		return f.listValue(p.group, n, s, at)
	}
	if a, ok := f.assignment(in, fmt.Sprint(n), key, s.value, at); ok {
		return []assignment{a}
	}
	return nil
}

// open starts a [[variant]] or [[exclude]].
func (f *fileReader) open(section string, s statement, at Position) {
	switch {
	case s.kind != opensTables:
		f.stop(s, at, section, "expected [["+section+"]], found "+describeStatement(s))
	case section == "variant":
		f.variants = append(f.variants, variant{at: at})
	default:
		f.excludes = append(f.excludes, exclude{at: at})
	}
}

// within takes in a statement of the last [[variant]] or [[exclude]].
func (f *fileReader) within(section, key string, s statement, at Position) {
	in, index := variantScope, len(f.variants)
	if section == "exclude" {
		in, index = excludeScope, len(f.excludes)
	}
	own := in.own[0]
	switch {
	case index == 0:
		f.stop(statement{path: s.path[:1]}, at, section, "expected [["+section+"]] before what it holds")
	case key == own && s.kind == isValue:
		name, ok := s.value.(string)
		if !ok || strings.TrimSpace(name) != name || name == "" || strings.ContainsAny(name, "\r\n") {
			f.wrong(at, section+"."+own, "expected a name on one line, found %s", describe(s.value))
			name = describe(s.value) // enough was said about it
		}
		if section == "variant" {
			f.variants[index-1].name = name
			return
		}
		e := &f.excludes[index-1]
		e.conditions = append(e.conditions, condition{key: "variant", value: name, at: at})
	case section == "variant":
		v := &f.variants[index-1]
		v.set = append(v.set, f.setting(in, index, s, s.path[1:], at)...)
	case s.kind != isValue:
		f.table(in, key, s, at)
	default:
		if a, ok := f.assignment(in, fmt.Sprint("exclude", index), key, s.value, at); ok {
			e := &f.excludes[index-1]
			e.conditions = append(e.conditions, condition{key, a.field, a.value, at})
		}
	}
}

// axis takes in an axis of the grid; a later file's replaces an earlier one's.
func (f *fileReader) axis(key string, value any, at Position) {
	p, message := f.load.index.locate(key, gridScope)
	if message != "" || p.kind != isLeaf {
		f.assignment(gridScope, "grid", key, value, at) // says what is wrong
		return
	}
	values, ok := listOf(value)
	if !ok {
		f.wrong(at, "grid."+key, "expected a list of values, found %s", describe(value))
		return
	}
	if len(values) == 0 {
		f.wrong(at, "grid."+key, "the axis is empty; give it a value or leave it out")
		return
	}
	if !f.once("grid", key, at) {
		return
	}
	a := axis{field: p.field, at: at}
	seen := map[string]bool{}
	for _, v := range values {
		converted, ok := f.value(p.field, v, at)
		if !ok {
			continue
		}
		text := render(converted)
		if seen[text] {
			f.wrong(at, "grid."+key, "%s is listed twice", text)
			continue
		}
		seen[text] = true
		a.values = append(a.values, converted)
		a.texts = append(a.texts, text)
	}
	if i := slices.IndexFunc(f.load.grid, func(b axis) bool { return b.field == a.field }); i >= 0 {
		f.load.grid[i] = a
	} else {
		f.load.grid = append(f.load.grid, a)
	}
}

// table checks the opening of a table, and returns what it sets: an element is
// there, with its defaults, also when its table is empty.
func (f *fileReader) table(in scope, key string, s statement, at Position) []assignment {
	p, message := f.load.index.locate(key, in)
	unknown := p.kind == nowhere || p.kind == isNoElement
	switch {
	case unknown && s.kind == opensTable && f.load.index.hasRenamed(key): // said of its keys
	case unknown:
		f.stop(s, at, key, f.load.index.unknownTable(p, key, in))
	case message != "":
		f.stop(s, at, key, message)
	case p.kind == isLeaf:
		f.stop(s, at, key, "expected "+typeName(p.field.declared.Type, 1)+", found "+describeStatement(s))
	case s.kind == opensTables && p.kind == isGroup && p.group.List:
		f.stop(s, at, key, fmt.Sprintf("cannot be a list here; expected the key of one element, as in %s.NAME.KEY", key))
	case s.kind == opensTables:
		f.stop(s, at, key, "expected one table, found "+describeStatement(s))
	case p.kind == isElement:
		return []assignment{{kind: makesPresent, key: key, table: p.table, at: at}}
	}
	return nil
}

func (f *fileReader) wrong(at Position, key, format string, values ...any) {
	f.load.mistakes.add(at, key, format, values...)
}

// stop reports a mistake and ignores what follows below the statement's key.
func (f *fileReader) stop(s statement, at Position, key, message string) {
	f.wrong(at, key, "%s", message)
	f.broken = append(f.broken, strings.Join(s.path, "\x00"))
}

// assignment checks a key and its value. The name tells in which table it was
// given.
func (f *fileReader) assignment(in scope, name, key string, value any, at Position) (assignment, bool) {
	p, message := f.load.index.locate(key, in)
	switch {
	case message != "":
		f.wrong(at, key, "%s", message)
		return assignment{}, false
	case p.kind != isLeaf:
		f.wrong(at, key, "expected a table, found %s", describe(value))
		return assignment{}, false
	case !f.once(name, key, at):
		return assignment{}, false
	}
	converted, ok := f.value(p.field, value, at)
	return assignment{kind: setsField, key: key, table: p.table, field: p.field, value: converted, at: at}, ok
}

// once reports a key that one table has twice: the decoder finds that only
// where it is spelt alike, and not in "mle.epochs" and mle.epochs.
func (f *fileReader) once(name, key string, at Position) bool {
	id := name + "\x00" + key
	if line, twice := f.given[id]; twice && f.file != setOption {
		f.wrong(at, key, "given twice, first on line %d", line)
		return false
	}
	f.given[id] = at.Line
	return true
}

// value converts a value and checks it by its rule.
func (f *fileReader) value(leaf *field, value any, at Position) (any, bool) {
	if list, ok := listOf(value); ok && leaf.path != nil && leaf.path.Many {
		paths, err := convert(list, reflect.TypeFor[[]string]())
		if err != nil {
			f.wrong(at, leaf.full, "%v", err)
			return nil, false
		}
		value = strings.Join(paths.([]string), "\n")
	}
	converted, err := convert(value, leaf.declared.Type)
	if err != nil {
		f.wrong(at, leaf.full, "%v", err)
		return nil, false
	}
	if leaf.ruled {
		if complaint := leaf.rule.Broken(converted); complaint != "" {
			f.wrong(at, leaf.full, "%s", complaint)
			return nil, false
		}
	}
	if !isFinite(converted) {
		f.wrong(at, leaf.full, "expected finite numbers, found %s", render(converted))
		return nil, false
	}
	return f.resolve(leaf, converted, at)
}

// names tells whether a value of a key is the path of something.
func (f *field) names(value any) (string, bool) {
	text, _ := value.(string)
	return text, f.path != nil && text != "" && !slices.Contains(f.path.Except, text)
}

// resolve makes a path absolute.
func (f *fileReader) resolve(leaf *field, value any, at Position) (any, bool) {
	text, ok := leaf.names(value)
	if !ok {
		return value, true
	}
	paths := leaf.paths(text)
	for i, path := range paths {
		if !filepath.IsAbs(path) {
			path = filepath.Join(f.folder, path)
		}
		absolute, err := filepath.Abs(path)
		if err != nil {
			f.wrong(at, leaf.full, "cannot make %s absolute: %v", path, err)
			return nil, false
		}
		paths[i] = absolute
	}
	return strings.Join(paths, "\n"), true
}

// withFolders adds the folders that come with what was said and were not said
// themselves: this file's.
func (f *fileReader) withFolders(said []assignment, axes []axis) []assignment {
	var added []assignment
	add := func(field *field, at Position) {
		if field == nil || slices.ContainsFunc(slices.Concat(said, added), func(a assignment) bool { return a.field == field }) {
			return
		}
		folder, err := filepath.Abs(f.folder)
		if err != nil {
			f.wrong(at, field.full, "cannot make %s absolute: %v", f.folder, err)
			return
		}
		added = append(added, assignment{kind: setsField, key: field.full, table: field.table, field: field, value: folder, at: at})
	}
	for _, a := range said {
		if a.kind == setsField {
			add(a.field.folder, a.at)
		}
	}
	for _, a := range axes {
		add(a.field.folder, a.at)
	}
	return append(said, added...)
}

// axes are those of the grid that this file has given.
func (f *fileReader) axes() []axis {
	return slices.DeleteFunc(slices.Clone(f.load.grid), func(a axis) bool { return a.at.File != f.file })
}

// finish hands the file's content on to the loader.
func (f *fileReader) finish() {
	f.config = f.withFolders(f.config, f.axes())
	for i := range f.variants {
		f.variants[i].set = f.withFolders(f.variants[i].set, nil)
	}
	byLine := func(a, b assignment) int { return a.at.Line - b.at.Line }
	slices.SortStableFunc(f.config, byLine)
	for _, v := range f.variants {
		slices.SortStableFunc(v.set, byLine)
	}
	f.load.config = append(f.load.config, f.config...)
	named := map[string]int{}
	for _, v := range f.variants {
		first, twice := named[v.name]
		switch {
		case v.name == "":
			f.wrong(v.at, "variant", "has no name")
		case twice:
			f.wrong(v.at, "variant", "%q is the name of two variants, first on line %d", v.name, first)
		}
		named[v.name] = v.at.Line
	}
	for _, e := range f.excludes {
		if len(e.conditions) == 0 {
			f.wrong(e.at, "exclude", "has no conditions, and would drop every run")
		}
	}
	if len(f.variants) > 0 {
		f.load.variants = f.variants
	}
	if len(f.excludes) > 0 {
		f.load.excludes = f.excludes
	}
}

// describeStatement names what was found in place of what was expected.
func describeStatement(s statement) string {
	switch s.kind {
	case opensTable:
		return "a table"
	case opensTables:
		if s.inline {
			return "a list of tables"
		}
		return "[[" + strings.Join(s.path, ".") + "]]"
	}
	return describe(s.value)
}
