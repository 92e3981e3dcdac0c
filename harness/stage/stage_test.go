package stage_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"lastmile/harness/stage"
)

func TestKeyChangesWithWhatDeterminesTheArtifactAndNothingElse(t *testing.T) {
	of := func(kind string, version int, identity, settings, content string, inputs ...stage.Input) *stage.Stage {
		return stage.New(kind, version, json.RawMessage(identity), json.RawMessage(settings), content, inputs)
	}
	data := stage.Input{Name: "data", Stage: of("data", 1, "1", "1", "")}
	other := stage.Input{Name: "data", Stage: of("data", 1, "2", "2", "")}
	base := stage.Input{Name: "base", Stage: of("base", 1, "1", "1", "")}
	part := `{"rate":0.1}`
	key := of("mle", 1, part, part, "", data, base).Key

	same := map[string]*stage.Stage{
		"repeated":              of("mle", 1, part, part, "", data, base),
		"other costs":           of("mle", 1, part, `{"batch":1,"rate":0.1}`, "", data, base),
		"inputs in other order": of("mle", 1, part, part, "", base, data),
	}
	for name, s := range same {
		if s.Key != key {
			t.Errorf("%s: the key changed", name)
		}
	}
	changed := map[string]*stage.Stage{
		"kind":          of("rl", 1, part, part, "", data, base),
		"version":       of("mle", 2, part, part, "", data, base),
		"identity":      of("mle", 1, `{"rate":0.2}`, part, "", data, base),
		"no identity":   of("mle", 1, "", part, "", data, base),
		"content":       of("mle", 1, part, part, "abc", data, base),
		"input":         of("mle", 1, part, part, "", other, base),
		"name":          of("mle", 1, part, part, "", stage.Input{Name: "dev", Stage: data.Stage}, base),
		"swapped":       of("mle", 1, part, part, "", stage.Input{Name: "base", Stage: data.Stage}, stage.Input{Name: "data", Stage: base.Stage}),
		"one input":     of("mle", 1, part, part, "", data),
		"none":          of("mle", 1, part, part, ""),
		"content there": of("mle", 1, part, part, data.Stage.Key, base),
	}
	seen := map[string]string{key: "the original"}
	for _, name := range slices.Sorted(maps.Keys(changed)) {
		if of, ok := seen[changed[name].Key]; ok {
			t.Errorf("%s: the key is that of %s", name, of)
		}
		seen[changed[name].Key] = name
	}
	if of("mle", 1, "", "", "").Key != of("mle", 1, "null", "", "").Key {
		t.Error("no identity is not null")
	}
}

func TestOrderFinishesTheFirstGoalFirst(t *testing.T) {
	data := stageOf("data", behaviour{})
	mle := stageOf("mle", behaviour{}, data)
	rl := stageOf("rl", behaviour{}, mle)
	scores := stageOf("score", behaviour{}, mle)
	got := stage.Order([]*stage.Stage{scores, rl})
	if want := []*stage.Stage{data, mle, scores, rl}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestRecordsAreReadOneByOne(t *testing.T) {
	t.Parallel()
	store := open(t)
	for range store.Records("mle") {
		t.Error("an empty store has records")
	}
	var goals []*stage.Stage
	for _, text := range []string{"a", "b", "c"} {
		goals = append(goals, stageOf("mle", behaviour{Text: text}))
	}
	store.Execute(t.Context(), goals, stage.Options{Executor: executors["local"]})
	if err := os.Mkdir(filepath.Join(store.Dir, "stages", "mle", "half"), 0o777); err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for record, err := range store.Records("mle") {
		if err != nil {
			t.Fatal(err)
		}
		keys[record.Key] = true
	}
	for _, goal := range goals {
		if len(keys) != 3 || !keys[goal.Key] {
			t.Errorf("keys %v, expected that of %v", keys, goal)
		}
	}
	for range store.Records("mle") {
		break
	}
	damaged := filepath.Join(store.Path(goals[0]), "stage.json")
	if err := os.WriteFile(damaged, []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	damages, sound := 0, 0
	for _, err := range store.Records("mle") {
		if d := (*stage.DamagedError)(nil); errors.As(err, &d) {
			damages++
		} else if err == nil {
			sound++
		}
	}
	if damages != 1 || sound != 2 {
		t.Errorf("%d damaged records and %d others, expected 1 and 2", damages, sound)
	}
}
