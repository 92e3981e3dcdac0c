package stages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/postprocess"
	"lastmile/harness/scorer"
	"lastmile/harness/stage"
	"lastmile/harness/tokenizer"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// Scorer is the kind that trains the learned metric.
const Scorer = "scorer"

var scorerKind = Kind{
	Name:    Scorer,
	Version: 2,
	Reads:   reads("scorer"),
	Cost:    []string{"scorer.path", "scorer.ratings", train.CheckpointCost("scorer")},
	Inputs: func(c experiments.Config) []Need {
		inputs := []Need{in(Prepare)}
		if settings := experiments.Get[scorer.Settings](c, "scorer"); settings.Path == "" {
			// All runs of a sweep are scored by one scorer: where the base is
			// trained from scratch it takes that of its own seed.
			own := in(Base)
			own.With = func(c experiments.Config) experiments.Config { return c.With("seed", settings.Seed) }
			inputs = append(inputs, own)
		}
		return inputs
	},
	Content: func(ctx context.Context, c experiments.Config, files Hasher) (string, error) {
		return scorerContent(ctx, experiments.Get[scorer.Settings](c, "scorer"), files)
	},
	Check: &Check{Reads: []string{"scorer.path", "scorer.ratings", "scorer.targets"}, Do: func(c experiments.Config) error {
		if err := experiments.Get[scorer.Settings](c, "scorer").CheckFiles(); err != nil {
			return Mistake{err}
		}
		return nil
	}},
	Run:    trainScorer,
	Ingest: ingestCurves,
}

// scorerContent is the hash of what a scorer's training reads besides its inputs:
// the encoder that it starts from and the ratings; "" for neither.
func scorerContent(ctx context.Context, settings scorer.Settings, files Hasher) (string, error) {
	if settings.Path == "" && settings.Ratings == "" {
		return "", nil
	}
	sum := sha256.New()
	if settings.Path != "" {
		hash, err := modelContent(ctx, settings.Path, files)
		if err != nil {
			return "", Mistakef("scorer.path: %w", err)
		}
		fmt.Fprintln(sum, "path", hash)
	}
	if settings.Ratings != "" {
		hash, err := files.File(ctx, settings.Ratings)
		if err != nil {
			return "", Mistakef("scorer.ratings: %w", err)
		}
		fmt.Fprintln(sum, "ratings", hash)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// trainScorer trains the learned metric on the references of the training
// examples, with the base model's tokenizer unless it starts from an encoder,
// which has one of its own. It shares nothing else with the policy, and
// nothing with the reward model.
func trainScorer(ctx context.Context, job *stage.Job) error {
	var c scorer.Settings
	if err := job.Read("scorer", &c); err != nil {
		return err
	}
	var t *tokenizer.Tokenizer
	if c.Path == "" {
		var err error
		if t, err = tokenizer.Load(job.Inputs[Base]); err != nil {
			return err
		}
	}
	examples, dev, err := trainAndDev(job)
	if err != nil {
		return err
	}
	return unchanged(ctx, job, "scorer.path or scorer.ratings", func(files Hasher) (string, error) {
		return scorerContent(ctx, c, files)
	}, func() error {
		return WithSession(job.Threads, job.Device, func(s *torch.Session) error {
			_, err := scorer.Train(ctx, s, t, ScorerTexts(examples, dev, c), c, hooks(job))
			return err
		})
	})
}

// ScorerTexts are the texts that a scorer learns from: all references and,
// where the configuration says so, the sentences of the inputs.
func ScorerTexts(examples, dev []data.Example, c scorer.Settings) scorer.Texts {
	texts := scorer.Texts{Train: references(examples), Dev: references(dev), Same: sameInput(append(slices.Clone(examples), dev...))}
	if !c.Sentences {
		return texts
	}
	for _, e := range examples {
		for _, sentence := range postprocess.Sentences(e.Input) {
			if n := len(strings.Fields(sentence)); n >= minSentenceWords && n <= maxSentenceWords {
				texts.Train = append(texts.Train, strings.TrimSpace(sentence))
			}
		}
	}
	return texts
}

// sameInput are the references of each input that has several, in the order of the
// examples: those of one example, and those of others with the same input.
func sameInput(examples []data.Example) [][]string {
	at := map[string]int{}
	var all [][]string
	for _, e := range examples {
		i, ok := at[e.Input]
		if !ok {
			i = len(all)
			at[e.Input], all = i, append(all, nil)
		}
		for _, reference := range e.References {
			if !slices.Contains(all[i], reference) {
				all[i] = append(all[i], reference)
			}
		}
	}
	return slices.DeleteFunc(all, func(of []string) bool { return len(of) < 2 })
}

// Sentences of inputs that a scorer learns from have so many words: headings
// and lists that were never split are no sentences.
const (
	minSentenceWords = 4
	maxSentenceWords = 30
)

// references are all references of the examples.
func references(examples []data.Example) []string {
	var all []string
	for _, e := range examples {
		all = append(all, e.References...)
	}
	return all
}

// OpenScorer returns the learned metric in the folder of a scorer stage. It is
// used and closed on the goroutine that opened it.
func OpenScorer(dir string, threads int) (*scorer.Scorer, error) {
	m, err := scorer.Open(dir, threads)
	if err != nil {
		return nil, fmt.Errorf("loading the scorer %s: %w", dir, err)
	}
	return m, nil
}
