package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"lastmile/experiments"
	"lastmile/harness/model"
	"lastmile/harness/random"
)

// Texts are the training texts of a model from scratch.
type Texts struct {
	// Forward are the examples as the task puts them, prompt then response.
	Forward []Sequence
	// Reversed are the same examples with the reference first.
	Reversed []Sequence
	// Vocabulary is the number of tokens that copying is learned on.
	Vocabulary int
}

// Base trains a model by next-token prediction. Some texts, by the shares of
// the configuration, are reversed, and some, all of the first CopySteps steps,
// are runs of random tokens repeated over and over: what copying needs (Olsson et
// al. 2022, "In-context Learning and Induction Heads") forms from them long
// before it would from real text.
func Base(ctx context.Context, m *model.Model, texts Texts, dev []Sequence, c BaseSettings, seed int, hooks Hooks) error {
	if len(texts.Forward) == 0 || len(dev) == 0 {
		return fmt.Errorf("training from scratch needs examples: %d in train, %d in dev", len(texts.Forward), len(dev))
	}
	t := NewTrainer(m, c.OptimizerSettings, hooks)
	if err := t.Resume(&struct{}{}); err != nil {
		return err
	}
	// An epoch's number of batches follows from its lengths, so a resumed
	// training walks through the epochs' plans up to its step.
	for start, epoch := 0, 0; t.Done < c.Steps; epoch++ {
		shares, end := c, c.Steps
		if start < c.CopySteps {
			shares.Copy, shares.Reversed, end = 1, 0, min(end, c.CopySteps)
		}
		mixed := mix(texts, shares, min(repeatedTokens, m.Config.MaxPositionEmbeddings), seed, epoch)
		batches := Bucket(random.New(seed, "base", "order", epoch), lengths(mixed), 1024, func(n, largest int) bool { return n*largest > c.BatchTokens })
		end = min(end, start+len(batches))
		for ; t.Done < end; t.Done++ {
			if err := ctx.Err(); err != nil {
				if t.Due(ctx) && t.Done > 0 {
					err = errors.Join(err, t.Checkpoint(struct{}{}))
				}
				return err
			}
			if t.Due(ctx) && t.Done > 0 {
				if err := t.Checkpoint(struct{}{}); err != nil {
					return err
				}
			}
			if t.everyFew() && t.Done > 0 {
				loss, err := t.evaluate(ctx, dev, 32)
				if err != nil {
					return err
				}
				t.Log("dev", "loss", loss)
			}
			loss, err := t.likelihoodStep(pick(mixed, batches[t.Done-start]), Rate(c.OptimizerSettings, t.Done, c.Steps))
			if err != nil {
				return err
			}
			t.Log("train", "loss", loss)
			t.Progress(c.Steps, fmt.Sprintf("loss %.2f", loss))
		}
		start = end
	}
	loss, err := t.evaluate(ctx, dev, 32)
	if err != nil {
		return err
	}
	t.Log("dev", "loss", loss)
	t.Optimizer.Free()
	return t.Finish()
}

// mix is one epoch's texts; those of repeated tokens have the given length.
func mix(texts Texts, c BaseSettings, length, seed, epoch int) []Sequence {
	mixed := make([]Sequence, len(texts.Forward))
	for i := range mixed {
		stream := random.New(seed, "base", "text", epoch, i)
		switch u := stream.Float64(); {
		case u < c.Copy:
			mixed[i] = repeated(stream, texts.Vocabulary, length)
		case u < c.Copy+c.Reversed:
			mixed[i] = texts.Reversed[i]
		default:
			mixed[i] = texts.Forward[i]
		}
	}
	return mixed
}

// repeatedTokens is the length of a text that copying is learned from.
const repeatedTokens = 64

// repeated is a run of random tokens repeated over and over. It is learned from the
// second token of the first repetition on: nothing tells where a repetition begins.
// Runs are of 2 to 23 tokens, short ones more often, which are easier to begin with,
// since the token to copy has to be found among few.
func repeated(stream *rand.Rand, vocabulary, length int) Sequence {
	n := min(int(2*math.Pow(12, stream.Float64())), (length-1)/2)
	tokens := make([]int, length)
	for i := range tokens {
		if i < n {
			tokens[i] = stream.IntN(vocabulary)
		} else {
			tokens[i] = tokens[i-n]
		}
	}
	return Sequence{Tokens: tokens, Prompt: n + 1}
}

// BaseSettings are the training of a model from scratch: next-token prediction
// over the task's training texts.
type BaseSettings struct {
	OptimizerSettings
	// Steps is the number of optimizer steps.
	Steps int `toml:"steps" json:"steps"`
	// BatchTokens is the number of tokens in a step.
	BatchTokens int `toml:"batch_tokens" json:"batch_tokens"`
	// Copy is the share of the texts that are runs of random tokens repeated
	// over and over, from which copying is learned.
	Copy float64 `toml:"copy" json:"copy"`
	// CopySteps is the number of first steps that learn nothing but copying.
	CopySteps int `toml:"copy_steps" json:"copy_steps"`
	// Reversed is the share of the texts that put the reference before the
	// input.
	Reversed float64 `toml:"reversed" json:"reversed"`
}

// BaseSection is the section [base] of a sweep file.
func BaseSection(active func(experiments.Config) bool) experiments.Section {
	optimizer := DefaultOptimizer(1e-2)
	optimizer.MuonLearningRate = 0.02
	return experiments.Section{
		Key: "base",
		Default: BaseSettings{
			OptimizerSettings: optimizer,
			Steps:             3000,
			BatchTokens:       4096,
			Copy:              0.1,
			CopySteps:         300,
			Reversed:          0.2,
		},
		Rules: WithOptimizer(experiments.Rules{
			"steps":        experiments.AtLeast(1),
			"batch_tokens": experiments.Whole(1, 1<<24),
			"copy":         experiments.From(0, 1),
			"copy_steps":   experiments.AtLeast(0),
			"reversed":     experiments.From(0, 1),
		}),
		Active: active,
		Check: func(c experiments.Config) []experiments.Complaint {
			s := experiments.Get[BaseSettings](c, "base")
			if s.Copy+s.Reversed <= 1 {
				return nil
			}
			return []experiments.Complaint{{
				Keys:    []string{"base.copy", "base.reversed"},
				Message: fmt.Sprintf("copy and reversed are shares, and make %g together, more than 1", s.Copy+s.Reversed),
			}}
		},
	}
}
