package scorer

import (
	"lastmile/harness/encoder"
	"lastmile/harness/torch"
)

// Encoder is an encoder with a regression head, in the session that it was
// made in.
type Encoder struct {
	*encoder.Encoder
	Config Config

	counts *torch.Tensor // what each output counts in the score: [outputs, 1]
}

// withScore adds to an encoder with a head what of its outputs the score is.
func withScore(e *encoder.Encoder, c Config) (*Encoder, error) {
	s := e.Session()
	counts := s.Floats(c.scoreWeights(), len(c.Outputs()), 1).KeepAll()
	return &Encoder{e, c, counts}, s.Err()
}

// setScore says which outputs the score is the mean of; see [Config].
func (e *Encoder) setScore(names []string) {
	e.Config.Score = names
	if len(names) == 0 {
		e.Config.Score = nil
	}
	e.counts = e.Session().Floats(e.Config.scoreWeights(), len(e.Config.Outputs()), 1).KeepAll()
}

// Scores is the score of each row of the batch: [rows].
func (e *Encoder) Scores(b encoder.Batch) *torch.Tensor {
	return e.Session().Only(func() *torch.Tensor { return e.Outputs(b).MatMul(e.counts).Reshape(-1) })
}
