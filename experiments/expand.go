package experiments

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// maxRuns is the most runs that a sweep may have: more is a slip of the pen.
const maxRuns = 10_000

// expand makes the runs of all variants. Conditions that join several values
// are checked only when each value is right, or they would report the
// consequences of mistakes.
func (l *loader) expand(path string) *Sweep {
	top := l.top(path)
	sweep := &Sweep{Name: top.Name, Description: top.Description, File: path, Report: top.Report, Runtime: top.Runtime}
	for _, a := range l.grid {
		values := make([]string, len(a.values))
		for i, v := range a.values {
			values[i] = render(v)
		}
		sweep.Axes = append(sweep.Axes, Axis{Key: a.key, Values: values})
	}
	if len(l.mistakes) > 0 {
		return sweep
	}
	variants := l.variants
	if len(variants) == 0 {
		variants = []variant{{}}
	}
	dropped := make([]int, len(l.excludes)) // runs, by exclusion
	for _, v := range variants {
		for combination := range l.combinations(v, Position{File: path}) {
			run := l.run(v, combination, sweep.Name)
			if i := slices.IndexFunc(l.excludes, func(e exclude) bool { return e.meets(run) }); i >= 0 {
				dropped[i]++
				continue
			}
			checkRun(run.Config, run.set, Position{File: path}, &l.mistakes)
			sweep.Runs = append(sweep.Runs, run)
		}
	}
	l.checkExcludes(sweep, dropped)
	l.identify(sweep, Position{File: path})
	l.completeReport(sweep)
	return sweep
}

// fixes tells whether a variant, or --set, gives a key its only value.
func (l *loader) fixes(v variant, key string) bool {
	is := func(a assignment) bool { return a.key == key }
	return slices.ContainsFunc(v.set, is) || slices.ContainsFunc(l.forced, is)
}

// combinations yields the product of the axes that a variant leaves open, the
// last axis fastest.
func (l *loader) combinations(v variant, file Position) func(yield func([]assignment) bool) {
	open := slices.DeleteFunc(slices.Clone(l.grid), func(a axis) bool { return l.fixes(v, a.key) })
	total := 1
	for _, a := range open {
		if total *= len(a.values); total > maxRuns {
			l.mistakes.add(a.at, "grid."+a.key, "with this axis there are %d runs or more; at most %d are possible", total, maxRuns)
			return func(func([]assignment) bool) {}
		}
	}
	return func(yield func([]assignment) bool) {
		for n := range total {
			combination := make([]assignment, len(open))
			rest := n
			for i, a := range slices.Backward(open) {
				combination[i] = assignment{a.key, a.values[rest%len(a.values)], a.at}
				rest /= len(a.values)
			}
			if !yield(combination) {
				return
			}
		}
	}
}

// run resolves one run: the defaults, then the file, its place in the grid, its
// variant and --set, each over what comes before.
func (l *loader) run(v variant, place []assignment, sweep string) Run {
	run := Run{Variant: v.name, Config: Default(), set: map[string]setting{}}
	config := reflect.ValueOf(&run.Config).Elem()
	for i, a := range slices.Concat(l.config, place, v.set, l.forced) {
		if _, ofRun := typeOf(configType, a.key); ofRun {
			assign(config, a.key, a.value)
			run.set[a.key] = setting{a.at, i}
		}
	}
	maps.DeleteFunc(run.Config.Decode, func(_ string, d Decode) bool { return !d.Enabled })
	run.Seed = run.Config.Seed
	for _, a := range l.grid {
		if value, ok := valueAt(run.Config, a.key); ok {
			run.Axes = append(run.Axes, AxisValue{a.key, render(value)})
		}
	}
	run.Label = l.label(v, place, sweep)
	return run
}

// label names a run by its variant and by its place on the axes that the
// variant leaves open, seed aside.
func (l *loader) label(v variant, place []assignment, sweep string) string {
	var parts []string
	if v.name != "" {
		parts = append(parts, v.name)
	}
	for _, a := range place {
		if a.key != "seed" {
			parts = append(parts, l.shortKey(a.key)+"="+render(a.value))
		}
	}
	if len(parts) == 0 {
		return sweep
	}
	return strings.Join(parts, ", ")
}

