package scoring

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"lastmile/harness/stages"

	"lastmile/harness/bertscore"
	"lastmile/harness/doctor"
	"lastmile/harness/external"
	"lastmile/harness/faithfulness"
	"lastmile/harness/likelihood"
	"lastmile/metrics"
)

// Measures says which metrics texts are scored by, and how.
type Measures struct {
	// Metrics are the names of metrics; none means those of the runs, or of
	// the command for files.
	Metrics []string
	// Scorer is the folder of a scorer stage, for the learned metric; "" means
	// the scores that the store has.
	Scorer string
	// Likelihood has the causal language model of the likelihoods, BERTScore the
	// encoder of BERTScore, and Faithfulness the classifier of faithfulness; without
	// one the scores that the store has count.
	Likelihood   likelihood.Settings
	BERTScore    bertscore.Settings
	Faithfulness faithfulness.Settings
	// Command is a process of the user's whose metrics are scored beside the others,
	// under the name "command"; without a command line there is none.
	Command stages.MetricCommand
	// Say is told the lines that it writes to standard error.
	Say func(line string)
	// Change changes the options of metrics, which are those of the runs, or
	// the defaults for files; nil leaves them as they are.
	Change func(*metrics.Options)
	// Progress is told how many of how many steps are done; nil is told
	// nothing.
	Progress func(done, total int, note string)
}

// defaultMetrics are those that files are scored by where none is named.
var defaultMetrics = []string{"rouge1", "rouge2", "rougeL", "la-rougeL", "length_ratio", "repetition"}

// DefaultMetrics returns the metrics that files are scored by where none is
// named.
func DefaultMetrics() []string { return slices.Clone(defaultMetrics) }

// commandName is the name of the command of [Measures], which its metrics have.
const commandName = "command"

// measuring are measures with the models and the command that they name. It belongs to
// the goroutine that opened it.
type measuring struct {
	Measures
	learned []metrics.Metric
	command *external.Measures // nil for none
	close   []func() error
	done    int // steps
	total   int
}

// expect adds to the steps that there will be.
func (m *measuring) expect(steps int) { m.total += steps }

// step says that another step is done.
func (m *measuring) step(note string) {
	m.done++
	if m.Progress != nil {
		m.Progress(m.done, m.total, note)
	}
}

// open loads the models that are named and needed, and has the command ready.
func (m Measures) open(ctx context.Context) (*measuring, error) {
	o := &measuring{Measures: m}
	needed := func(is func(metric string) bool) bool {
		return len(m.Metrics) == 0 || slices.ContainsFunc(m.Metrics, is)
	}
	if m.Scorer != "" && needed(func(name string) bool { return name == stages.LearnedMetric }) {
		learned, err := stages.OpenScorer(m.Scorer, doctor.Cores())
		if err != nil {
			return nil, stages.Mistake{Err: err}
		}
		o.learned, o.close = append(o.learned, learned), append(o.close, learned.Close)
	}
	for _, p := range m.pretrained() {
		if p.folder == "" || !needed(func(name string) bool { return slices.Contains(p.names, name) }) {
			continue
		}
		model, err := p.open()
		if err != nil {
			return nil, stages.Mistake{Err: errors.Join(err, o.Close())}
		}
		o.learned, o.close = append(o.learned, model.Metrics()...), append(o.close, model.Close)
	}
	if len(m.Command.Run) == 0 {
		return o, nil
	}
	err := m.Command.Check()
	if err == nil {
		o.command, err = m.Command.Command(ctx, commandName, doctor.Cores(), m.Say)
	}
	if err != nil {
		return nil, stages.Mistake{Err: errors.Join(err, o.Close())}
	}
	o.learned = append(o.learned, o.command.Metrics()...)
	return o, nil
}

// pretrained is a model that is there already, the folder that names it, and its metrics.
type pretrained struct {
	folder string
	names  []string
	open   func() (metricModel, error)
}

type metricModel interface {
	Metrics() []metrics.Metric
	Close() error
}

