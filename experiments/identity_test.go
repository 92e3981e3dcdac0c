package experiments

import (
	"slices"
	"testing"
)

func idOf(t *testing.T, text string) string {
	t.Helper()
	s := load(t, text, LoadOptions{})
	if len(s.Runs) != 1 || len(s.Runs[0].ID) != 12 {
		t.Fatalf("runs %+v", s.Runs)
	}
	return s.Runs[0].ID
}

func TestTheSameConfigurationHasTheSameID(t *testing.T) {
	id := idOf(t, "rl.clip = 0.3\nmle.clip_norm = 2")
	for name, text := range map[string]string{
		"tables, other order":   "[mle]\nclip_norm = 2.0\n[rl]\nclip = 3e-1\n",
		"as a grid and variant": "[grid]\nrl.clip = [0.3]\n[[variant]]\nname = 'x'\nmle.clip_norm = 2\n",
		"defaults said":         "rl.clip = 0.3\nmle.clip_norm = 2\nseed = 1\nmetrics.stemming = true\ndecode.greedy.strategy = 'greedy'",
		"disabled decoding":     "rl.clip = 0.3\nmle.clip_norm = 2\ndecode.x = { enabled = false, top_k = 3 }",
		"how it runs":           "name = 'n'\nrl.clip = 0.3\nmle.clip_norm = 2\n[runtime]\nworkers = 4\nthreads = 7\n[report]\nexamples = 3",
	} {
		if got := idOf(t, text); got != id {
			t.Errorf("%s: ID %s, want %s", name, got, id)
		}
	}
	if idOf(t, "rl.clip = 0.31\nmle.clip_norm = 2") == id || idOf(t, "rl.clip = 0.3\nmle.clip_norm = 2\nseed = 2") == id {
		t.Error("another configuration has the same ID")
	}
}

func TestRunsShareNothing(t *testing.T) {
	s := load(t, "metrics.names = ['rouge1', 'rouge2']\n[grid]\nseed = [1, 2]", LoadOptions{})
	s.Runs[0].Config.Metrics.Names[0] = "changed"
	s.Runs[0].Config.Decode["greedy"] = Decode{}
	other := s.Runs[1].Config
	if other.Metrics.Names[0] != "rouge1" || other.Decode["greedy"].Strategy != "greedy" {
		t.Errorf("a change to one run shows in another: %+v", other)
	}
}

func TestFlattenAndDiff(t *testing.T) {
	a := Default()
	flat := Flatten(a)
	for key, want := range map[string]string{
		"seed": "1", "rl.kl.estimator": "k3", "mle.learning_rate": "0.001", "task.prompt": `"{input}\n=>"`,
		"decode.sample.temperatures": "[]", "rl.whiten_rewards": "true", "task.fields.references": "[reference, references]",
		"task.files.dev": `""`,
	} {
		if flat[key] != want {
			t.Errorf("%s = %s, want %s", key, flat[key], want)
		}
	}
	b := Default()
	b.RL.KL.Coefficient = 0.5
	b.MLE.Optimizer.Warmup = 0
	delete(b.Decode, "greedy")
	differences := Diff(a, b)
	if !slices.Contains(differences, Difference{"rl.kl.coefficient", "0.1", "0.5"}) ||
		!slices.Contains(differences, Difference{"mle.warmup", "0.05", "0"}) ||
		!slices.Contains(differences, Difference{"decode.greedy.strategy", "greedy", ""}) {
		t.Errorf("differences %v", differences)
	}
}
