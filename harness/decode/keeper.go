package decode

import (
	"cmp"
	"iter"
	"slices"

	"lastmile/harness/model"
	"lastmile/harness/stage"
)

// Keeper keeps the responses to some of a decoding's requests, so that a decoding that
// is interrupted goes on from there.
type Keeper interface {
	// Kept returns what was kept under a name, and false where nothing was.
	Kept(name string) ([][]Response, bool, error)
	// Keep keeps responses under a name. It need not keep their log-probabilities and
	// values.
	Keep(name string, responses [][]Response) error
}

// Requests are decoded in parts where there is a keeper. One is about as much work for
// any model, so many parameters times tokens of responses, and at least so many times
// what is decoded at once, since towards its end there are ever fewer sequences in work.
const (
	usualPartWork = 8e12
	partBatches   = 8
)

// parts cuts requests, which are places, into those that are kept together.
func (o Options) parts(m *model.Model, order []int) iter.Seq[[]int] {
	if o.Keeper == nil {
		return slices.Values([][]int{order})
	}
	samples, batch := o.Samples, o.BatchSize
	if o.Strategy == MBR || o.Strategy == BestOfN {
		samples, batch = o.candidates(), batch/o.candidates()
	}
	size := cmp.Or(o.partWork, usualPartWork) / (float64(m.Size()) * float64(o.MaxTokens) * float64(samples))
	return slices.Chunk(order, max(partBatches*max(1, batch), int(min(size, float64(len(order))))))
}

// once answers the requests of a part, unless the keeper has the responses to them, as
// it reports.
func (o Options) once(requests []Request, part []int, responses [][]Response, answer func() error) (kept bool, err error) {
	if o.Keeper == nil {
		return false, answer()
	}
	name, err := o.partName(requests, part)
	if err != nil {
		return false, err
	}
	of, kept, err := o.Keeper.Kept(name)
	switch {
	case err != nil:
		return false, err
	case kept && len(of) == len(part):
		for i, place := range part {
			responses[place] = of[i]
		}
		return true, nil
	}
	if err := answer(); err != nil {
		return false, err
	}
	of = make([][]Response, len(part))
	for i, place := range part {
		of[i] = responses[place]
	}
	return false, o.Keeper.Keep(name, of)
}

// partName tells a part from others of its decoding, and from those of a decoding with
// other settings.
func (o Options) partName(requests []Request, part []int) (string, error) {
	of := struct {
		Settings           Settings
		MaxTokens, Samples int
		Seed               int
		Stage              string
		Requests           []Request
	}{o.Settings, o.MaxTokens, o.Samples, o.Seed, o.Stage, make([]Request, len(part))}
	for i, place := range part {
		of.Requests[i] = requests[place]
	}
	sum, err := stage.Sum(of)
	return sum[:16], err
}
