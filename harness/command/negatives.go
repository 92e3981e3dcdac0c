package command

import (
	"time"

	"github.com/spf13/cobra"

	"lastmile/harness/scoring"
	"lastmile/harness/stages"
)

func negativesCommand() *cobra.Command {
	v := scoring.NegativesView{}
	var f taskFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "negatives TASK",
		Short: "Show negatives of each kind, and what trivial scorers make of them",
		Long: `Negatives makes one negative of each kind for each of a task's examples, prints
some beside their input and truth, and a table of accuracies: how often a scorer
puts the truth above the negative, if it looks at nothing but the end token, the
length, repeated tokens, the words in common with the input, or the trigrams of
other examples' truths. What such a scorer reaches, a reward model can reach
without judging anything.

TASK is the name of an embedded data set, a file or folder of records, or a sweep
file (.toml), for the task and the settings of kinds of
its first run that makes negatives; kinds that it does not name, or that there
is no sweep for, have their default settings. Negatives are those that a run of
the same seed has of the dev split, and the trivial scorers learn from train; of
a single file, each takes a half. No model is needed, but a tokenizer; so negatives of
the kind policy, which a run's MLE policy writes, are not shown.`,
		Example: `  lastmile negatives debian-descriptions
  lastmile negatives experiments/demo.toml --kind entity,number,negation --examples 5
  lastmile negatives texts.jsonl --input dialogue --reference summary --pairs 200 --json`,
		Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			if v.Config, err = f.config(args[0]); err != nil {
				return err
			}
			if v.Pairs < 1 {
				return stages.Mistakef("--pairs: found %d, expected at least 1", v.Pairs)
			}
			if v.Examples < 0 {
				return stages.Mistakef("--examples: found %d, expected at least 0", v.Examples)
			}
			v.Progress = slow(c.ErrOrStderr(), 2*time.Second)
			seen, err := scoring.ViewNegatives(c.Context(), v)
			if err != nil {
				return err
			}
			return emit(c, asJSON, seen, seen.Print)
		},
	}
	c.Flags().StringSliceVar(&v.Kinds, "kind", nil, "kinds of negatives, by `name` (default all)")
	c.Flags().IntVar(&v.Examples, "examples", 2, "examples of each kind to print")
	c.Flags().IntVar(&v.Pairs, "pairs", 1000, "the most examples that negatives are made of")
	c.Flags().IntVar(&v.Seed, "seed", 1, "the seed of the negatives")
	c.Flags().StringVar(&v.Model, "model", "", "the Hugging Face `folder` of the tokenizer (default the sweep's model.path, or the model that ships with lastmile)")
	f.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
