package results

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lastmile/harness/algorithms"
	"lastmile/harness/data"
	"lastmile/harness/reward"
	"lastmile/harness/stage"
	"lastmile/harness/stages"

	"lastmile/experiments"
	"lastmile/harness/jsonfile"
	"lastmile/harness/model"
	"lastmile/harness/safetensors"
	"lastmile/harness/tokenizer"
)

// What of a run can be exported.
const (
	exportPolicy  = "policy"
	exportReward  = "reward"
	exportAdapter = "adapter"
)

// Exporting says which model of which run to write where.
type Exporting struct {
	// Work is the work folder, and Run the name of a run in it.
	Work, Run string
	// What is "policy", "reward" or "adapter".
	What string
	// Dir is the folder to make. It must not be there yet, or be empty.
	Dir string
}

// Exported tells what was written.
type Exported struct {
	Folder string `json:"folder"`
	// Class is the class of transformers that loads the folder.
	Class string `json:"class"`
	// Note is what its user must know, "" for nothing.
	Note string `json:"note,omitempty"`
}

// Export writes a run's trained policy, or its reward model, as a Hugging Face
// folder: AutoModelForCausalLM or AutoModelForSequenceClassification loads it,
// with equal logits or scores, and AutoTokenizer its tokenizer. Or it writes the
// policy's adapters in PEFT's layout.
func Export(ctx context.Context, e Exporting) (done Exported, err error) {
	if !slices.Contains([]string{exportPolicy, exportReward, exportAdapter}, e.What) {
		return done, stages.Mistakef("unknown model %q to export; one of %s, %s, %s", e.What, exportPolicy, exportReward, exportAdapter)
	}
	entries, err := os.ReadDir(e.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) || len(entries) > 0 {
		return done, stages.Mistakef("exporting to %s: it is there already; expected a new folder or an empty one", e.Dir)
	}
	store, err := Open(ctx, e.Work)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	leave, err := enter(ctx, e.Work, "export")
	if err != nil {
		return done, err
	}
	defer leave()
	run, err := findRun(ctx, store, e.Run)
	if err != nil {
		return done, err
	}
	c, err := stages.ReadConfig(run.Config)
	if err != nil {
		return done, err
	}
	folders := stageFolders(e.Work, run, "")
	from := folders[stages.Reward]
	if e.What != exportReward {
		if from, err = policyFolder(run, c, folders); err != nil {
			return done, err
		}
	}
	if from == "" {
		return done, stages.Mistakef("run %s has no reward model: its algorithm is %s, and it is %s", run.Name, algorithms.Chosen(c), run.Status)
	}
	if e.What == exportAdapter && experiments.Get[model.LoRA](c, "lora").R == 0 {
		return done, stages.Mistakef("run %s has no adapters: its lora.r is 0", run.Name)
	}
	if err := sound(ctx, from, folders[stages.MLE], folders[stages.Base]); err != nil {
		return done, err
	}
	task, err := stages.InChat(experiments.Get[data.Task](c, "task"), from)
	if err != nil {
		return done, err
	}
	// A folder that is there is whole.
	part := e.Dir + ".part"
	if err := os.RemoveAll(part); err != nil {
		return done, err
	}
	if err := os.MkdirAll(part, 0o777); err != nil {
		return done, stages.Mistakef("exporting to %s: %w", e.Dir, err)
	}
	defer os.RemoveAll(part)
	switch e.What {
	case exportReward:
		done, err = writeReward(from, part)
	case exportAdapter:
		base := experiments.Get[model.Settings](c, "model").Path
		if base == "" || base == model.Builtin {
			base = folders[stages.Base]
		}
		done, err = writeAdapter(folders, from, base, part)
	default:
		done, err = writePolicy(from, part)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(part, "README.md"), []byte(modelCard(e.What, run.Name, task, done)), 0o666)
	}
	if err == nil {
		err = errors.Join(ignore(os.Remove(e.Dir), fs.ErrNotExist), os.Rename(part, e.Dir))
	}
	if err != nil {
		return done, fmt.Errorf("exporting run %s to %s: %w", run.Name, e.Dir, err)
	}
	done.Folder = e.Dir
	return done, nil
}

// ignore returns err unless it is of a kind.
func ignore(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}

// writePolicy copies a policy's folder, and says with which token it ends.
func writePolicy(from, to string) (Exported, error) {
	t, err := tokenizer.Load(from)
	if err != nil {
		return Exported{}, err
	}
	if err := t.Save(to); err != nil {
		return Exported{}, err
	}
	for _, name := range []string{"config.json", "model.safetensors"} {
		if err := copyFile(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return Exported{}, err
		}
	}
	generation := map[string]any{"eos_token_id": t.EOS(), "pad_token_id": t.EOS()}
	if ends := t.Ends(); len(ends) > 1 {
		generation["eos_token_id"] = ends
	}
	return Exported{Class: "AutoModelForCausalLM"}, stage.WriteJSON(filepath.Join(to, "generation_config.json"), generation)
}

