package negatives

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"lastmile/experiments"
)

// inUse are the kinds of settings with their shares, as text.
func inUse(s Settings) (kinds []string) {
	for _, k := range s.chosen {
		kinds = append(kinds, fmt.Sprint(k.name, " ", k.Weight, " ", k.Unended))
	}
	return kinds
}

func TestKindsAreThoseThatSettingsName(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{`{"per_example":6}`, nil},
		{`{"per_example":6,"copy":{"weight":2},"random":{"weight":1,"unended":0.5}}`, []string{"random 1 0.5", "copy 2 0"}}, // in the order of reports
		{`{"per_example":6,"shuffled":{},"copy":{"weight":1}}`, []string{"shuffled 0 0", "copy 1 0"}},
	} {
		s := settings(t, test.text)
		if got := inUse(s); !slices.Equal(got, test.want) || s.PerExample.PerExample != 6 {
			t.Errorf("%s: %d an example of the kinds %q, want 6 of %q", test.text, s.PerExample.PerExample, got, test.want)
		}
	}
}

func TestAKindOfWeight0IsMeasuredAndNotMade(t *testing.T) {
	pool := examples()[:20]
	m := newMaker(t, `{"per_example":4,"shuffled":{"weight":1},"copy":{"unended":0.5}}`, pool)
	for i := range pool {
		for _, n := range m.Make(1, i) {
			if n.Kind != "shuffled" {
				t.Errorf("%s has a negative of the kind %s", n.Example, n.Kind)
			}
		}
		var measured []string
		for _, n := range m.MakeAll(1, i) {
			if n.Kind == "copy" {
				measured = append(measured, fmt.Sprint(n.Kind, " ", n.Ended))
			}
		}
		if !slices.Equal(measured, []string{"copy true", "copy false"}) {
			t.Errorf("accuracies are measured on %q", measured)
		}
	}
}

// TestAnotherKindChangesNoNegativesOfTheOthers is what lets artifacts stay: a kind
// that a run does not have leaves no trace.
func TestAnotherKindChangesNoNegativesOfTheOthers(t *testing.T) {
	pool := examples()[:20]
	a := newMaker(t, `{"per_example":4,"random":{"weight":1,"unended":0.5},"copy":{"weight":1}}`, pool)
	b := newMaker(t, `{"per_example":4,"random":{"weight":1,"unended":0.5},"shuffled":{},"copy":{"weight":1}}`, pool)
	for i := range pool {
		without := slices.DeleteFunc(b.MakeAll(1, i), func(n Negative) bool { return n.Kind == "shuffled" })
		if got, want := fmt.Sprint(without), fmt.Sprint(a.MakeAll(1, i)); got != want {
			t.Errorf("beside shuffles, example %d has %s, without them %s", i, got, want)
		}
	}
}

func TestSettingsThatCannotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		`{"per_example":6,"copi":{"weight":1}}`:      `unknown kind of negatives "copi"; one of random, irrelevant, shuffled, repetitive, copy`,
		`{"per_example":6,"copy":{"weight":"much"}}`: "negatives.copy",
		`{"per_example":"six"}`:                      "per_example",
		`[]`:                                         "array",
	} {
		var s Settings
		if err := json.Unmarshal([]byte(text), &s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", text, err, want)
		}
	}
}

func TestSettingsOfARun(t *testing.T) {
	always := func(experiments.Config) bool { return true }
	schema := &experiments.Schema{Sections: []experiments.Section{Section(always)}, Groups: []experiments.Group{Group(always)}}
	for name, test := range map[string]struct {
		of   experiments.Config
		want []string
	}{
		"by default": {schema.Default(), []string{"random 1.2 0.1", "irrelevant 2.6 0", "shuffled 1 0.1", "repetitive 2.6 0.1", "copy 0.8 0.1"}},
		"no copies made, copies measured": {
			schema.Default().With("negatives.copy.weight", 0.0).With("negatives.copy.unended", 0.0),
			[]string{"random 1.2 0.1", "irrelevant 2.6 0", "shuffled 1 0.1", "repetitive 2.6 0.1", "copy 0 0"},
		},
		"one kind": {schema.Default().Only("negatives", "irrelevant"), []string{"irrelevant 2.6 0"}},
	} {
		s, err := Of(test.of)
		if got := inUse(s); err != nil || !slices.Equal(got, test.want) || s.PerExample.PerExample != 6 {
			t.Errorf("%s: %q, %v, want %q", name, got, err, test.want)
		}
	}
}
