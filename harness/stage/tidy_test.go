package stage_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lastmile/harness/stage"
)

// TestLitterIsSweptAtTheStart leaves what killed processes leave.
func TestLitterIsSweptAtTheStart(t *testing.T) {
	t.Parallel()
	store := open(t)
	done, open := stageOf("done", behaviour{Text: "d"}), stageOf("open", behaviour{Do: "fail", Text: "not yet"})
	options := stage.Options{Executor: executors["local"]}
	store.Execute(t.Context(), []*stage.Stage{done, open}, options)
	gate, begun := filepath.Join(t.TempDir(), "gate"), filepath.Join(t.TempDir(), "begun")
	held := stageOf("held", behaviour{Gate: gate, Sign: begun})
	ended := make(chan bool)
	go func() {
		store.Execute(t.Context(), []*stage.Stage{held}, options)
		close(ended)
	}()
	until(t, "a holder", func() bool { return exists(begun) })
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

func TestWhatDeadProcessesLeftOnTheWayToALockGoesLater(t *testing.T) {
	t.Parallel()
	store := open(t)
	s := stageOf("mle", behaviour{Text: "x"})
	const token = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if err := os.MkdirAll(filepath.Join(store.Dir, "locks"), 0o777); err != nil {
		t.Fatal(err)
	}
	var fresh, old []string
	for _, id := range []string{"a", "b"} {
		for _, name := range []string{"." + s.ID() + "." + token + id, s.ID() + "." + strings.Repeat(strings.ToUpper(id), 26), ".probe." + id} {
			path := filepath.Join(store.Dir, "locks", name)
			overwrite(t, path, "")
			if id == "a" {
				fresh = append(fresh, path)
				continue
			}
			old = append(old, path)
			if err := os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
	}
	store.Execute(t.Context(), []*stage.Stage{s}, stage.Options{Executor: executors["local"]})
	for _, path := range fresh {
		if !exists(path) {
			t.Errorf("%s was just made, and is gone", path)
		}
	}
	for _, path := range old {
		if exists(path) {
			t.Errorf("%s is left", path)
		}
	}
}