// writeAdapter writes the policy's adapters to the model in the folder base. A
// policy that goes on from another one, whose adapters were merged into its
// model, has those too: two of rank r that are added make one of rank 2 r.
func writeAdapter(folders map[string]string, from, base, to string) (Exported, error) {
	done := Exported{Class: "PeftModel.from_pretrained"}
	c, tensors, err := model.ReadAdapter(stages.AdapterFolder(folders[stages.MLE]))
	if err == nil && from != folders[stages.MLE] {
		var next model.AdapterConfig
		var added map[string]safetensors.Tensor
		if next, added, err = model.ReadAdapter(stages.AdapterFolder(from)); err == nil {
			c, tensors, err = model.AddAdapters(c, tensors, next, added)
		}
	}
	if err != nil {
		return done, err
	}
	c.BaseModel = base
	return done, model.WriteAdapter(to, c, tensors)
}

// writeReward writes a reward model, without the projection to the vocabulary,
// which a classifier has not.
func writeReward(from, to string) (Exported, error) {
	done := Exported{Class: "AutoModelForSequenceClassification"}
	t, err := tokenizer.Load(from)
	if err != nil {
		return done, err
	}
	if err := t.Save(to); err != nil {
		return done, err
	}
	tensors, err := safetensors.Read(filepath.Join(from, "model.safetensors"))
	if err != nil {
		return done, err
	}
	c, err := model.ReadConfig(filepath.Join(from, "config.json"))
	if err != nil {
		return done, err
	}
	delete(tensors, c.OutputName())
	if err := safetensors.Write(filepath.Join(to, "model.safetensors"), tensors); err != nil {
		return done, err
	}
	// transformers takes the score at the last token that is not padding, and the
	// last token of a response is its end token: the two must differ.
	pad, ok := otherSpecial(t)
	// Where there is none, the file says so: some architectures have one by default.
	var id, token any = json.RawMessage("null"), nil
	if ok {
		id, token = pad, t.Token(pad)
	} else {
		done.Note = "its tokenizer has no special token besides the end token to pad with, so that transformers scores one text at a time"
	}
	if err := changeJSON(filepath.Join(from, "config.json"), filepath.Join(to, "config.json"), map[string]any{"pad_token_id": id, "num_labels": 1}); err != nil {
		return done, err
	}
	switch stack, err := reward.ReadStack(from, reward.Reader{}); {
	case err != nil:
		return done, err
	case stack != nil:
		done.Note = both(done.Note, "its score is the network's alone, and the run's was combined with trivial scorers' (reward_model.stacked)")
	}
	config := filepath.Join(to, "tokenizer_config.json")
	return done, changeJSON(config, config, map[string]any{"pad_token": token})
}

// both joins what there is to note.
func both(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// otherSpecial returns the first special token that is not the end token.
func otherSpecial(t *tokenizer.Tokenizer) (id int, ok bool) {
	for id := range t.VocabSize() {
		if !slices.Contains(t.Ends(), id) && t.Token(id) != "" && t.IsSpecial(id) {
			return id, true
		}
	}
	return 0, false
}

// modelCard is the README.md of an exported model: what it reads and writes.
func modelCard(what, run string, task data.Task, done Exported) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# The %s of run %s\n\nWritten by `lastmile export`; %s of transformers loads it.\n\n", what, run, done.Class)
	fmt.Fprintf(&b, "Its prompt is at most %d tokens of\n\n```\n%s\n```\n\nand its response, with the end token, at most %d tokens of\n\n```\n%s\n```\n",
		task.MaxPromptTokens, task.Prompt, task.MaxResponseTokens, task.Response)
	b.WriteString("\nwhere no token is added around either.")
	if what == exportReward {
		b.WriteString(" The score is of prompt, response and end token together; more is better.")
	}
	b.WriteString("\n")
	if done.Note != "" {
		fmt.Fprintf(&b, "\nNote: %s.\n", done.Note)
	}
	return b.String()
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// changeJSON writes the object of a file with some fields changed; one that
// becomes nil is left out.
func changeJSON(from, to string, changes map[string]any) error {
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil {
		return fmt.Errorf("reading %s: %w", from, jsonfile.Plain(raw, err))
	}
	if object == nil {
		return fmt.Errorf("reading %s: found null, expected a JSON object", from)
	}
	for name, value := range changes {
		if value == nil {
			delete(object, name)
		} else {
			object[name] = value
		}
	}
	return stage.WriteJSON(to, object)
}
