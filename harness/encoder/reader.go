package encoder

import "slices"

// Reader turns texts into rows.
type Reader struct {
	Vocabulary
	Layout
	// Limit is the most tokens that a row has.
	Limit int
}

// NewReader reads texts for an encoder, as many tokens as it has positions.
func NewReader(v Vocabulary, c Config) Reader {
	return Reader{Vocabulary: v, Layout: c.Layout(v.Fill), Limit: c.Positions()}
}

// Row is a text on its own, which loses its end where it is too long.
func (r Reader) Row(text []int) Row {
	text = text[:min(len(text), r.Limit-2)]
	tokens := slices.Concat([]int{r.Start}, text, []int{r.Separator})
	return Row{Tokens: tokens, First: len(tokens)}
}

// Pair is two texts in a row, of which the longer one loses its end first where they
// are too long together.
func (r Reader) Pair(first, second []int) Row {
	a, b := shorten(len(first), len(second), r.Limit-2-r.Between, r.ToLonger)
	tokens := slices.Concat([]int{r.Start}, first[:a], slices.Repeat([]int{r.Separator}, r.Between), second[:b], []int{r.Separator})
	return Row{Tokens: tokens, First: a + 2}
}

// shorten takes from two lengths, the longer one first, what is above room. Of
// an odd room the first gets the larger half, as in BLEURT; with toLonger
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
