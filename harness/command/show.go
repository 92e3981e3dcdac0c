package command

import (
	"lastmile/harness/results"

	"github.com/spf13/cobra"
)

func showCommand() *cobra.Command {
	var work string
	var examples int
	var asJSON bool
	c := &cobra.Command{
		Use:   "show RUN",
		Short: "Show a run: its settings, stages, scores and examples",
		Long: `Show prints what the store knows of a run: the settings that differ from the
defaults, the folders of its stages, its mean scores, and some outputs. RUN is
its label, "LABEL, seed N", its variant, or the beginning of its ID.`,
		Example: "  lastmile show 3f0a\n  lastmile show 'rloo, seed 2' --examples 10\n  lastmile show 'mle longer, seed 1'",
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			r, err := results.Show(c.Context(), work, args[0], examples)
			if err != nil {
				return err
			}
			return emit(c, asJSON, r, r.Print)
		},
	}
	c.Flags().StringVar(&work, "work", "work", "the `folder` of stages and results")
	c.Flags().IntVar(&examples, "examples", 3, "number of examples")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
