package command

import (
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lastmile/experiments"
	"lastmile/harness/records"
	"lastmile/harness/stages"
)

// taskFlags say more of a task that is named on the command line.
type taskFlags struct {
	set            []string
	id, input      string
	references     []string
	promptTokens   int
	responseTokens int
}

func (f *taskFlags) add(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.set, "set", nil, "change a setting of the sweep file: `KEY=VALUE`, may be repeated")
	c.Flags().StringVar(&f.id, "id", "", "the `field` of a record with its name (default its number)")
	c.Flags().StringVar(&f.input, "input", "input", "the `field` of a record with the input")
	c.Flags().StringSliceVar(&f.references, "reference", []string{"reference", "references"}, "the `fields` of a record with references")
	c.Flags().IntVar(&f.promptTokens, "prompt-tokens", 512, "where inputs of files are cut, in tokens")
	c.Flags().IntVar(&f.responseTokens, "response-tokens", 128, "the longest response of files, in tokens")
}

// config is the configuration that a task names: that of the first run of a sweep file
// that makes negatives, or the defaults with an embedded data set, or with a
// file or folder of records for all splits.
func (f *taskFlags) config(task string) (experiments.Config, error) {
	if strings.HasSuffix(task, ".toml") {
		sweep, err := schema().Load(task, experiments.LoadOptions{Set: f.set})
		if err != nil {
			return experiments.Config{}, err
		}
		i := slices.IndexFunc(sweep.Runs, func(r experiments.Run) bool { return r.Config.Has("negatives") })
		return sweep.Runs[max(i, 0)].Config, nil
	}
	if len(f.set) > 0 {
		return experiments.Config{}, stages.Mistakef("--set changes settings of a sweep file, and %s is none", task)
	}
	config := stages.Defaults()
	if _, err := os.Stat(task); err != nil && !records.Is(task) {
		return config.With("task.data", task), nil
	}
	config = config.With("task.data", "files").With("task.fields.id", f.id).With("task.fields.input", f.input).With("task.fields.references", f.references)
	for _, split := range []string{"train", "dev", "test"} {
		config = config.With("task.files."+split, task)
	}
	return config.With("task.max_prompt_tokens", f.promptTokens).With("task.max_response_tokens", f.responseTokens), nil
}
