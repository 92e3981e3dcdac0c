package experiments

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Projection cuts the part that a kind of stage reads out of configurations. It
// may be used by several goroutines at once.
type Projection struct {
	reads, cost []string

	mutex sync.Mutex
	cuts  map[*index]*cuts
}

// Part is what a stage of some kind reads of a configuration, as JSON with
// sorted keys. Zeros (false, 0, "", an empty list) are left out, so that a new
// setting whose zero means what was before changes no part; the tables of
// sections and elements are there also where they are empty. A Part must not be
// changed.
type Part struct {
	// Settings is all that the stage reads.
	Settings json.RawMessage
	// Identity is the same without what changes costs and not results.
	Identity json.RawMessage
}

// NewProjection makes a projection of what reads and cost name: dotted keys of
// values, tables, sections, elements or groups; "*" stands for any one part of
// a key, as in "decode.*.batch_size". What is under cost must be read too to be
// in Settings, and is never in Identity.
func NewProjection(reads, cost []string) *Projection {
	return &Projection{reads: slices.Clone(reads), cost: slices.Clone(cost), cuts: map[*index]*cuts{}}
}

// cuts is a projection from the configurations of one schema.
type cuts struct {
	selections []selection
	bySource   map[string]*Part // by the instances that were read
	byContent  map[string]*Part
	cutter     cutter
}

// selection is something that a projection reads.
type selection struct {
	section *table // or
	group   *group
	name    string // of the only element; all where it is empty
	below   string // the key within the table; all where it is empty
}

// Of returns the part of a configuration; the same pointer for equal content of
// configurations of one schema. A key that the schema does not have is a slip in
// the code, and panics.
func (p *Projection) Of(c Config) *Part {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	of := p.cuts[c.index]
	if of == nil {
		of = &cuts{bySource: map[string]*Part{}, byContent: map[string]*Part{}, cutter: newCutter(p.cost)}
		for _, read := range p.reads {
			found := c.index.selections(read)
			if len(found) == 0 {
				panic(fmt.Sprintf("experiments: a projection reads %q, and there is no such key", read))
			}
			of.selections = append(of.selections, found...)
		}
		for _, cost := range p.cost {
			named := func(key string) bool { return fits(cost, key) }
			if len(c.index.selections(cost)) == 0 && !slices.ContainsFunc(c.index.keys(false), named) {
				panic(fmt.Sprintf("experiments: a projection has %q for a cost, and there is no such key", cost))
			}
		}
		p.cuts[c.index] = of
	}
	var buffer [256]byte
	source := buffer[:0]
	for _, s := range of.selections {
		s.instances(c, func(i *instance) { source = binary.LittleEndian.AppendUint32(source, i.id) })
		source = binary.LittleEndian.AppendUint32(source, 0) // no instance
	}
	if part := of.bySource[string(source)]; part != nil {
		return part
	}
	settings, identity := of.cutter.cut(of.selections, c)
	content := string(settings) + "\x00" + string(identity)
	part := of.byContent[content]
	if part == nil {
		part = &Part{settings, identity}
		of.byContent[content] = part
	}
	of.bySource[string(source)] = part
	return part
}

// instances yields what a selection reads from.
func (s selection) instances(c Config, yield func(*instance)) {
	if s.section != nil {
		if i := c.used.sections[s.section.slot]; i != nil {
			yield(i)
		}
		return
	}
	for _, i := range c.used.groups[s.group.number] {
		if s.name == "" || s.name == i.table.name {
			yield(i)
		}
	}
}

// selections looks up what a key of a projection reads.
func (x *index) selections(key string) []selection {
	var found []selection
	for _, t := range x.sections {
		if t.OfSweep {
			continue
		}
		if below, ok := t.within(key); ok {
			found = append(found, selection{section: t, below: below})
		}
	}
	for _, g := range x.groups {
		rest, ok := strings.CutPrefix(key, g.Key+".")
		name, below, _ := strings.Cut(rest, ".")
		switch {
		case isBelow(g.Key, key):
			found = append(found, selection{group: g})
		case !ok:
		case name != "*":
			if t := x.element(g, name); t != nil && t.has(below) {
				found = append(found, selection{group: g, name: name, below: below})
			}
		case slices.ContainsFunc(x.samples(g), func(t *table) bool { return t.has(below) }):
			found = append(found, selection{group: g, below: below})
		}
	}
	return found
}

// within returns the part of a dotted key that lies in the table, empty where
// the key is that of all of it.
func (t *table) within(key string) (string, bool) {
	if t.key != "" && isBelow(t.key, key) {
		return "", true
	}
	if !isBelow(key, t.key) {
		return "", false
	}
	below := strings.TrimPrefix(strings.TrimPrefix(key, t.key), ".")
	return below, below != "" && t.has(below)
}

// has tells whether a key within the table is that of a value or a table; the
// empty one is that of all of it.
func (t *table) has(below string) bool {
	return below == "" || t.byKey[below] != nil || slices.Contains(t.tables, below)
}

// fits tells whether a dotted key is one that a pattern with "*" names, or lies
// below one.
func fits(pattern, key string) bool {
	parts, wanted := strings.Split(key, "."), strings.Split(pattern, ".")
	if len(parts) < len(wanted) {
		return false
	}
	return slices.EqualFunc(wanted, parts[:len(wanted)], func(want, part string) bool { return want == "*" || want == part })
}
