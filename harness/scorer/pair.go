package scorer

import "lastmile/harness/encoder"

// Pair is a reference and a hypothesis to be scored by it.
type Pair struct {
	Reference, Hypothesis string
}

// reader turns pairs into rows.
type reader struct{ encoder.Reader }

func newReader(v encoder.Vocabulary, c Config) reader {
	r := reader{encoder.NewReader(v, c.Config)}
	r.Restart = c.RestartPositions
	return r
}

func (r reader) row(p Pair) encoder.Row { return r.Pair(r.Spaced(p.Reference), r.Spaced(p.Hypothesis)) }
