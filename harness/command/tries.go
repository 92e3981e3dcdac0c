package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"

	"lastmile/harness/graph"
	"lastmile/harness/progress"
	"lastmile/harness/results"
	"lastmile/harness/stages"
)

// of plans what an argument means: a sweep file, or else a run that the store knows.
func (f *sweepFlags) of(ctx context.Context, argument string) (*graph.Graph, graph.Options, error) {
	if info, err := os.Stat(argument); err == nil && !info.IsDir() {
		return f.look(ctx, argument)
	}
	if strings.HasSuffix(argument, ".toml") {
		return nil, graph.Options{}, stages.Mistakef("there is no sweep file %s", argument)
	}
	g, err := results.Plan(ctx, f.work, argument)
	return g, graph.Options{Jobs: 1}, err
}

func logsCommand() *cobra.Command {
	var f sweepFlags
	c := &cobra.Command{
		Use:   "logs RUN|FILE",
		Short: "Show why stages of a run failed, and what they wrote",
		Long: `Logs prints of each stage of a run, or of the runs of a sweep file, that is not done
where it stands, why it failed, and the stack of its panic or what its process wrote
before it died. RUN is as in lastmile show.`,
		Example: "  lastmile logs 'rloo, seed 2'\n  lastmile logs experiments/demo.toml --where seed=2",
		Args:    cobra.ExactArgs(1),
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

func retryCommand() *cobra.Command {
	var f sweepFlags
	c := &cobra.Command{
		Use:   "retry RUN|FILE",
		Short: "Have the failed stages of a run begin anew",
		Long: `Retry forgets the failed and interrupted tries of a run's stages, or of the runs of
a sweep file: the next lastmile run begins them anew. Without it a stage goes on from
its last checkpoint, which is of no use where the training went wrong before it.`,
		Example: "  lastmile retry 'rloo, seed 2' && lastmile run experiments/demo.toml",
		Args:    cobra.ExactArgs(1),
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
