package stages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"lastmile/experiments"
	"lastmile/experiments/builtin"
	"lastmile/harness/data"
	"lastmile/harness/foreign"
	"lastmile/harness/model"
	"lastmile/harness/stage"
	"lastmile/harness/tokenizer"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// Base is the kind that makes the model that the policy starts from.
const Base = "base"

var baseKind = Kind{
	Name:    Base,
	Version: 2,
	Reads: func(c experiments.Config) []string {
		if fromScratch(c) {
			return append(append([]string{"seed"}, textKeys...), "model", "base")
		}
		return []string{"model.path"}
	},
	Cost: []string{"model.path", train.CheckpointCost("base")},
	Inputs: func(c experiments.Config) []Need {
		if fromScratch(c) {
			return []Need{in(Prepare)}
		}
		return nil
	},
	Content: func(ctx context.Context, c experiments.Config, files Hasher) (string, error) {
		if fromScratch(c) {
			return "", nil
		}
		return modelContent(ctx, experiments.Get[model.Settings](c, "model").Path, files)
	},
	Check:  &Check{Reads: []string{"model.path", "task", "lora.r", "lora.target_modules"}, Do: checkModel},
	Run:    makeBase,
	Ingest: ingestCurves,
}

// endToken is the end token of tokenizers that lastmile trains.
const endToken = "<|endoftext|>"

// makeBase puts the model that the policy starts from into a Hugging Face
// folder: the one that ships with lastmile, one of the user's, or one trained
// from scratch on the task's training texts
// that are the base model's.
func makeBase(ctx context.Context, job *stage.Job) error {
	var settings model.Settings
	if err := job.Read("model", &settings); err != nil {
		return err
	}
	switch {
	case settings.FromScratch():
		return trainBase(ctx, job, settings)
	case settings.Path == model.Builtin:
		return copyFolder(builtin.Files, job.Dir)
	default:
		return unchanged(ctx, job, "model.path", func(files Hasher) (string, error) {
			return modelContent(ctx, settings.Path, files)
		}, func() error { return cloneFolder(ctx, settings.Path, job.Dir) })
	}
}

// modelFiles are the files of a Hugging Face folder that count, besides its
// parameters.
var modelFiles = []string{
	"config.json", "generation_config.json",
	"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
}

