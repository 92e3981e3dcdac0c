package reports

import (
	"fmt"
	"slices"
	"strings"
)

// behaviours are the metrics that say how outputs misbehave; the sentences
// speak of them beside the headline metric.
var behaviours = []string{"repetition", "ended", "length_ratio"}

// builder makes a report of the evidence, part by part.
type builder struct {
	*evidence
	options    Options
	statistics statistics
	baselines  []string // labels
	treatments []string // labels of which the sentences speak
	columns    []string // metrics
	headline   string   // the metric of the opening sentences
	table      *mainTable
	controls   []control
	family     int        // how many comparisons are tested and corrected together
	primary    *primary   // nil where there is nothing to compare
	gain       *gain      // nil where there is nothing to split
	notes      []string   // below the table
	selection  *selection // of examples; nil where none can be shown
	texts      texts
}

// newBuilder finds out which labels play which part.
func newBuilder(e *evidence, options Options) (*builder, error) {
	b := &builder{evidence: e, options: options}
	if len(e.labels) == 0 {
		return nil, fmt.Errorf("reporting on sweep %s: it lists no runs", e.sweep.Name)
	}
	wanted := options.Baseline
	if wanted == "" {
		wanted = e.labels[0].name
		if v := e.labels[0].variant; v != "" {
			wanted = v
		}
	}
	var err error
	if b.baselines, err = b.named("baseline", wanted); err != nil {
		return nil, err
	}
	if options.Treatment != "" {
		if b.treatments, err = b.named("treatment", options.Treatment); err != nil {
			return nil, err
		}
	} else {
		b.treatments = b.defaultTreatments()
	}
	b.columns = options.Columns
	if len(b.columns) == 0 {
		for _, m := range e.metrics {
			b.columns = append(b.columns, m.Name)
		}
		slices.SortStableFunc(b.columns, compareColumns)
		b.columns = slices.Compact(b.columns)
	}
	if wanted := options.Primary.Treatment; wanted != "" {
		labels, err := b.named("primary treatment", wanted)
		if err != nil {
			return nil, err
		}
		others := slices.DeleteFunc(b.treatments, func(name string) bool { return slices.Contains(labels, name) })
		b.treatments = append(labels, others...)
	}
	if wanted := options.Primary.Decode; wanted != "" {
		i := slices.IndexFunc(e.decodings, func(d decoding) bool { return d.name == wanted })
		if i < 0 {
			return nil, fmt.Errorf("reporting on sweep %s: the primary comparison is to be of the decoding %q, which no run has", e.sweep.Name, wanted)
		}
		if !e.decodings[i].isOwn() {
			return nil, fmt.Errorf("reporting on sweep %s: the primary comparison is to be of the decoding %q, whose outputs are not what a policy makes of the input (%s)", e.sweep.Name, wanted, e.manner("", e.decodings[i]))
		}
	}
	b.headline = headlineMetric
	if wanted := options.Primary.Metric; wanted != "" {
		b.headline = wanted
		if !slices.Contains(b.columns, wanted) {
			b.columns = append([]string{wanted}, b.columns...)
		}
	} else if !slices.Contains(b.columns, b.headline) && len(b.columns) > 0 {
		b.headline = b.columns[0]
	}
	return b, nil
}

// compareColumns puts metrics that nobody ordered into groups: ROUGE,
// length-adjusted ROUGE, others by name.
func compareColumns(a, b string) int {
	rank := func(metric string) string {
		switch {
		case strings.HasPrefix(metric, "rouge"):
			return "0" + metric
		case strings.HasPrefix(metric, "la-rouge"):
			return "1" + metric
		case metric == learnedScorer:
			return "2"
		default:
			return "3" + metric
		}
	}
	return strings.Compare(rank(a), rank(b))
}

// named returns the labels that a name from the section [report] means.
func (b *builder) named(part, name string) ([]string, error) {
	labels := b.matching(name)
	if len(labels) > 0 {
		return labels, nil
	}
	var known []string
	for _, l := range b.labels {
		known = append(known, l.name)
	}
	return nil, fmt.Errorf("reporting on sweep %s: the %s %q is neither a variant nor a label of its runs; one of %s", b.sweep.Name, part, name, strings.Join(known, "; "))
}

// matching returns the label of that name, or those of the variant of that
// name.
func (b *builder) matching(name string) []string { return matching(b.labels, name) }

// matching returns the label of that name among some, or those of the variant of that
// name.
func matching(labels []label, name string) []string {
	var byVariant []string
	for _, l := range labels {
		if l.name == name {
			return []string{name}
		}
		if l.variant == name {
			byVariant = append(byVariant, l.name)
		}
	}
	return byVariant
}

// defaultTreatments are the labels whose algorithms optimise rewards or
// preferences, but for those that are controls of the others; where there are none,
// these, and where there are none of these either, all but the baselines and rules.
func (b *builder) defaultTreatments() []string {
	var treatments, optimised, others []string
	for _, l := range b.labels {
		if slices.Contains(b.baselines, l.name) || l.algorithm.Family == Rule {
			continue
		}
		others = append(others, l.name)
		if !l.algorithm.Family.optimises() {
			continue
		}
		optimised = append(optimised, l.name)
		if l.controlKind() == "" {
			treatments = append(treatments, l.name)
		}
	}
	switch {
	case len(treatments) > 0:
		return treatments
	case len(optimised) > 0:
		return optimised
	}
	return others
}

// baselineOf returns the baseline that a label is compared with: where there
// are several, the one that agrees with it on most axes.
func (b *builder) baselineOf(name string) string {
	if slices.Contains(b.baselines, name) {
		return name
	}
	return b.closest(name, b.baselines)
}

// closest returns the candidate that agrees with a label on most axes, the
// first of equals.
func (b *builder) closest(name string, candidates []string) string {
	own := b.label(name).axes
	best, most := candidates[0], -1
	for _, candidate := range candidates {
		equal := 0
		for axis, value := range b.label(candidate).axes {
			if string(own[axis]) == string(value) {
				equal++
			}
		}
		if equal > most {
			best, most = candidate, equal
		}
	}
	return best
}
