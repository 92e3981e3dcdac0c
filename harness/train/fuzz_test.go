package train

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/harness/fuzztest"
	"lastmile/harness/model/modeltest"
	"lastmile/harness/torch"
)

// FuzzCheckpoint goes on from a checkpoint whose state.json, or whose tensors, are
// anything.
func FuzzCheckpoint(f *testing.F) {
	dir := f.TempDir()
	s := modeltest.Open(f, torch.Float32)
	trainer := NewTrainer(modeltest.Tiny(f, s, 1), optimizer(1), Hooks{Dir: dir})
	trainer.Log("train", "loss", 0.1)
	if err := trainer.Checkpoint(map[string]float64{"best": 2.25}); err != nil {
		f.Fatal(err)
	}
	state, tensors := filepath.Join(trainer.folder(), stateFile), filepath.Join(trainer.folder(), "0.safetensors")
	sound, err := os.ReadFile(state)
	if err != nil {
		f.Fatal(err)
	}
	soundTensors, err := os.ReadFile(tensors)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sound, []byte{}, 0)
	f.Add([]byte(`{"done": 0, "steps": 0, "tensors": "0.safetensors", "extra": {"best": 1}}`), []byte{1}, 100)
	f.Add([]byte(`{"done": -1, "tensors": "../x", "extra": null}`), []byte{}, 0)
	f.Add([]byte(strings.Replace(string(sound), "2.25", "2.35", 1)), []byte("xyz"), len(soundTensors)-2)
	f.Fuzz(func(t *testing.T, text, change []byte, at int) {
		changed := append([]byte{}, soundTensors...)
		copy(changed[max(0, min(at, len(changed))):], change)
		for path, content := range map[string][]byte{state: text, tensors: changed} {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		fuzztest.Bounded(t, 256<<20, func() {
			var extra map[string]float64
			err := trainer.Resume(&extra)
			fuzztest.Says(t, err, string(text))
			var c checkpoint
			if err == nil && (json.Unmarshal(text, &c) != nil || trainer.Done != c.Done || trainer.Steps != c.Steps) {
				t.Errorf("went on from %+v at %d of %d", c, trainer.Done, trainer.Steps)
			}
			if err == nil && c.Sum != "" && string(changed) != string(soundTensors) && len(c.Sums) > 0 {
				t.Errorf("went on from tensors that were changed")
			}
		})
	})
}
