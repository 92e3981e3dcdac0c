package stage_test

import (
	"maps"
	"slices"
	"testing"

	"lastmile/harness/stage"
)

type settings struct {
	Rate  float64        `json:"rate"`
	Steps int            `json:"steps"`
	Names []string       `json:"names"`
	More  map[string]int `json:"more"`
}

func make1(t *testing.T, kind string, version int, part any, inputs ...stage.Input) *stage.Stage {
	t.Helper()
	s, err := stage.New(kind, version, part, inputs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestKeyChangesWithWhatDeterminesTheArtifactAndNothingElse(t *testing.T) {
	part := settings{Rate: 0.1, Steps: 3}
	input := make1(t, "data", 1, settings{Steps: 1})
	other := make1(t, "data", 1, settings{Steps: 2})
	key := make1(t, "mle", 1, part, stage.Input{Name: "data", Stage: input}).Key

	same := map[string]*stage.Stage{
		"repeated":               make1(t, "mle", 1, part, stage.Input{Name: "data", Stage: input}),
		"empty instead of none":  make1(t, "mle", 1, settings{Rate: 0.1, Steps: 3, Names: []string{}, More: map[string]int{}}, stage.Input{Name: "data", Stage: input}),
		"a new setting at zero":  make1(t, "mle", 1, map[string]any{"steps": 3, "rate": 0.1, "new": 0, "newer": false}, stage.Input{Name: "data", Stage: input}),
		"members in other order": make1(t, "mle", 1, map[string]any{"steps": 3, "rate": 0.1}, stage.Input{Name: "data", Stage: input}),
	}
	for name, s := range same {
		if s.Key != key {
			t.Errorf("%s: the key changed", name)
		}
	}
	changed := map[string]*stage.Stage{
		"kind":    make1(t, "rl", 1, part, stage.Input{Name: "data", Stage: input}),
		"version": make1(t, "mle", 2, part, stage.Input{Name: "data", Stage: input}),
		"part":    make1(t, "mle", 1, settings{Rate: 0.1, Steps: 4}, stage.Input{Name: "data", Stage: input}),
		"list":    make1(t, "mle", 1, settings{Rate: 0.1, Steps: 3, Names: []string{""}}, stage.Input{Name: "data", Stage: input}),
		"input":   make1(t, "mle", 1, part, stage.Input{Name: "data", Stage: other}),
		"name":    make1(t, "mle", 1, part, stage.Input{Name: "dev", Stage: input}),
		"none":    make1(t, "mle", 1, part),
	}
	seen := map[string]string{key: "the original"}
	for _, name := range slices.Sorted(maps.Keys(changed)) {
		if of, ok := seen[changed[name].Key]; ok {
			t.Errorf("%s: the key is that of %s", name, of)
		}
		seen[changed[name].Key] = name
	}
}

func TestOrderFinishesTheFirstGoalFirst(t *testing.T) {
	data := make1(t, "data", 1, 0)
	mle := make1(t, "mle", 1, 0, stage.Input{Name: "data", Stage: data})
	rl := make1(t, "rl", 1, 0, stage.Input{Name: "mle", Stage: mle})
	scores := make1(t, "score", 1, 1, stage.Input{Name: "mle", Stage: mle})
	got := stage.Order([]*stage.Stage{scores, rl})
	if want := []*stage.Stage{data, mle, scores, rl}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}
