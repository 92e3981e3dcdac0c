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
	given    map[string]int // scope and key → line, to find what is said twice
	broken   []string       // prefixes of paths of which enough was said
}

// sectionsOfGrid are the sections that expand one configuration into many.
var sectionsOfGrid = []string{"grid", "variant", "exclude"}

// statement takes in one statement.
func (f *fileReader) statement(s statement) {
	path := strings.Join(s.path, "\x00")
	for _, prefix := range f.broken {
		if path == prefix || strings.HasPrefix(path, prefix+"\x00") {
			return
		}
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
		case len(s.path) == 1 && s.kind == isTable:
		case len(s.path) == 1:
			f.stop(s, at, "grid", "expected a table of axes, found "+describeStatement(s))
		case s.kind != isValue:
			f.table(configType, nil, rest, s, at)
		default:
			f.axis(rest, s.value, at)
		}
	default:
		key := strings.Join(s.path, ".")
		if s.kind != isValue {
			f.config = append(f.config, f.table(documentType, sectionsOfGrid, key, s, at)...)
		} else if a, ok := f.assignment(documentType, sectionsOfGrid, "", key, s.value, at); ok {
			f.config = append(f.config, a)
		}
	}
}

// open starts a [[variant]] or [[exclude]].
func (f *fileReader) open(section string, s statement, at Position) {
	switch {
	case s.kind != isTables:
		f.stop(s, at, section, "expected [["+section+"]], found "+describeStatement(s))
	case section == "variant":
		f.variants = append(f.variants, variant{at: at})
	default:
		f.excludes = append(f.excludes, exclude{at: at})
	}
}

// within takes in a statement of the last [[variant]] or [[exclude]].
func (f *fileReader) within(section, key string, s statement, at Position) {
	own, index := "name", len(f.variants)
	if section == "exclude" {
		own, index = "variant", len(f.excludes)
	}
	if index == 0 {
		f.stop(statement{path: s.path[:1]}, at, section, "expected [["+section+"]] before what it holds")
		return
	}
	if s.kind != isValue {
		opened := f.table(configType, []string{own}, key, s, at)
		if section == "variant" {
			f.variants[index-1].set = append(f.variants[index-1].set, opened...)
		}
		return
	}
	if key == own {
		name, ok := s.value.(string)
		if !ok || strings.TrimSpace(name) != name || name == "" || strings.ContainsAny(name, "\r\n") {
			f.wrong(at, section+"."+own, "expected a name on one line, found %s", describe(s.value))
			name = describe(s.value) // enough was said about it
		}
		if section == "variant" {
			f.variants[index-1].name = name
			return
		}
		f.excludes[index-1].conditions = append(f.excludes[index-1].conditions, assignment{"variant", name, at})
		return
	}
	scope := fmt.Sprint(section, index)
	a, ok := f.assignment(configType, []string{own}, scope, key, s.value, at)
	switch {
	case !ok:
	case section == "variant":
		f.variants[index-1].set = append(f.variants[index-1].set, a)
	default:
		f.excludes[index-1].conditions = append(f.excludes[index-1].conditions, a)
	}
}

