package command

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"lastmile/harness/graph"
	"lastmile/harness/progress"
	"lastmile/harness/results"
	"lastmile/harness/stages"
)

func statusCommand() *cobra.Command {
	var f sweepFlags
	var watch bool
	c := &cobra.Command{
		Use:   "status [FILE]",
		Short: "Show how far the runs of a sweep are",
		Long: `Status shows how far the runs and stages of a sweep file are: of those that are
running which process computes them, on which host and since when, of those that
failed why. Without a file it lists the sweeps in the store. With --watch it shows the
stages as a tree with progress, rate, time left and host, again and again until all are
done or Ctrl-C.`,
		Example: "  lastmile status\n  lastmile status experiments/demo.toml --watch\n  lastmile status experiments/demo.toml\n  lastmile status experiments/demo.toml --where variant=ppo",
		Args:    arguments(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if watch && (len(args) == 0 || f.json) {
				return stages.Mistakef("--watch shows the stages of a sweep file, and not as JSON")
			}
			if len(args) == 0 {
				return listSweeps(c, f.work, f.json)
			}
			g, o, err := f.look(c.Context(), args[0])
			if err != nil {
				return err
			}
			if watch {
				return watchStages(c, g, o)
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
	c.Flags().BoolVar(&watch, "watch", false, "show the stages as a tree, again and again until all are done")
	return c
}

// watchEvery is how often --watch looks: as often as running stages write down how far
// they are.
const watchEvery = 2 * time.Second

// watchStages shows the stages of a sweep until all are done. On a terminal each time
// takes the place of the one before.
func watchStages(c *cobra.Command, g *graph.Graph, o graph.Options) error {
	w := c.OutOrStdout()
	height := progress.Height(w)
	for {
		status, err := g.Status(c.Context(), o)
		if err != nil {
			return err
		}
		var frame strings.Builder
		if err := status.Tree(&frame, max(0, height-5)); err != nil {
			return err
		}
		if height > 0 {
			progress.Clear(w)
		}
		if _, err := io.WriteString(w, frame.String()); err != nil {
			return err
		}
		if !slices.ContainsFunc(status.Stages, func(st graph.StageStatus) bool { return st.Status != "done" }) {
			return nil
		}
		if height == 0 {
			fmt.Fprintln(w)
		}
		select {
		case <-c.Context().Done():
			return context.Cause(c.Context())
		case <-time.After(watchEvery):
		}
	}
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