func (m Measures) pretrained() []pretrained {
	return []pretrained{
		{m.Likelihood.Model, metrics.Likelihoods(), func() (metricModel, error) { return likelihood.Open(m.Likelihood, doctor.Cores(), "") }},
		{m.BERTScore.Model, metrics.BERTScores(), func() (metricModel, error) { return bertscore.Open(m.BERTScore, doctor.Cores(), "") }},
		{m.Faithfulness.Model, []string{metrics.Faithfulness}, func() (metricModel, error) { return faithfulness.Open(m.Faithfulness, doctor.Cores(), "") }},
	}
}

// given tells whether the model is named that a metric needs.
func (m Measures) given(metric string) bool {
	if metric == stages.LearnedMetric {
		return m.Scorer != ""
	}
	return slices.ContainsFunc(m.pretrained(), func(p pretrained) bool { return p.folder != "" && slices.Contains(p.names, metric) })
}

// Close frees the models, in which what went wrong was said by what they scored, and ends
// the command's process.
func (m *measuring) Close() error {
	for _, closeModel := range m.close {
		_ = closeModel()
	}
	if m.command == nil {
		return nil
	}
	return m.command.Close()
}

// scored is a metric and the scores of systems by it.
type scored struct {
	name, signature string
	direction       metrics.Direction
	pooled          metrics.Pooled // nil for a metric without a value of all texts together
	values          [][][]float64  // by system, then seed, then example
}

// score scores systems that have the same examples. names count where the
// measures have none, and the measures may change the options.
func (m *measuring) score(names []string, options metrics.Options, systems ...*texts) ([]scored, error) {
	if len(m.Metrics) > 0 {
		names = m.Metrics
	}
	if m.Change != nil {
		m.Change(&options)
	}
	if m.command != nil {
		names = slices.Clone(names)
		for _, of := range m.command.Metrics() {
			if !slices.Contains(names, of.Name()) {
				names = append(names, of.Name())
			}
		}
	}
	if len(names) == 0 {
		return nil, stages.Mistakef("no metric is named")
	}
	var err error
	if options.LengthAdjustment == metrics.LengthNormalised && options.Random == nil {
		if options.Random, err = metrics.NewRandomSystem(systems[0].inputs[0]); err != nil {
			return nil, lacking(err, systems[0])
		}
	}
	computed := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return stages.MadeElsewhere(name) && !slices.ContainsFunc(m.learned, func(of metrics.Metric) bool { return of.Name() == name })
	})
	selected, err := metrics.Select(computed, options, m.learned...)
	if err != nil {
		return nil, stages.Mistake{Err: err}
	}
	all := make([]scored, len(names))
	for i, name := range names {
		k := slices.Index(computed, name)
		if k < 0 {
			if all[i], err = storedLearned(name, systems); err != nil {
				return nil, stages.Mistake{Err: err}
			}
			continue
		}
		all[i] = scored{name: name, signature: selected[k].Signature(), direction: selected[k].Direction()}
		all[i].pooled, _ = selected[k].(metrics.Pooled)
	}
	for _, t := range systems {
		bySeed := make([][][]float64, len(names))
		for _, inputs := range t.inputs {
			values, err := metrics.All(selected, inputs, 0)
			if err != nil {
				return nil, lacking(err, t)
			}
			for i, name := range names {
				if k := slices.Index(computed, name); k >= 0 {
					bySeed[i] = append(bySeed[i], values[k])
				}
			}
			m.step("scored " + t.String())
		}
		for i := range all {
			if bySeed[i] != nil {
				all[i].values = append(all[i].values, bySeed[i])
			}
		}
	}
	return all, nil
}

// runMetrics are the metrics of runs' own settings, the first one's, without
// those that need a model where there is neither one nor stored scores.
func (m Measures) runMetrics(systems ...*texts) []string {
	return slices.DeleteFunc(slices.Clone(systems[0].settings.Names), func(name string) bool {
		if m.given(name) {
			return false
		}
		_, err := storedLearned(name, systems)
		return stages.MadeElsewhere(name) && err != nil
	})
}

