package stages

import (
	"context"

	"lastmile/harness/data"
	"lastmile/harness/decode"
	"lastmile/harness/model"
	"lastmile/harness/stage"
)

// Decoder writes outputs with a model.
type Decoder struct {
	Job      *stage.Job
	Language Language
	Model    *model.Model
	// Reward scores every response of the trees with the reward model. It is nil
	// where nothing is chosen by it.
	Reward func(trees []model.Tree) ([][]float64, error)
	// Metrics are the options of the metric by which candidates are chosen, and of
	// the one by which dev chooses.
	Metrics Metrics
	// Name is that of the decoding; with Seed it names random streams.
	Name string
	Seed int

	kept *keptDecodings // nil where nothing is kept
}

// Decode writes one output for each example, with settings that leave nothing to dev.
// The split and the decoding's name name the random streams, so that two decodings of a
// run are independent and all that is tried on dev sees the same draws.
func (d Decoder) Decode(ctx context.Context, examples []data.Example, o decode.Settings, split data.Split) ([]Output, error) {
	drawn, err := d.Samples(ctx, examples, o, 1, split)
	if err != nil {
		return nil, err
	}
	outputs := make([]Output, len(examples))
	for i := range outputs {
		outputs[i] = drawn[i][0]
	}
	return outputs, nil
}

// Samples writes n outputs for each example as Decode does one, the first of which is
// Decode's. With n > 1 the strategy has to be [decode.Sample].
func (d Decoder) Samples(ctx context.Context, examples []data.Example, o decode.Settings, n int, split data.Split) ([][]Output, error) {
	responses, err := d.respond(ctx, examples, decode.Options{Settings: o, Samples: n}, split)
	if err != nil {
		return nil, err
	}
	outputs := make([][]Output, len(examples))
	for i, e := range examples {
		for _, r := range responses[i] {
			outputs[i] = append(outputs[i], Output{ID: e.ID, Text: d.Language.Codec.Text(r.Tokens), Tokens: length(r.Tokens, r.Ended), Ended: r.Ended})
		}
	}
	return outputs, nil
}

// respond decodes each example as o says, of which all but the settings and what is
// asked for is filled in.
func (d Decoder) respond(ctx context.Context, examples []data.Example, o decode.Options, split data.Split) ([][]decode.Response, error) {
	requests := make([]decode.Request, len(examples))
	for i, e := range examples {
		requests[i] = decode.Request{ID: e.ID, Prompt: d.Language.Codec.Prompt(e)}
	}
	var err error
	switch {
	case o.Strategy == decode.MBR:
		o.Utilities, err = d.utilities(o.UtilityMetric())
	case o.ByReference():
		o.Scores, err = d.byReference(examples, o.UtilityMetric())
	case o.ByReward():
		o.Scores = d.byReward(requests)
	}
	if err != nil {
		return nil, err
	}
	o.MaxTokens, o.Ends, o.Text = d.Language.Codec.MaxResponse(), d.Language.Ends(), d.Language.Codec.Text
	o.Seed, o.Stage = d.Seed, "decode "+d.Name+" "+split
	o.Progress = func(done, total int) { d.Job.Progress(done, total, split) }
	o.Tokens = d.Job.Tokens
	if d.kept != nil {
		o.Keeper = d.kept.next()
	}
	return decode.Decode(ctx, d.Model, requests, o)
}
