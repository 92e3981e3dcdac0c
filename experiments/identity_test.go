package experiments

import (
	"slices"
	"testing"
)

func loadedID(t *testing.T, text string) string {
	t.Helper()
	s := load(t, text, LoadOptions{})
	if len(s.Runs) != 1 || len(s.Runs[0].ID) != 12 {
		t.Fatalf("runs %+v", s.Runs)
	}
	return s.Runs[0].ID
}

func TestTheSameConfigurationHasTheSameID(t *testing.T) {
	id := loadedID(t, "rl.clip = 0.3\nmle.clip_norm = 2")
	for name, text := range map[string]string{
		"tables, other order":   "[mle]\nclip_norm = 2.0\n[rl]\nclip = 3e-1\n",
		"as a grid and variant": "[grid]\nrl.clip = [0.3]\n[[variant]]\nname = 'x'\nmle.clip_norm = 2\n",
		"defaults said":         "rl.clip = 0.3\nmle.clip_norm = 2\nseed = 1\nmetrics.stemming = true\ndecode.greedy.strategy = 'greedy'",
		"disabled decoding":     "rl.clip = 0.3\nmle.clip_norm = 2\ndecode.x = { enabled = false, top_k = 3 }",
		"how it runs":           "name = 'n'\nrl.clip = 0.3\nmle.clip_norm = 2\n[runtime]\nworkers = 4\nthreads = 7\n[report]\nexamples = 3",
	} {
		if got := loadedID(t, text); got != id {
			t.Errorf("%s: ID %s, want %s", name, got, id)
		}
	}
	if loadedID(t, "rl.clip = 0.31\nmle.clip_norm = 2") == id || loadedID(t, "rl.clip = 0.3\nmle.clip_norm = 2\nseed = 2") == id {
		t.Error("another configuration has the same ID")
	}
}

func TestAChangedCopyLeavesTheOthersAsTheyAre(t *testing.T) {
	s := load(t, "[grid]\nseed = [1, 2]", LoadOptions{})
	c := s.Runs[0].Config
	id, _ := c.ID()
	changed := c.With("metrics.names", []string{"ended"}).With("decode.greedy.top_k", 3).With("rl.kl.estimator", "k1")
	if different, _ := changed.ID(); different == id {
		t.Error("With changed nothing")
	}
	if again, _ := c.ID(); again != id {
		t.Error("With changed the configuration that it was called on")
	}
}

func TestFlattenAndDiff(t *testing.T) {
	a := testSchema.Default()
	flat := Flatten(a)
	for key, want := range map[string]string{
		"seed": "1", "rl.kl.estimator": "k3", "mle.learning_rate": "0.001", "task.prompt": `"{input}\n=>"`,
		"decode.sample.temperatures": "[]", "rl.whiten_rewards": "true", "task.fields.references": "[reference, references]",
		"task.files.dev": `""`, "negatives.per_example": "6", "negatives.copy.unended": "0.1", "reward.learned.clip": "2.5", "algorithm": "ppo",
	} {
		if flat[key] != want {
			t.Errorf("%s = %s, want %s", key, flat[key], want)
		}
	}
	for _, key := range []string{"base.copy", "scorer.hidden_size", "report.examples", "decode.greedy.enabled", "name"} {
		if value, ok := flat[key]; ok {
			t.Errorf("%s = %s, which is no part of the run", key, value)
		}
	}
	b := a.With("rl.kl.coefficient", 0.5).With("mle.warmup", 0).Only("decode", "sample")
	differences := Diff(a, b)
	if !slices.Contains(differences, Difference{"rl.kl.coefficient", "0.1", "0.5"}) ||
		!slices.Contains(differences, Difference{"mle.warmup", "0.05", "0"}) ||
		!slices.Contains(differences, Difference{"decode.greedy.strategy", "greedy", ""}) {
		t.Errorf("differences %v", differences)
	}
}
