package command

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"lastmile/harness/progress"
	"lastmile/harness/slurm"
	"lastmile/harness/stages"
	"lastmile/runs"
)

func (p Program) runCommand() *cobra.Command {
	var f sweepFlags
	var dryRun, verify bool
	var executor, worker string
	c := &cobra.Command{
		Use:   "run FILE",
		Short: "Compute the runs of a sweep file, and report",
		Long: `Run computes the stages of a sweep's runs that are not there yet, brings the
results into the store WORK/lastmile.db, and writes the report. The same
command after a crash or Ctrl-C goes on where it stopped, and when all is done
it computes nothing. An artifact whose files have another size or content than when
it was written is computed again. A stage that fails fails its runs and no others. With --jobs
above 1 each stage is computed in a process of its own, so that even a crash, or
the kernel's out-of-memory killer, costs no more than that.

With --executor slurm the stages are computed by tasks of an array job. Run submits
it, follows it, and submits again what died; Ctrl-C leaves the job running, and the
same command comes back to it. With --dry-run it prints the job's script.`,
		Example: `  lastmile run experiments/demo.toml --dry-run
  lastmile run experiments/demo.toml --where variant=mle --where seed=1
  lastmile run experiments/demo.toml --set rl.updates=100 --work /data/long
  lastmile run experiments/demo.toml --set reward.length.weight=0.5 --work /data/short
  lastmile run experiments/negatives.toml --jobs 4
  lastmile run experiments/negatives.toml --executor slurm`,
		Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			g, o, err := f.plan(c.Context(), args[0])
			if err != nil {
				return err
			}
			if err := p.Check(g.Sweep); err != nil {
				return stages.Mistakef("%s: %w", g.Sweep.File, err)
			}
			var job slurm.Job
			if executor != "local" || worker != "" {
				if job, err = f.job(g, o, args[0], executor); err != nil {
					return err
				}
			}
			if worker != "" {
				job.Hash, worker = worker, job.Hash
				return serveTask(c, job, worker, g, o)
			}
			status, err := g.Status(c.Context(), o)
			if err != nil {
				return err
			}
			if dryRun {
				if err := g.Times(c.Context(), &status); err != nil {
					return err
				}
				planned := plannedRun{Status: status}
				if executor == "slurm" {
					planned.Slurm = planJob(job)
				}
				return emit(c, f.json, planned, planned.Print)
			}
			fmt.Fprintln(c.ErrOrStderr(), status.Summary())
			warnings, err := warningsOf(c.Context(), g.Sweep, f.work)
			if err != nil {
				return err
			}
			printWarnings(c.ErrOrStderr(), warnings)
			display := progress.New(c.ErrOrStderr())
			o.Report = display.Report
			if o.Verify = verify; verify {
				far := slow(c.ErrOrStderr(), 5*time.Second)
				o.Verified = func(done, total int) { far(done, total, "stages verified") }
			}
			if executor == "slurm" {
				o.Elsewhere = (&slurm.Coordinator{Job: job, Say: display.Say}).Run
			}
			result, err := g.Run(c.Context(), o)
			display.Close()
			if err != nil {
				return err
			}
			for _, r := range result.Runs {
				if r.Status == runs.Failed {
					fmt.Fprintf(c.ErrOrStderr(), "run %s (%s, seed %d) failed: %s\n", r.ID, r.Label, r.Seed, r.Reason)
				}
			}
			if err := p.report(c, g.Sweep, warnings, f, "", &result); err != nil {
				return err
			}
			if !result.Complete() {
				return errRunsFailed
			}
			return nil
		},
	}
	f.add(c)
	c.Flags().StringVar(&executor, "executor", "local", "`where` the stages are computed: local, or slurm, as jobs that the section [slurm] describes")
	c.Flags().StringVar(&worker, "worker", "", "compute stages beside other workers, of the job with this hash")
	if err := c.Flags().MarkHidden("worker"); err != nil {
		panic(err) // there is no such flag: a slip in this file
	}
	c.Flags().BoolVar(&dryRun, "dry-run", false, "print the runs and stages, what is done, and an estimate; compute nothing")
	c.Flags().BoolVar(&verify, "verify", false, "read all files of the stages that are done, and compute again what is damaged")
	return c
}
