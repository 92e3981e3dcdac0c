package stage_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lastmile/harness/stage"
)

// TestDamagedArtifactIsComputedAgain damages what a stage is to read, in every way that
// is noticed: it is said, never used, and costs no more than its own stage.
func TestDamagedArtifactIsComputedAgain(t *testing.T) {
	for name, damage := range map[string]struct {
		do   func(t *testing.T, dir string)
		want string
	}{
		"flipped":    {func(t *testing.T, dir string) { overwrite(t, filepath.Join(dir, "text"), "A") }, "text has the SHA-256"},
		"truncated":  {func(t *testing.T, dir string) { overwrite(t, filepath.Join(dir, "text"), "") }, "text has 0 bytes, expected 1"},
		"removed":    {func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "text")) }, "text is missing"},
		"half":       {func(t *testing.T, dir string) { overwrite(t, filepath.Join(dir, "stage.json"), "{") }, "stage.json cannot be read"},
		"empty":      {func(t *testing.T, dir string) { overwrite(t, filepath.Join(dir, "stage.json"), "") }, "stage.json cannot be read"},
		"of another": {func(t *testing.T, dir string) { edit(t, dir, `"key": "`, `"key": "0`) }, `is of the stage with key "0`},
		"edited":     {func(t *testing.T, dir string) { edit(t, dir, `"version": 1`, `"version": 2`) }, "kind, version, part, content and inputs give"},
		"kept times": {func(t *testing.T, dir string) {
			path := filepath.Join(dir, "text")
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			overwrite(t, path, "A")
			if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
				t.Fatal(err)
			}
		}, "text has the SHA-256"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, trace := open(t), filepath.Join(t.TempDir(), "trace")
			a := stageOf("a", behaviour{Text: "a", Trace: trace})
			b := stageOf("b", behaviour{Text: "b", Trace: trace}, a)
			var said []string
			options := stage.Options{Executor: executors["local"], Report: func(e stage.Event) {
				if e.State == stage.Damaged {
					said = append(said, e.Err.Error())
				}
			}}
			store.Execute(t.Context(), []*stage.Stage{a}, options)
			dir := store.Path(a)
			damage.do(t, dir)
			outcomes := store.Execute(t.Context(), []*stage.Stage{b}, options)
			if outcomes[a].State != stage.Computed || outcomes[b].State != stage.Computed {
				t.Errorf("%v", outcomes)
			}
			if len(said) != 1 || !strings.Contains(said[0], damage.want) || !strings.Contains(said[0], dir) {
				t.Errorf("said %q, expected %q", said, damage.want)
			}
			if text, _ := os.ReadFile(filepath.Join(store.Path(b), "text")); string(text) != "ba" {
				t.Errorf("b is made of %q", text)
			}
			if calls := linesOf(trace); len(calls) != 3 {
				t.Errorf("%v were computed, expected the damaged one twice and the other", calls)
			}
		})
	}
}

func TestCopiedArtifactsAreHashedOnce(t *testing.T) {
	t.Parallel()
	store := open(t)
	a := stageOf("a", behaviour{Text: "a"})
	store.Execute(t.Context(), []*stage.Stage{a}, stage.Options{Executor: executors["local"]})
	before, _, err := store.Record(a)
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(store.Path(a), "text"), later, later); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := store.Sound(t.Context(), a.Kind, a.Key, stage.Quick); !ok || err != nil {
		t.Errorf("another time over the same content: %v %v", ok, err)
	}
	after, _, err := store.Record(a)
	if got := after.Files["text"]; err != nil || got.Modified != later.UnixNano() || got.SHA256 != before.Files["text"].SHA256 {
		t.Errorf("the record has %+v, %v", got, err)
	}
}

func TestArtifactsWithoutChecksumsAreBelieved(t *testing.T) {
	t.Parallel()
	store := open(t)
	a := stageOf("a", behaviour{Text: "a"})
	b := stageOf("b", behaviour{Text: "b"}, a)
	options := stage.Options{Executor: executors["local"]}
	store.Execute(t.Context(), []*stage.Stage{a}, options)
	old := strip(t, store, a)
	outcomes := store.Execute(t.Context(), []*stage.Stage{b}, options)
	if outcomes[a].State != stage.Found || outcomes[b].State != stage.Computed {
		t.Fatalf("%v", outcomes)
	}
	v, err := store.Verify(t.Context(), stage.Verification{})
	if err != nil || v.Artifacts != 2 || len(v.Damaged) != 0 || v.Recorded != 1 {
		t.Fatalf("%+v %v", v, err)
	}
	record, _, err := store.Record(a)
	if err != nil || record.Files["text"].Size != 1 || record.Seconds != old.Seconds || record.Key != a.Key {
		t.Errorf("after verify: %+v %v", record, err)
	}
	overwrite(t, filepath.Join(store.Path(a), "text"), "A")
	if _, _, err := store.Sound(t.Context(), a.Kind, a.Key, stage.Quick); err == nil {
		t.Error("the checksums of verify were not used")
	}
}

