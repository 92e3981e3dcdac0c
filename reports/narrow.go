package reports

import (
	"fmt"
	"slices"

	"lastmile/runs"
)

// mostLabels is how many labels a report shows, those aside that the options
// name. Nobody reads a table, or a plot, of thousands.
const mostLabels = 50

// shows tells whether the next label of the sweep is shown: the first ones are,
// which says nothing of how they score, and those that the options name.
func (e *evidence) shows(l runs.Label, options Options) bool {
	names := []string{options.Baseline, options.Treatment, options.Primary.Treatment, options.Primary.Control}
	if len(e.labels) < mostLabels || slices.Contains(names, l.Name) {
		return true
	}
	// A variant that comes late in the file has at least its first label shown.
	named := l.Variant != "" && slices.Contains(names, l.Variant)
	return named && !slices.ContainsFunc(e.labels, func(shown label) bool { return shown.variant == l.Variant })
}

// shown has the names of the labels that are shown.
func (e *evidence) shown() map[string]bool {
	shown := make(map[string]bool, len(e.labels))
	for _, l := range e.labels {
		shown[l.name] = true
	}
	return shown
}

// narrow drops what was gathered of labels that are not shown.
func (e *evidence) narrow() {
	shown := e.shown()
	e.curves = kept(e.curves, func(c runs.Curve) bool { return shown[c.Label] })
	e.accuracies = kept(e.accuracies, func(a runs.RunAccuracy) bool { return shown[a.Label] })
	e.evaluations = kept(e.evaluations, func(a runs.RunEvaluation) bool { return shown[a.Label] })
	e.tuned = kept(e.tuned, func(d runs.RunDecoding) bool { return shown[d.Label] })
	var costs []runs.StageCost
	for _, c := range e.costs {
		if c.Labels = kept(c.Labels, func(name string) bool { return shown[name] }); len(c.Labels) > 0 {
			costs = append(costs, c)
		}
	}
	e.costs = costs
}

// kept are the elements that a condition keeps, in a slice of their own.
func kept[T any](all []T, keep func(T) bool) []T {
	var some []T
	for _, one := range all {
		if keep(one) {
			some = append(some, one)
		}
	}
	return some
}

// narrowed says what is left out, "" where nothing is.
func (e *evidence) narrowed() string {
	if e.leftOut == 0 {
		return ""
	}
	return fmt.Sprintf("The sweep has %s; this report shows %d of them, the first in the file and those that [report] names. The view v_summary of the store has the means of all.",
		counted(len(e.labels)+len(e.elsewhere)+e.leftOut, "system"), len(e.labels))
}
