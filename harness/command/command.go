// Package command is lastmile's command line: it parses, calls and prints. A
// command is a file, and [Program.commands] lists them. Reports stand beside
// the package harness and not below it, so the program brings what writes them.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"lastmile/experiments"
	"lastmile/harness/algorithms"
	"lastmile/harness/progress"
	"lastmile/harness/slurm"
	"lastmile/harness/stages"
	"lastmile/runs"
)

// The exit codes.
const (
	exitFailed      = 1   // a run, or something on the way, failed
	exitMistake     = 2   // what the user gave cannot be used
	exitInterrupted = 130 // stopped by Ctrl-C
)

// Program is what the commands need from the program that they are part of.
type Program struct {
	// Version is the program's own.
	Version string
	// Check tells what of a sweep cannot be reported, before anything is computed.
	Check func(sweep *experiments.Sweep) error
	// Report writes the report of a sweep.
	Report func(ctx context.Context, sweep *experiments.Sweep, r Reporting) (Report, error)
}

// Reporting says how to write a report.
type Reporting struct {
	// Work is the work folder whose store has the results, and Out the folder to
	// write.
	Work, Out string
	// Warnings are those of the sweep's data.
	Warnings []Warning
	// Command is the command line that computes what the report shows.
	Command []string
}

// Report is a report that was written. As JSON it is what --json prints.
type Report interface {
	// Print writes its findings, its table and where it lies.
	Print(w io.Writer) error
}

// Run runs the command line of the program's arguments and returns the exit
// code. What the program itself knows comes from p.
func Run(p Program) int {
	ctx, stop := interruptible(context.Background())
	defer stop()
	stderr := progress.Inert(os.Stderr)
	root := p.commands()
	root.SetOut(progress.Inert(os.Stdout))
	root.SetErr(stderr)
	begun := false // whether the command line was understood
	var watch func(c *cobra.Command)
	watch = func(c *cobra.Command) {
		if do := c.RunE; do != nil && c != root {
			c.RunE = func(c *cobra.Command, args []string) error {
				begun = true
				return do(c, args)
			}
		}
		for _, child := range c.Commands() {
			watch(child)
		}
	}
	watch(root)
	err := within(ctx, stopLimit, func() error { return root.ExecuteContext(ctx) })
	var sweepErrors experiments.Errors
	var mistake stages.Mistake
	var refused *slurm.MistakeError
	var left *slurm.LeftError
	var noStore *runs.RefusedError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errRunsFailed), errors.Is(err, errDamaged):
		return exitFailed
	case errors.As(err, &left):
		fmt.Fprintf(stderr, "stopped looking; %v. To come back:\n  %s\n", left, Line(os.Args...))
		return exitInterrupted
	case ctx.Err() != nil:
		fmt.Fprintf(stderr, "interrupted; nothing that was finished is lost. To go on:\n  %s\n", Line(os.Args...))
		return exitInterrupted
	case errors.As(err, &sweepErrors):
		fmt.Fprintln(stderr, err)
		return exitMistake
	case errors.As(err, &mistake), errors.As(err, &refused), errors.As(err, &noStore):
		fmt.Fprintln(stderr, "lastmile:", err)
		return exitMistake
	case !begun:
		fmt.Fprintf(stderr, "lastmile: %v; see lastmile help\n", err)
		return exitMistake
	}
	fmt.Fprintln(stderr, "lastmile:", err)
	return exitFailed
}

// errRunsFailed says that runs failed, which the user was told already.
var errRunsFailed = errors.New("runs failed")

// stopWithin is how long after Ctrl-C the program ends, whatever it waits for: a disk
// that does not answer, or a pipe that nobody writes to. It is more than what stages
// and their processes are given.
const stopWithin = 2900 * time.Millisecond

// stopGrace is how much longer a stage is waited for, in nanoseconds: where it computes
// as a task of Slurm's, which is told in time.
var stopGrace atomic.Int64

func stopLimit() time.Duration { return stopWithin + time.Duration(stopGrace.Load()) }

// within returns what do returns, or once ctx is done what it is done for, if do takes
// longer than so long after that. The process should end then, as it may at any moment
// without loss.
func within(ctx context.Context, limit func() time.Duration, do func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- do() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-ended:
		return err
	case <-time.After(limit()):
		return context.Cause(ctx)
	}
}

// interruptible returns a context that the first Ctrl-C ends, or SIGTERM, or SIGHUP
// unless nohup has it ignored; the second ends the process.
func interruptible(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	stopped := make(chan struct{})
	go func() {
		for _, then := range []func(){cancel, func() { os.Exit(exitInterrupted) }} {
			select {
			case <-signals:
				then()
			case <-stopped:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(stopped)
		cancel()
	}
}

// Line returns arguments as one would type them.
func Line(arguments ...string) string {
	var typed []string
	for _, a := range arguments {
		if a == "" || strings.ContainsAny(a, " \t\n\"'\\$`*?[]{}()<>|&;#~") {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		typed = append(typed, a)
	}
	return strings.Join(typed, " ")
}

func (p Program) commands() *cobra.Command {
	root := &cobra.Command{
		Use:   "lastmile",
		Short: "Experiments in the last mile of training language models",
		Long: `Lastmile fine-tunes language models by maximum likelihood, makes bad outputs
from the ground truth, improves the policy without human feedback (against a
reward model that learned from the two, against other rewards, or on the pairs
themselves), decodes, scores and reports: a sweep file in, tables out.

Algorithms: ` + strings.Join(algorithms.Names(), ", ") + `.`,
		Example: `  lastmile run experiments/demo.toml --dry-run       # what would be computed
  lastmile run experiments/demo.toml                 # compute it, and report
  lastmile run experiments/negatives.toml --jobs 2   # two stages at once
  lastmile compare rloo mle                          # what is noise
  lastmile show 'rloo, seed 1'                       # one run
  echo "A long text" | lastmile generate 'rloo, seed 1'`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(wrongFlag)
	root.SetHelpCommand(helpCommand())
	root.AddCommand(p.runCommand(), statusCommand(), p.reportCommand(), showCommand(), logsCommand(), retryCommand(), cancelCommand(), verifyCommand(), gcCommand(),
		scoreCommand(), compareCommand(), scorerCommand(), dataCommand(), negativesCommand(), generateCommand(), exportCommand(), exportCurvesCommand(), stageCommand(), doctorCommand(), p.versionCommand(), configCommand())
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			// It would print its help for a shell that it does not know.
			c.Args, c.RunE = noCommand, func(c *cobra.Command, _ []string) error { return c.Help() }
		}
	}
	return root
}
