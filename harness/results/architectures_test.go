package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lastmile/experiments"
	"lastmile/harness/graph"
	"lastmile/harness/model"
	"lastmile/harness/stages"
	"lastmile/harness/tokenizer"
	"lastmile/harness/torch"
)

// TestEveryArchitectureGoesThroughAllStages runs an experiment of seconds from a
// tiny random model of each architecture, and with adapters.
func TestEveryArchitectureGoesThroughAllStages(t *testing.T) {
	for _, name := range []string{"llama3", "mistral", "qwen2", "qwen3", "gpt2", "gpt-neox", "gemma2", "gemma3", "llama3 lora", "qwen2 lora", "gpt2 lora", "phi3 lora", "gpt-neox lora", "gemma2 lora"} {
		t.Run(name, func(t *testing.T) {
			name, lora := strings.CutSuffix(name, " lora")
			dir := t.TempDir()
			makeModel(t, filepath.Join("../model/testdata/architectures", name, "config.json"), filepath.Join(dir, "model"))
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
reward_model.steps = 2
rl.updates = 1
rl.prompts = 2
rl.samples = 2
metrics.names = ["rouge1"]
`+map[bool]string{true: "lora = { r = 3, alpha = 12, dropout = 0.2 }\nmle.learning_rate = 0.05\nrl.learning_rate = 0.05\n"}[lora])
			s, err := stages.Schema().Load(filepath.Join(dir, "sweep.toml"), experiments.LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			work := filepath.Join(dir, "work")
			g, err := graph.Plan(t.Context(), s, work)
			if err != nil {
				t.Fatal(err)
			}
			result, err := g.Run(t.Context(), graph.Options{Jobs: 1, Threads: 1})
			if err != nil || !result.Complete() {
				t.Fatalf("%+v: %v", result, err)
			}
			out := t.TempDir()
			if kept := os.Getenv("LASTMILE_EXPORT"); kept != "" {
				out = filepath.Join(kept, filepath.Base(t.Name()))
			}
			for _, what := range []string{exportPolicy, exportReward} {
				folder := filepath.Join(out, what)
				done, err := Export(t.Context(), Exporting{Work: work, Run: g.Runs[0].ID, What: what, Dir: folder})
				if err != nil {
					t.Fatal(err)
				}
				if done.Folder != folder || !strings.Contains(done.Class, "AutoModelFor") {
					t.Errorf("exported %+v", done)
				}
				kind := map[string]string{exportPolicy: stages.Policy, exportReward: stages.Reward}[what]
				at := slices.IndexFunc(g.Runs[0].Stages, func(role graph.Role) bool { return role.Kind == kind })
				stored := computed(t, stageFolder(work, kind, g.Runs[0].Stages[at].Key))
				exported := computed(t, folder)
				if !slices.Equal(stored.Values, exported.Values) || !slices.Equal(stored.Text, exported.Text) {
					t.Errorf("the exported %s computes something else", what)
				}
				text, err := json.Marshal(exported)
				if err != nil {
					t.Fatal(err)
				}
				write(t, out, what+".json", string(text))
			}
			if lora {
				checkAdapter(t, work, g.Runs[0].ID, filepath.Join(dir, "model"), out)
			}
		})
	}
}

// checkAdapter exports the adapters, and compares them on their base with the
// policy.
func checkAdapter(t *testing.T, work, run, base, out string) {
	t.Helper()
	folder := filepath.Join(out, exportAdapter)
	if _, err := Export(t.Context(), Exporting{Work: work, Run: run, What: exportAdapter, Dir: folder}); err != nil {
		t.Fatal(err)
	}
	policy := computed(t, filepath.Join(out, exportPolicy))
	err := stages.WithSession(1, "cpu", func(s *torch.Session) error {
		m, err := model.Load(s, base)
		if err != nil {
			return err
		}
		untrained, err := m.Logits(m.Hidden(model.Input{Tokens: policy.Tokens, Rows: 2, Length: 6})).Value64s()
		if err != nil {
			return err
		}
		if m, err = m.LoadAdapter(folder); err != nil {
			return err
		}
		got, err := m.Logits(m.Hidden(model.Input{Tokens: policy.Tokens, Rows: 2, Length: 6})).Value64s()
		if err != nil {
			return err
		}
		learned := 0.0
		for i := range got {
			learned = max(learned, math.Abs(untrained[i]-policy.Values[i]))
			if math.Abs(got[i]-policy.Values[i]) > 1e-4 {
				return fmt.Errorf("logit %d is %g with the adapters and %g merged", i, got[i], policy.Values[i])
			}
		}
		if learned < 1e-2 {
			return fmt.Errorf("the adapters learned nothing: %g", learned)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	text, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	write(t, out, "adapter.json", string(text))
	if kept := filepath.Join(out, "base"); os.Getenv("LASTMILE_EXPORT") != "" {
		if err := os.CopyFS(kept, os.DirFS(base)); err != nil {
			t.Fatal(err)
		}
	}
}

// expected is what an exported model makes of some tokens; with LASTMILE_EXPORT set,
// testdata/check_export.py compares it with transformers.
type expected struct {
	Tokens []int64   `json:"tokens"` // two rows
	Values []float64 `json:"values"` // logits, or scores
	Text   []int     `json:"text"`   // the tokens of exportedText
}

const exportedText = "It's 12 o'clock,\n  naïve 日本 <|endoftext|> x"

func computed(t *testing.T, dir string) expected {
	t.Helper()
	e := expected{Tokens: []int64{5, 200, 17, 42, 9, 9, 81, 256, 3, 44, 12, 8}}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	e.Text = tok.Encode(exportedText)
	err = stages.WithSession(1, "cpu", func(s *torch.Session) error {
		m, err := model.Load(s, dir)
		if err != nil {
			return err
		}
		in := model.Input{Tokens: e.Tokens, Rows: 2, Length: len(e.Tokens) / 2}
		if m.Head != nil {
			e.Values, err = m.Scores(m.HiddenAt(in, []int64{5, 11})).Value64s()
		} else {
			e.Values, err = m.Logits(m.Hidden(in)).Value64s()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
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
	err = stages.WithSession(1, "cpu", func(s *torch.Session) error {
		m, err := model.New(s, c, 1)
		if err != nil {
			return err
		}
		return errors.Join(m.Save(dir), tok.Save(dir))
	})
	if err != nil {
		t.Fatal(err)
	}
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