func copyFolder(from fs.FS, dir string) error {
	for _, name := range append(modelFiles, "model.safetensors") {
		content, err := fs.ReadFile(from, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// cloneFolder copies a user's model, whose files may change later while the
// artifact stays as it is. A symbolic link, as Hugging Face's cache has them, is
// followed.
func cloneFolder(ctx context.Context, from, dir string) error {
	weights, err := model.WeightFiles(from)
	if err != nil {
		return err
	}
	for _, name := range append(weights, modelFiles...) {
		err := cloneFile(ctx, filepath.Join(from, name), filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) && !slices.Contains(weights, name) {
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// cloneFile copies a file. Where the file system can, both share their blocks until
// one of them changes.
func cloneFile(ctx context.Context, from, to string) error {
	source, err := foreign.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.Create(to)
	if err != nil {
		return err
	}
	if unix.IoctlFileClone(int(target.Fd()), int(source.Fd())) != nil {
		_, err = io.Copy(target, stage.UntilDone(ctx, source))
	}
	return errors.Join(err, target.Close())
}

// trainBase trains a tokenizer and a model from scratch.
func trainBase(ctx context.Context, job *stage.Job, settings model.Settings) error {
	var c common
	if err := job.Read("", &c); err != nil {
		return err
	}
	var training train.BaseSettings
	if err := job.Read("base", &training); err != nil {
		return err
	}
	examples, err := data.ReadExamples(splitFile(job.Inputs[Prepare], data.Base))
	if err != nil {
		return err
	}
	dev, err := readDev(job)
	if err != nil {
		return err
	}
	t, err := tokenizer.Train(func(yield func(string) bool) {
		for _, e := range examples {
			if !yield(e.Input) || !yield(e.References[0]) {
				return
			}
		}
	}, settings.VocabSize, []string{endToken})
	if err != nil {
		return fmt.Errorf("training the tokenizer: %w", err)
	}
	codec, err := data.NewCodec(c.Task, t, t.Ends(), nil)
	if err != nil {
		return err
	}
	l := Language{Tokenizer: t, Codec: codec}
	texts := train.Texts{Forward: l.sequences(examples), Vocabulary: t.VocabSize()}
	for i, e := range examples {
		// The prompt is learned as well: this is a language model.
		texts.Forward[i].Prompt = 1
		texts.Reversed = append(texts.Reversed, l.reversed(e))
	}
	return WithSession(job.Threads, job.Device, func(s *torch.Session) error {
		m, err := model.New(s, model.Config{
			Architectures:         []string{model.CausalLM},
			ModelType:             "llama",
			VocabSize:             t.VocabSize(),
			HiddenSize:            settings.HiddenSize,
			IntermediateSize:      settings.IntermediateSize,
			NumHiddenLayers:       settings.NumHiddenLayers,
			NumAttentionHeads:     settings.NumAttentionHeads,
			NumKeyValueHeads:      settings.NumKeyValueHeads,
			HiddenAct:             "silu",
			MaxPositionEmbeddings: settings.MaxPositionEmbeddings,
			InitializerRange:      0.06,
			RMSNormEps:            1e-6,
			RopeTheta:             settings.RopeTheta,
			TieWordEmbeddings:     true,
			BOSTokenID:            t.EOS(),
			EOSTokenID:            t.EOS(),
			PadTokenID:            t.EOS(),
		}, c.Seed)
		if err != nil {
			return err
		}
		if err := train.Base(ctx, m, texts, l.sequences(dev), training, c.Seed, hooks(job)); err != nil {
			return err
		}
		return savePolicy(m, t, job.Dir)
	})
}

// reversed is an example as running text, the reference before the input.
func (l Language) reversed(e data.Example) train.Sequence {
	tokens := l.Encode(e.References[0] + "\n" + e.Input)
	if n := l.Codec.MaxPrompt(); len(tokens) >= n {
		return train.Sequence{Tokens: tokens[:n], Prompt: 1}
	}
	return train.Sequence{Tokens: append(tokens, l.EOS()), Prompt: 1}
}

// checkModel tells whether the folder that model.path names holds a model that can
// be read, has room for the task and has what adapters are to change.
func checkModel(c experiments.Config) error {
	dir, task := experiments.Get[model.Settings](c, "model").Path, experiments.Get[data.Task](c, "task")
	if dir == "" || dir == model.Builtin {
		return checkModules(model.Config{}, c)
	}
	config, err := model.ReadConfig(filepath.Join(dir, "config.json"))
	if err == nil {
		err = checkRoom(config, dir, task)
	}
	if err == nil {
		_, err = model.Check(dir)
	}
	var l Language
	if err == nil {
		l, err = OpenLanguage(dir, task)
	}
	if err == nil {
		err = l.checkTokens(dir, task)
	}
	if err != nil {
		return Mistakef("model.path: %w", err)
	}
	return checkModules(config, c)
}

// checkModules tells whether a model has what adapters are to change.
func checkModules(m model.Config, c experiments.Config) error {
	if !withLoRA(c) {
		return nil
	}
	if err := m.CheckLoRA(experiments.Get[model.LoRA](c, "lora")); err != nil {
		return Mistakef("%w", err)
	}
	return nil
}

// modelContent is the hash of a model that is there already: of the files of a
// Hugging Face folder that say what the model is.
func modelContent(ctx context.Context, path string, files Hasher) (string, error) {
	if path == model.Builtin {
		return builtinHash()
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return "", fmt.Errorf("reading the model: %w", err)
	}
	sum := sha256.New()
	for _, entry := range entries {
		switch filepath.Ext(entry.Name()) {
		case ".json", ".safetensors", ".txt", ".model", ".jinja":
			hash, err := files.File(ctx, filepath.Join(path, entry.Name()))
			if err != nil {
				return "", fmt.Errorf("reading the model: %w", err)
			}
			fmt.Fprintln(sum, entry.Name(), hash)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// builtinHash is the hash of the model that ships with lastmile.
var builtinHash = sync.OnceValues(func() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(builtin.Files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		f, err := builtin.Files.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		fmt.Fprintln(sum, name)
		_, err = io.Copy(sum, f)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("reading the model that ships with lastmile: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
})