// strip removes the checksums from a record, as earlier versions wrote it.
func strip(t *testing.T, store *stage.Store, s *stage.Stage) stage.Record {
	t.Helper()
	record, _, err := store.Record(s)
	if err == nil {
		record.Files = nil
		err = stage.WriteJSON(filepath.Join(store.Path(s), "stage.json"), record)
	}
	if err != nil {
		t.Fatal(err)
	}
	return record
}

func TestVerifyGivesUpWhatIsDamaged(t *testing.T) {
	t.Parallel()
	store := open(t)
	a, b, c := stageOf("a", behaviour{Text: "a"}), stageOf("b", behaviour{Text: "b"}), stageOf("c", behaviour{Text: "c"})
	options := stage.Options{Executor: executors["local"]}
	store.Execute(t.Context(), []*stage.Stage{a, b, c}, options)
	// What a disk loses changes no times: stage.json says that it was always so.
	spoil(t, store, a)
	overwrite(t, filepath.Join(store.Path(b), "stage.json"), "")
	if _, ok, err := store.Sound(t.Context(), a.Kind, a.Key, stage.Quick); !ok || err != nil {
		t.Fatalf("a quick check sees %v %v", ok, err)
	}
	v, err := store.Verify(t.Context(), stage.Verification{DryRun: true})
	if err != nil || v.Artifacts != 3 || len(v.Damaged) != 2 || !store.Finished(a) || !store.Finished(b) {
		t.Errorf("a dry run: %+v %v", v, err)
	}
	if v, err = store.Verify(t.Context(), stage.Verification{}); err != nil || len(v.Damaged) != 2 || store.Finished(a) || store.Finished(b) || !store.Finished(c) {
		t.Errorf("%+v %v", v, err)
	}
	outcomes := store.Execute(t.Context(), []*stage.Stage{a, b, c}, options)
	if outcomes[a].State != stage.Computed || outcomes[b].State != stage.Computed || outcomes[c].State != stage.Found {
		t.Errorf("%v", outcomes)
	}
	if v, err = store.Verify(t.Context(), stage.Verification{}); err != nil || v.Artifacts != 3 || len(v.Damaged) != 0 || v.Bytes != 3 {
		t.Errorf("again: %+v %v", v, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Verify(ctx, stage.Verification{}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

// spoil changes an artifact's file in a way that its size and times do not tell.
func spoil(t *testing.T, store *stage.Store, s *stage.Stage) {
	t.Helper()
	path := filepath.Join(store.Path(s), "text")
	overwrite(t, path, "?")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	record, _, err := store.Record(s)
	if err != nil {
		t.Fatal(err)
	}
	f := record.Files["text"]
	f.Times = stage.TimesOf(info)
	record.Files["text"] = f
	if err := stage.WriteJSON(filepath.Join(store.Path(s), "stage.json"), record); err != nil {
		t.Fatal(err)
	}
}

// TestBadCheckpointIsLeftBehind has a stage that cannot go on from what an earlier try
// left: it begins anew, and says so.
func TestBadCheckpointIsLeftBehind(t *testing.T) {
	overBoth(t, func(t *testing.T, executor stage.Executor) {
		store := open(t)
		s := stageOf("mle", behaviour{Do: "resume", Text: "m"})
		checkpoint := filepath.Join(store.Dir, "partial", s.ID(), stage.Checkpoint)
		if err := os.MkdirAll(checkpoint, 0o777); err != nil {
			t.Fatal(err)
		}
		overwrite(t, filepath.Join(checkpoint, "state"), "half")
		var warnings []string
		outcomes := store.Execute(t.Context(), []*stage.Stage{s}, stage.Options{Executor: executor, Report: func(e stage.Event) {
			if e.Warning != "" {
				warnings = append(warnings, e.Warning)
			}
		}})
		if outcomes[s].State != stage.Computed || len(warnings) != 1 || !strings.Contains(warnings[0], "begins anew") || !strings.Contains(warnings[0], "cannot be used") {
			t.Errorf("%v, warnings %q", outcomes[s], warnings)
		}
		if record, _, err := store.Record(s); err != nil || record.Tries != 1 {
			t.Errorf("%+v %v", record, err)
		}
	})
}

func overwrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// edit replaces a part of an artifact's stage.json, which stays JSON.
func edit(t *testing.T, dir, old, by string) {
	t.Helper()
	path := filepath.Join(dir, "stage.json")
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), old) {
		t.Fatalf("%s in %s: %v", old, text, err)
	}
	text = []byte(strings.Replace(string(text), old, by, 1))
	if !json.Valid(text) {
		t.Fatalf("%s", text)
	}
	overwrite(t, path, string(text))
}
