package experiments

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
)

// Config is the complete configuration of one run: the sections and elements
// that the run uses. It is immutable and cheap to copy: runs share the sections
// in which they agree. So the lists in what it returns must not be written to.
type Config struct {
	index *index
	full  *body // with what the run does not use
	used  *body
}

// body is the content of a configuration.
type body struct {
	sections []*instance   // by slot; nil where a section is not there
	groups   [][]*instance // the elements in their order; never changed in place
}

func (b *body) clone() *body {
	return &body{slices.Clone(b.sections), slices.Clone(b.groups)}
}

// copyFrom makes b another body's content without new memory.
func (b *body) copyFrom(other *body) {
	b.sections = append(b.sections[:0], other.sections...)
	b.groups = append(b.groups[:0], other.groups...)
}

func (b *body) equal(other *body) bool {
	return slices.Equal(b.sections, other.sections) && slices.EqualFunc(b.groups, other.groups, slices.Equal[[]*instance])
}

// element is the place of an element among those of its group.
func (b *body) element(t *table) (int, bool) {
	for i, element := range b.groups[t.group.number] {
		if element.table == t {
			return i, true
		}
	}
	return 0, false
}

// at is the instance of a table, nil where it is not there.
func (b *body) at(t *table) *instance {
	if t.group == nil {
		return b.sections[t.slot]
	}
	if i, ok := b.element(t); ok {
		return b.groups[t.group.number][i]
	}
	return nil
}

// put makes an instance the content of its table, which is added where it is
// an element that is not there.
func (b *body) put(i *instance) {
	t := i.table
	if t.group == nil {
		b.sections[t.slot] = i
		return
	}
	elements := slices.Clone(b.groups[t.group.number])
	if at, ok := b.element(t); ok {
		elements[at] = i
	} else {
		elements = append(elements, i)
		slices.SortFunc(elements, t.group.compare)
	}
	b.groups[t.group.number] = elements
}

// set gives a field a value of its type.
func (x *index) set(b *body, f *field, value any) {
	i := b.at(f.table)
	if i == nil {
		i = f.table.first
	}
	b.put(x.with(i, f, value))
}

// defaults is the content where nothing is said, of the runs or of the sweep as
// a whole.
func (x *index) defaults(ofSweep bool) *body {
	b := &body{make([]*instance, len(x.sections)), make([][]*instance, len(x.groups))}
	for slot, t := range x.sections {
		if t.OfSweep == ofSweep {
			b.sections[slot] = t.first
		}
	}
	for _, g := range x.groups {
		for _, name := range g.Present {
			if t := x.element(g, name); t != nil && !ofSweep {
				b.put(t.first)
			}
		}
	}
	return b
}

// config makes a configuration of a content, which must not change any more.
func (x *index) config(full *body) Config {
	r := resolver{index: x}
	return Config{x, full, r.used(full)}
}

// element returns the instance of an element by its dotted key, nil where the
// run has none.
func (c Config) element(key string) *instance {
	g := c.index.named[parent(key)]
	if g == nil {
		return nil
	}
	name := key[len(g.Key)+1:]
	for _, i := range c.used.groups[g.number] {
		if i.table.name == name {
			return i
		}
	}
	return nil
}

// Seed names every random stream of the run.
func (c Config) Seed() int { return Get[common](c, "").Seed }

// Has tells whether the run has a section, an element, any element of a group,
// or a value, by its dotted key.
func (c Config) Has(key string) bool {
	if c.index == nil {
		return false
	}
	there := func(slot int) bool { return c.used.sections[slot] != nil }
	if slices.ContainsFunc(c.index.slots[key], there) || c.element(key) != nil || len(c.Names(key)) > 0 {
		return true
	}
	_, ok := c.Value(key)
	return ok
}

