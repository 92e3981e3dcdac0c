package command

import (
	"github.com/spf13/cobra"

	"lastmile/harness/scoring"
	"lastmile/metrics"
)

func compareCommand() *cobra.Command {
	var f measureFlags
	var compare scoring.Comparing
	var asJSON bool
	c := &cobra.Command{
		Use:   "compare A B",
		Short: "Compare two runs, two groups of runs, or two files, and say what is noise",
		Long: `Compare prints for each metric both means, their difference with its 95 %
interval, p, p corrected for all metrics (Holm), on how many examples A wins,
ties and loses, and in words what is significant; then the examples where the
two differ most.

A and B are runs of the store, by their label, their variant, "LABEL, seed N",
or the beginning of their ID. A label that several seeds share is a group: the
interval is then over examples and seeds, and A and B are compared on the seeds
that both have. Nothing is decoded: metrics are computed on the outputs that
the store has, those of greedy decoding without post-processing unless --decode
and --form say otherwise, each with one value for both or with A's and B's; the
learned metric and those of pretrained models and of commands are taken from the
store. With --refs, A and B are files of texts, as in lastmile score.

With three or more seeds, the interval and p are about other examples and other
training seeds, and a difference is called significant where the corrected p is
below --level. With one or two seeds, and for files, the interval is for these
two models, over examples; there is no p, and nothing is called significant.
length_ratio is compared by the mean of |ln ratio|, so that less is closer to 1.
BLEU and chrF have a second row: the values of all texts together.

Options of metrics that no flag is given for (stemming, length adjustment, its
α) are those of A's sweep, for files the defaults.`,
		Example: `  lastmile compare rloo mle
  lastmile compare rloo mle --decode sample --metric rougeL,chrf --examples 10
  lastmile compare mle mle --form raw,post
  lastmile compare 'rloo, seed 1' 'rloo, seed 2' --json
  lastmile compare a.txt b.txt --refs refs.txt --metric bleu,rougeL`,
		Args: arguments(2, 2),
		RunE: func(c *cobra.Command, args []string) error {
			compare.A, compare.B = args[0], args[1]
			var err error
			if compare.Measures, err = f.measures(c); err != nil {
				return err
			}
			compare.Selection = f.selection
			result, err := scoring.Compare(c.Context(), compare)
			if err != nil {
				return err
			}
			return emit(c, asJSON, result, result.Print)
		},
	}
	f.add(c, &compare.References)
	c.Flags().BoolVar(&compare.ByOrder, "by-order", false, "pair the lines of files by their order, also where they have ids")
	c.Flags().IntVar(&compare.Examples, "examples", 5, "number of examples")
	c.Flags().StringVar(&compare.By, "by", "", "the `metric` that examples are chosen by (default the first one)")
	c.Flags().Float64Var(&compare.Level, "level", metrics.Level, "below what a corrected p is called significant")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
