package command

import (
	"fmt"
	"io"
	"text/tabwriter"

	"lastmile/harness/results"

	"github.com/spf13/cobra"
)

func statusCommand() *cobra.Command {
	var f sweepFlags
	c := &cobra.Command{
		Use:   "status [FILE]",
		Short: "Show how far the runs of a sweep are",
		Long: `Status shows how far the runs and stages of a sweep file are: of those that are
running which process computes them, on which host and since when, of those that
failed why. Without a file it lists the sweeps in the store.`,
		Example: "  lastmile status\n  lastmile status experiments/demo.toml\n  lastmile status experiments/demo.toml --where variant=ppo",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listSweeps(c, f.work, f.json)
			}
			g, o, err := f.look(c.Context(), args[0])
			if err != nil {
				return err
			}
			status, err := g.Status(c.Context(), o)
			if err != nil {
				return err
			}
			if err := g.Times(c.Context(), &status); err != nil {
				return err
			}
			return emit(c, f.json, status, status.Print)
		},
	}
	f.add(c)
	return c
}

// listSweeps prints the sweeps in the store of a work folder.
func listSweeps(c *cobra.Command, work string, asJSON bool) (err error) {
	sweeps, err := results.Sweeps(c.Context(), work)
	if err != nil {
		return err
	}
	return emit(c, asJSON, sweeps, func(w io.Writer) error {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "SWEEP\tRUNS\tDONE\tFAILED\tFILE")
		for _, s := range sweeps {
			fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%s\n", s.Name, s.Runs, s.Done, s.Failed, s.File)
		}
		return t.Flush()
	})
}
