package graph

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/experiments"
)

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
algorithm = "none"
[[variant]]
name = "ppo"
[[variant]]
name = "trained on"
algorithm = "mle_longer"
`

func TestRunsShareWhatTheyAgreeIn(t *testing.T) {
	got := count(plan(t, sweep(t, threeVariants)))
	want := map[string]int{
		"prepare": 1, "base": 1, "scorer": 1,
		"mle": 2, "negatives": 2, "reward": 2, // by seed
		"reward_eval": 2,
		"policy":      4,                                  // by seed, without the variant that has none
		"decode":      12, "postprocess": 12, "score": 12, // by seed, variant and decoding
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
			if role.Each == "" || role.Each == "sample" {
				of[role.Kind] = role.Key
			}
		}
		return of
	}
	before := keys("")
	for setting, want := range map[string]string{
		"":                                   "",
		"reward_model.checkpoint_every = 7":  "",
		"rl.checkpoint_every = 7":            "",
		"decode.sample.batch_size = 3":       "",
		"decode.greedy.enabled = false":      "",
		"base.steps = 7":                     "", // the model is there already
		"mle_longer.steps = 7":               "", // of another algorithm
		"task.test = 1":                      "prepare mle negatives reward policy reward_eval decode postprocess scorer score",
		"task.max_prompt_tokens = 7":         "mle negatives reward policy reward_eval decode postprocess score",
		"seed = 2":                           "mle negatives reward policy reward_eval decode postprocess score",
		"mle.epochs = 7":                     "mle reward policy reward_eval decode postprocess score",
		"negatives.copy.weight = 7":          "negatives reward policy reward_eval decode postprocess score",
		"reward_model.steps = 7":             "reward policy reward_eval decode postprocess score",
		"rl.updates = 7":                     "policy reward_eval decode postprocess score",
		"ppo.clip = 0.3":                     "policy reward_eval decode postprocess score",
		"reward_eval.samples = 7":            "reward_eval",
		"reward_eval.batch_size = 7":         "",
		"reward.learned.clip = 3":            "policy reward_eval decode postprocess score",
		"decode.sample.top_k = 7":            "decode postprocess score",
		"postprocess.max_words = 7":          "postprocess score",
		"scorer.steps = 7":                   "reward_eval scorer score",
		"metrics.names = [\"rouge1\"]":       "reward_eval score",
		"metrics.stemming = false":           "reward_eval score",
		"metrics.length_alpha = 2":           "reward_eval score",
		"decode.sample.temperatures = [0.3]": "decode postprocess score",
		"decode.mbr.candidates = 8":          "", // another decoding
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
		s.Runs[i].Config = s.Runs[i].Config.With("model.path", "")
	}
	if got := count(plan(t, s)); got["base"] != 2 || got["mle"] != 2 || got["scorer"] != 1 {
		t.Errorf("got %v", got)
	}
}

func TestContentCountsAndNotThePath(t *testing.T) {
	one, two := sweep(t, ""), sweep(t, "") // in two folders
	work := t.TempDir()
	key := func(s *experiments.Sweep) string {
		g, err := Plan(t.Context(), s, work)
		if err != nil {
			t.Fatal(err)
		}
		return g.Runs[0].Goals[0].Key
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
	weights, err := os.ReadFile(filepath.Join(folder, "model/model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	weights[len(weights)-1] ^= 1
	write(t, folder, "model/model.safetensors", string(weights))
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
	s.Runs[0].Config = s.Runs[0].Config.With("task.files.dev", filepath.Join(filepath.Dir(s.File), "nowhere.jsonl"))
	if _, err := Plan(t.Context(), s, t.TempDir()); err == nil || !strings.Contains(err.Error(), "nowhere.jsonl") {
		t.Errorf("got %v", err)
	}
}

func TestModelsThatCannotBeUsedAreRefusedBeforeAnythingIsComputed(t *testing.T) {
	for want, change := range map[string][2]string{
		"model.path: reading": {`"hidden_size"`, `"hidden_sizes"`},
		"task.max_prompt_tokens 128 and task.max_response_tokens 32 are 160 tokens, more than the 96 positions": {"", ""},
		"supported are LlamaForCausalLM":                          {"LlamaForCausalLM", "BloomForCausalLM"},
		"task.chat: ":                                             {"", ""},
		"reading DIR/model.safetensors: ":                         {"", ""},
		"open tokenizer.json: no such file or directory (in DIR)": {"", ""},
	} {
		dir := t.TempDir()
		tinyModel(t, dir, 96)
		text, err := os.ReadFile(filepath.Join(dir, "config.json"))
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, "config.json", strings.Replace(string(text), change[0], change[1], 1))
		switch {
		case strings.Contains(want, "model.safetensors"):
			write(t, dir, "model.safetensors", "weights")
		case strings.Contains(want, "no such file"):
			os.Remove(filepath.Join(dir, "tokenizer.json"))
		}
		want = strings.ReplaceAll(want, "DIR", dir)
		s := sweep(t, "")
		for i := range s.Runs {
			c := s.Runs[i].Config.With("model.path", dir)
			if !strings.Contains(want, "160 tokens") {
				c = c.With("task.max_prompt_tokens", 20)
			}
			c = c.With("task.chat", strings.HasPrefix(want, "task.chat"))
			s.Runs[i].Config = c
		}
		if _, err = Plan(t.Context(), s, t.TempDir()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
