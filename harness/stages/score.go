package stages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/external"
	"lastmile/harness/stage"
	"lastmile/metrics"
	"lastmile/runs"
)

// Score is the kind that scores outputs.
const Score = "score"

var scoreKind = Kind{
	Name:    Score,
	Version: 1,
	Each:    "decode",
	Goal:    true,
	Reads: func(c experiments.Config) []string {
		sections := []string{"metrics"}
		for _, p := range measuredBy(c) {
			sections = append(sections, p.section)
		}
		return sections
	},
	Cost:    append(external.Cost(metricCommands+".*"), pretrainedCost()...),
	Content: scoreContent,
	Check: &Check{Reads: append([]string{"metrics.names", metricCommands}, pretrainedKeys()...), Do: func(c experiments.Config) error {
		if err := checkPretrained(c); err != nil {
			return err
		}
		return checkCommands(c)
	}},
	Inputs: func(c experiments.Config) []Need {
		inputs := []Need{in(Prepare), in(Decode), in(Postprocess)}
		if measuresByScorer(c) {
			inputs = append(inputs, in(Scorer))
		}
		return inputs
	},
	Run:    scoreOutputs,
	Ingest: ingestScores,
	Split:  data.Test,
}

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

// scoreContent is the hash of what computes a run's metrics and is none of ours, "" for
// nothing.
func scoreContent(ctx context.Context, c experiments.Config, files Hasher) (string, error) {
	models, err := modelsContent(ctx, measuredBy(c), func(p pretrained) (sources, error) { return p.ofRun(c), nil }, files)
	if err != nil {
		return "", err
	}
	return withCommands(ctx, models, commandsOf(c), files)
}

// contentOfScores is the same of a stage with these settings.
func contentOfScores(ctx context.Context, job *stage.Job, settings Metrics, files Hasher) (string, error) {
	models, err := modelsContent(ctx, pretrainedOf(settings.Names), func(p pretrained) (sources, error) { return p.ofStage(job) }, files)
	if err != nil {
		return "", err
	}
	commands, err := commandsOfStage(job)
	if err != nil {
		return "", err
	}
	return withCommands(ctx, models, commands, files)
}

// withCommands is the hash of models and of commands, that of the models where there are
// no commands.
func withCommands(ctx context.Context, models string, commands map[string]MetricCommand, files Hasher) (string, error) {
	lines, err := commandsContent(ctx, commands, files)
	if err != nil || lines == "" {
		return models, err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "models %s\ncommands %s\n", models, lines))
	return hex.EncodeToString(sum[:]), nil
}

// scoreOutputs scores the raw and the post-processed outputs of one decoding:
// scores.jsonl, and signatures.json, which says how.
func scoreOutputs(ctx context.Context, job *stage.Job) error {
	var settings Metrics
	if err := job.Read("metrics", &settings); err != nil {
		return err
	}
	return unchanged(ctx, job, "what computes metrics", func(files Hasher) (string, error) {
		return contentOfScores(ctx, job, settings, files)
	}, func() error { return computeScores(ctx, job, settings) })
}

func computeScores(ctx context.Context, job *stage.Job, settings Metrics) (err error) {
	keep := keptScores{folder: filepath.Join(job.Dir, stage.Checkpoint)}
	defer func() { err = errors.Join(err, keep.close()) }()
	commands, err := openCommands(ctx, job, &keep)
	if err != nil {
		return err
	}
	defer func() {
		// What went wrong in them was said by what they scored.
		_ = commands.close()
	}()
	learned := commands.metrics()
	models, err := openModels(job, settings, &keep)
	for _, m := range models {
		defer m.Close()
		learned = append(learned, m.Metrics()...)
	}
	if err != nil {
		return err
	}
	examples, err := data.ReadExamples(splitFile(job.Inputs[Prepare], data.Test))
	if err != nil {
		return err
	}
	options, err := metricOptions(settings, examples)
	if err != nil {
		return err
	}
	selected, err := metrics.Select(settings.Names, options, learned...)
	if err != nil {
		return err
	}
	raw, err := readOutputs(job.Inputs[Decode], examples)
	if err != nil {
		return err
	}
	post, err := readOutputs(job.Inputs[Postprocess], examples)
	if err != nil {
		return err
	}
	outputs := [][]metrics.Input{metricInputs(examples, raw), metricInputs(examples, post)}
	if err := commands.foresee(job, outputs...); err != nil {
		return err
	}
	for _, m := range models {
		progress := func(done, total int) { job.Progress(done, total, m.section) }
		if err := m.Foresee(ctx, settings.Names, progress, outputs...); err != nil {
			return err
		}
	}
	var lines []scores
	for done, form := range []struct {
		name    string
		outputs []Output
	}{{runs.Raw, raw}, {runs.Post, post}} {
		if err := ctx.Err(); err != nil {
			return err
		}
		of, err := score(selected, examples, form.outputs, job.Threads)
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
	return stage.WriteJSON(signaturesFile(job.Dir), signatures)
}

func ingestScores(dir string, w *runs.Writer) error {
	var signatures map[string]string
	if err := stage.ReadJSON(signaturesFile(dir), &signatures); err != nil {
		return err
	}
	lines, err := data.ReadLines[scores](scoresFile(dir))
	if err != nil {
		return err
	}
	scored := make([]runs.Scored, len(lines))
	for i, line := range lines {
		scored[i] = runs.Scored(line)
	}
	return w.Scores(signatures, scored)
}

// metricOptions are the options of metrics on a split of a task.
func metricOptions(c Metrics, examples []data.Example) (metrics.Options, error) {
	options := c.Options()
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
func score(selected []metrics.Metric, examples []data.Example, outputs []Output, threads int) ([]map[string]float64, error) {
	values, err := metrics.All(selected, metricInputs(examples, outputs), threads)
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

// metricInputs are the examples' outputs as metrics see them.
func metricInputs(examples []data.Example, outputs []Output) []metrics.Input {
	inputs := make([]metrics.Input, len(examples))
	for i, example := range examples {
		inputs[i] = metrics.Input{
			ID:         example.ID,
			Hypothesis: outputs[i].Text,
			References: example.References,
			Source:     example.Input,
			Ended:      outputs[i].Ended,
			Tokens:     outputs[i].Tokens,
		}
	}
	return inputs
}
