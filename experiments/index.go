package experiments

import (
	"cmp"
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// index is a schema made ready for looking up keys.
type index struct {
	schema   *Schema
	sections []*table // by slot; the first two are this package's own
	groups   []*group
	order    []any // sections and groups, each *table or *group, as help lists them

	leaves map[string]*field // by full dotted key, those of groups aside
	tables map[string]bool   // keys of what holds leaves or groups, elements aside
	slots  map[string][]int  // slots of the sections with a key
	named  map[string]*group // groups by key
	layout *node             // how a configuration is nested
	ids    atomic.Uint32     // of instances
	docs   func() (map[string]string, error)
}

// group is a [Group] with the tables of its elements, made as they are named.
type group struct {
	Group
	number int
	rank   map[string]int // the place in Names

	mutex    sync.Mutex
	elements map[string]*table
}

// table is a section or an element of a group.
type table struct {
	Section
	key    string // full; of elements with their name
	slot   int    // among the sections; of elements unused
	group  *group // of elements
	name   string // of elements
	typ    reflect.Type
	fields []*field // in the order of declaration
	byKey  map[string]*field
	tables []string // keys of the tables within
	shape  []*shape
	first  *instance // with the defaults
	shared bool      // other tables lie in or below it
	pool   pool
}

// field is one key of a table.
type field struct {
	table     *table
	key       string // within the table
	full      string
	declared  reflect.StructField
	owner     reflect.Type // the struct that declares it
	position  []int        // leads to it from the table's struct
	rule      Check
	ruled     bool // it has a rule
	path      *Path
	folder    *field // the key of the folder that comes with this one, see [Path].Of
	omitEmpty bool   // no part of the JSON where it is zero
	hidden    bool   // no part of the JSON at all
}

// shape is a table's content in the order of its keys: a field, or the content
// of a table within.
type shape struct {
	name  string
	field *field
	below []*shape
}

// elementName is how the user may call an element: it is part of folders' names
// and of tables.
var elementName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

// nameOfUsers stands for a name of the user's in documentation.
const nameOfUsers = "NAME"

func newIndex(s *Schema) *index {
	x := &index{
		schema: s,
		leaves: map[string]*field{}, tables: map[string]bool{}, slots: map[string][]int{}, named: map[string]*group{},
	}
	x.docs = sync.OnceValues(func() (map[string]string, error) {
		return readDocs(append([]fs.FS{documentSource}, s.Sources...))
	})
	for _, section := range append([]Section{documentSection, commonSection}, s.Sections...) {
		t := newTable(section, section.Key, len(x.sections))
		x.sections = append(x.sections, t)
		x.slots[t.key] = append(x.slots[t.key], t.slot)
		for _, f := range t.fields {
			if x.leaves[f.full] == nil {
				x.leaves[f.full] = f
			}
		}
		x.addTables(t.key)
		for _, within := range t.tables {
			x.tables[dotted(t.key, within)] = true
		}
	}
	for _, declared := range s.Groups {
		g := &group{Group: declared, number: len(x.groups), rank: map[string]int{}, elements: map[string]*table{}}
		for i, name := range g.Names {
			g.rank[name] = i
		}
		x.groups = append(x.groups, g)
		x.named[g.Key] = g
		x.addTables(g.Key)
	}
	x.arrange()
	x.layout = newLayout(x)
	for _, t := range x.sections {
		t.first = x.intern(t, reflect.ValueOf(t.Default))
	}
	return x
}

// addTables notes that a dotted key and all that it lies in are tables.
func (x *index) addTables(key string) {
	for ; key != ""; key = parent(key) {
		x.tables[key] = true
	}
}

// parent is the key of the table that a dotted key lies in.
func parent(key string) string {
	return key[:max(0, strings.LastIndexByte(key, '.'))]
}

// arrange puts the groups behind the sections and groups where they belong.
func (x *index) arrange() {
	listed := map[*group]bool{}
	var follow func(key string)
	follow = func(key string) {
		for _, g := range x.groups {
			if cmp.Or(g.After, g.Key) == key && !listed[g] {
				listed[g] = true
				x.order = append(x.order, g)
				follow(g.Key)
			}
		}
	}
	for _, t := range x.sections {
		x.order = append(x.order, t)
		if t.key != "" {
			follow(t.key)
		}
	}
	for _, g := range x.groups {
		if !listed[g] {
			listed[g] = true
			x.order = append(x.order, g)
			follow(g.Key)
		}
	}
}

func newTable(section Section, key string, slot int) *table {
	t := &table{Section: section, key: key, slot: slot, byKey: map[string]*field{}}
	t.typ = reflect.TypeOf(section.Default)
	t.pool.known = map[string]*instance{}
	if t.typ != nil && t.typ.Kind() == reflect.Struct {
		t.addFields(t.typ, "", nil)
	}
	for _, p := range t.Paths {
		if of := t.byKey[p.Of]; of != nil {
			of.folder = t.byKey[p.Key]
		}
	}
	sorted := slices.Clone(t.fields)
	slices.SortFunc(sorted, func(a, b *field) int { return slices.Compare(strings.Split(a.key, "."), strings.Split(b.key, ".")) })
	t.shape = newShape(sorted, 0)
	return t
}

// addFields adds the fields of a struct that lies under a key of the table.
func (t *table) addFields(typ reflect.Type, prefix string, position []int) {
	for i := range typ.NumField() {
		declared := typ.Field(i)
		at := append(slices.Clone(position), i)
		name, options, _ := strings.Cut(declared.Tag.Get("json"), ",")
		key := dotted(prefix, declared.Tag.Get("toml"))
		switch {
		case declared.Anonymous && declared.Type.Kind() == reflect.Struct:
			t.addFields(declared.Type, prefix, at)
		case declared.Type.Kind() == reflect.Struct:
			t.tables = append(t.tables, key)
			t.addFields(declared.Type, key, at)
		case declared.IsExported() && declared.Tag.Get("toml") != "" && t.byKey[key] == nil:
			f := &field{table: t, key: key, full: dotted(t.key, key), declared: declared, owner: typ, position: at}
			f.rule, f.ruled = t.Rules[key]
			f.hidden = name == "-"
			f.omitEmpty = options == "omitempty"
			if j := slices.IndexFunc(t.Paths, func(p Path) bool { return p.Key == key }); j >= 0 {
				f.path = &t.Paths[j]
			}
			t.fields = append(t.fields, f)
			t.byKey[key] = f
		}
	}
}

// newShape nests fields that are sorted by the parts of their keys and agree in
// the first parts.
func newShape(fields []*field, depth int) []*shape {
	var shapes []*shape
	for i := 0; i < len(fields); {
		parts := strings.Split(fields[i].key, ".")
		if len(parts) == depth+1 {
			shapes = append(shapes, &shape{name: parts[depth], field: fields[i]})
			i++
			continue
		}
		j := i
		for ; j < len(fields) && strings.Split(fields[j].key, ".")[depth] == parts[depth]; j++ {
		}
		shapes = append(shapes, &shape{name: parts[depth], below: newShape(fields[i:j], depth+1)})
		i = j
	}
	return shapes
}

// element returns the table of an element, and nil where it cannot be.
func (x *index) element(g *group, name string) *table {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if t := g.elements[name]; t != nil {
		return t
	}
	if _, listed := g.rank[name]; !listed && g.Names != nil || !elementName.MatchString(name) {
		return nil
	}
	section, ok := g.Element(name)
	if !ok {
		return nil
	}
	t := newTable(section, dotted(g.Key, name), 0)
	t.group, t.name = g, name
	t.first = x.intern(t, reflect.ValueOf(t.Default))
	g.elements[name] = t
	return t
}

// compare orders the elements of a group.
func (g *group) compare(a, b *instance) int {
	if g.Names == nil {
		return strings.Compare(a.table.name, b.table.name)
	}
	return g.rank[a.table.name] - g.rank[b.table.name]
}

// samples are the elements by which a group is documented.
func (x *index) samples(g *group) []*table {
	names := g.Names
	if names == nil {
		names = []string{nameOfUsers}
	}
	var found []*table
	for _, name := range names {
		if t := x.element(g, name); t != nil {
			found = append(found, t)
		}
	}
	return found
}

// place is what a dotted key names.
type place struct {
	kind  placeKind
	field *field // a value
	table *table // what a value lies in; an element
	group *group // a group, or that of an element
	name  string // of an element that cannot be
}

type placeKind int

const (
	nowhere      placeKind = iota
	isLeaf                 // a value
	isPlainTable           // a section, or a table that is in one or has some
	isGroup                // a group
	isElement              // an element of a group
	isNoElement            // what would be an element, but for its name
)

// ofSweep tells whether a place belongs to the sweep and not to its runs.
func (x *index) ofSweep(p place, key string) bool {
	if p.table != nil {
		return p.table.OfSweep
	}
	if p.kind != isPlainTable {
		return false
	}
	for _, t := range x.sections {
		if t.key != "" && !t.OfSweep && (isBelow(t.key, key) || isBelow(key, t.key)) {
			return false
		}
		if t.key == "" && !t.OfSweep && slices.Contains(t.tables, key) {
			return false
		}
	}
	return !slices.ContainsFunc(x.groups, func(g *group) bool { return isBelow(g.Key, key) })
}

// find looks a dotted key up.
func (x *index) find(key string) place {
	if f := x.leaves[key]; f != nil {
		return place{kind: isLeaf, field: f, table: f.table}
	}
	if g := x.named[key]; g != nil {
		return place{kind: isGroup, group: g}
	}
	if x.tables[key] {
		return place{kind: isPlainTable}
	}
	var missing place
	for _, g := range x.groups {
		below, ok := strings.CutPrefix(key, g.Key+".")
		if !ok {
			continue
		}
		name, rest, deeper := strings.Cut(below, ".")
		t := x.element(g, name)
		switch {
		case t == nil:
			missing = place{kind: isNoElement, group: g, name: name}
		case !deeper:
			return place{kind: isElement, table: t, group: g}
		case t.byKey[rest] != nil:
			return place{kind: isLeaf, field: t.byKey[rest], table: t, group: g}
		case slices.Contains(t.tables, rest):
			return place{kind: isPlainTable, table: t, group: g}
		}
	}
	return missing
}

// keys lists the dotted keys of all values, in the order of help, with "*" for
// a name that the user chooses; those of the sweep as a whole only where they
// are asked for.
func (x *index) keys(ofSweep bool) []string {
	var keys []string
	for _, entry := range x.order {
		switch entry := entry.(type) {
		case *table:
			if entry.OfSweep && !ofSweep {
				continue
			}
			for _, f := range entry.fields {
				keys = append(keys, f.full)
			}
		case *group:
			for _, t := range x.samples(entry) {
				for _, f := range t.fields {
					if entry.Names == nil {
						keys = append(keys, entry.Key+".*."+f.key)
					} else {
						keys = append(keys, f.full)
					}
				}
			}
		}
	}
	return keys
}
