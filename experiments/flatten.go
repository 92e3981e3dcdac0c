package experiments

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// values yields what the run has under the dotted keys of its sections and
// elements, in the order of help.
func (c Config) values(yield func(f *field, i *instance)) {
	if c.index == nil {
		return
	}
	each := func(i *instance) {
		if i == nil {
			return
		}
		for _, f := range i.table.fields {
			if !f.hidden {
				yield(f, i)
			}
		}
	}
	for _, entry := range c.index.order {
		switch entry := entry.(type) {
		case *table:
			each(c.used.sections[entry.slot])
		case *group:
			for _, i := range c.used.groups[entry.number] {
				each(i)
			}
		}
	}
}

// Flatten returns every value of a configuration under its dotted key.
// Numbers have their shortest form, lists are bracketed, and text is quoted
// only where it is empty or would not be seen whole.
func Flatten(c Config) map[string]string {
	flat := map[string]string{}
	c.values(func(f *field, i *instance) { flat[f.full] = render(i.leaf(f)) })
	return flat
}

// Difference is a value in which two configurations differ. A side that lacks
// the key, as a decoding that only one of the two has, is empty.
type Difference struct {
	Key, A, B string
}

// Diff returns what differs between two configurations, sorted by key.
func Diff(a, b Config) []Difference {
	inA, inB := Flatten(a), Flatten(b)
	var differences []Difference
	for key, value := range inA {
		if inB[key] != value {
			differences = append(differences, Difference{key, value, inB[key]})
		}
	}
	for key, value := range inB {
		if _, both := inA[key]; !both {
			differences = append(differences, Difference{key, "", value})
		}
	}
	sortDifferences(differences)
	return differences
}

// Changed returns the values of a configuration that are not the defaults of
// their keys, the default as A, sorted by key. An element that is not there by
// default, or that is there by default and not in a group that the run uses, is
// a difference of its own, between "absent" and "present".
func (s *Schema) Changed(c Config) []Difference {
	var differences []Difference
	c.values(func(f *field, i *instance) {
		if a, b := render(f.table.first.leaf(f)), render(i.leaf(f)); a != b {
			differences = append(differences, Difference{f.full, a, b})
		}
	})
	if c.index != nil {
		for _, g := range c.index.groups {
			there := c.Names(g.Key)
			for _, name := range there {
				if !slices.Contains(g.Present, name) {
					differences = append(differences, Difference{dotted(g.Key, name), "absent", "present"})
				}
			}
			for _, name := range g.Present {
				if !slices.Contains(there, name) && (g.Active == nil || g.Active(c)) {
					differences = append(differences, Difference{dotted(g.Key, name), "present", "absent"})
				}
			}
		}
	}
	sortDifferences(differences)
	return differences
}

func sortDifferences(differences []Difference) {
	slices.SortFunc(differences, func(x, y Difference) int { return strings.Compare(x.Key, y.Key) })
}

func dotted(key, part string) string {
	if key == "" || part == "" {
		return key + part
	}
	return key + "." + part
}

// render writes a value of a configuration for people.
func render(value any) string {
	switch v := value.(type) {
	case string:
		hidden := func(r rune) bool { return !unicode.IsPrint(r) }
		if v == "" || strings.TrimSpace(v) != v || strings.ContainsFunc(v, hidden) {
			return strconv.Quote(v)
		}
		return v
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	if v := reflect.ValueOf(value); v.Kind() == reflect.Slice {
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = render(v.Index(i).Interface())
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(value)
}
