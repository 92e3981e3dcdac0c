package stages

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/stage"
)

// TestAStageReadsWhatItsKeySays replaces data after the sweep was planned: before the
// stage begins, as while it waited for a lock, and while it reads.
func TestAStageReadsWhatItsKeySays(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "t.jsonl")
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(`{"input": "a text", "reference": "`+text+`"}`+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	put("one")
	sweep := filepath.Join(dir, "sweep.toml")
	if err := os.WriteFile(sweep, []byte(`task = { data = "files", files = { train = "t.jsonl", dev = "t.jsonl", test = "t.jsonl" } }`), 0o666); err != nil {
		t.Fatal(err)
	}
	planned, err := Schema().Load(sweep, experiments.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c := planned.Runs[0].Config
	content, err := prepareKind.Content(t.Context(), c, witness{})
	if err != nil {
		t.Fatal(err)
	}
	job := func() *stage.Job {
		settings := experiments.NewProjection(prepareKind.Reads(c), prepareKind.Cost).Of(c).Settings
		return &stage.Job{Dir: t.TempDir(), Settings: settings, Content: content, Progress: func(int, int, string) {}}
	}
	j := job()
	if err := prepare(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	if examples, err := data.ReadExamples(splitFile(j.Dir, data.Test)); err != nil || examples[0].References[0] != "one" {
		t.Errorf("%v %v", examples, err)
	}

	put("two")
	if err := prepare(t.Context(), job()); err == nil || !strings.Contains(err.Error(), "no longer those that the sweep was planned with") {
		t.Errorf("replaced before: %v", err)
	}

	put("one")
	j = job()
	j.Progress = func(done, _ int, _ string) { // between two splits
		if done == 2 {
			put("two")
			put("one")
		}
	}
	if err := prepare(t.Context(), j); err == nil || !strings.Contains(err.Error(), path+" was changed while it was read") {
		t.Errorf("replaced meanwhile: %v", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := prepare(ctx, job()); err == nil {
		t.Error("a context that is done did not end it")
	}
}
