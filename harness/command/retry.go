package command

import (
	"fmt"
	"io"

	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"

	"lastmile/harness/progress"
)

func retryCommand() *cobra.Command {
	var f sweepFlags
	c := &cobra.Command{
		Use:   "retry RUN|FILE",
		Short: "Have the failed stages of a run begin anew",
		Long: `Retry forgets the failed and interrupted tries of a run's stages, or of the runs of
a sweep file: the next lastmile run begins them anew. Without it a stage goes on from
its last checkpoint, which is of no use where the training went wrong before it.`,
		Example: "  lastmile retry 'rloo, seed 2' && lastmile run experiments/demo.toml",
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			g, o, err := f.of(c.Context(), args[0])
			if err != nil {
				return err
			}
			forgotten, err := g.Forget(c.Context(), o)
			if err != nil {
				return err
			}
			return emit(c, f.json, forgotten, func(w io.Writer) error {
				for _, of := range forgotten {
					fmt.Fprintf(w, "%s  %s\n", of.Kind, progress.Visible(of.Name))
				}
				_, err := fmt.Fprintf(w, "%s will begin anew\n", english.Plural(len(forgotten), "stage", ""))
				return err
			})
		},
	}
	f.addSelection(c)
	return c
}
