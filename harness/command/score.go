package command

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lastmile/harness/scoring"
	"lastmile/metrics"
)

func scoreCommand() *cobra.Command {
	var f measureFlags
	var files scoring.Files
	var asJSON, asCSV bool
	c := &cobra.Command{
		Use:   "score [RUN...] | score --refs FILE --hyps FILE",
		Short: "Score a file of texts against references, or the outputs of runs again",
		Long: `Score compares texts with references and prints the mean of each metric with
its 95 % interval, of length_ratio the median. Files are plain text, a text a line, or records
(JSON lines, JSON, CSV, TSV, Parquet, Arrow) with the fields "text" for a hypothesis,
"reference" or "references" for references, "input" for what novelty, coverage,
density, faithfulness and the length adjustment length-normalised look at, and "id",
a text or a number, by which they belong together. Where there are no ids, or a file is
plain text, lines belong together by their order.

Given runs of the store, as lastmile compare names them, it scores the outputs
that are there, without decoding anything: those of all decodings, raw and
post-processed, or those that --decode and --form name; options of metrics that
no flag is given for are those of the runs' sweep. To keep a new metric
with the others, add it to metrics.names in the sweep file and run that again:
only scores are computed.

BLEU and chrF have a second row: the value of all texts together.
Metrics: ` + strings.Join(slices.DeleteFunc(metrics.Names(), rare), ", ") + `,
and bleurt with --scorer, ` + strings.Join(metrics.Likelihoods(), ", ") + `
with --likelihood-model, ` + strings.Join(metrics.BERTScores(), ", ") + ` with
--bertscore-model, faithfulness with --faithfulness-model, or as the store has them.
With --command a process of yours is asked too, as [metrics.command] of a sweep file
has it (lastmile help config): a number "score" in its answers is the metric
command-score.`,
		Example: `  lastmile score --metric rouge1,rougeL,la-rougeL --refs test.refs.txt --hyps out.txt
  lastmile score --metric bleu,chrf --refs a.txt --refs b.txt --hyps out.txt --csv
  lastmile score --refs test.jsonl --hyps out.jsonl --per-example scores.jsonl
  lastmile score --command 'python3 bertscore.py --model roberta-large' --numbers f1 --refs refs.txt --hyps out.txt
  lastmile score ppo mle --metric chrf,rouge2 --decode greedy --form raw`,
		Args: func(_ *cobra.Command, args []string) error {
			given := len(files.References) > 0 || files.Hypotheses != ""
			switch {
			case len(args) > 0 && given:
				return errors.New("score takes names of runs, or files with --refs and --hyps, and not both")
			case len(args) == 0 && (len(files.References) == 0 || files.Hypotheses == ""):
				return errors.New("score needs names of runs, or files: --refs and --hyps")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			measures, err := f.measures(c)
			if err != nil {
				return err
			}
			if len(args) > 0 {
				scores, err := scoring.ScoreRuns(c.Context(), scoring.RunScoring{
					Measures: measures, Selection: f.selection, Runs: args, PerExample: files.PerExample,
				})
				if err != nil {
					return err
				}
				return printScores(c, scores, asJSON, asCSV, scoring.PrintRunScores, scoring.WriteRunScoresCSV)
			}
			files.Measures = measures
			files.Note = func(text string) { fmt.Fprintf(c.ErrOrStderr(), "note: %s\n", text) }
			scores, err := scoring.ScoreFiles(c.Context(), files)
			if err != nil {
				return err
			}
			return printScores(c, scores, asJSON, asCSV, scoring.PrintScores, scoring.WriteScoresCSV)
		},
	}
	f.add(c, &files.References)
	c.Flags().StringVar(&files.Hypotheses, "hyps", "", "the `file` of texts to score")
	c.Flags().BoolVar(&files.ByOrder, "by-order", false, "pair the lines of files by their order, also where they have ids")
	c.Flags().BoolVar(&files.Partial, "partial", false, "let the hypotheses lack some of the references' ids")
	c.Flags().StringVar(&files.PerExample, "per-example", "", "a `file` to write each text's scores to, as JSON lines")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&asCSV, "csv", false, "print comma-separated values")
	c.MarkFlagsMutuallyExclusive("json", "csv")
	return c
}

// printScores writes scores in the form that was asked for.
func printScores[T any](c *cobra.Command, scores []T, asJSON, asCSV bool, text, csv func(io.Writer, []T) error) error {
	return emit(c, asJSON, scores, func(w io.Writer) error {
		if asCSV {
			return csv(w, scores)
		}
		return text(w, scores)
	})
}

// rare names are too many to list in a help text.
func rare(name string) bool {
	return strings.Contains(name, "-precision") || strings.Contains(name, "-recall") ||
		strings.ContainsAny(name, "3456789")
}
