package command

import (
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lastmile/harness"
	"lastmile/metrics"
)

func scoreCommand() *cobra.Command {
	s := harness.Scoring{Options: metrics.DefaultOptions()}
	var asJSON, asCSV bool
	c := &cobra.Command{
		Use:   "score --refs FILE --hyps FILE",
		Short: "Score a file of texts against references",
		Long: `Score compares texts with references and prints the mean of each metric with
its 95 % bootstrap interval. Files are plain text, a text a line, or JSON lines
(.jsonl, .jsonl.gz) with the fields "text" for a hypothesis, "reference" or
"references" for references, "input" for what novelty, coverage, density and the
length adjustment length-normalised look at, and "id" where lines are to be
matched by it. BLEU and chrF have a second row: the value of all texts together.
Metrics: ` + strings.Join(slices.DeleteFunc(metrics.Names(), rare), ", ") + `,
and bleurt with --scorer.`,
		Example: `  lastmile score --metric rouge1,rougeL,la-rougeL --refs test.refs.txt --hyps out.txt
  lastmile score --metric bleu,chrf --refs a.txt --refs b.txt --hyps out.txt --csv
  lastmile score --refs test.jsonl --hyps out.jsonl --per-example scores.jsonl`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			scores, err := harness.ScoreFiles(s)
			if err != nil {
				return err
			}
			return emit(c, asJSON, scores, func(w io.Writer) error {
				if asCSV {
					return harness.WriteScoresCSV(w, scores)
				}
				return harness.PrintScores(w, scores)
			})
		},
	}
	scoringFlags(c, &s)
	c.Flags().StringVar(&s.Hypotheses, "hyps", "", "the `file` of texts to score")
	c.Flags().StringVar(&s.PerExample, "per-example", "", "a `file` to write each text's scores to, as JSON lines")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&asCSV, "csv", false, "print comma-separated values")
	c.MarkFlagsMutuallyExclusive("json", "csv")
	require(c, "refs", "hyps")
	return c
}

// scoringFlags are the flags that say how files are scored.
func scoringFlags(c *cobra.Command, s *harness.Scoring) {
	c.Flags().StringSliceVar(&s.Metrics, "metric", []string{"rouge1", "rouge2", "rougeL", "la-rougeL", "length_ratio", "repetition"}, "metrics, by `name`")
	c.Flags().StringArrayVar(&s.References, "refs", nil, "a `file` of references; may be repeated")
	c.Flags().StringVar(&s.Scorer, "scorer", "", "the `folder` of a trained scorer, for bleurt")
	c.Flags().BoolVar(&s.Options.Stemming, "stemming", s.Options.Stemming, "use Porter's stemmer in ROUGE")
	c.Flags().StringVar(&s.Options.LengthAdjustment, "length-adjustment", s.Options.LengthAdjustment,
		"the `formula` of length-adjusted ROUGE: "+strings.Join(metrics.Adjustments(), ", "))
	c.Flags().Float64Var(&s.Options.Alpha, "alpha", s.Options.Alpha, "the α of the formula exp")
}

// rare names are too many to list in a help text.
func rare(name string) bool {
	return strings.Contains(name, "-precision") || strings.Contains(name, "-recall") ||
		strings.ContainsAny(name, "3456789")
}
