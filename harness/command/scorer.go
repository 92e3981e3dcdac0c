package command

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"lastmile/experiments"
	"lastmile/harness/doctor"
	"lastmile/harness/scoring"
	"lastmile/harness/stages"
	"lastmile/metrics"
)

func scorerCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "scorer",
		Short: "Train the learned metric from an encoder, and measure it",
		Args:  noCommand,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(scorerTrainCommand(), scorerEvaluateCommand())
	return c
}

// scorerConfig is the first run's configuration in a sweep file, with the sections of
// the learned metric and of others that need a model.
func scorerConfig(path string, set []string, others ...string) (experiments.Config, error) {
	// The section [scorer] is part of a run that the scorer scores.
	names := `"` + strings.Join(append([]string{stages.LearnedMetric}, others...), `","`) + `"`
	set = append(set, "metrics.names=["+names+"]")
	sweep, err := schema().Load(path, experiments.LoadOptions{Set: set})
	if err != nil {
		return experiments.Config{}, err
	}
	return sweep.Runs[0].Config, nil
}

func scorerTrainCommand() *cobra.Command {
	t := scoring.ScorerTraining{}
	var set []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "train FILE --out FOLDER",
		Short: "Train a scorer from an encoder on distortions of a task's references",
		Long: `Train reads the task and the section scorer of a sweep file (its first run) and
trains a scorer from the encoder (BERT, RoBERTa or DeBERTa-v3), or the scorer, in
the folder scorer.path: on distortions of the task's references, and on human ratings
where scorer.ratings names a file of them. The folder it writes is for --scorer of
lastmile score, or for scorer.path. Stopped, the same command goes on.`,
		Example: "  lastmile scorer train experiments/scorer.toml --set scorer.path=models/all-minilm-l6-v2 --out scorer",
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			if t.Config, err = scorerConfig(args[0], set); err != nil {
				return err
			}
			t.Progress = lines(c.ErrOrStderr())
			quality, err := scoring.TrainScorer(c.Context(), t)
			if err != nil {
				return err
			}
			return emit(c, asJSON, quality, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "%d distorted dev texts: Pearson %.3f, Spearman %.3f with the targets\nThe scorer: %s\n", quality.N, quality.Pearson, quality.Spearman, t.Out)
				return err
			})
		},
	}
	c.Flags().StringArrayVar(&set, "set", nil, "change a setting: `KEY=VALUE`, may be repeated")
	c.Flags().StringVar(&t.Out, "out", "", "the `folder` to write")
	c.Flags().IntVar(&t.Threads, "threads", doctor.Cores(), "threads to compute with")
	c.Flags().StringVar(&t.Device, "device", "auto", "the `device` to train on: cpu, cuda:0, auto")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	require(c, "out")
	return c
}

func scorerEvaluateCommand() *cobra.Command {
	e := scoring.ScorerEvaluation{}
	var set []string
	var likelihoodModel string
	var asJSON bool
	c := &cobra.Command{
		Use:   "evaluate FILE --scorer FOLDER | --likelihood-model FOLDER",
		Short: "Measure a scorer against human ratings and against negatives",
		Long: `Evaluate prints the Spearman and Kendall correlation of a scorer, of each of its
outputs, of ROUGE and, with --likelihood-model, of likelihoods with human ratings
(JSON lines with reference, candidate, the rating, and source), with intervals
from a bootstrap over sources; prompts are those of the section likelihood. The same
for the mean of scorer and likelihood_reference, to which no rating is needed; in folds
that share no source for all of these combined, for the scorer fine-tuned, and for the
mean of the two; and how often the scorer puts a reference of the task's test split
above each kind of negatives.`,
		Example: `  lastmile scorer evaluate experiments/scorer.toml --scorer scorer --ratings ratings.jsonl --field overall
  lastmile scorer evaluate experiments/scorer.toml --likelihood-model models/smollm2-135m-instruct --ratings ratings.jsonl`,
		Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			var others []string
			if likelihoodModel != "" {
				set, others = append(set, "likelihood.model="+strconv.Quote(likelihoodModel)), metrics.Likelihoods()
			}
			if e.Config, err = scorerConfig(args[0], set, others...); err != nil {
				return err
			}
			e.Progress = lines(c.ErrOrStderr())
			quality, err := scoring.EvaluateScorer(c.Context(), e)
			if err != nil {
				return err
			}
			return emit(c, asJSON, quality, quality.Print)
		},
	}
	c.Flags().StringArrayVar(&set, "set", nil, "change a setting: `KEY=VALUE`, may be repeated")
	c.Flags().StringVar(&e.Scorer, "scorer", "", "the scorer's `folder`")
	c.Flags().StringVar(&likelihoodModel, "likelihood-model", "", "the `folder` of a causal language model")
	c.Flags().StringVar(&e.Ratings, "ratings", "", "a `file` of human ratings")
	c.Flags().StringVar(&e.Field, "field", "rating", "the `name` of the field with the rating")
	c.Flags().IntVar(&e.Folds, "folds", 5, "folds to fine-tune in; 0 for none")
	c.Flags().IntVar(&e.Examples, "examples", 300, "test examples that negatives are made of")
	c.Flags().IntVar(&e.Threads, "threads", doctor.Cores(), "threads to compute with")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.MarkFlagsOneRequired("scorer", "likelihood-model")
	return c
}
