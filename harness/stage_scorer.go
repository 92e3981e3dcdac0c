package harness

import (
	"context"
	"strings"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/postprocess"
	"lastmile/harness/scorer"
	"lastmile/harness/stage"
	"lastmile/harness/tokenizer"
	"lastmile/harness/torch"
	"lastmile/metrics"
)

// runScorer trains the learned metric on the references of the training
// examples, with the base model's tokenizer unless it starts from an encoder,
// which has one of its own. It shares nothing else with the policy, and
// nothing with the reward model.
func runScorer(ctx context.Context, job *stage.Job) error {
	var t *tokenizer.Tokenizer
	if job.Config.Scorer.Path == "" {
		var err error
		if t, err = tokenizer.Load(job.Inputs[baseKind]); err != nil {
			return err
		}
	}
	examples, dev, err := trainAndDev(job)
	if err != nil {
		return err
	}
	c := job.Config.Scorer
	return withSession(job.Threads, job.Device, func(s *torch.Session) error {
		_, err := scorer.Train(ctx, s, t, scorerTexts(examples, c), references(dev), c, hooks(job))
		return err
	})
}

// scorerTexts are the texts that a scorer learns from: all references and,
// where the configuration says so, the sentences of the inputs.
func scorerTexts(examples []data.Example, c experiments.Scorer) []string {
	texts := references(examples)
	if !c.Sentences {
		return texts
	}
	for _, e := range examples {
		for _, sentence := range postprocess.Sentences(e.Input) {
			if n := len(strings.Fields(sentence)); n >= minSentenceWords && n <= maxSentenceWords {
				texts = append(texts, strings.TrimSpace(sentence))
			}
		}
	}
	return texts
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

// openScorer returns the learned metric in the folder of a scorer stage. It is
// used and closed on the goroutine that opened it.
func openScorer(dir string, threads int) (m metrics.Metric, closeScorer func() error, err error) {
	s, err := scorer.Open(dir, threads)
	if err != nil {
		return nil, nil, err
	}
	return s, s.Close, nil
}
