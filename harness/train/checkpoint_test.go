package train

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lastmile/harness/model/modeltest"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
)

// TestADamagedCheckpointIsNotUsed flips a bit, or cuts the end off, of each file of a
// checkpoint in turn.
func TestADamagedCheckpointIsNotUsed(t *testing.T) {
	dir := t.TempDir()
	s := modeltest.Open(t, torch.Float32)
	trainer := NewTrainer(modeltest.Tiny(t, s, 1), optimizer(1), Hooks{Dir: dir})
	trainer.Log("train", "loss", 0.1)
	best, err := trainer.SaveBest()
	if err == nil {
		err = trainer.Checkpoint(map[string]float64{"best": 2.25}, best)
	}
	if err != nil {
		t.Fatal(err)
	}
	resume := func() (map[string]float64, error) {
		var extra map[string]float64
		return extra, NewTrainer(modeltest.Tiny(t, s, 1), optimizer(1), Hooks{Dir: dir}).Resume(&extra)
	}
	if extra, err := resume(); err != nil || extra["best"] != 2.25 {
		t.Fatalf("an undamaged one: %v %v", extra, err)
	}
	for _, name := range []string{"state.json", "0.safetensors", best} {
		path := filepath.Join(dir, "checkpoint", name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		flipped := append([]byte{}, whole...)
		if name == "state.json" {
			flipped = []byte(strings.Replace(string(whole), "2.25", "2.35", 1))
		} else {
			flipped[len(flipped)-3] ^= 1
		}
		for how, content := range map[string][]byte{"flipped": flipped, "truncated": whole[:len(whole)-4], "empty": nil} {
			if err := os.WriteFile(path, content, 0o666); err != nil {
				t.Fatal(err)
			}
			_, err := resume()
			if bad := (*stage.CheckpointError)(nil); !errors.As(err, &bad) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s %s: %v", how, name, err)
			}
		}
		if err := os.WriteFile(path, whole, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	// One of an earlier version has no checksums.
	if err := os.WriteFile(filepath.Join(dir, "checkpoint", "state.json"), []byte(`{"done":0,"steps":0,"tensors":"0.safetensors","keep":null,"curves":null,"extra":{"best":1}}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if extra, err := resume(); err != nil || extra["best"] != 1 {
		t.Errorf("one without checksums: %v %v", extra, err)
	}
}

// TestSlowUpdatesAreKept has a checkpoint due by the time since the last one, but not
// so often that writing it takes most of the time.
func TestSlowUpdatesAreKept(t *testing.T) {
	config := optimizer(1)
	config.CheckpointEvery = 100
	s := modeltest.Open(t, torch.Float32)
	trainer := NewTrainer(modeltest.Tiny(t, s, 1), config, Hooks{Dir: t.TempDir()})
	due := func(when string, ago, took time.Duration, want bool) {
		t.Helper()
		trainer.checkpoint.last, trainer.checkpoint.took = time.Now().Add(-ago), took
		if got := trainer.Due(t.Context()); got != want {
			t.Errorf("%s: due is %v", when, got)
		}
	}
	trainer.Done = 3
	due("at once", 0, 0, false)
	due("after four minutes", 4*time.Minute, time.Second, true)
	due("four minutes after one that took a minute", 4*time.Minute, time.Minute, false)
	due("half an hour after one that took a minute", 30*time.Minute, time.Minute, true)
	if err := trainer.Checkpoint(struct{}{}); err != nil {
		t.Fatal(err)
	}
	if trainer.Due(t.Context()) {
		t.Error("due again after it was written")
	}
	trainer.Done = 100
	due("by the number of updates", 0, 0, true)
}
