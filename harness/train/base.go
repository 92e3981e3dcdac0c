package train

import (
	"context"
	"fmt"

	"lastmile/experiments"
	"lastmile/harness/model"
	"lastmile/harness/random"
)

// Texts are what a model from scratch learns to speak from.
type Texts struct {
	// Forward are the examples as the task puts them, prompt then response.
	Forward []Sequence
	// Reversed are the same examples with the reference first.
	Reversed []Sequence
	// Vocabulary is the number of tokens that copying is learned on.
	Vocabulary int
}

// Base trains a model by next-token prediction. Some texts, by the shares of
// the configuration, are reversed, and some are random tokens said twice, of
// which the second time is learned: what copying needs (Olsson et al. 2022,
// "In-context Learning and Induction Heads") forms long before real text
// would teach it.
func Base(ctx context.Context, m *model.Model, texts Texts, dev []Sequence, c experiments.Base, seed int, hooks Hooks) error {
	if len(texts.Forward) == 0 || len(dev) == 0 {
		return fmt.Errorf("training from scratch needs examples: %d in train, %d in dev", len(texts.Forward), len(dev))
	}
	t := NewTrainer(m, c.Optimizer, hooks)
	if err := t.Resume(&struct{}{}); err != nil {
		return err
	}
	// An epoch's number of batches follows from its lengths, so a resumed
	// training walks through the epochs' plans up to its step.
	for start, epoch := 0, 0; t.Done < c.Steps; epoch++ {
		mixed := mix(texts, c, seed, epoch)
		batches := Bucket(random.New(seed, "base", "order", epoch), lengths(mixed), 1024, func(n, largest int) bool { return n*largest > c.BatchTokens })
		for ; t.Done < c.Steps && t.Done-start < len(batches); t.Done++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			if t.Due() && t.Done > 0 {
				if err := t.Checkpoint(struct{}{}); err != nil {
					return err
				}
				loss, err := t.evaluate(ctx, dev, 32)
				if err != nil {
					return err
				}
				t.Log("dev", "loss", loss)
			}
			loss, err := t.likelihoodStep(pick(mixed, batches[t.Done-start]), Rate(c.Optimizer, t.Done, c.Steps))
			if err != nil {
				return err
			}
			t.Log("train", "loss", loss)
			t.Progress(c.Steps, fmt.Sprintf("loss %.2f", loss))
		}
		start += len(batches)
	}
	loss, err := t.evaluate(ctx, dev, 32)
	if err != nil {
		return err
	}
	t.Log("dev", "loss", loss)
	t.Optimizer.Free()
	return t.Finish()
}

// mix is one epoch's texts.
func mix(texts Texts, c experiments.Base, seed, epoch int) []Sequence {
	mixed := make([]Sequence, len(texts.Forward))
	for i := range mixed {
		stream := random.New(seed, "base", "text", epoch, i)
		switch u := stream.Float64(); {
		case u < c.Copy:
			n := 4 + stream.IntN(28)
			tokens := make([]int, 2*n)
			for j := range n {
				tokens[j] = stream.IntN(texts.Vocabulary)
			}
			copy(tokens[n:], tokens[:n])
			// The first token of the second time cannot be known.
			mixed[i] = Sequence{Tokens: tokens, Prompt: n + 1}
		case u < c.Copy+c.Reversed:
			mixed[i] = texts.Reversed[i]
		default:
			mixed[i] = texts.Forward[i]
		}
	}
	return mixed
}
