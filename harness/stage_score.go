package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/stage"
	"lastmile/metrics"
)

// learnedMetric is the metric that a scorer stage trains.
const learnedMetric = "bleurt"

// The forms of outputs that are scored.
const (
	rawForm  = "raw"
	postForm = "post"
)

// scores is a line of scores.jsonl: the scores of one output.
type scores struct {
	// ID is that of the example.
	ID string `json:"id"`
	// Form is "raw", as the model wrote it, or "post", after post-processing.
	Form   string             `json:"form"`
	Scores map[string]float64 `json:"scores"`
}

func scoresFile(dir string) string     { return filepath.Join(dir, "scores.jsonl") }
func signaturesFile(dir string) string { return filepath.Join(dir, "signatures.json") }

// runScore scores the raw and the post-processed outputs of one decoding:
// scores.jsonl, and signatures.json, which says how.
func runScore(ctx context.Context, job *stage.Job) error {
	var learned []metrics.Metric
	if dir, ok := job.Inputs[scorerKind]; ok {
		m, closeScorer, err := openScorer(dir, job.Threads)
		if err != nil {
			return fmt.Errorf("loading the scorer %s: %w", dir, err)
		}
		defer closeScorer()
		learned = append(learned, m)
	}
	examples, err := data.ReadExamples(splitFile(job.Inputs[prepareKind], data.Test))
	if err != nil {
		return err
	}
	options, err := metricOptions(job.Config.Metrics, examples)
	if err != nil {
		return err
	}
	selected, err := metrics.Select(job.Config.Metrics.Names, options, learned...)
	if err != nil {
		return err
	}
	var lines []scores
	for done, form := range []struct{ name, dir string }{{rawForm, job.Inputs[decodeKind]}, {postForm, job.Inputs[postprocessKind]}} {
		if err := ctx.Err(); err != nil {
			return err
		}
		outputs, err := readOutputs(form.dir, examples)
		if err != nil {
			return err
		}
		of, err := score(selected, examples, outputs, job.Threads)
		if err != nil {
			return fmt.Errorf("scoring the %s outputs: %w", form.name, err)
		}
		for i, example := range examples {
			lines = append(lines, scores{example.ID, form.name, of[i]})
		}
		job.Progress(done+1, 2, "")
	}
	if err := data.WriteLines(scoresFile(job.Dir), lines); err != nil {
		return err
	}
	signatures := map[string]string{}
	for _, m := range selected {
		signatures[m.Name()] = m.Signature()
	}
	text, err := json.MarshalIndent(signatures, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(signaturesFile(job.Dir), append(text, '\n'), 0o666)
}

// optionsOf are the options of metrics that do not need the task.
func optionsOf(c experiments.Metrics) metrics.Options {
	return metrics.Options{Stemming: c.Stemming, LengthAdjustment: c.LengthAdjustment, Alpha: c.LengthAlpha}
}

// metricOptions are the options of metrics on a split of a task.
func metricOptions(c experiments.Metrics, examples []data.Example) (metrics.Options, error) {
	options := optionsOf(c)
	if c.LengthAdjustment != metrics.LengthNormalised {
		return options, nil
	}
	task := make([]metrics.Input, len(examples))
	for i, e := range examples {
		task[i] = metrics.Input{References: e.References, Source: e.Input}
	}
	var err error
	options.Random, err = metrics.NewRandomSystem(task)
	return options, err
}

// score returns the scores by metric of each example's output.
func score(selected []metrics.Metric, examples []data.Example, outputs []output, threads int) ([]map[string]float64, error) {
	inputs := make([]metrics.Input, len(examples))
	for i, example := range examples {
		inputs[i] = metrics.Input{
			Hypothesis: outputs[i].Text,
			References: example.References,
			Source:     example.Input,
			Ended:      outputs[i].Ended,
			Tokens:     outputs[i].Tokens,
		}
	}
	values, err := metrics.All(selected, inputs, threads)
	if err != nil {
		return nil, err
	}
	result := make([]map[string]float64, len(examples))
	for i := range result {
		result[i] = map[string]float64{}
		for k, m := range selected {
			result[i][m.Name()] = values[k][i]
		}
	}
	return result, nil
}