// Get returns the struct of a section, as of "mle", or of an element, as of
// "decode.greedy". It is zero where the run has none. T is the type of the
// section's defaults; another one is a slip in the code, and panics. Lists in
// the struct are shared, and must not be written to.
func Get[T any](c Config, key string) T {
	var zero T
	if c.index == nil {
		return zero
	}
	slots := c.index.slots[key]
	for _, slot := range slots {
		if i := c.used.sections[slot]; i != nil {
			if value, ok := i.value.(T); ok {
				return value
			}
		}
	}
	var other reflect.Type
	for _, slot := range slots {
		if slot <= commonSlot {
			continue
		}
		if other = c.index.sections[slot].typ; other == reflect.TypeFor[T]() {
			return zero
		}
	}
	if i := c.element(key); i != nil {
		if value, ok := i.value.(T); ok {
			return value
		}
		other = i.table.typ
	}
	if other != nil {
		panic(fmt.Sprintf("experiments.Get: %q is of type %s and not %T", key, other, zero))
	}
	return zero
}

// Names returns the names of the elements of a group that the run has, in their
// order.
func (c Config) Names(group string) []string {
	if c.index == nil || c.index.named[group] == nil {
		return nil
	}
	elements := c.used.groups[c.index.named[group].number]
	names := make([]string, len(elements))
	for i, element := range elements {
		names[i] = element.table.name
	}
	return names
}

// Value returns the value under a dotted key, and false where the run has none.
func (c Config) Value(key string) (any, bool) {
	if c.index == nil {
		return nil, false
	}
	p := c.index.find(key)
	if p.kind != isLeaf {
		return nil, false
	}
	return c.used.leaf(p.field)
}

// leaf is the value of a field, and false where it is not there.
func (b *body) leaf(f *field) (any, bool) {
	i := b.at(f.table)
	if i == nil {
		return nil, false
	}
	return i.leaf(f), true
}

// With returns a copy in which one dotted key has another value; that of a
// section or an element takes its whole struct. Which sections the run uses is
// found anew. A key that is none, or a value of another type, is a slip in the
// code, and panics.
func (c Config) With(key string, value any) Config {
	full := c.full.clone()
	p := c.index.find(key)
	typ := reflect.TypeOf(value)
	if p.kind == isLeaf && full.has(p.table) {
		wanted := p.field.declared.Type
		if n, ok := value.(int); ok && wanted.Kind() == reflect.Float64 {
			value, typ = float64(n), wanted
		}
		if typ != wanted || !isFinite(value) {
			panic(fmt.Sprintf("experiments: %s cannot be %v (%T); expected %s", key, value, value, typeName(wanted, 1)))
		}
		c.index.set(full, p.field, value)
		return c.index.config(full)
	}
	tables := []*table{p.table}
	for _, slot := range c.index.slots[key] {
		tables = append(tables, c.index.sections[slot])
	}
	for _, t := range tables {
		if t != nil && t.key == key && t.typ == typ && full.has(t) {
			full.put(c.index.intern(t, reflect.ValueOf(value)))
			return c.index.config(full)
		}
	}
	panic(fmt.Sprintf("experiments: there is no key %q for a value of type %T", key, value))
}

// has tells whether a table can be part of the content: a section of the sweep
// as a whole is none of a run.
func (b *body) has(t *table) bool { return t.group != nil || b.sections[t.slot] != nil }

// isFinite is false for the numbers that JSON does not have, and for lists with
// such a number.
func isFinite(value any) bool {
	finite := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
	switch v := value.(type) {
	case float64:
		return finite(v)
	case []float64:
		return !slices.ContainsFunc(v, func(v float64) bool { return !finite(v) })
	}
	return true
}

// Only returns a copy that has no element of a group but one.
func (c Config) Only(group, name string) Config {
	g := c.index.named[group]
	if g == nil {
		panic(fmt.Sprintf("experiments: there is no group %q", group))
	}
	only := func(b *body) *body {
		kept := *b
		kept.groups = slices.Clone(b.groups)
		kept.groups[g.number] = nil
		for i, element := range b.groups[g.number] {
			if element.table.name == name {
				kept.groups[g.number] = b.groups[g.number][i : i+1 : i+1]
			}
		}
		return &kept
	}
	used := only(c.used)
	if c.full == c.used {
		return Config{c.index, used, used}
	}
	return Config{c.index, only(c.full), used}
}

// isBelow tells whether a dotted key lies in the table of another, or is it.
func isBelow(key, table string) bool {
	return table == "" || key == table || strings.HasPrefix(key, table+".")
}
