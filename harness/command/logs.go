package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"lastmile/harness/progress"
)

func logsCommand() *cobra.Command {
	var f sweepFlags
	c := &cobra.Command{
		Use:   "logs RUN|FILE",
		Short: "Show why stages of a run failed, and what they wrote",
		Long: `Logs prints of each stage of a run, or of the runs of a sweep file, that is not done
where it stands, why it failed, and the stack of its panic or what its process wrote
before it died. RUN is as in lastmile show.`,
		Example: "  lastmile logs 'rloo, seed 2'\n  lastmile logs experiments/demo.toml --where seed=2",
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			g, o, err := f.of(c.Context(), args[0])
			if err != nil {
				return err
			}
			logs, err := g.Logs(c.Context(), o)
			if err != nil {
				return err
			}
			return emit(c, f.json, logs, func(w io.Writer) error {
				for _, of := range logs {
					line := of.Status
					if of.Owner != nil {
						line += " by " + of.Owner.String()
					}
					if of.Reason != "" {
						line += ": " + of.Reason
					}
					fmt.Fprintf(w, "%s  %s: %s\n", of.Kind, progress.Visible(of.Name), line)
					for text := range strings.Lines(of.Log) {
						fmt.Fprintf(w, "    %s\n", strings.TrimRight(text, "\n"))
					}
				}
				if len(logs) == 0 {
					_, err := fmt.Fprintln(w, "all stages are done")
					return err
				}
				return nil
			})
		},
	}
	f.addSelection(c)
	return c
}
