package stages

import (
	"context"
	"fmt"

	"lastmile/harness/data"
	"lastmile/harness/decode"
)

// tune decodes dev in each way that is to be tried and takes the one that scores best;
// of equals it is the first.
func (d Decoder) tune(ctx context.Context, o decode.Settings) (Decoding, error) {
	examples, err := readDev(d.Job)
	if err != nil {
		return Decoding{}, err
	}
	dev, err := newDevScorer(d.Job, d.Metrics, examples, o.TuneOn)
	if err != nil {
		return Decoding{}, fmt.Errorf("tuning %s: %w", d.Name, err)
	}
	var result Decoding
	best := 0.0
	for i, try := range o.Tries() {
		outputs, err := d.Decode(ctx, examples, try, data.Dev)
		if err != nil {
			return Decoding{}, err
		}
		means, err := dev.means(outputs)
		if err != nil {
			return Decoding{}, fmt.Errorf("tuning %s: %w", d.Name, err)
		}
		mean := means[o.TuneOn]
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
