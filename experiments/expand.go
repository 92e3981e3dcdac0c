package experiments

import (
	"fmt"
	"slices"
	"strings"
)

// maxRuns is the most places that the grids of all variants together may have:
// more is a slip of the pen.
const maxRuns = 100_000

// expand makes the runs of all variants. Conditions that join several values
// are checked only when each value is right, or they would report the
// consequences of mistakes.
func (l *loader) expand(path string) *Sweep {
	sweep := l.top(path)
	for _, a := range l.grid {
		sweep.Axes = append(sweep.Axes, Axis{Key: a.field.full, Values: a.texts})
	}
	variants := l.variants
	if len(variants) == 0 {
		variants = []variant{{at: Position{File: path}}}
	}
	l.checkSize(variants)
	if l.mistakes.any() {
		return sweep
	}
	e := expansion{
		loader: l, sweep: sweep, resolver: resolver{index: l.index}, base: l.index.defaults(false),
		used: make([]bool, len(l.grid)), dropped: make([]bool, len(l.excludes)),
		byID: map[string]int{}, byName: map[runName]bool{},
	}
	for _, a := range l.config {
		e.apply(e.base, a)
	}
	for i := range l.grid {
		e.short = append(e.short, l.shortKey(l.grid[i].field.full))
	}
	for i := range variants {
		e.expandVariant(&variants[i])
	}
	e.checkExcludes()
	e.checkAxes()
	if !l.mistakes.any() {
		sweep.check(&l.mistakes)
	}
	return sweep
}

// check asks the sections that belong to the sweep whether they fit each other
// and the runs.
func (s *Sweep) check(mistakes *mistakes) {
	for _, i := range s.Config.used.sections {
		if i == nil {
			continue
		}
		if i.table.Check != nil {
			s.origin.complain(i.table.Check(s.Config), mistakes)
		}
		if i.table.CheckSweep != nil {
			s.origin.complain(i.table.CheckSweep(s), mistakes)
		}
	}
}

// fixes tells whether a variant, or --set, gives a key its only value.
func (l *loader) fixes(v *variant, key string) bool {
	is := func(a assignment) bool {
		return a.kind == setsField && a.key == key || a.kind == emptiesGroup && isBelow(key, a.key)
	}
	return slices.ContainsFunc(v.set, is) || slices.ContainsFunc(l.forced, is)
}

// open lists the axes that a variant leaves open, by their number.
func (l *loader) open(v *variant) []int {
	var open []int
	for i := range l.grid {
		if !l.fixes(v, l.grid[i].field.full) {
			open = append(open, i)
		}
	}
	return open
}

// checkSize reports a grid, or variants, that make too many runs.
func (l *loader) checkSize(variants []variant) {
	total := 0
	for i := range variants {
		v, places := &variants[i], 1
		for _, n := range l.open(v) {
			a := l.grid[n]
			if places *= len(a.values); places > maxRuns {
				l.mistakes.add(a.at, "grid."+a.field.full, "with this axis there are %d runs or more; at most %d are possible", places, maxRuns)
				return
			}
		}
		if total += places; total > maxRuns {
			l.mistakes.add(v.at, "variant", "with %q there are %d runs or more; at most %d are possible", v.name, total, maxRuns)
			return
		}
	}
}

// expansion makes the runs. What the file says is resolved once, and what a
// variant says once for all its places in the grid; of each place only what it
// changes is.
type expansion struct {
	*loader
	resolver
	sweep *Sweep
	base  *body    // what the files say
	short []string // the axes' keys in labels
	text  []byte   // the last run's configuration

	used    []bool // axes, by runs
	dropped []bool // which exclusions dropped a run
	byID    map[string]int
	byName  map[runName]bool

	variant *variant
	open    []int   // axes
	at      []int   // the place on each open axis
	content []*body // of the variant, and after each open axis
	origin  *origin
}

// runName is what people know a run by.
type runName struct {
	label string
	seed  int
}

// apply makes an assignment part of a run's content.
func (e *expansion) apply(b *body, a assignment) {
	if !a.ofSweep() {
		e.loader.index.apply(b, a)
	}
}

// expandVariant makes the runs of one variant.
func (e *expansion) expandVariant(v *variant) {
	e.variant, e.open = v, e.loader.open(v)
	content := e.base.clone()
	for _, a := range v.set {
		e.apply(content, a)
	}
	for _, a := range e.forced {
		e.apply(content, a)
	}
	e.at = make([]int, len(e.open))
	e.content = []*body{content}
	var axes []assignment
	for _, n := range e.open {
		a := e.grid[n]
		axes = append(axes, assignment{kind: setsField, key: a.field.full, table: a.field.table, field: a.field, at: a.at})
		e.content = append(e.content, content.clone())
	}
	e.origin = &origin{[][]assignment{e.config, axes, v.set, e.forced}, Position{File: e.sweep.File}}
	e.descend(0)
}

// descend goes through the values of an open axis and those behind it, the last
// of which changes fastest. What the axes change commutes with what the variant
// and the options do, since an axis that these touch is not open.
func (e *expansion) descend(depth int) {
	if depth == len(e.open) {
		e.add(e.content[depth])
		return
	}
	a := &e.grid[e.open[depth]]
	for i, value := range a.values {
		e.at[depth] = i
		e.content[depth+1].copyFrom(e.content[depth])
		e.loader.index.set(e.content[depth+1], a.field, value)
		e.descend(depth + 1)
	}
}

