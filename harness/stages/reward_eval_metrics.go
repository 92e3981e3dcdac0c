package stages

import (
	"lastmile/harness/data"
	"lastmile/harness/decode"
	"lastmile/metrics"
)

// What samples are measured by beside metrics as they are.
const (
	// closeness is the smaller of length_ratio and its inverse: 1 where a response is as
	// long as the references.
	closeness   = "length closeness"
	lengthRatio = "length_ratio"
	tokenCount  = "tokens"
	rankedBy    = "la-rougeL"
)

// measure returns what each sample scores by each metric, [policy][example][sample][metric],
// and names the metrics.
func (e *evaluator) measure(sampled [2][][]decode.Response) (measured [2][][][]float64, err error) {
	options, err := metricOptions(e.metrics, e.dev)
	if err != nil {
		return measured, err
	}
	names := []string{"rouge1", "rougeL", rankedBy, lengthRatio}
	var learned []metrics.Metric
	if dir, ok := e.job.Inputs[Scorer]; ok {
		m, err := OpenScorer(dir, e.job.Threads)
		if err != nil {
			return measured, err
		}
		defer m.Close()
		names, learned = append(names, LearnedMetric), append(learned, m)
	}
	selected, err := metrics.Select(names, options, learned...)
	if err != nil {
		return measured, err
	}
	for _, name := range names {
		if name == lengthRatio {
			name = closeness
		}
		if name == rankedBy {
			e.names.Ranked = len(e.names.Metrics)
		}
		e.names.Metrics = append(e.names.Metrics, name)
	}
	e.names.Metrics = append(e.names.Metrics, tokenCount)
	for p := range sampled {
		var examples []data.Example
		var outputs []Output
		for i, of := range sampled[p] {
			for _, r := range of {
				examples = append(examples, e.examples[i])
				outputs = append(outputs, Output{Text: e.Codec.Text(r.Tokens), Tokens: length(r.Tokens, r.Ended), Ended: r.Ended})
			}
		}
		scored, err := score(selected, examples, outputs, e.job.Threads)
		if err != nil {
			return measured, err
		}
		for _, of := range sampled[p] {
			var samples [][]float64
			for k := range of {
				var values []float64
				for _, name := range names {
					value := scored[k][name]
					if name == lengthRatio && value > 1 {
						value = 1 / value
					}
					values = append(values, value)
				}
				samples = append(samples, append(values, float64(outputs[k].Tokens)))
			}
			measured[p] = append(measured[p], samples)
			scored, outputs = scored[len(of):], outputs[len(of):]
		}
	}
	return measured, nil
}
