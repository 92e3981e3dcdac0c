package harness

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"lastmile/experiments/builtin"
	"lastmile/harness/data"
	"lastmile/harness/model"
	"lastmile/harness/stage"
	"lastmile/harness/tokenizer"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// endToken is the end token of tokenizers that lastmile trains.
const endToken = "<|endoftext|>"

// runBase puts the model that the policy starts from into a Hugging Face
// folder: the one that ships with lastmile, one of the user's, or one trained
// from scratch on the task's training texts
// that are the base model's.
func runBase(ctx context.Context, job *stage.Job) error {
	switch path := job.Config.Model.Path; path {
	case "":
		return trainBase(ctx, job)
	case builtinModel:
		return copyFolder(builtin.Files, job.Dir)
	default:
		return linkFolder(path, job.Dir)
	}
}

// modelFiles are the files of a Hugging Face folder that count, besides its
// parameters.
var modelFiles = []string{
	"config.json", "generation_config.json",
	"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja",
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

// linkFolder links large files instead of copying them where the file system
// allows it. A symbolic link, as Hugging Face's cache has them, is followed.
func linkFolder(from, dir string) error {
	weights, err := model.WeightFiles(from)
	if err != nil {
		return err
	}
	for _, name := range append(weights, modelFiles...) {
		source, err := filepath.EvalSymlinks(filepath.Join(from, name))
		if errors.Is(err, fs.ErrNotExist) && !slices.Contains(weights, name) {
			continue
		}
		if err != nil {
			return err
		}
		if os.Link(source, filepath.Join(dir, name)) == nil {
			continue
		}
		content, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// trainBase trains a tokenizer and a model from scratch.
func trainBase(ctx context.Context, job *stage.Job) error {
	c := job.Config
	examples, err := data.ReadExamples(splitFile(job.Inputs[prepareKind], data.Base))
	if err != nil {
		return err
	}
	dev, err := data.ReadExamples(splitFile(job.Inputs[prepareKind], data.Dev))
	if err != nil {
		return err
	}
	t, err := tokenizer.Train(func(yield func(string) bool) {
		for _, e := range examples {
			if !yield(e.Input) || !yield(e.References[0]) {
				return
			}
		}
	}, c.Model.VocabSize, []string{endToken})
	if err != nil {
		return fmt.Errorf("training the tokenizer: %w", err)
	}
	codec, err := data.NewCodec(c.Task, t, t.EOS())
	if err != nil {
		return err
	}
	l := language{t, codec}
	texts := train.Texts{Forward: l.sequences(examples), Vocabulary: t.VocabSize()}
	for i, e := range examples {
		// The prompt is learned as well: this is a language model.
		texts.Forward[i].Prompt = 1
		texts.Reversed = append(texts.Reversed, l.reversed(e))
	}
	return withSession(job.Threads, job.Device, func(s *torch.Session) error {
		m, err := model.New(s, model.Config{
			Architectures:         []string{model.CausalLM},
			ModelType:             "llama",
			VocabSize:             t.VocabSize(),
			HiddenSize:            c.Model.HiddenSize,
			IntermediateSize:      c.Model.IntermediateSize,
			NumHiddenLayers:       c.Model.NumHiddenLayers,
			NumAttentionHeads:     c.Model.NumAttentionHeads,
			NumKeyValueHeads:      c.Model.NumKeyValueHeads,
			HiddenAct:             "silu",
			MaxPositionEmbeddings: c.Model.MaxPositionEmbeddings,
			InitializerRange:      0.06,
			RMSNormEps:            1e-6,
			RopeTheta:             c.Model.RopeTheta,
			TieWordEmbeddings:     true,
			BOSTokenID:            t.EOS(),
			EOSTokenID:            t.EOS(),
			PadTokenID:            t.EOS(),
		}, c.Seed)
		if err != nil {
			return err
		}
		if err := train.Base(ctx, m, texts, l.sequences(dev), c.Base, c.Seed, hooks(job)); err != nil {
			return err
		}
		return savePolicy(m, t, job.Dir)
	})
}

// reversed is an example as running text, the reference before the input.
func (l language) reversed(e data.Example) train.Sequence {
	tokens := l.Encode(e.References[0] + "\n" + e.Input)
	if n := l.codec.MaxPrompt(); len(tokens) >= n {
		return train.Sequence{Tokens: tokens[:n], Prompt: 1}
	}
	return train.Sequence{Tokens: append(tokens, l.EOS()), Prompt: 1}
}