// add makes a run of a content, which is the caller's to change.
func (e *expansion) add(content *body) {
	full := content.clone()
	run := Run{Variant: e.variant.name, Config: Config{e.loader.index, full, e.resolver.used(full)}, origin: e.origin}
	run.Seed = run.Config.Seed()
	e.place(&run)
	for i, exclusion := range e.excludes {
		if exclusion.meets(run) {
			e.dropped[i] = true
			return
		}
	}
	e.text = run.Config.appendJSON(e.text[:0])
	run.ID = idOf(e.text)
	if other, twice := e.byID[run.ID]; twice {
		if other := e.sweep.Runs[other]; other.Variant != run.Variant {
			e.mistakes.add(e.variant.at, "", "%q and %q are the same configuration; drop one", other.Label, run.Label)
		}
		return
	}
	name := runName{run.Label, run.Seed}
	if e.byName[name] {
		e.mistakes.add(e.variant.at, "", "two different runs are called %q; rename a variant", fmt.Sprintf("%s, seed %d", run.Label, run.Seed))
	}
	e.byID[run.ID], e.byName[name] = len(e.sweep.Runs), true
	run.check(&e.mistakes)
	if n := len(e.sweep.Variants); run.Variant != "" && (n == 0 || e.sweep.Variants[n-1] != run.Variant) {
		e.sweep.Variants = append(e.sweep.Variants, run.Variant)
	}
	e.sweep.Runs = append(e.sweep.Runs, run)
}

// place finds out where a run is on the axes that are part of it, and names it:
// by its variant and its place on the axes that the variant leaves open, seed
// aside.
func (e *expansion) place(run *Run) {
	parts := make([]string, 0, 8)
	if run.Variant != "" {
		parts = append(parts, run.Variant)
	}
	depth := 0
	run.Axes = make([]AxisValue, 0, len(e.grid))
	for n := range e.grid {
		a := &e.grid[n]
		open, text := depth < len(e.open) && e.open[depth] == n, ""
		if open {
			text = a.texts[e.at[depth]]
			depth++
		}
		value, ok := run.Config.used.leaf(a.field)
		switch {
		case ok && !open:
			text = render(value)
		case !ok && !(open && e.decides(a, run.Config.full)):
			continue
		}
		e.used[n] = true
		run.Axes = append(run.Axes, AxisValue{a.field.full, text})
		if open && a.field != e.seed() {
			parts = append(parts, e.short[n]+"="+text)
		}
	}
	run.Label = e.sweep.Name
	if len(parts) > 0 {
		run.Label = strings.Join(parts, ", ")
	}
}

// seed is the field of the key seed, which is no part of labels.
func (e *expansion) seed() *field { return e.loader.index.sections[commonSlot].fields[0] }

// decides tells whether an axis is what makes an element be no part of a run,
// as a weight of 0 does: the element is there with another value of the axis.
func (e *expansion) decides(a *axis, full *body) bool {
	g := a.field.table.group
	if g == nil || g.Gone == nil || !e.groupOn[g.number] {
		return false
	}
	now := full.at(a.field.table)
	return g.Gone(now.value) && slices.ContainsFunc(a.values, func(value any) bool {
		return !g.Gone(e.loader.index.with(now, a.field, value).value)
	})
}

// check reports what is wrong with values of a run together.
func (r *Run) check(mistakes *mistakes) {
	ask := func(check func(Config) []Complaint) {
		if check != nil {
			r.origin.complain(check(r.Config), mistakes)
		}
	}
	for _, i := range r.Config.used.sections {
		if i != nil {
			ask(i.table.Check)
		}
	}
	for n, g := range r.Config.index.groups {
		if g.Active == nil || g.Active(r.Config) {
			ask(g.Check)
		}
		for _, i := range r.Config.used.groups[n] {
			ask(i.table.Check)
		}
	}
}

// shortKey is the last two parts of an axis's key, and the whole key where two
// axes share these.
func (l *loader) shortKey(key string) string {
	short := lastTwo(key)
	for _, a := range l.grid {
		if a.field.full != key && lastTwo(a.field.full) == short {
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
func (e *expansion) checkExcludes() {
	var names []string
	for _, v := range e.variants {
		names = append(names, v.name)
	}
	for i, exclusion := range e.excludes {
		for _, c := range exclusion.conditions {
			name, _ := c.value.(string)
			if c.field == nil && !slices.Contains(names, name) {
				e.mistakes.add(c.at, "exclude.variant", "there is no variant %q%s", name, DidYouMean(name, names))
			}
		}
		// What --set changes may well leave an exclusion without an object.
		if !e.dropped[i] && len(e.forced) == 0 && !e.mistakes.any() && exclusion.at.File == e.sweep.File {
			e.mistakes.add(exclusion.at, "exclude", "no run meets these conditions, or an earlier [[exclude]] dropped them all")
		}
	}
	if len(e.sweep.Runs) == 0 && len(e.excludes) > 0 && !e.mistakes.any() {
		last := e.excludes[len(e.excludes)-1]
		e.mistakes.add(last.at, "exclude", "no run is left")
	}
}

// checkAxes reports axes that are part of no run. One that is inherited, or
// that --set has left without an object, cannot be taken out of the file.
func (e *expansion) checkAxes() {
	for n, a := range e.grid {
		own := a.at.File == setOption || a.at.File == e.sweep.File && len(e.forced) == 0
		if own && !e.used[n] && !e.mistakes.any() {
			e.mistakes.add(a.at, "grid."+a.field.full, "no run uses this key, so the axis changes nothing")
		}
	}
}
