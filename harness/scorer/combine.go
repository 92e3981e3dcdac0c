package scorer

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// ridge is the penalty of [Combine] on squared weights, for each rating that it learns
// from, where scores have a deviation of 1.
const ridge = 0.01

// Combine fits a weighted sum of several scores to ratings in folds, by ridge regression
// on scores of mean 0 and deviation 1: what the sum says of each fold's texts was fitted
// on all ratings but that fold's. scores are [score, rating]. Sources are shared out to
// the folds as [CrossValidate] does.
func Combine(scores [][]float64, ratings []Rating, folds, seed int) ([]float64, error) {
	out := make([]float64, len(ratings))
	err := eachFold(ratings, folds, seed, func(f int, learn, test []int) error {
		weights, err := fitSum(scores, ratings, learn)
		if err != nil {
			return fmt.Errorf("fold %d of %d: %w", f+1, folds, err)
		}
		for _, i := range test {
			out[i] = weights.of(scores, i)
		}
		return nil
	})
	return out, err
}

// sum is a weighted sum of scores.
type sum struct {
	bias           float64
	means, weights []float64 // of the scores as they are
}

// of is the sum of what the scores say of a text.
func (s sum) of(scores [][]float64, i int) float64 {
	value := s.bias
	for k, w := range s.weights {
		value += w * (scores[k][i] - s.means[k])
	}
	return value
}

// fitSum fits a sum to some of the ratings. A score that is the same for all of them has
// no weight.
func fitSum(scores [][]float64, ratings []Rating, learn []int) (sum, error) {
	n, k := len(learn), len(scores)
	s := sum{means: make([]float64, k), weights: make([]float64, k)}
	target := make([]float64, n)
	for j, i := range learn {
		target[j] = ratings[i].Rating
	}
	s.bias = stat.Mean(target, nil)
	x := mat.NewDense(n, k, nil)
	deviations := make([]float64, k)
	column := make([]float64, n)
	for c := range scores {
		for j, i := range learn {
			column[j] = scores[c][i]
		}
		s.means[c], deviations[c] = stat.PopMeanStdDev(column, nil)
		if deviations[c] == 0 || math.IsNaN(deviations[c]) {
			deviations[c] = math.Inf(1)
		}
		for j := range column {
			x.Set(j, c, (column[j]-s.means[c])/deviations[c])
		}
	}
	y := mat.NewVecDense(n, target)
	for j := range n {
		y.SetVec(j, y.AtVec(j)-s.bias)
	}
	normal := mat.NewSymDense(k, nil)
	normal.SymOuterK(1, x.T())
	for c := range k {
		normal.SetSym(c, c, normal.At(c, c)+ridge*float64(n))
	}
	var factors mat.Cholesky
	if !factors.Factorize(normal) {
		return s, fmt.Errorf("the scores cannot be combined: their covariances are not positive definite")
	}
	var right, weights mat.VecDense
	right.MulVec(x.T(), y)
	if err := factors.SolveVecTo(&weights, &right); err != nil {
		return s, fmt.Errorf("combining the scores: %w", err)
	}
	for c := range k {
		s.weights[c] = weights.AtVec(c) / deviations[c]
	}
	return s, nil
}
