package reports

import (
	"encoding/json"
	"fmt"
	"slices"

	"lastmile/runs"
)

// label is a label of the sweep and what its runs have in common.
type label struct {
	name      string
	variant   string
	algorithm Algorithm
	axes      map[string]json.RawMessage
	settings  map[string]string // of its first run
	decode    map[string]decodeSettings
}

// readLabels lists the labels of the sweep, in its order.
func (e *evidence) readLabels(algorithms []Algorithm) error {
	for _, run := range e.sweep.Runs {
		if slices.ContainsFunc(e.labels, func(l label) bool { return l.name == run.Label }) {
			continue
		}
		l, err := newLabel(run, algorithms)
		if err != nil {
			return fmt.Errorf("reading the configuration of run %s: %w", run.Run, err)
		}
		e.labels = append(e.labels, l)
	}
	return nil
}

// newLabel is the label of a run.
func newLabel(run runs.ListedRun, algorithms []Algorithm) (label, error) {
	l := label{name: run.Label, variant: run.Variant, settings: map[string]string{}}
	algorithm, err := algorithmIn(run.Config)
	if err != nil {
		return l, err
	}
	l.algorithm = algorithmNamed(algorithms, algorithm)
	var config struct{ Decode map[string]decodeSettings }
	if err := json.Unmarshal(run.Config, &config); err != nil {
		return l, err
	}
	l.decode = config.Decode
	if err := json.Unmarshal(run.Axes, &l.axes); err != nil {
		return l, fmt.Errorf("its values on the axes of the grid: %w", err)
	}
	settings, err := runs.Settings(run.Config)
	if err != nil {
		return l, err
	}
	for _, s := range settings {
		l.settings[s.Key] = s.Value
	}
	return l, nil
}

// label returns the label of that name.
func (e *evidence) label(name string) label {
	for _, l := range e.labels {
		if l.name == name {
			return l
		}
	}
	return label{}
}

// name is how prose calls a label: as the sweep file does, with acronyms in
// capitals, and in quotes where it is more than a word.
func (e *evidence) name(label string) string {
	name := e.acronyms.capitalize(label)
	if slices.ContainsFunc([]rune(label), func(r rune) bool { return r == ' ' || r == ',' }) {
		return "“" + name + "”"
	}
	return name
}
