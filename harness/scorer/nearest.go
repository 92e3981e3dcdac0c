package scorer

import (
	"math"
	"math/rand/v2"
	"strings"

	"lastmile/harness/encoder"
	"lastmile/harness/torch"
)

// nearest is the name of the kind that puts the nearest word of the encoder's
// vocabulary, by the cosine of their embeddings, into the place of words.
const nearest = "nearest"

// neighbours finds the nearest words of a vocabulary of pieces.
type neighbours struct {
	encoder    *Encoder
	vocabulary encoder.Vocabulary
	table      *torch.Tensor // the embeddings, each of length 1: [tokens, width]
	known      map[int]string
}

func newNeighbours(e *Encoder, v encoder.Vocabulary) *neighbours {
	n := &neighbours{encoder: e, vocabulary: v, known: make(map[int]string)}
	e.Session().NoGrad(func() error {
		lengths := e.Words().Square().SumDim(1, true).AddScalar(1e-12).Rsqrt()
		n.table = e.Words().Mul(lengths).KeepAll()
		return nil
	})
	return n
}

// kind is the kind of distortion. A word without a neighbour, one of several
// pieces among them, stays.
func (n *neighbours) kind() kind {
	return kind{nearest, func(_ source, r *rand.Rand, words []string) []string {
		share := r.Float64()
		sure := r.IntN(len(words))
		for i := range words {
			if i != sure && r.Float64() >= share {
				continue
			}
			if other := n.of(words[i]); other != "" {
				words[i] = other
			}
		}
		return words
	}}
}

// of is the nearest whole word of letters that is not the word itself in
// another case; "" where there is none.
func (n *neighbours) of(word string) string {
	ids := n.vocabulary.Encode(word)
	if len(ids) != 1 {
		return ""
	}
	if found, ok := n.known[ids[0]]; ok {
		return found
	}
	s := n.encoder.Session()
	var likeness []float32
	s.NoGrad(func() (err error) { // which sticks to the session
		own := n.table.Narrow(0, ids[0], 1).Transpose(0, 1)
		likeness, err = n.table.MatMul(own).Reshape(-1).Values()
		return err
	})
	best, found := math.Inf(-1), ""
	for id, like := range likeness {
		token := n.vocabulary.Word(id)
		if id != ids[0] && float64(like) > best && token != "" && !strings.EqualFold(token, word) {
			best, found = float64(like), token
		}
	}
	n.known[ids[0]] = found
	return found
}