// shortKey is the last two parts of an axis's key, and the whole key where two
// axes share these.
func (l *loader) shortKey(key string) string {
	short := lastTwo(key)
	for _, a := range l.grid {
		if a.key != key && lastTwo(a.key) == short {
			return key
		}
	}
	return short
}

func lastTwo(key string) string {
	parts := strings.Split(key, ".")
	return strings.Join(parts[max(0, len(parts)-2):], ".")
}

// checkExcludes reports exclusions that leave nothing, and those that name a
// variant that there is not.
func (l *loader) checkExcludes(sweep *Sweep, dropped []int) {
	var names []string
	for _, v := range l.variants {
		names = append(names, v.name)
	}
	for i, e := range l.excludes {
		for _, c := range e.conditions {
			name, _ := c.value.(string)
			if c.key == "variant" && !slices.Contains(names, name) {
				l.mistakes.add(c.at, "exclude.variant", "there is no variant %q%s", name, didYouMean(name, names))
			}
		}
		// What --set changes may well leave an exclusion without an object.
		if dropped[i] == 0 && len(l.forced) == 0 && len(l.mistakes) == 0 && e.at.File == sweep.File {
			l.mistakes.add(e.at, "exclude", "no run meets these conditions, or an earlier [[exclude]] dropped them all")
		}
	}
	if len(sweep.Runs) == 0 && len(l.excludes) > 0 && len(l.mistakes) == 0 {
		last := l.excludes[len(l.excludes)-1]
		l.mistakes.add(last.at, "exclude", "no run is left")
	}
}

// identify gives each run its ID, and reports runs that are the same under two
// names, or two under one.
func (l *loader) identify(sweep *Sweep, file Position) {
	at := func(r Run) Position {
		if i := slices.IndexFunc(l.variants, func(v variant) bool { return v.name == r.Variant }); i >= 0 {
			return l.variants[i].at
		}
		return file
	}
	byID, byLabel := map[string]Run{}, map[string]Run{}
	for i := range sweep.Runs {
		run := &sweep.Runs[i]
		id, err := run.Config.ID()
		if err != nil {
			l.mistakes.add(at(*run), "", "%v", err)
			return
		}
		run.ID = id
		name := fmt.Sprintf("%s, seed %d", run.Label, run.Seed)
		if other, twice := byID[id]; twice {
			l.mistakes.add(at(*run), "", "%q and %q are the same configuration; drop one", other.Label, run.Label)
		} else if _, twice := byLabel[name]; twice {
			l.mistakes.add(at(*run), "", "two different runs are called %q; rename a variant", name)
		}
		byID[id], byLabel[name] = *run, *run
		if !slices.Contains(sweep.Variants, run.Variant) && run.Variant != "" {
			sweep.Variants = append(sweep.Variants, run.Variant)
		}
	}
}

// completeReport checks the section [report] against the runs, and fills in
// what it leaves open.
func (l *loader) completeReport(sweep *Sweep) {
	set := map[string]Position{}
	for _, a := range slices.Concat(l.config, l.forced) {
		set[a.key] = a.at
	}
	groups := slices.Clone(sweep.Variants)
	var metrics []string
	for _, run := range sweep.Runs {
		for _, name := range []string{run.Variant, run.Label} {
			if name != "" && !slices.Contains(groups, name) {
				groups = append(groups, name)
			}
		}
		for _, name := range run.Config.Metrics.Names {
			if !slices.Contains(metrics, name) {
				metrics = append(metrics, name)
			}
		}
	}
	if len(groups) == 0 || len(l.mistakes) > 0 {
		return
	}
	report := &sweep.Report
	for _, group := range []struct{ key, name string }{
		{"report.baseline", report.Baseline}, {"report.treatment", report.Treatment},
	} {
		if group.name != "" && !slices.Contains(groups, group.name) {
			l.mistakes.add(set[group.key], group.key, "there is no variant or label %q; one of %s", group.name, strings.Join(groups, "; "))
		}
	}
	for _, name := range report.Columns {
		if !slices.Contains(metrics, name) {
			l.mistakes.add(set["report.columns"], "report.columns", "no run scores %q; metrics.names has %s", name, strings.Join(metrics, ", "))
		}
	}
	if report.Baseline == "" {
		report.Baseline = groups[0]
	}
	if len(report.Columns) == 0 {
		report.Columns = metrics
	}
}
