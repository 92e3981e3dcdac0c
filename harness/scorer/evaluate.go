package scorer

import (
	"context"
	"fmt"

	"lastmile/harness/encoder"
	"lastmile/harness/random"
	"lastmile/harness/torch"
)

// Outputs are what the scorer's head says of pairs: for each output, by its
// name, one value a pair; and the score under the name "score".
func (m *Scorer) Outputs(ctx context.Context, pairs []Pair) (names []string, values [][]float64, err error) {
	e := m.encoder
	outputs, err := e.outputs(ctx, m.reader, pairs, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	names = append([]string{"score"}, e.Config.Outputs()...)
	values = make([][]float64, len(names))
	for k := range values {
		values[k] = make([]float64, len(pairs))
	}
	for i := range pairs {
		values[0][i] = e.Config.score(outputs[i])
		for k, value := range outputs[i] {
			values[k+1][i] = value
		}
	}
	return names, values, nil
}

// CrossValidate fine-tunes the scorer in a folder on ratings in folds: the
// scores of each fold are those of a scorer that was fine-tuned, from the
// folder anew, on all ratings but that fold's. Sources are shared out to the
// folds at random, so that none is in two. Nothing is chosen by the scores of
// the fold that is left out.
func CrossValidate(ctx context.Context, dir string, ratings []Rating, folds int, c Settings, threads int, progress func(done, total int, note string)) ([]float64, error) {
	out := make([]float64, len(ratings))
	err := eachFold(ratings, folds, c.Seed, func(f int, learn, test []int) error {
		learned := make([]Rating, len(learn))
		for k, i := range learn {
			learned[k] = ratings[i]
		}
		pairs := make([]Pair, len(test))
		for k, i := range test {
			pairs[k] = Pair{ratings[i].Reference, ratings[i].Candidate}
		}
		scores, err := learnAndScore(ctx, dir, learned, pairs, c, threads, func(step, steps int, loss float64) {
			progress(f*steps+step, folds*steps, fmt.Sprintf("fold %d, loss %.3f", f+1, loss))
		})
		if err != nil {
			return err
		}
		for k, i := range test {
			out[i] = scores[k]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// eachFold calls use for each fold, counted from 0, with the ratings to learn from and
// those to test on. A fold that lacks either is an error.
func eachFold(ratings []Rating, folds, seed int, use func(f int, learn, test []int) error) error {
	fold := share(ratings, folds, seed)
	for f := range folds {
		var learn, test []int
		for i := range ratings {
			if fold[i] == f {
				test = append(test, i)
			} else {
				learn = append(learn, i)
			}
		}
		if len(learn) == 0 || len(test) == 0 {
			return fmt.Errorf("fold %d of %d has %d ratings to test on and %d to learn from; expected some of both", f+1, folds, len(test), len(learn))
		}
		if err := use(f, learn, test); err != nil {
			return err
		}
	}
	return nil
}

func learnAndScore(ctx context.Context, dir string, learn []Rating, pairs []Pair, c Settings, threads int, done func(step, steps int, loss float64)) ([]float64, error) {
	s, err := torch.Open(torch.Options{Threads: threads})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	e, err := Load(s, dir)
	if err != nil {
		return nil, err
	}
	v, err := encoder.ReadVocabulary(dir, e.Config.Config)
	if err != nil {
		return nil, err
	}
	r := newReader(v, e.Config)
	if err := fineTune(ctx, e, r, learn, c, done); err != nil {
		return nil, err
	}
	return e.score(ctx, r, pairs, nil, nil)
}

// share gives each rating one of the folds, 0 to folds - 1, by its source.
func share(ratings []Rating, folds, seed int) []int {
	groups := make(map[string]int)
	var names []string
	for i, r := range ratings {
		if name := group(r, i); groups[name] == 0 {
			names = append(names, name)
			groups[name] = len(names)
		}
	}
	place := random.New(seed, "scorer", "folds").Perm(len(names))
	fold := make([]int, len(ratings))
	for i, r := range ratings {
		fold[i] = place[groups[group(r, i)]-1] % folds
	}
	return fold
}
