package scoring

import (
	"context"
	"fmt"
	"slices"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/negatives"
	"lastmile/harness/random"
	"lastmile/harness/stages"
	"lastmile/harness/trivial"
)

// NegativesView says which negatives to look at.
type NegativesView struct {
	// Config has the task, and the settings of the kinds that it names; those of
	// others are their defaults. Where train and dev are one file, half of its examples
	// are set apart for the trivial scorers.
	Config experiments.Config
	// Model is the Hugging Face folder with the tokenizer; "" means the configuration's
	// model.path, or where that names none, the model that ships with lastmile.
	Model string
	// Kinds are the names of kinds; none means all.
	Kinds []string
	// Examples is how many examples of each kind are shown, Pairs the most that
	// accuracies are measured on.
	Examples, Pairs int
	Seed            int
	Progress        func(done, total int, note string)
}

// NegativesSeen are negatives of a task, and what trivial scorers make of them.
type NegativesSeen struct {
	// Task names the task.
	Task string `json:"task"`
	// N is the number of examples that negatives were made of, Truths that of the other
	// examples whose references the trivial scorers have counted.
	N      int `json:"n"`
	Truths int `json:"truths"`
	// Scorers are the names of the trivial scorers, in the order of the accuracies, and
	// About what each takes for better.
	Scorers []string `json:"scorers"`
	About   []string `json:"about"`
	// Kinds are in the order of reports.
	Kinds []KindSeen `json:"kinds"`
}

// KindSeen is one kind of negatives, with the end token or without it.
type KindSeen struct {
	Kind  string `json:"kind"`
	Ended bool   `json:"ended"`
	// N is the number of examples that one could be made of.
	N int `json:"n"`
	// Accuracies are, for each trivial scorer, the share of these examples where it puts
	// the truth above the negative; a tie counts as half.
	Accuracies []float64 `json:"accuracies"`
	// Examples are the first of them.
	Examples []NegativeExample `json:"examples"`
}

// NegativeExample is a negative beside what it was made from.
type NegativeExample struct {
	ID string `json:"id"`
	// Input is as much of the input as a prompt shows.
	Input    string `json:"input"`
	Truth    string `json:"truth"`
	Negative string `json:"negative"`
}

// ViewNegatives makes one negative of each kind for each of a task's dev examples, which
// are those that accuracies of a run with the same seed and tokenizer are measured on, or
// for half of those in a file, and measures what trivial scorers reach on them. The
// scorers are fitted to the truths of other examples.
func ViewNegatives(ctx context.Context, v NegativesView) (seen NegativesSeen, err error) {
	task := experiments.Get[data.Task](v.Config, "task")
	seen.Task = task.Data
	if task.Data == data.UserFiles {
		seen.Task = task.Files.Dev
	}
	fitted, examples, err := readApart(task)
	if err != nil {
		return seen, stages.Mistake{Err: err}
	}
	folder := v.Model
	if folder == "" {
		folder = stages.TokenizerFolder(v.Config)
	}
	l, err := stages.OpenLanguage(folder, task)
	if err != nil {
		return seen, stages.Mistake{Err: err}
	}
	settings := negatives.Settings{PerExample: negatives.PerExample{PerExample: 1}}
	if v.Config.Has("negatives") {
		if settings, err = negatives.Of(v.Config); err != nil {
			return seen, err
		}
	}
	if settings, err = settings.Only(v.Kinds...); err != nil {
		return seen, stages.Mistake{Err: err}
	}
	if slices.Contains(v.Kinds, negatives.PolicyKind) {
		return seen, stages.Mistakef("negatives of the kind %s are samples of a run's MLE policy, and no model is loaded here; other kinds can be shown", negatives.PolicyKind)
	}
	maker, err := negatives.New(settings, l.Codec, l, examples)
	if err != nil {
		return seen, err
	}
	scorers := trivial.Scorers(truths(l.Codec, fitted), l.VocabSize())
	for _, s := range scorers {
		seen.Scorers, seen.About = append(seen.Scorers, s.Name), append(seen.About, s.About)
	}
	seen.N, seen.Truths = min(v.Pairs, len(examples)), len(fitted)
	err = seen.measure(ctx, v, maker, l.Codec, examples, scorers)
	return seen, err
}

// readApart returns the examples whose truths the trivial scorers learn, and those that
// negatives are made of.
func readApart(task data.Task) (fitted, examples []data.Example, err error) {
	if examples, err = data.Read(task, data.Dev); err != nil {
		return nil, nil, err
	}
	if task.Data != data.UserFiles || task.Files.Train != task.Files.Dev {
		fitted, err = data.Read(task, data.Train)
		return fitted, examples, err
	}
	if len(examples) < 4 {
		return nil, nil, fmt.Errorf("%s has %d examples; half are for the trivial scorers, so that at least 4 are needed", task.Files.Dev, len(examples))
	}
	random.New(0, "negatives", "halves").Shuffle(len(examples), func(i, j int) { examples[i], examples[j] = examples[j], examples[i] })
	half := len(examples) / 2
	return examples[half:], examples[:half], nil
}

// truths are the first references as responses.
func truths(codec *data.Codec, examples []data.Example) []trivial.Response {
	out := make([]trivial.Response, len(examples))
	for i, e := range examples {
		tokens, ended := codec.Response(e.References[0])
		out[i] = trivial.Response{Input: e.Input, Text: codec.Text(tokens), Tokens: tokens, Ended: ended}
	}
	return out
}

// measure makes the negatives and compares them with their truths, kind by kind.
func (seen *NegativesSeen) measure(ctx context.Context, v NegativesView, maker *negatives.Maker, codec *data.Codec, examples []data.Example, scorers []trivial.Scorer) error {
	var pairs [][]trivial.Pair // by kind
	right := truths(codec, examples)
	// Not the first ones: a file may be in some order.
	for done, i := range random.New(0, "negatives", "order").Perm(len(examples))[:seen.N] {
		if err := ctx.Err(); err != nil {
			return err
		}
		input := maker.Input(i)
		right[i].Input = input
		for _, n := range maker.MakeAll(v.Seed, i) {
			k := slices.IndexFunc(seen.Kinds, func(k KindSeen) bool { return k.Kind == n.Kind && k.Ended == n.Ended })
			if k < 0 {
				k = len(seen.Kinds)
				seen.Kinds = append(seen.Kinds, KindSeen{Kind: n.Kind, Ended: n.Ended})
				pairs = append(pairs, nil)
			}
			seen.Kinds[k].N++
			pairs[k] = append(pairs[k], trivial.Pair{Truth: right[i], Negative: trivial.Response{Input: input, Text: n.Text, Tokens: n.Tokens, Ended: n.Ended}})
			if len(seen.Kinds[k].Examples) < v.Examples {
				seen.Kinds[k].Examples = append(seen.Kinds[k].Examples, NegativeExample{n.Example, input, examples[i].References[0], n.Text})
			}
		}
		if v.Progress != nil {
			v.Progress(done+1, seen.N, "examples")
		}
	}
	for k := range seen.Kinds {
		for _, s := range scorers {
			seen.Kinds[k].Accuracies = append(seen.Kinds[k].Accuracies, s.Accuracy(pairs[k]))
		}
	}
	order := func(k KindSeen) int {
		place := 2 * slices.Index(negatives.Names(), k.Kind)
		if !k.Ended {
			place++
		}
		return place
	}
	slices.SortFunc(seen.Kinds, func(a, b KindSeen) int { return order(a) - order(b) })
	return nil
}
