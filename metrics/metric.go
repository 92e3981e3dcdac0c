package metrics

import (
	"fmt"
	"math"
)

// Input is one example as a metric sees it.
type Input struct {
	// ID is that of the example, which no metric of this package looks at.
	ID string
	// Hypothesis is the text to be scored.
	Hypothesis string
	// References are the texts it is measured against.
	References []string
	// Source is the text it was made from.
	Source string
	// Ended says that the model ended the text by itself.
	Ended bool
	// Tokens is the length of the hypothesis in tokens of the model.
	Tokens int
}

// Metric turns examples into scores.
type Metric interface {
	// Name is what a sweep file calls the metric, such as rougeL.
	Name() string
	// Signature says how the score was made, such as
	// rougeL|stem:yes|agg:max|tok:rouge-score-0.1.2|v:1.0.
	Signature() string
	// Direction says which scores are better.
	Direction() Direction
	// ScoreAll returns one score for each input, in their order. It may use
	// all cores.
	ScoreAll(inputs []Input) ([]float64, error)
}

// One scores a single example.
func One(m Metric, input Input) (float64, error) {
	scores, err := scoreAll(m, []Input{input})
	if err != nil {
		return 0, err
	}
	return scores[0], nil
}

// PerExample makes a metric of a function that looks at one example at a time.
// The function is called by several goroutines at once.
func PerExample(name, signature string, direction Direction, score func(Input) float64) Metric {
	return builtin{
		name:      name,
		signature: signature,
		direction: direction,
		score:     func(r *reader) float64 { return score(*r.input) },
	}
}

// scoreAll calls a metric and checks what it gave back.
func scoreAll(m Metric, inputs []Input) ([]float64, error) {
	scores, err := m.ScoreAll(inputs)
	if err != nil {
		return nil, fmt.Errorf("scoring %d examples with %s: %w", len(inputs), m.Name(), err)
	}
	if len(scores) != len(inputs) {
		return nil, fmt.Errorf("scoring with %s: got %d scores for %d examples", m.Name(), len(scores), len(inputs))
	}
	if err := finite(m, scores); err != nil {
		return nil, err
	}
	return scores, nil
}

// finite says where a score is not a number.
func finite(m Metric, scores []float64) error {
	for i, score := range scores {
		if math.IsNaN(score) || math.IsInf(score, 0) {
			return fmt.Errorf("scoring with %s: the score of example %d is %v, expected a finite number", m.Name(), i+1, score)
		}
	}
	return nil
}

// Direction says which scores of a metric are better.
type Direction int

const (
	// Neutral scores are neither good nor bad.
	Neutral Direction = iota
	// Higher scores are better.
	Higher
	// Lower scores are better.
	Lower
	// CloserToOne is better: of two ratios, the one with the smaller |ln ratio|.
	CloserToOne
)

// String returns words for a table: "higher", "lower", "closer to 1" or
// "none".
func (d Direction) String() string {
	switch d {
	case Higher:
		return "higher"
	case Lower:
		return "lower"
	case CloserToOne:
		return "closer to 1"
	default:
		return "none"
	}
}

// Compare returns 1 where a is better than b, −1 where it is worse, and 0
// where neither is.
func (d Direction) Compare(a, b float64) int {
	switch d {
	case Lower:
		a, b = -a, -b
	case CloserToOne:
		a, b = -fromOne(a), -fromOne(b)
	case Neutral:
		return 0
	}
	switch {
	case a > b:
		return 1
	case a < b:
		return -1
	default:
		return 0
	}
}

// builtin is a metric of this package: one example at a time, read by a
// reader that several metrics share.
type builtin struct {
	name       string
	signature  string
	direction  Direction
	references bool // cannot do without a reference
	source     bool // cannot do without the input
	share      bool // 0 or 1
	unicode    bool // its words are those of the tokenizer "unicode"
	score      func(*reader) float64
}

func (m builtin) Name() string         { return m.name }
func (m builtin) Signature() string    { return m.signature }
func (m builtin) Direction() Direction { return m.direction }

func (m builtin) ScoreAll(inputs []Input) ([]float64, error) {
	scores, err := scoreBuiltins([]builtin{m}, inputs, 0)
	if err != nil {
		return nil, err
	}
	return scores[0], nil
}
