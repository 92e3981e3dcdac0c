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

// addLabel adds the next label of the sweep.
func (e *evidence) addLabel(of runs.Label, algorithms []Algorithm) error {
	l, err := newLabel(of, algorithms)
	if err != nil {
		return fmt.Errorf("reading the configuration of run %s: %w", of.Run, err)
	}
	e.labels = append(e.labels, l)
	return nil
}

// newLabel reads what the configuration of a label's first run says.
func newLabel(of runs.Label, algorithms []Algorithm) (label, error) {
	l := label{name: of.Name, variant: of.Variant, settings: map[string]string{}}
	algorithm, err := algorithmIn(of.Config)
	if err != nil {
		return l, err
	}
	l.algorithm = algorithmNamed(algorithms, algorithm)
	var config struct{ Decode map[string]decodeSettings }
	if err := json.Unmarshal(of.Config, &config); err != nil {
		return l, err
	}
	l.decode = config.Decode
	if err := json.Unmarshal(of.Axes, &l.axes); err != nil {
		return l, fmt.Errorf("its values on the axes of the grid: %w", err)
	}
	settings, err := runs.Settings(of.Config)
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
