package command

import (
	"fmt"
	"io"

	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"

	"lastmile/harness/results"
	"lastmile/harness/stages"
)

func exportCurvesCommand() *cobra.Command {
	var e results.CurveExport
	var asJSON bool
	c := &cobra.Command{
		Use:   "export-curves [RUN]",
		Short: "Write training curves for TensorBoard, W&B or a spreadsheet",
		Long: `Export-curves writes the training curves of a run, of all seeds of a label, or of a
whole sweep: as event files, a folder for each run, which TensorBoard opens and
wandb sync --sync-tensorboard uploads; or as comma-separated values. Steps stand for
times, since the store has none. RUN is as in lastmile show.`,
		Example: `  lastmile export-curves rloo --tensorboard curves
  lastmile export-curves --sweep truth --tensorboard curves
  lastmile export-curves 'rloo, seed 1' --csv rloo.csv`,
		Args: arguments(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				e.Run = args[0]
			}
			switch {
			case e.TensorBoard == "" && e.CSV == "":
				return stages.Mistakef("export-curves needs --tensorboard DIR or --csv FILE")
			case e.Run == "" && e.Sweep == "":
				return stages.Mistakef("export-curves needs the name of a run, or --sweep NAME")
			}
			n, err := results.ExportCurves(c.Context(), e)
			if err != nil {
				return err
			}
			return emit(c, asJSON, map[string]int{"runs": n}, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "curves of %s\n", english.Plural(n, "run", ""))
				return err
			})
		},
	}
	c.Flags().StringVar(&e.Work, "work", "work", "the `folder` of stages and results")
	c.Flags().StringVar(&e.Sweep, "sweep", "", "the `name` of the sweep whose runs are meant")
	c.Flags().StringVar(&e.TensorBoard, "tensorboard", "", "a `folder` for event files")
	c.Flags().StringVar(&e.CSV, "csv", "", "a `file` for comma-separated values")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
