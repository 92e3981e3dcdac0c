package stage_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"lastmile/harness/stage"
)

func TestUnneededIsWhatNothingKeptWasMadeOf(t *testing.T) {
	t.Parallel()
	store := open(t)
	data := stageOf("data", behaviour{Text: "d"})
	base := stageOf("base", behaviour{Text: "b"}, data)
	kept, other := stageOf("mle", behaviour{Text: "kept"}, base), stageOf("mle", behaviour{Text: "other"}, base)
	failed := stageOf("rl", behaviour{Do: "fail", Text: "no"}, other)
	open := stageOf("rl", behaviour{Do: "fail", Text: "not yet"}, kept)
	options := stage.Options{Executor: executors["local"]}
	store.Execute(t.Context(), []*stage.Stage{kept, failed, open}, options)
	found, err := store.Unneeded([]string{kept.Key, open.Key})
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, of := range found.Stages {
		folders = append(folders, of.Folder)
	}
	want := []string{store.Path(other), filepath.Join(store.Dir, "partial", failed.ID())}
	if !slices.Equal(folders, want) || found.Bytes == 0 {
		t.Fatalf("unneeded: %v, expected %v", found, want)
	}
	if err := store.Remove(found); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*stage.Stage{data, base, kept} {
		if !store.Finished(s) {
			t.Errorf("%s is gone", s.Kind)
		}
	}
	if store.Finished(other) || store.Failure(failed) != "" || store.Failure(open) == "" {
		t.Errorf("left: %v %q, of the kept %q", store.Finished(other), store.Failure(failed), store.Failure(open))
	}
	if err := store.Forget(open); err != nil || store.Failure(open) != "" || store.Begun(open) {
		t.Errorf("a try is not forgotten: %v", err)
	}
}

func TestAFolderIsEntered(t *testing.T) {
	t.Parallel()
	store := open(t)
	leave, err := store.Enter(t.Context(), "run demo")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := store.Enter(t.Context(), "run other"); err != nil {
		t.Error(err)
	} else {
		again()
	}
	_, others, err := store.Alone(t.Context(), nil)
	if !errors.Is(err, stage.ErrPresent) || len(others) != 1 || others[0].Process != os.Getpid() || others[0].Doing != "run demo" {
		t.Errorf("alone beside another: %+v %v", others, err)
	}
	leave()
	if others := store.Present(); len(others) != 0 {
		t.Errorf("after it left: %v", others)
	}
	release, _, err := store.Alone(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := store.Enter(ctx, "run demo"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("entering beside one that is alone: %v", err)
	}
	release()
	if leave, err = store.Enter(t.Context(), "run demo"); err != nil {
		t.Fatal(err)
	}
	leave()
}
