package scorer

import (
	"context"
	"fmt"

	"lastmile/harness/random"
	"lastmile/harness/torch"
)

// Outputs are what the scorer's head says of pairs: for each output, by its
// name, one value a pair; and the score under the name "score".
func (m *Scorer) Outputs(ctx context.Context, pairs []Pair) (names []string, values [][]float64, err error) {
	e := m.encoder
	outputs, err := e.outputs(ctx, m.reader, pairs)
	if err != nil {
		return nil, nil, err
	}
	names = append([]string{"score"}, e.Config.outputs()...)
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
	fold := share(ratings, folds, c.Seed)
	out := make([]float64, len(ratings))
	for f := range folds {
		var learn []Rating
		var pairs []Pair
		var at []int
		for i, r := range ratings {
			if fold[i] != f {
				learn = append(learn, r)
				continue
			}
			pairs, at = append(pairs, Pair{r.Reference, r.Candidate}), append(at, i)
		}
		if len(pairs) == 0 || len(learn) == 0 {
			return nil, fmt.Errorf("fold %d of %d has %d ratings to test on and %d to learn from; expected some of both", f+1, folds, len(pairs), len(learn))
		}
		scores, err := learnAndScore(ctx, dir, learn, pairs, c, threads, func(step, steps int, loss float64) {
			progress(f*steps+step, folds*steps, fmt.Sprintf("fold %d, loss %.3f", f+1, loss))
		})
		if err != nil {
			return nil, err
		}
		for k, i := range at {
			out[i] = scores[k]
		}
	}
	return out, nil
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
	v, err := readVocabulary(dir, e.Config)
	if err != nil {
		return nil, err
	}
	r := newReader(v, e.Config)
	if err := fineTune(ctx, e, r, learn, c, done); err != nil {
		return nil, err
	}
	return e.score(ctx, r, pairs)
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
