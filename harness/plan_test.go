package harness

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/experiments"
)

// sweep expands the text of a sweep file over a tiny task of the user's files,
// with a folder as the model.
func sweep(t *testing.T, text string) *experiments.Sweep {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "train.jsonl", `{"input": "a b c", "reference": "a"}`+"\n"+`{"input": "d e f", "reference": "d"}`+"\n")
	write(t, dir, "dev.jsonl", `{"input": "g h i", "reference": "g"}`+"\n")
	write(t, dir, "test.jsonl", `{"input": "j k l", "reference": "j k"}`+"\n"+`{"input": "m n o", "reference": "m n"}`+"\n")
	write(t, dir, "model/config.json", `{"vocab_size": 8, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 256}`)
	write(t, dir, "model/model.safetensors", "weights")
	write(t, dir, "sweep.toml", `
task = { data = "files", files = { train = "train.jsonl", dev = "dev.jsonl", test = "test.jsonl" } }
model.path = "model"
`+text)
	s, err := experiments.Load(filepath.Join(dir, "sweep.toml"), experiments.LoadOptions{Known: Known()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func plan(t *testing.T, s *experiments.Sweep) *Graph {
	t.Helper()
	g, err := Plan(s, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func count(g *Graph) map[string]int {
	counts := map[string]int{}
	for _, st := range g.Stages {
		counts[st.Kind]++
	}
	return counts
}

const threeVariants = `
[grid]
seed = [1, 2]
[[variant]]
name = "mle"
rl.algorithm = "none"
[[variant]]
name = "ppo"
[[variant]]
name = "trained on"
rl.algorithm = "mle"
`

func TestRunsShareWhatTheyAgreeIn(t *testing.T) {
	got := count(plan(t, sweep(t, threeVariants)))
	want := map[string]int{
		"prepare": 1, "base": 1, "scorer": 1,
		"mle": 2, "negatives": 2, "reward": 2, // by seed
		"rl":     4,                                  // by seed, without the variant that has none
		"decode": 12, "postprocess": 12, "score": 12, // by seed, variant and decoding
	}
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestSettingsChangeTheStagesThatDependOnThem(t *testing.T) {
	keys := func(text string) map[string]string {
		g := plan(t, sweep(t, text))
		of := map[string]string{}
		for _, role := range g.Runs[0].Stages {
			if role.Decode == "" || role.Decode == "sample" {
				of[role.Kind] = role.Key
			}
		}
		return of
	}
	before := keys("")
	for setting, want := range map[string]string{
		"":                                   "",
		"reward.checkpoint_every = 7":        "",
		"decode.sample.batch_size = 3":       "",
		"decode.greedy.enabled = false":      "",
		"base.steps = 7":                     "", // the model is there already
		"rl.mle_steps = 7":                   "", // of another algorithm
		"task.test = 1":                      "prepare mle negatives reward rl decode postprocess scorer score",
		"task.max_prompt_tokens = 7":         "mle negatives reward rl decode postprocess score",
		"seed = 2":                           "mle negatives reward rl decode postprocess score",
		"mle.epochs = 7":                     "mle reward rl decode postprocess score",
		"negatives.copy.weight = 7":          "negatives reward rl decode postprocess score",
		"reward.steps = 7":                   "reward rl decode postprocess score",
		"rl.updates = 7":                     "rl decode postprocess score",
		"decode.sample.top_k = 7":            "decode postprocess score",
		"postprocess.max_words = 7":          "postprocess score",
		"scorer.steps = 7":                   "scorer score",
		"metrics.names = [\"rouge1\"]":       "score",
		"metrics.stemming = false":           "score",
		"metrics.length_alpha = 2":           "score",
		"decode.sample.temperatures = [0.3]": "decode postprocess score",
	} {
		after := keys(setting)
		changed := map[string]bool{}
		for kind := range before {
			if after[kind] != before[kind] && after[kind] != "" {
				changed[kind] = true
			}
		}
		expected := map[string]bool{}
		for _, kind := range strings.Fields(want) {
			expected[kind] = true
		}
		if setting == "metrics.names = [\"rouge1\"]" && after["scorer"] != "" {
			t.Errorf("%s: there is a scorer, which no metric needs", setting)
		}
		if !maps.Equal(changed, expected) {
			t.Errorf("%s: changes %v, expected %v", setting, changed, expected)
		}
	}
}

func TestAModelFromScratchHasASeedAndTheScorerKeepsToOne(t *testing.T) {
	s := sweep(t, threeVariants)
	for i := range s.Runs {
		s.Runs[i].Config.Model.Path = ""
	}
	if got := count(plan(t, s)); got["base"] != 2 || got["mle"] != 2 || got["scorer"] != 1 {
		t.Errorf("got %v", got)
	}
}

func TestContentCountsAndNotThePath(t *testing.T) {
	one, two := sweep(t, ""), sweep(t, "") // in two folders
	work := t.TempDir()
	key := func(s *experiments.Sweep) string {
		g, err := Plan(s, work)
		if err != nil {
			t.Fatal(err)
		}
		return g.Runs[0].Stages[len(g.Runs[0].Stages)-1].Key
	}
	if key(one) != key(two) {
		t.Error("another folder with the same files gives another key")
	}
	before := key(two)
	folder := filepath.Dir(two.File)
	write(t, folder, "model/README.md", "This says nothing about the model.")
	if key(two) != before {
		t.Error("a file that is no part of the model changes the key")
	}
	write(t, folder, "model/model.safetensors", "other weights")
	changed := key(two)
	if changed == before {
		t.Error("other weights give the same key")
	}
	write(t, folder, "test.jsonl", `{"input": "j k l", "reference": "j"}`+"\n")
	if key(two) == changed {
		t.Error("another test set gives the same key")
	}
}

func TestAMissingFileIsToldByItsPath(t *testing.T) {
	s := sweep(t, "")
	s.Runs[0].Config.Task.Files.Dev = filepath.Join(filepath.Dir(s.File), "nowhere.jsonl")
	if _, err := Plan(s, t.TempDir()); err == nil || !strings.Contains(err.Error(), "nowhere.jsonl") {
		t.Errorf("got %v", err)
	}
}
