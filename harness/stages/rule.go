package stages

import (
	"context"
	"fmt"

	"lastmile/experiments"
	"lastmile/harness/algorithms"
	"lastmile/harness/data"
	"lastmile/harness/decode"
	"lastmile/harness/rule"
	"lastmile/harness/stage"
)

// trained is a section that runs of a rule, which train nothing, do not use.
func trained(s experiments.Section) experiments.Section {
	s.Active = func(c experiments.Config) bool { return !algorithms.IsRule(c) }
	return s
}

// ofRules leaves the runs of a rule one decoding of those that a sweep has: a rule
// does not draw, and does not search.
func ofRules(element func(string) (experiments.Section, bool)) func(string) (experiments.Section, bool) {
	return func(name string) (experiments.Section, bool) {
		s, ok := element(name)
		if name != rule.Decoding {
			s = trained(s)
		}
		return s, ok
	}
}

// noRuleDecoding complains about a rule whose one decoding is gone, or is none of it.
func noRuleDecoding(c experiments.Config) experiments.Complaint {
	key := "decode." + rule.Decoding
	if !c.Has(key) {
		return experiments.Complaint{
			Keys:    []string{key + ".enabled", "algorithm"},
			Message: fmt.Sprintf("a rule has no decoding but %s, which is not enabled", rule.Decoding),
		}
	}
	if strategy := experiments.Get[decode.Settings](c, key).Strategy; strategy != "greedy" {
		return experiments.Complaint{
			Keys:    []string{key + ".strategy", "algorithm"},
			Message: fmt.Sprintf("a rule has the decoding %s with the strategy greedy, and that of %s is %s", rule.Decoding, rule.Decoding, strategy),
		}
	}
	return experiments.Complaint{}
}

// applyRule makes outputs for the test set by a rule, at the length that is best on
// dev: outputs.jsonl and decode.json.
func applyRule(ctx context.Context, job *stage.Job, s rule.Settings, c Metrics) error {
	examples, err := data.ReadExamples(splitFile(job.Inputs[Prepare], data.Test))
	if err != nil {
		return err
	}
	lengths := s.Candidates()
	best, result := 0, Decoding{Tuned: []tried{}}
	if len(lengths) > 1 {
		examples, err := readDev(job)
		if err != nil {
			return err
		}
		dev, err := newDevScorer(job, c, examples, s.TuneOn)
		if err != nil {
			return fmt.Errorf("choosing the length of the rule: %w", err)
		}
		for i, length := range lengths {
			if err := ctx.Err(); err != nil {
				return err
			}
			means, err := dev.means(ruleOutputs(s, length, examples))
			if err != nil {
				return fmt.Errorf("choosing the length of the rule: %w", err)
			}
			score := means[s.TuneOn]
			result.Tuned = append(result.Tuned, tried{Decoding: s.Name(length), Score: score})
			if score > result.Tuned[best].Score {
				best = i
			}
			job.Progress(i+1, len(lengths), data.Dev)
		}
	}
	result.Chosen = s.Name(lengths[best])
	if err := data.WriteLines(outputsFile(job.Dir), ruleOutputs(s, lengths[best], examples)); err != nil {
		return err
	}
	return stage.WriteJSON(decodingFile(job.Dir), result)
}

// ruleOutputs are what a rule makes of inputs at a length. Their tokens are words, and
// all of them end.
func ruleOutputs(s rule.Settings, length int, examples []data.Example) []Output {
	outputs := make([]Output, len(examples))
	for i, e := range examples {
		text := s.Apply(e.Input, length)
		outputs[i] = Output{ID: e.ID, Text: text, Tokens: rule.Words(text), Ended: true}
	}
	return outputs
}
