package command

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"lastmile/experiments"
	"lastmile/harness/graph"
	"lastmile/runs"
)

func (p Program) reportCommand() *cobra.Command {
	var f sweepFlags
	var out string
	c := &cobra.Command{
		Use:     "report FILE",
		Short:   "Write the report of a sweep from what is in the store",
		Example: "  lastmile report experiments/demo.toml --out reports/demo",
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			sweep, err := schema().Load(args[0], experiments.LoadOptions{Set: f.set})
			if err != nil {
				return err
			}
			warnings, err := warningsOf(c.Context(), sweep, f.work)
			switch {
			case c.Context().Err() != nil:
				return err
			case err != nil: // the store has all else, wherever the data are now
				fmt.Fprintf(c.ErrOrStderr(), "note: the report says nothing of what may disappoint in the data: %v\n", err)
			}
			return p.report(c, sweep, warnings, f, out, nil)
		},
	}
	c.Flags().StringArrayVar(&f.set, "set", nil, "change a setting: `KEY=VALUE`, may be repeated")
	c.Flags().StringVar(&f.work, "work", "work", "the `folder` of stages and results")
	c.Flags().StringVar(&out, "out", "", "the `folder` to write (default WORK/reports/NAME)")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	return c
}

// reported is what a command that ends in a report prints as JSON.
type reported struct {
	Result *graph.Result `json:"result,omitempty"`
	Report Report        `json:"report,omitempty"`
}

// report writes the report of a sweep and prints it. result is that of the
// runs, where they were just computed: without a run that is done there is
// nothing to report.
func (p Program) report(c *cobra.Command, sweep *experiments.Sweep, warnings []Warning, f sweepFlags, out string, result *graph.Result) error {
	if result != nil && !slices.ContainsFunc(result.Runs, func(r graph.RunStatus) bool { return r.Status == runs.Done }) {
		return emit(c, f.json, reported{Result: result}, func(io.Writer) error { return nil })
	}
	if out == "" {
		out = filepath.Join(f.work, "reports", sweep.Name)
	}
	written, err := p.Report(c.Context(), sweep, Reporting{Work: f.work, Out: out, Warnings: warnings, Command: f.line(sweep.File)})
	if err != nil {
		return err
	}
	return emit(c, f.json, reported{result, written}, written.Print)
}
