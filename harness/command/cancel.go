package command

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"lastmile/harness/results"
	"lastmile/harness/stage"
	"lastmile/harness/stages"
)

func cancelCommand() *cobra.Command {
	var work string
	c := &cobra.Command{
		Use:   "cancel SWEEP",
		Short: "Stop the processes that compute a sweep",
		Long: `Cancel stops the processes of this machine that compute a sweep in a work folder, as
Ctrl-C does: nothing that was finished is lost, and the same lastmile run goes on.
SWEEP is the sweep's name, or its file where that is called so.`,
		Example: "  lastmile cancel demo",
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := results.HasWork(work); err != nil {
				return err
			}
			store, err := stage.Open(work)
			if err != nil {
				return err
			}
			name := strings.TrimSuffix(filepath.Base(args[0]), ".toml")
			of := func() []stage.Present {
				return slices.DeleteFunc(store.Present(), func(p stage.Present) bool { return p.Doing != "run "+name })
			}
			host, err := os.Hostname()
			if err != nil {
				return err
			}
			// Of a process that ran here before the machine was started anew, another one
			// may have the number by now.
			here := func(p stage.Present) bool { return p.Host == host && p.Here() }
			found := of()
			if len(found) == 0 {
				return stages.Mistakef("no process computes the sweep %s in %s", name, work)
			}
			elsewhere := 0
			for _, p := range found {
				if !here(p) {
					elsewhere++
					fmt.Fprintf(c.ErrOrStderr(), "%v is on another machine, or was on this one before it was started anew; it is not stopped\n", p.Owner)
				} else if err := syscall.Kill(p.Process, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
					return fmt.Errorf("stopping %v: %w", p.Owner, err)
				}
			}
			for limit := time.Now().Add(2 * stopWithin); len(of()) > elsewhere; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(limit) {
					return fmt.Errorf("%v has not ended yet", of()[0].Owner)
				}
				if err := c.Context().Err(); err != nil {
					return err
				}
			}
			for _, p := range found {
				if here(p) {
					fmt.Fprintf(c.OutOrStdout(), "stopped %v\n", p.Owner)
				}
			}
			if elsewhere > 0 {
				return errRunsFailed
			}
			return nil
		},
	}
	c.Flags().StringVar(&work, "work", "work", "the `folder` of stages and results")
	return c
}
