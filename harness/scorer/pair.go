package scorer

import "slices"

// Pair is a reference and a hypothesis to be scored by it.
type Pair struct {
	Reference, Hypothesis string
}

// marks is the number of positions that [CLS] and both [SEP] take.
const marks = 3

// row is a pair as the encoder reads it.
type row struct {
	tokens []int
	first  int // positions of token type 0: those up to the first [SEP]
}

// reader turns pairs into rows.
type reader struct {
	vocabulary
	limit   int  // tokens in a row
	restart bool // how positions count
}

func newReader(v vocabulary, c Config) reader {
	return reader{vocabulary: v, limit: c.MaxPositionEmbeddings, restart: c.RestartPositions}
}

func (r reader) row(p Pair) row {
	reference, hypothesis := r.encode(p.Reference), r.encode(p.Hypothesis)
	a, b := shorten(len(reference), len(hypothesis), r.limit-marks, r.toLonger)
	tokens := slices.Concat([]int{r.start}, reference[:a], []int{r.separator}, hypothesis[:b], []int{r.separator})
	return row{tokens: tokens, first: a + 2}
}

func (r reader) batch(rows []row) Batch { return newBatch(rows, r.fill, r.restart) }

// shorten takes from two lengths, the longer one first, what is above room. Of
// an odd room the reference gets the larger half, as in BLEURT; with toLonger
// the longer text does, as in Hugging Face's tokenizers (longest_first).
func shorten(a, b, room int, toLonger bool) (int, int) {
	half := room / 2
	switch {
	case a+b <= room:
		return a, b
	case a <= half:
		return a, room - a
	case b <= half:
		return room - b, b
	case toLonger && a <= b:
		return half, room - half
	}
	return room - half, half
}

// Batch is rows of tokens filled up to one length, row by row: Rows · Length
// values each.
type Batch struct {
	Tokens, Types, Positions []int64
	// Mask is added to the attention logits: 0 at a pair's positions,
	// [Masked] at those that fill a row up.
	Mask         []float32
	Rows, Length int
}

// Masked is what a mask adds where nothing may attend to a position: enough
// that exp gives 0, and finite.
const Masked = -1e9

// newBatch fills rows up with the token fill. restart says how positions count
// ([Config.RestartPositions]).
func newBatch(rows []row, fill int, restart bool) Batch {
	b := Batch{Rows: len(rows)}
	for _, r := range rows {
		b.Length = max(b.Length, len(r.tokens))
	}
	n := b.Rows * b.Length
	b.Tokens, b.Types, b.Positions = make([]int64, n), make([]int64, n), make([]int64, n)
	b.Mask = make([]float32, n)
	for i, r := range rows {
		for j := range b.Length {
			at := i*b.Length + j
			b.Tokens[at] = int64(fill)
			if j >= len(r.tokens) {
				b.Mask[at] = Masked
				continue
			}
			b.Tokens[at] = int64(r.tokens[j])
			b.Positions[at] = int64(j)
			if j >= r.first {
				b.Types[at] = 1
				if restart {
					b.Positions[at] = int64(j - r.first + 1)
				}
			}
		}
	}
	return b
}
