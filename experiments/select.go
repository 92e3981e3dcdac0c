package experiments

import (
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// meets tells whether a run meets all conditions of an exclusion.
func (e exclude) meets(r Run) bool {
	return !slices.ContainsFunc(e.conditions, func(c assignment) bool { return !r.is(c) })
}

// is tells whether a run meets one condition.
func (r Run) is(c assignment) bool {
	switch c.key {
	case "variant":
		return r.Variant == c.value
	case "label":
		return r.Label == c.value
	}
	value, ok := valueAt(r.Config, c.key)
	return ok && reflect.DeepEqual(value, c.value)
}

// selectRuns keeps the runs that meet the conditions of --where.
func (l *loader) selectRuns(sweep *Sweep, where []string) {
	at := Position{File: "--where"}
	conditions := map[string][]assignment{}
	for _, option := range where {
		key, text, ok := strings.Cut(option, "=")
		key, text = strings.TrimSpace(key), strings.TrimSpace(text)
		t, known := typeOf(configType, key)
		switch {
		case !ok || key == "":
			l.mistakes.add(at, "", "expected key=value, found %s", quoteShort(option))
		case key == "variant" || key == "label":
			conditions[key] = append(conditions[key], assignment{key, text, at})
		case !known || isSection(t):
			l.mistakes.add(at, key, "%s", unknownKey(configType, []string{"variant", "label"}, key))
		default:
			value, err := convert(l.optionValue(key, text), t)
			if err != nil {
				l.mistakes.add(at, key, "%v", err)
			}
			conditions[key] = append(conditions[key], assignment{key, value, at})
		}
	}
	if len(l.mistakes) > 0 {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(conditions)) {
		kept := slices.DeleteFunc(slices.Clone(sweep.Runs), func(r Run) bool {
			return !slices.ContainsFunc(conditions[key], r.is)
		})
		if len(kept) == 0 {
			l.mistakes.add(at, key, "no run is left; %s is one of %s", key, strings.Join(sweep.valuesOf(key), ", "))
			return
		}
		sweep.Runs = kept
	}
}

// valuesOf lists the values that the runs have for a condition's key.
func (s *Sweep) valuesOf(key string) []string {
	var values []string
	for _, run := range s.Runs {
		text := "(none)"
		switch value, ok := valueAt(run.Config, key); {
		case key == "variant":
			text = strconv.Quote(run.Variant)
		case key == "label":
			text = strconv.Quote(run.Label)
		case ok:
			text = render(value)
		}
		if !slices.Contains(values, text) {
			values = append(values, text)
		}
	}
	return values
}

// CheckFiles reports, as [Errors], the files and folders that the sweep names
// and that are not there. Load leaves this out, since a report can be written
// where only the results are.
func (s *Sweep) CheckFiles() error {
	var mistakes Errors
	for _, run := range s.Runs {
		for _, key := range paths {
			value, ok := valueAt(run.Config, key)
			path, _ := value.(string)
			if !ok || !isPath(key, path) {
				continue
			}
			if _, err := os.Stat(path); err != nil {
				mistakes.add(run.set[key].at, key, "there is no %s", path)
			}
		}
	}
	if path := s.Report.Published; path != "" {
		if _, err := os.Stat(path); err != nil {
			mistakes.add(Position{File: s.File}, "report.published", "there is no %s", path)
		}
	}
	if len(mistakes) == 0 {
		return nil
	}
	return mistakes.sorted()
}
