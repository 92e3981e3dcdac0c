package stages

import (
	"context"

	"lastmile/harness/data"
	"lastmile/harness/negatives"
	"lastmile/harness/trivial"
)

// spoiledExample are the negatives of one example, and the truth beside them.
type spoiledExample struct {
	truth     trivial.Response
	negatives []negatives.Negative
	trivial   [][]float64 // of each negative, by scorer
}

// spoiled returns the negatives of the chosen dev examples: those that the run's
// negatives stage made, and one of each kind that the run leaves out. Trivial scorers are
// fitted to the truths of train.
func (e *evaluator) spoiled(ctx context.Context, chosen []int) ([]spoiledExample, error) {
	learned, err := data.ReadLines[negatives.Negative](splitFile(e.job.Inputs[Negatives], data.Train))
	if err != nil {
		return nil, err
	}
	type form struct {
		kind  string
		ended bool
	}
	trained := map[form]bool{}
	for _, n := range learned {
		trained[form{n.Kind, n.Ended}] = true
	}
	e.names.Trained = func(kind string, ended bool) bool { return trained[form{kind, ended}] }
	held, err := data.ReadLines[negatives.Negative](splitFile(e.job.Inputs[Negatives], data.Dev))
	if err != nil {
		return nil, err
	}
	of, own := map[string][]negatives.Negative{}, map[string]bool{}
	for _, n := range held {
		of[n.Example] = append(of[n.Example], n)
		own[n.Kind] = true
	}
	every, err := e.negatives.Only()
	if err != nil {
		return nil, err
	}
	maker, err := negatives.New(every, e.Codec, e, e.dev)
	if err != nil {
		return nil, err
	}
	truths := make([]trivial.Response, len(e.train))
	for i, example := range e.train {
		truths[i] = e.truth(example, example.Input)
	}
	scorers := trivial.Scorers(truths, e.VocabSize())
	for _, s := range scorers {
		e.names.Trivial = append(e.names.Trivial, s.Name)
	}
	all := make([]spoiledExample, len(chosen))
	for k, i := range chosen {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		input := maker.Input(i)
		at := &all[k]
		at.truth = e.truth(e.dev[i], input)
		at.negatives = of[e.dev[i].ID]
		for _, n := range maker.MakeAll(e.Seed, i) {
			if !own[n.Kind] {
				at.negatives = append(at.negatives, n)
			}
		}
		for _, n := range at.negatives {
			pair := []trivial.Pair{{Truth: at.truth, Negative: trivial.Response{Input: input, Text: n.Text, Tokens: n.Tokens, Ended: n.Ended}}}
			right := make([]float64, len(scorers))
			for s, scorer := range scorers {
				right[s] = scorer.Accuracy(pair)
			}
			at.trivial = append(at.trivial, right)
		}
	}
	return all, nil
}

// truth is an example's first reference as a response.
func (l Language) truth(example data.Example, input string) trivial.Response {
	tokens, ended := l.Codec.Response(example.References[0])
	return trivial.Response{Input: input, Text: l.Codec.Text(tokens), Tokens: tokens, Ended: ended}
}
