package reward

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"lastmile/harness/model"
)

// Stacking is what a [Stack] is made with.
type Stacking struct {
	Reader
	// Truths are those of other prompts than the stack is fitted to, as tokens, and
	// VocabSize is how many tokens there are.
	Truths    []Truth
	VocabSize int
}

// NewStack fits a stack on a network to material that the network has not learned from:
// of all weights it takes those that have the least loss, with rankings weighing as
// Ranked says, plus ridge/2 times the square of their distance from the network alone.
// A truth above a negative costs -ln σ(difference of their scores) also where the
// network's own loss is binary cross-entropy, and squared errors are by the mean square
// of what differences should be: as they are they would outweigh the negatives.
func NewStack(ctx context.Context, network *model.Model, m Material, c ModelSettings, with Stacking) (*Stack, error) {
	if len(m.Examples) == 0 {
		return nil, fmt.Errorf("reward_model.stacked: its share of the training prompts leaves none with negatives to combine scores on")
	}
	s := &Stack{VocabSize: with.VocabSize, Truths: with.Truths}
	s.open(with.Reader)
	negatives, rankings := exampleGroups(m.Examples), rankingGroups(m.Rankings, c.margin())
	all, _ := trees(slices.Concat(negatives, rankings))
	scores, err := Model{Network: network}.ScoreAll(ctx, all, c.BatchSize)
	if err != nil {
		return nil, err
	}
	trivially := make([][][]float64, len(all))
	for i, tree := range all {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		trivially[i] = s.trivialScores(tree)
	}
	s.standardise(trivially)
	squared, ranked := c.RankLoss == "difference", c.Ranked
	if by := differences(rankings); squared && len(by) > 0 {
		ranked /= floats.Dot(by, by) / float64(len(by)) / (unit * unit)
	}
	p := problem{start: make([]float64, len(s.terms(0, trivially[0][0])))}
	p.start[0] = 1
	next := 0
	for _, part := range []struct {
		groups  []group
		share   float64
		squared bool
	}{{negatives, 1 - c.Ranked, false}, {rankings, ranked, squared}} {
		first, _ := pairs(part.groups)
		for _, g := range part.groups {
			terms := make([][]float64, len(g.Responses))
			for j := range terms {
				terms[j] = s.terms(scores[next][j], trivially[next][j])
			}
			next++
			for _, pair := range g.pairs {
				of := make([]float64, len(p.start))
				floats.SubTo(of, terms[pair.better], terms[pair.worse])
				p.pairs = append(p.pairs, difference{of: of, weight: part.share / float64(len(first)), squared: part.squared, wanted: pair.by / unit})
			}
		}
	}
	weights, err := p.solve()
	if err != nil {
		return nil, fmt.Errorf("combining the reward model with trivial scorers: %w", err)
	}
	s.setWeights(weights)
	return s, nil
}

// standardise takes means and deviations from trivial scores: [trees][responses][scorers].
func (s *Stack) standardise(trivially [][][]float64) {
	for k, scorer := range s.scorers {
		var scores []float64
		for _, responses := range trivially {
			for _, of := range responses {
				scores = append(scores, of[k])
			}
		}
		mean, deviation := stat.PopMeanStdDev(scores, nil)
		s.Scorers = append(s.Scorers, StackedScorer{Name: scorer.Name, Mean: mean, Deviation: deviation})
	}
}

// problem is a convex one: the least of the pairs' loss and of the weights' distance from
// where they start.
type problem struct {
	start []float64
	pairs []difference
}

// difference is a pair of responses by their terms, the better one's less the worse
// one's.
type difference struct {
	of     []float64
	weight float64
	// squared pairs are to differ by wanted, others by as much as they can.
	squared bool
	wanted  float64
}

// ridge keeps weights finite where a term decides all pairs.
const ridge = 1e-3

// value is the loss at weights.
func (p problem) value(weights []float64) float64 {
	sum := 0.0
	for i, w := range weights {
		sum += ridge / 2 * (w - p.start[i]) * (w - p.start[i])
	}
	for _, d := range p.pairs {
		margin := floats.Dot(weights, d.of)
		if d.squared {
			sum += d.weight * (margin - d.wanted) * (margin - d.wanted)
		} else {
			sum += d.weight * softplus(-margin)
		}
	}
	return sum
}

// solve finds the weights of the least loss by Newton's method with halved steps.
func (p problem) solve() ([]float64, error) {
	n := len(p.start)
	weights := slices.Clone(p.start)
	for range mostSteps {
		gradient, hessian := mat.NewVecDense(n, nil), mat.NewSymDense(n, nil)
		for i, w := range weights {
			gradient.SetVec(i, ridge*(w-p.start[i]))
			hessian.SetSym(i, i, ridge)
		}
		for _, d := range p.pairs {
			margin := floats.Dot(weights, d.of)
			slope, curvature := 2*(margin-d.wanted), 2.0
			if !d.squared {
				missing := 1 / (1 + math.Exp(margin))
				slope, curvature = -missing, missing*(1-missing)
			}
			of := mat.NewVecDense(n, d.of)
			gradient.AddScaledVec(gradient, d.weight*slope, of)
			hessian.SymRankOne(hessian, d.weight*curvature, of)
		}
		var cholesky mat.Cholesky
		if !cholesky.Factorize(hessian) {
			return nil, fmt.Errorf("scores are too large to be weighed")
		}
		step := mat.NewVecDense(n, nil)
		if err := cholesky.SolveVecTo(step, gradient); err != nil {
			return nil, err
		}
		before, size := p.value(weights), 1.0
		next := make([]float64, n)
		for {
			for i := range next {
				next[i] = weights[i] - size*step.AtVec(i)
			}
			if p.value(next) <= before || size < smallestStep {
				break
			}
			size /= 2
		}
		copy(weights, next)
		if size*mat.Norm(step, math.Inf(1)) < smallestStep {
			break
		}
	}
	return weights, nil
}

// Newton's method squares its error in each step near the end.
const (
	mostSteps    = 100
	smallestStep = 1e-9
)

// softplus is ln(1 + e^x).
func softplus(x float64) float64 {
	return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
}

// stackable are no more truths than a stack needs to know trigrams by.
const stackable = 20_000

// TruthsOf are truths of examples for a [Stacking], of very many the first.
func TruthsOf(examples []Example) []Truth {
	var all []Truth
	for _, e := range examples[:min(len(examples), stackable)] {
		all = append(all, e.Truth)
	}
	return all
}
