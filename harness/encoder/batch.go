package encoder

// Row is a text, or two, as the encoder reads them.
type Row struct {
	Tokens []int
	First  int // tokens of type 0: those up to the first separator
}

// Layout is how rows are laid out in a batch.
type Layout struct {
	// Fill is the token that fills rows up.
	Fill int
	// From is the number of a row's first position.
	From int
	// Restart counts positions from From + 1 again behind the tokens of type 0.
	Restart bool
	// Untyped gives every token the type 0.
	Untyped bool
}

// Layout is the encoder's, with a token that fills rows up.
func (c Config) Layout(fill int) Layout {
	return Layout{Fill: fill, From: c.firstPosition(), Untyped: c.TypeVocabSize < 2}
}

// Batch is rows of tokens filled up to one length, row by row: Rows · Length
// values each.
type Batch struct {
	Tokens, Types, Positions []int64
	// Mask is added to the attention logits: 0 at a row's positions,
	// [Masked] at those that fill a row up.
	Mask         []float32
	Rows, Length int
}

// Masked is what a mask adds where nothing may attend to a position: enough
// that exp gives 0, and finite.
const Masked = -1e9

// Batch fills rows up.
func (l Layout) Batch(rows []Row) Batch {
	b := Batch{Rows: len(rows)}
	for _, r := range rows {
		b.Length = max(b.Length, len(r.Tokens))
	}
	n := b.Rows * b.Length
	b.Tokens, b.Types, b.Positions = make([]int64, n), make([]int64, n), make([]int64, n)
	b.Mask = make([]float32, n)
	for i, r := range rows {
		for j := range b.Length {
			at := i*b.Length + j
			b.Tokens[at] = int64(l.Fill)
			if j >= len(r.Tokens) {
				b.Mask[at] = Masked
				continue
			}
			b.Tokens[at] = int64(r.Tokens[j])
			b.Positions[at] = int64(l.From + j)
			if j >= r.First {
				if !l.Untyped {
					b.Types[at] = 1
				}
				if l.Restart {
					b.Positions[at] = int64(l.From + j - r.First + 1)
				}
			}
		}
	}
	return b
}
