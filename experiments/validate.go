package experiments

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Validate reports all slips in the schema itself: keys without a rule and
// rules without a key, two features that claim one key, tags that differ, types
// that a sweep file cannot give, defaults that break their own rules. A test of
// the program's schema calls it.
func (s *Schema) Validate() error {
	v := validator{claimed: map[string]bool{"grid": true, "variant": true, "exclude": true, "label": true}}
	for _, section := range s.Sections { // before anything is made of them
		v.structure(section.Key, section.Default)
	}
	for _, g := range s.Groups {
		v.group(g)
	}
	if len(v.found) > 0 {
		return errors.Join(v.found...)
	}
	x := s.compiled()
	for _, t := range x.sections {
		if t.key != "" {
			v.claim(t.key)
		}
		v.table(t)
	}
	for _, g := range x.groups {
		for _, t := range x.samples(g) {
			v.table(t)
		}
		for _, name := range g.Names {
			v.claim(dotted(g.Key, name))
		}
	}
	for _, old := range slices.Sorted(maps.Keys(s.Renamed)) {
		now := s.Renamed[old]
		if x.find(old).kind == isLeaf {
			v.wrong("%s is renamed, and is a key", old)
		}
		if !strings.Contains(now, " ") && x.find(now).kind == nowhere {
			v.wrong("%s is renamed to %s, and that is no key", old, now)
		}
	}
	var mistakes mistakes
	run := Run{Config: s.Default()}
	run.check(&mistakes)
	if err := mistakes.err(); err != nil {
		v.wrong("the defaults: %v", err)
	}
	return errors.Join(v.found...)
}

type validator struct {
	found   []error
	claimed map[string]bool
}

func (v *validator) wrong(format string, values ...any) {
	v.found = append(v.found, fmt.Errorf(format, values...))
}

// claim notes that a feature has a key.
func (v *validator) claim(key string) {
	if v.claimed[key] {
		v.wrong("%s is claimed twice", key)
	}
	v.claimed[key] = true
}

// structure checks that a section has a struct of defaults.
func (v *validator) structure(key string, defaults any) {
	t := reflect.TypeOf(defaults)
	if t == nil || t.Kind() != reflect.Struct {
		v.wrong("[%s]: the defaults are %T and no struct", key, defaults)
		return
	}
	v.fields(key, t)
}

// fields checks the tags and types of a struct.
func (v *validator) fields(key string, t reflect.Type) {
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Anonymous && field.Type.Kind() == reflect.Struct {
			v.fields(key, field.Type)
			continue
		}
		toml, json := field.Tag.Get("toml"), field.Tag.Get("json")
		name, options, _ := strings.Cut(json, ",")
		where := dotted(key, toml)
		switch {
		case toml == "" || !field.IsExported():
			v.wrong("[%s]: the field %s.%s has no key", key, t.Name(), field.Name)
		case strings.ContainsAny(toml, ". "):
			v.wrong("%s: the key cannot have dots or spaces", where)
		case name != toml && name != "-":
			v.wrong("%s: the json tag is %q", where, json)
		case options != "" && options != "omitempty":
			v.wrong("%s: the json tag has the option %q", where, options)
		case field.Type.Kind() == reflect.Struct && options != "":
			v.wrong("%s: a table cannot be left out where it is empty", where)
		case field.Type.Kind() == reflect.Struct:
			v.fields(where, field.Type)
		case !settable(field.Type):
			v.wrong("%s: a sweep file cannot give the type %s", where, field.Type)
		}
	}
}

// settable tells whether convert makes values of a type.
func settable(t reflect.Type) bool {
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[int](), reflect.TypeFor[float64](), reflect.TypeFor[string](), reflect.TypeFor[bool]():
		return true
	}
	return false
}

// group checks what a group says of its elements.
func (v *validator) group(g Group) {
	if g.Key == "" || g.Element == nil || g.Noun == "" {
		v.wrong("group %q: Key, Element and Noun must be given", g.Key)
		return
	}
	names := g.Names
	if names == nil {
		names = []string{nameOfUsers}
	}
	for _, name := range slices.Concat(names, g.Present) {
		element, ok := g.Element(name)
		switch {
		case !elementName.MatchString(name):
			v.wrong("%s.%s: the name is not made of letters, digits, hyphens and underscores", g.Key, name)
		case !ok || g.Names != nil && !slices.Contains(g.Names, name):
			v.wrong("%s.%s: there is no such element", g.Key, name)
		default:
			v.structure(dotted(g.Key, name), element.Default)
		}
	}
}

// table checks the rules, the paths and the defaults of a section or an element.
func (v *validator) table(t *table) {
	for _, within := range t.tables {
		v.claim(dotted(t.key, within))
	}
	for _, f := range t.fields {
		v.claim(f.full)
		value := t.first.leaf(f)
		switch {
		case !f.ruled || f.rule.Broken == nil:
			v.wrong("%s: has no rule", f.full)
		case t.slot != documentSlot && f.rule.Broken(value) != "":
			v.wrong("%s: the default: %s", f.full, f.rule.Broken(value))
		}
		if t.group != nil && t.group.List && f.key == listName {
			v.wrong("%s: the key is that of the element's name", f.full)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(t.Rules)) {
		if t.byKey[key] == nil {
			v.wrong("[%s]: there is a rule for %s, and no such key", t.key, key)
		}
	}
	for _, p := range t.Paths {
		if f := t.byKey[p.Key]; f == nil || f.declared.Type.Kind() != reflect.String {
			v.wrong("[%s]: %s cannot be a path, since it is no key with a string", t.key, p.Key)
		}
		if p.Of != "" && t.byKey[p.Of] == nil {
			v.wrong("[%s]: %s is the folder of %s, and there is no such key", t.key, p.Key, p.Of)
		}
	}
}
