package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lastmile/experiments"
	"lastmile/harness/model"
	"lastmile/harness/tokenizer"
	"lastmile/harness/torch"
)

// TestEveryArchitectureGoesThroughAllStages runs an experiment of seconds from a
// tiny random model of each architecture.
func TestEveryArchitectureGoesThroughAllStages(t *testing.T) {
	for _, name := range []string{"llama3", "mistral", "qwen2", "qwen3", "gpt2"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			makeModel(t, filepath.Join("model/testdata/architectures", name, "config.json"), filepath.Join(dir, "model"))
			for _, split := range []string{"train", "dev", "test"} {
				var lines strings.Builder
				for i := range 8 {
					fmt.Fprintf(&lines, `{"input": "%s %d", "reference": "%d"}`+"\n", split, 10*i, 10*i)
				}
				write(t, dir, split+".jsonl", lines.String())
			}
			write(t, dir, "sweep.toml", `
task = { data = "files", files = { train = "train.jsonl", dev = "dev.jsonl", test = "test.jsonl" }, max_prompt_tokens = 24, max_response_tokens = 8 }
model.path = "model"
mle.epochs = 1
reward.steps = 2
rl.updates = 1
rl.prompts = 2
rl.samples = 2
metrics.names = ["rouge1"]
`)
			s, err := experiments.Load(filepath.Join(dir, "sweep.toml"), experiments.LoadOptions{Known: Known()})
			if err != nil {
				t.Fatal(err)
			}
			g, err := Plan(s, filepath.Join(dir, "work"))
			if err != nil {
				t.Fatal(err)
			}
			result, err := g.Run(t.Context(), Options{Workers: 1, Threads: 1})
			if err != nil || !result.Complete() {
				t.Fatalf("%+v: %v", result, err)
			}
			policy, err := model.ReadConfig(filepath.Join(g.store.Folder(rlKind, g.Runs[0].Stage(rlKind).Key), "config.json"))
			if err != nil || !slices.Contains(model.Supported(), policy.Architectures[0]) {
				t.Errorf("the policy's config.json: %v, %v", policy.Architectures, err)
			}
		})
	}
}

// makeModel writes a random model with an end token that it may learn, and the
// tokenizer of bytes.
func makeModel(t *testing.T, config, dir string) {
	t.Helper()
	tok, err := tokenizer.Train(slices.Values([]string(nil)), 257, []string{tokenizer.EndOfText})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "config.json", strings.NewReplacer(`"vocab_size": 40`, `"vocab_size": 257`, `"eos_token_id": 2`, fmt.Sprintf(`"eos_token_id": %d`, tok.EOS())).Replace(string(text)))
	c, err := model.ReadConfig(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	err = withSession(1, func(s *torch.Session) error {
		m, err := model.New(s, c, 1)
		if err != nil {
			return err
		}
		return savePolicy(m, tok, dir)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestModelsThatCannotBeUsedAreRefusedBeforeAnythingIsComputed(t *testing.T) {
	for want, change := range map[string][2]string{
		"model.path: reading": {`"hidden_size"`, `"hidden_sizes"`},
		"task.max_prompt_tokens 128 and task.max_response_tokens 32 are 160 tokens, more than the 64 positions": {"", ""},
		"supported are LlamaForCausalLM": {"LlamaForCausalLM", "BloomForCausalLM"},
	} {
		dir := t.TempDir()
		makeModel(t, "model/testdata/architectures/llama3/config.json", filepath.Join(dir, "model"))
		path := filepath.Join(dir, "model/config.json")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), change[0], change[1], 1)), 0o666); err != nil {
			t.Fatal(err)
		}
		s := sweep(t, "")
		for i := range s.Runs {
			s.Runs[i].Config.Model.Path = filepath.Join(dir, "model")
		}
		_, err = Plan(s, t.TempDir())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
