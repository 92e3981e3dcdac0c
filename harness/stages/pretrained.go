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
	// folder is that of the model in a run's settings, and files are others that are
	// read.
	folder func(c experiments.Config) (folder string, files []named)
	// check tells whether all that can be used.
	check func(c experiments.Config) error
	// open loads the model for a stage.
	open func(job *stage.Job) (metricModel, error)
}

// named is a file with the key that names it.
type named struct{ key, path string }

// metricModel is a model that computes metrics, all that it knows at once.
type metricModel interface {
	Metrics() []metrics.Metric
	// Foresee computes for several lists of inputs what the metrics of these names
	// will ask.
	Foresee(ctx context.Context, names []string, lists ...[]metrics.Input) error
	Close() error
}

// pretrainedMetrics lists them, by section.
var pretrainedMetrics = []pretrained{
	{
		section: "likelihood",
		names:   metrics.Likelihoods(),
		model:   "causal language model",
		cost:    []string{"likelihood.model", "likelihood.batch_tokens"},
		folder: func(c experiments.Config) (string, []named) {
			return experiments.Get[likelihood.Settings](c, "likelihood").Model, nil
		},
		check: func(c experiments.Config) error {
			if err := experiments.Get[likelihood.Settings](c, "likelihood").Check(); err != nil {
				return fmt.Errorf("likelihood.model: %w; expected a Hugging Face folder of a causal language model", err)
			}
			return nil
		},
		open: func(job *stage.Job) (metricModel, error) {
			return openFor(job, "likelihood", likelihood.Open)
		},
	},
	{
		section: "bertscore",
		names:   metrics.BERTScores(),
		model:   "BERT, RoBERTa or DeBERTa-v3 encoder",
		cost:    []string{"bertscore.model", "bertscore.baseline", "bertscore.batch_tokens"},
		folder: func(c experiments.Config) (string, []named) {
			s := experiments.Get[bertscore.Settings](c, "bertscore")
			return s.Model, []named{{"baseline", s.Baseline}}
		},
		check: func(c experiments.Config) error {
			return experiments.Get[bertscore.Settings](c, "bertscore").Check()
		},
		open: func(job *stage.Job) (metricModel, error) {
			return openFor(job, "bertscore", bertscore.Open)
		},
	},
	{
		section: "faithfulness",
		names:   []string{metrics.Faithfulness},
		model:   "classifier of natural language inference",
		cost:    []string{"faithfulness.model", "faithfulness.batch_tokens"},
		folder: func(c experiments.Config) (string, []named) {
			return experiments.Get[faithfulness.Settings](c, "faithfulness").Model, nil
		},
		check: func(c experiments.Config) error {
			return experiments.Get[faithfulness.Settings](c, "faithfulness").Check()
		},
		open: func(job *stage.Job) (metricModel, error) {
			return openFor(job, "faithfulness", faithfulness.Open)
		},
	},
}

// openFor opens the model of a section for a stage.
func openFor[S any, M metricModel](job *stage.Job, section string, open func(S, int, string) (M, error)) (metricModel, error) {
	var s S
	if err := job.Read(section, &s); err != nil {
		return nil, err
	}
	return open(s, job.Threads, job.Device)
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

// NeedsModel tells whether a metric is computed by a model of its own, that of a
// scorer stage or one that is there already.
func NeedsModel(metric string) bool { return metric == LearnedMetric || IsPretrained(metric) }

// ModelOf is what computes a metric that needs a model of its own, and the flag that names
// its folder.
func ModelOf(metric string) (model, flag string) {
	if p := pretrainedFor(metric); p != nil {
		return p.model, "--" + p.section + "-model FOLDER"
	}
	return "scorer", "--scorer WORK/stages/scorer/KEY"
}

// pretrainedContent is the hash of the models that compute a run's metrics, and of what
// else they read; "" for none. That of one model alone is the model's own.
func pretrainedContent(c experiments.Config, files Hasher) (string, error) {
	used := measuredBy(c)
	sum := sha256.New()
	for _, p := range used {
		folder, others := p.folder(c)
		hash, err := modelContent(folder, files)
		if err != nil {
			return "", Mistakef("%s.model: %w", p.section, err)
		}
		if len(used) == 1 && len(others) == 0 {
			return hash, nil
		}
		fmt.Fprintln(sum, p.section, hash)
		for _, other := range others {
			if other.path == "" {
				continue
			}
			if hash, err = files.File(other.path); err != nil {
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
