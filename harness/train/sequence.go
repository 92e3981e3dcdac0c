package train

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"lastmile/harness/model"
	"lastmile/harness/torch"
)

// Sequence is one training text: a prompt, and a response that is learned.
type Sequence struct {
	// Tokens are the prompt's and the response's.
	Tokens []int
	// Prompt is the number of the prompt's tokens, at least 1.
	Prompt int
}

// Response is the number of the response's tokens.
func (q Sequence) Response() int { return len(q.Tokens) - q.Prompt }

// batch is a set of sequences as the model takes them: padded on the right,
// which a causal model never looks at.
type batch struct {
	model.Input
	predict []int64 // flat positions whose next token is a response token
	targets []int64 // those tokens
	tokens  int     // real tokens
}

func newBatch(sequences []Sequence) batch {
	var b batch
	for _, q := range sequences {
		b.Length = max(b.Length, len(q.Tokens)-1)
	}
	b.Rows = len(sequences)
	b.Tokens = make([]int64, b.Rows*b.Length)
	for row, q := range sequences {
		for i, token := range q.Tokens[:len(q.Tokens)-1] {
			b.Tokens[row*b.Length+i] = int64(token)
		}
		for i := q.Prompt; i < len(q.Tokens); i++ {
			b.predict = append(b.predict, int64(row*b.Length+i-1))
			b.targets = append(b.targets, int64(q.Tokens[i]))
		}
		b.tokens += len(q.Tokens)
	}
	return b
}

// logprobs are the log-probabilities, in nats, of the response tokens: one
// dimension, row by row. The vocabulary is projected only there.
func logprobs(m *model.Model, b batch) *torch.Tensor {
	return m.Logprobs(m.HiddenAt(b.Input, b.predict), b.targets, 1)
}

// Bucket puts the indices of items in a random order in which neighbours are
// of similar size, and cuts it where full says that a batch of n items, the
// largest of the given size, can take no more. Batches come in random order.
func Bucket(stream *rand.Rand, sizes []int, window int, full func(n, largest int) bool) [][]int {
	order := stream.Perm(len(sizes))
	var batches [][]int
	for part := range slices.Chunk(order, window) {
		slices.SortStableFunc(part, func(a, b int) int { return cmp.Compare(sizes[a], sizes[b]) })
		start := 0
		for i := range part {
			if i > start && full(i-start+1, sizes[part[i]]) {
				batches = append(batches, part[start:i])
				start = i
			}
		}
		batches = append(batches, part[start:])
	}
	stream.Shuffle(len(batches), func(i, j int) { batches[i], batches[j] = batches[j], batches[i] })
	return batches
}

func lengths(sequences []Sequence) []int {
	sizes := make([]int, len(sequences))
	for i, q := range sequences {
		sizes[i] = len(q.Tokens)
	}
	return sizes
}

func pick[T any](items []T, indices []int) []T {
	out := make([]T, len(indices))
	for i, index := range indices {
		out[i] = items[index]
	}
	return out
}
