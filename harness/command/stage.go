package command

import (
	"context"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"lastmile/harness/stage"
	"lastmile/harness/stages"
)

// stageCommand computes a stage that was written down. Help does not list it: it is
// what lastmile run --jobs begins for each stage.
func stageCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "stage FOLDER",
		Short:  "Compute the stage that is written down in a folder",
		Hidden: true,
		Args:   arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			// A job of Slurm's that ends sends it to all its processes, and then the one
			// that has started this one does too: that is no second Ctrl-C.
			context.AfterFunc(c.Context(), func() { signal.Ignore(syscall.SIGTERM) })
			if spec, err := stage.ReadSpec(args[0]); err == nil {
				stopGrace.Store(int64(time.Duration(spec.Grace * float64(time.Second))))
			}
			out, err := stage.ClaimStdout()
			if err != nil {
				return err
			}
			return stage.Serve(c.Context(), args[0], stages.Funcs, out)
		},
	}
}

// stageCommandLine computes a stage in a process of its own, the folder left out: by
// this very program, also where its file has been replaced since it began.
var stageCommandLine = []string{"/proc/self/exe", "stage"}
