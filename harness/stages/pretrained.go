package stages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"lastmile/experiments"
	"lastmile/harness/bertscore"
	"lastmile/harness/faithfulness"
	"lastmile/harness/kept"
	"lastmile/harness/likelihood"
	"lastmile/harness/stage"
	"lastmile/metrics"
)

// pretrained are metrics that a model computes which is there already, in a folder that
// a section of their own names.
type pretrained struct {
	section string
	names   []string
	// model is what the folder holds.
	model string
	// cost are keys of the section that say where things lie, and how fast it goes.
	cost []string

	// ofRun is what a run's settings name, and ofStage what a stage's do.
	ofRun   func(c experiments.Config) sources
	ofStage func(job *stage.Job) (sources, error)
	// check tells whether a run can use all that.
	check func(c experiments.Config) error
	// open loads the model for a stage.
	open func(job *stage.Job) (metricModel, error)
}

// sources are what metrics read that no stage made: a model's folder, and other files.
type sources struct {
	folder string
	files  []named
}

// named is a file with the key that names it.
type named struct{ key, path string }

// metricModel is a model that computes metrics, all that it knows at once.
type metricModel interface {
	Metrics() []metrics.Metric
	// Foresee computes for several lists of inputs what the metrics of these names
	// will ask.
	// It tells progress how much of it is done.
	Foresee(ctx context.Context, names []string, progress func(done, total int), lists ...[]metrics.Input) error
	// Keep has what the model computes kept in a file.
	Keep(in *kept.File)
	Close() error
}

// pretrainedMetrics lists them, by section.
var pretrainedMetrics = []pretrained{
	bySettings(pretrained{
		section: "likelihood",
		names:   metrics.Likelihoods(),
		model:   "causal language model",
		cost:    []string{"likelihood.model", "likelihood.batch_tokens"},
	}, checkLikelihood, likelihood.Open, func(s likelihood.Settings) sources { return sources{folder: s.Model} }),
	bySettings(pretrained{
		section: "bertscore",
		names:   metrics.BERTScores(),
		model:   "BERT, RoBERTa or DeBERTa-v3 encoder",
		cost:    []string{"bertscore.model", "bertscore.baseline", "bertscore.batch_tokens"},
	}, bertscore.Settings.Check, bertscore.Open, func(s bertscore.Settings) sources {
		return sources{s.Model, []named{{"baseline", s.Baseline}}}
	}),
	bySettings(pretrained{
		section: "faithfulness",
		names:   []string{metrics.Faithfulness},
		model:   "classifier of natural language inference",
		cost:    []string{"faithfulness.model", "faithfulness.batch_tokens"},
	}, faithfulness.Settings.Check, faithfulness.Open, func(s faithfulness.Settings) sources { return sources{folder: s.Model} }),
}

// bySettings completes metrics whose section holds an S.
func bySettings[S any, M metricModel](p pretrained, check func(S) error, open func(s S, threads int, device string) (M, error), of func(S) sources) pretrained {
	p.ofRun = func(c experiments.Config) sources { return of(experiments.Get[S](c, p.section)) }
	p.check = func(c experiments.Config) error { return check(experiments.Get[S](c, p.section)) }
	settings := func(job *stage.Job) (s S, err error) {
		err = job.Read(p.section, &s)
		return s, err
	}
	p.ofStage = func(job *stage.Job) (sources, error) {
		s, err := settings(job)
		return of(s), err
	}
	p.open = func(job *stage.Job) (metricModel, error) {
		s, err := settings(job)
		if err != nil {
			return nil, err
		}
		return open(s, job.Threads, job.Device)
	}
	return p
}

func checkLikelihood(s likelihood.Settings) error {
	if err := s.Check(); err != nil {
		return fmt.Errorf("likelihood.model: %w; expected a Hugging Face folder of a causal language model", err)
	}
	return nil
}

// pretrainedFor is what computes a metric, nil where no model that is there already does.
func pretrainedFor(metric string) *pretrained {
	for i, p := range pretrainedMetrics {
		if slices.Contains(p.names, metric) {
			return &pretrainedMetrics[i]
		}
	}
	return nil
}

// pretrainedOf are those that compute some of these metrics.
func pretrainedOf(names []string) []pretrained {
	return slices.DeleteFunc(slices.Clone(pretrainedMetrics), func(p pretrained) bool {
		return !slices.ContainsFunc(p.names, func(name string) bool { return slices.Contains(names, name) })
	})
}

// measuredBy are those that compute some of a run's metrics.
func measuredBy(c experiments.Config) []pretrained {
	return pretrainedOf(experiments.Get[Metrics](c, "metrics").Names)
}

// measuredBySection tells whether a run is scored by a metric of a section's model.
func measuredBySection(section string) func(experiments.Config) bool {
	return func(c experiments.Config) bool {
		return slices.ContainsFunc(measuredBy(c), func(p pretrained) bool { return p.section == section })
	}
}

// IsPretrained tells whether a metric needs a model that is there already, in the folder
// that a section names.
func IsPretrained(metric string) bool { return pretrainedFor(metric) != nil }

// MadeElsewhere tells whether a metric is none of the package metrics: one by a model of
// its own, that of a scorer stage or one that is there already, or by a command.
func MadeElsewhere(metric string) bool {
	return metric == LearnedMetric || IsPretrained(metric) || IsExternal(metric)
}

// ModelOf is what computes a metric that needs a model of its own, and the flag that names
// its folder.
func ModelOf(metric string) (model, flag string) {
	if p := pretrainedFor(metric); p != nil {
		return p.model, "--" + p.section + "-model FOLDER"
	}
	return "scorer", "--scorer WORK/stages/scorer/KEY"
}

// modelsContent is the hash of models that compute metrics, and of what else they read,
// which of says; "" for none. That of one model alone is the model's own.
func modelsContent(ctx context.Context, used []pretrained, of func(pretrained) (sources, error), files Hasher) (string, error) {
	sum := sha256.New()
	for _, p := range used {
		reads, err := of(p)
		if err != nil {
			return "", err
		}
		hash, err := modelContent(ctx, reads.folder, files)
		if err != nil {
			return "", Mistakef("%s.model: %w", p.section, err)
		}
		if len(used) == 1 && len(reads.files) == 0 {
			return hash, nil
		}
		fmt.Fprintln(sum, p.section, hash)
		for _, other := range reads.files {
			if other.path == "" {
				continue
			}
			if hash, err = files.File(ctx, other.path); err != nil {
				return "", Mistakef("%s.%s: %w", p.section, other.key, err)
			}
			fmt.Fprintln(sum, p.section, other.key, hash)
		}
	}
	if len(used) == 0 {
		return "", nil
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// checkPretrained tells whether those models can be used.
func checkPretrained(c experiments.Config) error {
	for _, p := range measuredBy(c) {
		if err := p.check(c); err != nil {
			return Mistake{err}
		}
	}
	return nil
}

// pretrainedKeys are those of all sections, and pretrainedCost their costs.
func pretrainedKeys() (sections []string) {
	for _, p := range pretrainedMetrics {
		sections = append(sections, p.section)
	}
	return sections
}

func pretrainedCost() (keys []string) {
	for _, p := range pretrainedMetrics {
		keys = append(keys, p.cost...)
	}
	return keys
}
