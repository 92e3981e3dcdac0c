package command

import (
	"time"

	"github.com/spf13/cobra"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/dataset"
	"lastmile/harness/stages"
)

func dataCommand() *cobra.Command {
	var f taskFlags
	var folder string
	var asJSON bool
	c := &cobra.Command{
		Use:   "data TASK",
		Short: "Look at a task's data: counts, lengths, what is cut, what splits share",
		Long: `Data reads a task's data as a run would, and prints for each split how many
examples and references there are, how long they are in words and in tokens, how
many prompts and references are cut, how many inputs are there twice, and how many
of dev and test are, or nearly are, training examples.

TASK is the name of an embedded data set, a sweep file (.toml), for the task of its
first run, or files of your own: JSON lines, JSON, CSV, TSV, Parquet or Arrow,
plain, .gz or .zst; a folder of Hugging Face's datasets, as it is cloned or as
save_to_disk leaves it; or a pattern such as 'train-*.parquet'.`,
		Example: `  lastmile data debian-descriptions
  lastmile data experiments/dialogsum.toml
  lastmile data samsum --input dialogue --reference summary --id id
  lastmile data train.parquet --input translation.en --reference translation.de --json`,
		Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			config, err := f.config(args[0])
			if err != nil {
				return err
			}
			if folder == "" {
				folder = stages.TokenizerFolder(config)
			}
			survey, err := dataset.Look(c.Context(), experiments.Get[data.Task](config, "task"), folder, slow(c.ErrOrStderr(), 2*time.Second))
			if err != nil {
				return err
			}
			return emit(c, asJSON, survey, survey.Print)
		},
	}
	c.Flags().StringVar(&folder, "model", "", "the Hugging Face `folder` of the tokenizer (default the sweep's model.path, or the model that ships with lastmile)")
	f.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