// axis takes in an axis of the grid; a later file's replaces an earlier one's.
func (f *fileReader) axis(key string, value any, at Position) {
	t, ok := typeOf(configType, key)
	if !ok || isSection(t) {
		f.assignment(configType, nil, "grid", key, value, at) // says what is wrong
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
	a := axis{key: key, at: at}
	for _, v := range values {
		converted, ok := f.value(t, key, v, at)
		if !ok {
			continue
		}
		if slices.ContainsFunc(a.values, func(other any) bool { return reflect.DeepEqual(other, converted) }) {
			f.wrong(at, "grid."+key, "%s is listed twice", render(converted))
			continue
		}
		a.values = append(a.values, converted)
	}
	if i := slices.IndexFunc(f.load.grid, func(b axis) bool { return b.key == key }); i >= 0 {
		f.load.grid[i] = a
	} else {
		f.load.grid = append(f.load.grid, a)
	}
}

// table checks the opening of a table, and returns what it sets: a decoding is
// there, with its defaults, also when its table is empty.
func (f *fileReader) table(t reflect.Type, extra []string, key string, s statement, at Position) []assignment {
	found, ok := typeOf(t, key)
	switch {
	case !ok:
		keys := keysOf(t, "")
		f.stop(s, at, key, "unknown table"+didYouMean(key, slices.Concat(sections(keys), extra, keys)))
	case !isSection(found):
		f.stop(s, at, key, "expected "+typeName(found, 1)+", found "+describeStatement(s))
	case s.kind == isTables:
		f.stop(s, at, key, "expected one table, found [["+strings.Join(s.path, ".")+"]]")
	case found == reflect.TypeFor[Decode]():
		return []assignment{{key: key, at: at}}
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

// assignment checks a key and its value.
func (f *fileReader) assignment(t reflect.Type, extra []string, scope, key string, value any, at Position) (assignment, bool) {
	leaf, ok := typeOf(t, key)
	switch {
	case !ok:
		f.wrong(at, key, "%s", unknownKey(t, extra, key))
		return assignment{}, false
	case isSection(leaf):
		f.wrong(at, key, "expected a table, found %s", describe(value))
		return assignment{}, false
	case !f.once(scope, key, at):
		return assignment{}, false
	}
	converted, ok := f.value(leaf, key, value, at)
	return assignment{key, converted, at}, ok
}

// once reports a key that one table has twice: the decoder finds that only
// where it is spelt alike, and not in "rl.clip" and rl.clip.
func (f *fileReader) once(scope, key string, at Position) bool {
	id := scope + "\x00" + key
	if line, twice := f.given[id]; twice && f.file != "--set" {
		f.wrong(at, key, "given twice, first on line %d", line)
		return false
	}
	f.given[id] = at.Line
	return true
}

// value converts a value and checks it by its rule.
func (f *fileReader) value(t reflect.Type, key string, value any, at Position) (any, bool) {
	if name, ok := strings.CutPrefix(key, "decode."); ok {
		name, _, _ = strings.Cut(name, ".")
		if !decodeName.MatchString(name) {
			f.wrong(at, key, "the name of a decoding is made of letters, digits, hyphens and underscores; found %s", quoteShort(name))
			return nil, false
		}
	}
	converted, err := convert(value, t)
	if err != nil {
		f.wrong(at, key, "%v", err)
		return nil, false
	}
	if rule, ok := ruleOf(key); ok {
		if complaint := rule.broken(converted, f.load.known); complaint != "" {
			f.wrong(at, key, "%s", complaint)
			return nil, false
		}
	}
	return f.resolve(key, converted, at)
}

// paths are the keys that name files or folders.
var paths = []string{"task.files.train", "task.files.dev", "task.files.test", "model.path", "report.published"}

// isPath tells whether a value of a key is the path of something.
func isPath(key string, value any) bool {
	return slices.Contains(paths, key) && value != "" && (key != "model.path" || value != "builtin")
}

// resolve makes a path absolute.
func (f *fileReader) resolve(key string, value any, at Position) (any, bool) {
	if !isPath(key, value) {
		return value, true
	}
	path, _ := value.(string)
	if !filepath.IsAbs(path) {
		path = filepath.Join(f.folder, path)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		f.wrong(at, key, "cannot make %s absolute: %v", path, err)
		return nil, false
	}
	return absolute, true
}

// finish hands the file's content on to the loader.
func (f *fileReader) finish() {
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

// unknownKey says that a key does not exist, and which may have been meant.
func unknownKey(t reflect.Type, extra []string, key string) string {
	candidates := slices.Concat(extra, keysOf(t, ""))
	parts := strings.Split(key, ".")
	for i, candidate := range candidates {
		if len(parts) > 1 { // a decoding's name is the user's
			candidates[i] = strings.Replace(candidate, "*", parts[1], 1)
		}
	}
	if meant := didYouMean(key, append(candidates, sections(candidates)...)); meant != "" {
		return "unknown key" + meant
	}
	for i := len(parts) - 1; i > 0; i-- {
		section := strings.Join(parts[:i], ".")
		var inside []string
		for _, candidate := range candidates {
			if name, ok := strings.CutPrefix(candidate, section+"."); ok {
				inside = append(inside, name)
			}
		}
		if len(inside) > 0 {
			return "unknown key; " + section + " has " + strings.Join(inside, ", ")
		}
	}
	return "unknown key"
}

func describeStatement(s statement) string {
	switch s.kind {
	case isTable:
		return "a table"
	case isTables:
		return "[[" + strings.Join(s.path, ".") + "]]"
	}
	return describe(s.value)
}
