package stage_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"lastmile/harness/stage"
)

func TestAskingForTheHolderNeitherTakesNorRemovesTheLock(t *testing.T) {
	t.Parallel()
	store := open(t)
	dir := t.TempDir()
	begun, gate := filepath.Join(dir, "begun"), filepath.Join(dir, "gate")
	s := stageOf("mle", behaviour{Sign: begun, Gate: gate})
	if owner, held := store.Holder(s); held {
		t.Fatalf("in an empty store the stage is held by %v", owner)
	}
	done := make(chan stage.Outcome)
	go func() {
		done <- store.Execute(t.Context(), []*stage.Stage{s}, stage.Options{Executor: executors["local"]})[s]
	}()
	until(t, "the stage", func() bool { return exists(begun) })
	lock := filepath.Join(store.Dir, "locks", s.ID())
	before, err := os.ReadFile(lock)
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		owner, held := store.Holder(s)
		if !held || owner.Process != os.Getpid() || owner.Host != host || time.Since(owner.Since) > time.Minute {
			t.Fatalf("held %v by %+v", held, owner)
		}
	}
	if after, err := os.ReadFile(lock); err != nil || string(after) != string(before) {
		t.Errorf("asking has made the lock file %q, %v", after, err)
	}
	appendLine(gate, "open")
	if outcome := <-done; outcome.State != stage.Computed {
		t.Error(outcome)
	}
	if _, held := store.Holder(s); held || exists(lock) {
		t.Error("a lock is left")
	}
}

func TestLockFileOfADeadProcessIsFree(t *testing.T) {
	store := open(t)
	s := stageOf("mle", behaviour{})
	lock := filepath.Join(store.Dir, "locks", s.ID())
	if err := os.MkdirAll(filepath.Dir(lock), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(lock, []byte(`{"host":"gone","process":1}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if owner, held := store.Holder(s); held {
		t.Errorf("held by %v", owner)
	}
	if !exists(lock) {
		t.Error("asking has removed the file")
	}
	if outcome := store.Execute(t.Context(), []*stage.Stage{s}, stage.Options{Executor: executors["local"]})[s]; outcome.State != stage.Computed {
		t.Error(outcome)
	}
}

func TestOwnerInWords(t *testing.T) {
	since := time.Date(2026, 3, 4, 5, 6, 7, 0, time.Local)
	for want, owner := range map[string]stage.Owner{
		"process 12 on node3 since 2026-03-04 05:06:07": {Host: "node3", Process: 12, Since: since},
		"another process": {},
	} {
		if got := owner.String(); got != want {
			t.Errorf("%q, expected %q", got, want)
		}
	}
}
