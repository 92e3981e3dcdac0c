package stage_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"lastmile/harness/stage"
)

// TestLitterIsSweptAtTheStart leaves what killed processes leave.
func TestLitterIsSweptAtTheStart(t *testing.T) {
	t.Parallel()
	store := open(t)
	done, open := stageOf("done", behaviour{Text: "d"}), stageOf("open", behaviour{Do: "fail", Text: "not yet"})
	options := stage.Options{Executor: executors["local"]}
	store.Execute(t.Context(), []*stage.Stage{done, open}, options)
	gate := filepath.Join(t.TempDir(), "gate")
	held := stageOf("held", behaviour{Gate: gate})
	ended := make(chan bool)
	go func() {
		store.Execute(t.Context(), []*stage.Stage{held}, options)
		close(ended)
	}()
	until(t, "a holder", func() bool { _, ok := store.Holder(held); return ok })
	put := func(names ...string) {
		for _, name := range names {
			overwrite(t, filepath.Join(store.Dir, name), "")
		}
	}
	put("partial/"+done.ID()+".json", "partial/"+done.ID()+".json.123", "partial/"+open.ID()+".json.456",
		"partial/"+held.ID()+".json.789", "locks/"+open.ID(), "locks/"+done.ID())
	if err := os.Mkdir(filepath.Join(store.Dir, "partial", done.ID()), 0o777); err != nil {
		t.Fatal(err)
	}
	store.Execute(t.Context(), []*stage.Stage{done}, options)
	var left []string
	for _, folder := range []string{"partial", "locks"} {
		entries, err := os.ReadDir(filepath.Join(store.Dir, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			left = append(left, folder+"/"+entry.Name())
		}
	}
	want := []string{"partial/" + held.ID(), "partial/" + held.ID() + ".json", "partial/" + held.ID() + ".json.789",
		"partial/" + open.ID(), "partial/" + open.ID() + ".json", "locks/" + held.ID()}
	slices.Sort(left)
	slices.Sort(want)
	if !slices.Equal(left, want) {
		t.Errorf("left %q\nexpected %q", left, want)
	}
	overwrite(t, gate, "")
	<-ended
}
