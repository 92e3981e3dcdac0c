package stages

import (
	"context"
	"fmt"

	"lastmile/harness/data"
	"lastmile/harness/decode"
	"lastmile/harness/stage"
	"lastmile/metrics"
)

// metricKeys are the options of the metric by which something is chosen on dev.
var metricKeys = []string{"metrics.stemming", "metrics.length_adjustment", "metrics.length_alpha"}

// tune decodes dev in each way that is to be tried and takes the one that scores best;
// of equals it is the first.
func (d Decoder) tune(ctx context.Context, o decode.Settings) (Decoding, error) {
	dev, err := newDevScorer(d.Job, d.Metrics, o.TuneOn)
	if err != nil {
		return Decoding{}, fmt.Errorf("tuning %s: %w", d.Name, err)
	}
	var result Decoding
	best := 0.0
	for i, try := range o.Tries() {
		outputs, err := d.Decode(ctx, dev.examples, try, data.Dev)
		if err != nil {
			return Decoding{}, err
		}
		mean, err := dev.score(outputs)
		if err != nil {
			return Decoding{}, fmt.Errorf("tuning %s: %w", d.Name, err)
		}
		t := tried{Score: mean}
		if try.Draws() {
			t.Temperature = try.Temperature
		}
		if o.Strategy == decode.Best {
			t.Decoding = try.Words()
		}
		if i == 0 || mean > best {
			best, result.Temperature, result.Chosen = mean, try.Temperature, t.Decoding
		}
		result.Tuned = append(result.Tuned, t)
	}
	return result, nil
}

// devScorer scores outputs for the dev set by one metric.
type devScorer struct {
	examples []data.Example
	metric   []metrics.Metric // there is one
	threads  int
}

// newDevScorer reads the dev set that a stage is given.
func newDevScorer(job *stage.Job, c Metrics, metric string) (d devScorer, err error) {
	d.threads = job.Threads
	if d.examples, err = data.ReadExamples(splitFile(job.Inputs[Prepare], data.Dev)); err != nil {
		return d, err
	}
	options, err := metricOptions(c, d.examples)
	if err != nil {
		return d, err
	}
	d.metric, err = metrics.Select([]string{metric}, options)
	return d, err
}

// score is the mean over the dev set.
func (d devScorer) score(outputs []Output) (float64, error) {
	scored, err := score(d.metric, d.examples, outputs, d.threads)
	if err != nil {
		return 0, err
	}
	mean := 0.0
	for _, s := range scored {
		mean += s[d.metric[0].Name()] / float64(len(scored))
	}
	return mean, nil
}
