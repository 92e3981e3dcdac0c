package experiments

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// meets tells whether a run meets all conditions of an exclusion.
func (e exclude) meets(r Run) bool {
	return !slices.ContainsFunc(e.conditions, func(c condition) bool { return !r.is(c) })
}

// is tells whether a run meets one condition.
func (r *Run) is(c condition) bool {
	if c.field == nil {
		return c.value == r.Variant && c.key == "variant" || c.value == r.Label && c.key == "label"
	}
	if value, ok := r.Config.used.leaf(c.field); ok {
		return reflect.DeepEqual(value, c.value)
	}
	// The value by which the run lacks an element, as a weight of 0.
	return slices.Contains(r.Axes, AxisValue{c.key, render(c.value)})
}

// selectRuns keeps the runs that meet the conditions of --where.
func (l *loader) selectRuns(sweep *Sweep, where []string) {
	at := Position{File: whereOption}
	conditions := map[string][]condition{}
	for _, option := range where {
		key, text, ok := strings.Cut(option, "=")
		key, text = strings.TrimSpace(key), strings.TrimSpace(text)
		p, message := l.index.locate(key, whereScope)
		switch {
		case !ok || key == "":
			l.mistakes.add(at, "", "expected key=value, found %s", quoteShort(option))
		case slices.Contains(whereScope.own, key):
			conditions[key] = append(conditions[key], condition{key: key, value: text, at: at})
		case message != "":
			l.mistakes.add(at, key, "%s", message)
		case p.kind != isLeaf:
			l.mistakes.add(at, key, "expected the key of a value, and this is a table")
		default:
			value, err := convert(l.optionValue(key, text), p.field.declared.Type)
			if err != nil {
				l.mistakes.add(at, key, "%v", err)
			}
			conditions[key] = append(conditions[key], condition{key, p.field, value, at})
		}
	}
	if l.mistakes.any() {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(conditions)) {
		var kept []Run
		for _, run := range sweep.Runs {
			if slices.ContainsFunc(conditions[key], run.is) {
				kept = append(kept, run)
			}
		}
		if len(kept) == 0 {
			values := strings.Join(sweep.valuesOf(conditions[key][0]), ", ")
			if values == `""` {
				l.mistakes.add(at, key, "no run is left: the sweep has no %s", key)
				return
			}
			l.mistakes.add(at, key, "no run is left; %s is one of %s", key, values)
			return
		}
		sweep.Runs = kept
	}
}

// mostValues is how many values a message lists.
const mostValues = 30

// valuesOf lists the values that the runs have for a condition's key.
func (s *Sweep) valuesOf(c condition) []string {
	var values []string
	seen := map[string]bool{}
	for _, run := range s.Runs {
		text := "(none)"
		if c.key == "variant" {
			text = strconv.Quote(run.Variant)
		} else if c.key == "label" {
			text = strconv.Quote(run.Label)
		} else if value, ok := run.Config.used.leaf(c.field); ok {
			text = render(value)
		} else if i := slices.IndexFunc(run.Axes, func(a AxisValue) bool { return a.Key == c.key }); i >= 0 {
			text = run.Axes[i].Value
		}
		if !seen[text] {
			seen[text] = true
			values = append(values, text)
		}
	}
	if more := len(values) - mostValues; more > 0 {
		values = append(values[:mostValues], fmt.Sprintf("and %d more", more))
	}
	return values
}

// paths are the paths that a value of a key names.
func (f *field) paths(value string) []string {
	if !f.path.Many {
		return []string{value}
	}
	return strings.Split(value, "\n")
}

// exists tells whether there is a file or folder of a name.
func (p *Path) exists(name string) bool {
	if _, err := os.Stat(name); err == nil {
		return true
	}
	found, err := filepath.Glob(name)
	return p.Many && err == nil && len(found) > 0
}

// CheckFiles reports, as [Errors], the files and folders that the sweep names
// and that are not there. Load leaves this out, since a report can be written
// where only the results are.
func (s *Sweep) CheckFiles() error {
	var mistakes mistakes
	there := map[string]bool{}
	check := func(c Config, from *origin) {
		c.values(func(f *field, i *instance) {
			if f.path == nil {
				return
			}
			path, ok := f.names(i.leaf(f))
			if !ok {
				return
			}
			for _, path := range f.paths(path) {
				found, known := there[path]
				if !known {
					found = f.path.exists(path)
					there[path] = found
				}
				if !found {
					key, at := from.find([]string{f.full})
					mistakes.add(at, key, "there is no %s", path)
				}
			}
		})
	}
	for _, run := range s.Runs {
		check(run.Config, run.origin)
	}
	check(s.Config, s.origin)
	return mistakes.err()
}
