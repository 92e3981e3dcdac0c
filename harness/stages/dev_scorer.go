package stages

import (
	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/stage"
	"lastmile/metrics"
)

// wordsKey is how texts are cut into words, wherever a stage compares texts.
const wordsKey = "metrics.tokenizer"

// wordKeys are wordsKey where it says something, for kinds that read nothing else of
// the metrics: where it does not, their parts are what they were before there was one.
func wordKeys(c experiments.Config) []string {
	if experiments.Get[Metrics](c, "metrics").Tokenizer == "" {
		return nil
	}
	return []string{wordsKey}
}

// wordsOf is [metrics.Options.Tokenizer] as a stage that reads wordKeys is given it.
func wordsOf(job *stage.Job) (string, error) {
	var c Metrics
	err := job.Read("metrics", &c)
	return c.Tokenizer, err
}

// metricKeys are the options of the metric by which something is chosen on dev.
var metricKeys = []string{"metrics.stemming", wordsKey, "metrics.length_adjustment", "metrics.length_alpha"}

// devScorer scores outputs for the dev set by metrics.
type devScorer struct {
	examples []data.Example
	metrics  []metrics.Metric
	threads  int
}

// newDevScorer makes the metrics of these names, with options that may look at all of
// dev.
func newDevScorer(job *stage.Job, c Metrics, dev []data.Example, names ...string) (devScorer, error) {
	options, err := metricOptions(c, dev)
	if err != nil {
		return devScorer{}, err
	}
	selected, err := metrics.Select(names, options)
	return devScorer{dev, selected, job.Threads}, err
}

// means are the means over outputs, which are those for the first dev examples, by
// metric.
func (d devScorer) means(outputs []Output) (map[string]float64, error) {
	scored, err := score(d.metrics, d.examples[:len(outputs)], outputs, d.threads)
	if err != nil {
		return nil, err
	}
	means := map[string]float64{}
	for _, of := range scored {
		for name, value := range of {
			means[name] += value / float64(len(scored))
		}
	}
	return means, nil
}

// readDev reads the dev set that a stage is given.
func readDev(job *stage.Job) ([]data.Example, error) {
	return data.ReadExamples(splitFile(job.Inputs[Prepare], data.Dev))
}