// storedLearned are the scores by a metric that needs a model that the store has of
// all systems by one model.
func storedLearned(name string, systems []*texts) (scored, error) {
	model, flag := stages.ModelOf(name)
	s := scored{name: name, direction: metrics.Higher}
	for _, t := range systems {
		of := t.learned[name]
		switch {
		case stages.IsExternal(name) && !slices.Contains(t.settings.Names, name):
			return s, metrics.Check(name)
		case stages.IsExternal(name) && of == nil:
			return s, fmt.Errorf("%s has no scores by %s in the store, all made in one way: metrics.names in the sweep file computes them", t.System, name)
		case len(t.Runs) == 0:
			return s, fmt.Errorf("the metric %s needs the folder of a %s: %s", name, model, flag)
		case of == nil:
			return s, fmt.Errorf("%s has no scores by %s in the store: %s names a %s to score it with", t.System, name, flag, model)
		case s.signature != "" && of.signature != s.signature:
			return s, fmt.Errorf("the scores by %s were made in two ways, %s and %s: %s scores all in one", name, s.signature, of.signature, flag)
		}
		if stages.IsExternal(name) {
			s.direction, flag = metrics.ExternalDirection(of.signature), "metrics.names in the sweep file"
		}
		s.signature = of.signature
		s.values = append(s.values, of.values)
	}
	return s, nil
}

// lacking says where something is not there that a metric needs.
func lacking(err error, t *texts) error {
	var lack *metrics.LackError
	if !errors.As(err, &lack) {
		return err
	}
	hint := ""
	if lack.What == "input text" && len(t.Runs) == 0 {
		hint = `: JSON lines of hypotheses or references have it in the field "input"`
	}
	return stages.Mistakef("%s: there is no %s, and %s needs one%s", t.place(lack.Example), lack.What, lack.Metric, hint)
}

// MetricScore is the mean of a metric over all texts, or its value for them
// together.
type MetricScore struct {
	Metric string `json:"metric"`
	// Level is "corpus" where the value is that of all texts together, as of
	// BLEU and chrF, "median" where it is the median of the texts' scores, and
	// empty where it is their mean.
	Level string  `json:"level,omitempty"`
	Mean  float64 `json:"mean"`
	// Low and High bound the 95 % interval.
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	N         int     `json:"n"`
	Signature string  `json:"signature"`
}

// The levels of values that are no means of texts' scores: that of all texts
// together, the median, and the mean distance of ratios from 1.
const (
	corpusLevel = "corpus"
	medianLevel = "median"
	ratioLevel  = "|ln|"
)

// estimates are the mean of a system's scores, or of ratios the median, and its
// value for all texts together where the metric has one.
func (s scored) estimates(system int, t *texts) ([]MetricScore, error) {
	scale, level := metrics.ScaleOf(s.name), ""
	if scale == metrics.Ratio {
		level = medianLevel
	}
	estimate, err := metrics.Mean(s.values[system], scale)
	if err != nil {
		return nil, fmt.Errorf("the interval of %s: %w", s.name, err)
	}
	result := []MetricScore{{s.name, level, estimate.Value, estimate.Low, estimate.High, estimate.Examples, s.signature}}
	if s.pooled == nil {
		return result, nil
	}
	scores, err := s.poolScores(t)
	if err != nil {
		return nil, err
	}
	if estimate, err = metrics.Mean(scores, metrics.Amount); err != nil {
		return nil, fmt.Errorf("the interval of %s for all texts together: %w", s.name, err)
	}
	return append(result, MetricScore{s.name, corpusLevel, estimate.Value, estimate.Low, estimate.High, estimate.Examples, s.pooled.PooledSignature()}), nil
}

// poolScores are each seed's value for all its texts together, taken apart by
// text.
func (s scored) poolScores(t *texts) ([][]float64, error) {
	var bySeed [][][]float64
	for _, inputs := range t.inputs {
		of, err := s.pooled.Statistics(inputs)
		if err != nil {
			return nil, lacking(err, t)
		}
		bySeed = append(bySeed, of)
	}
	return metrics.PoolScores(s.pooled, bySeed), nil
}
