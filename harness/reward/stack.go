package reward

import (
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"lastmile/harness/model"
	"lastmile/harness/stage"
	"lastmile/harness/trivial"
)

// Stack is what the score of a reward model's network is combined with: what trivial
// scorers, of whether a response ends, its length, its repetitions, its words of the
// prompt and its trigrams, say of it, each alone and each times each, itself among them,
// so that there can be a best value within a range, and another for long responses than
// for short ones. It is a generalised linear model on top of the others' outputs (stacked
// generalization: Wolpert 1992), fitted to prompts that none of them has seen.
type Stack struct {
	// Network is the weight of the network's score.
	Network float64 `json:"network"`
	// Scorers are in the order of [trivial.Scorers].
	Scorers []StackedScorer `json:"scorers"`
	// Products are of each two scorers, and of each with itself.
	Products []Product `json:"products"`
	// VocabSize and Truths, as tokens, are what the trivial scorers were fitted to.
	VocabSize int     `json:"vocab_size"`
	Truths    []Truth `json:"truths"`

	scorers []trivial.Scorer
	reader  Reader
}

// Truth is a response as tokens, a line in the stack's file.
type Truth []int

// MarshalText writes the tokens with spaces between.
func (t Truth) MarshalText() ([]byte, error) {
	var text []byte
	for i, token := range t {
		if i > 0 {
			text = append(text, ' ')
		}
		text = strconv.AppendInt(text, int64(token), 10)
	}
	return text, nil
}

// UnmarshalText reads what MarshalText has written.
func (t *Truth) UnmarshalText(text []byte) error {
	*t = nil
	for _, word := range strings.Fields(string(text)) {
		token, err := strconv.Atoi(word)
		if err != nil {
			return fmt.Errorf("%q is no token", word)
		}
		*t = append(*t, token)
	}
	return nil
}

// StackedScorer is a trivial scorer, which adds Weight·z to the score, where z is its own
// score less Mean, by Deviation, and within ±3, so that no response gains by going on
// beyond what has been seen.
type StackedScorer struct {
	Name      string  `json:"name"`
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
	Weight    float64 `json:"weight"`
}

// Product adds Weight times the product of the standardised scores of two scorers.
type Product struct {
	Of     [2]string `json:"of"`
	Weight float64   `json:"weight"`
}

// furthest bounds a standardised trivial score.
const furthest = 3

// Reader reads tokens as trivial scorers must.
type Reader struct {
	// Prompt is what a prompt's tokens say, and Response what a response's do.
	Prompt, Response func(tokens []int) string
	// Ends are the tokens that end a response.
	Ends []int
}

// open makes the scorers.
func (s *Stack) open(reader Reader) {
	s.reader = reader
	truths := make([]trivial.Response, len(s.Truths))
	for i, tokens := range s.Truths {
		truths[i] = trivial.Response{Tokens: tokens}
	}
	s.scorers = trivial.Scorers(truths, s.VocabSize)
}

// stackFile is where a reward model's stack lies in its folder.
func stackFile(dir string) string { return filepath.Join(dir, "stack.json") }

// Write writes the stack into the folder of its reward model.
func (s *Stack) Write(dir string) error { return stage.WriteJSON(stackFile(dir), s) }

// ReadStack reads the stack in the folder of a reward model, nil where it has none.
func ReadStack(dir string, reader Reader) (*Stack, error) {
	var s Stack
	switch err := stage.ReadJSON(stackFile(dir), &s); {
	case os.IsNotExist(err):
		return nil, nil
	case err != nil:
		return nil, err
	}
	s.open(reader)
	if n := len(s.scorers); len(s.Products) != n*(n+1)/2 || !slices.EqualFunc(s.Scorers, s.scorers, func(a StackedScorer, b trivial.Scorer) bool { return a.Name == b.Name }) {
		return nil, fmt.Errorf("%s: it has the trivial scorers of another version of lastmile", stackFile(dir))
	}
	return &s, nil
}

// trivialScores are the trivial scores of the responses of a tree: [responses][scorers].
func (s *Stack) trivialScores(tree model.Tree) [][]float64 {
	input := s.reader.Prompt(tree.Prompt)
	all := make([][]float64, len(tree.Responses))
	for i, tokens := range tree.Responses {
		response := trivial.Response{
			Input:  input,
			Text:   s.reader.Response(tokens),
			Tokens: tokens,
			Ended:  len(tokens) > 0 && slices.Contains(s.reader.Ends, tokens[len(tokens)-1]),
		}
		for _, scorer := range s.scorers {
			all[i] = append(all[i], scorer.Score(response))
		}
	}
	return all
}

// standard is a trivial score in units of its deviation from its mean.
func (s StackedScorer) standard(score float64) float64 {
	if s.Deviation == 0 {
		return 0
	}
	return math.Max(-furthest, math.Min(furthest, (score-s.Mean)/s.Deviation))
}

// terms are what the weights multiply where the network and the trivial scorers score a
// response so: the network's score, standardised trivial scores, and their products.
func (s *Stack) terms(network float64, scores []float64) []float64 {
	terms := []float64{network}
	for i, scorer := range s.Scorers {
		terms = append(terms, scorer.standard(scores[i]))
	}
	z := terms[1:]
	for i, j := range products(len(z)) {
		terms = append(terms, z[i]*z[j])
	}
	return terms
}

// products are the places of each two of so many scorers, and of each twice.
func products(n int) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for j := range n {
			for i := range j + 1 {
				if !yield(i, j) {
					return
				}
			}
		}
	}
}

// setWeights sets the weights of the terms, in their order.
func (s *Stack) setWeights(weights []float64) {
	s.Products = nil
	for i, j := range products(len(s.Scorers)) {
		s.Products = append(s.Products, Product{Of: [2]string{s.Scorers[i].Name, s.Scorers[j].Name}})
	}
	for i, weight := range s.weights() {
		*weight = weights[i]
	}
}

// weights are those of the terms, in their order.
func (s *Stack) weights() []*float64 {
	all := []*float64{&s.Network}
	for i := range s.Scorers {
		all = append(all, &s.Scorers[i].Weight)
	}
	for i := range s.Products {
		all = append(all, &s.Products[i].Weight)
	}
	return all
}

// combine is the score of a response that the network and the trivial scorers score so.
func (s *Stack) combine(network float64, scores []float64) float64 {
	score := 0.0
	weights := s.weights()
	for i, term := range s.terms(network, scores) {
		score += *weights[i] * term
	}
	return score
}
