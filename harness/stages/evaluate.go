package stages

import (
	"context"
	"fmt"
	"slices"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/decode"
	"lastmile/harness/model"
	"lastmile/harness/stage"
	"lastmile/harness/train"
	"lastmile/metrics"
)

// watched are the metrics of dev that training curves show, besides the one that
// chooses.
var watched = []string{"rougeL", "la-rougeL", "length_ratio", "repetition", "ended"}

// hooks tie an algorithm to the stage, whose dev it may choose by.
func (t texts) hooks(job *stage.Job) train.Hooks {
	h := hooks(job)
	h.Evaluate = func(ctx context.Context, m *model.Model, on string, examples int) (map[string]float64, error) {
		means, err := t.evaluate(ctx, job, m, on, examples)
		if err != nil {
			return nil, fmt.Errorf("evaluating on dev: %w", err)
		}
		return means, nil
	}
	return h
}

// evaluate scores greedy outputs of a model for the first dev examples, 0 for all, by
// the watched metrics and the one named on, if any: means over examples.
func (t texts) evaluate(ctx context.Context, job *stage.Job, m *model.Model, on string, examples int) (map[string]float64, error) {
	var settings Metrics
	if err := job.Read("metrics", &settings); err != nil {
		return nil, err
	}
	names := slices.Clone(watched)
	if on != "" && !slices.Contains(names, on) {
		names = append(names, on)
	}
	scorer, err := newDevScorer(job, settings, t.dev, names...)
	if err != nil {
		return nil, err
	}
	quiet := *job
	quiet.Progress = func(int, int, string) {}
	d := Decoder{Job: &quiet, Language: t.Language, Model: m, Metrics: settings, Name: decode.Greedy, Seed: t.Seed}
	outputs, err := d.Decode(ctx, firstOf(t.dev, examples), decode.Default(decode.Greedy), data.Dev)
	if err != nil {
		return nil, err
	}
	return scorer.means(outputs)
}

// evaluationKeys are the keys that a training reads which evaluates on dev by metrics.
func evaluationKeys(evaluates bool) []string {
	if !evaluates {
		return nil
	}
	return metricKeys
}

// selectOn allows the metrics by which a policy can be chosen on dev: those of which
// more is better, and which need no training; or "".
func selectOn() experiments.Check {
	known := experiments.OneOf("metric", metrics.Names)
	return experiments.Check{Allowed: known.Allowed + " of which more is better", Broken: func(value any) string {
		name, _ := value.(string)
		switch {
		case name == "":
			return ""
		case name == LearnedMetric:
			return fmt.Sprintf("%s is trained beside the policies, and cannot choose among them; another metric can", LearnedMetric)
		case IsPretrained(name):
			return fmt.Sprintf("%s needs a model of its own, and cannot choose among policies; another metric can", name)
		}
		if message := known.Broken(value); message != "" {
			return message
		}
		if m, err := metrics.New(name, metrics.DefaultOptions()); err != nil || m.Direction() != metrics.Higher {
			return fmt.Sprintf("a higher %s is not better, so it cannot choose among policies; la-rougeL can", name)
		}
		return ""
	}}
}
