package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"lastmile/experiments"
	"lastmile/harness/graph"
	"lastmile/harness/progress"
	"lastmile/harness/slurm"
	"lastmile/harness/stage"
	"lastmile/harness/stages"
)

// job is what Slurm is to compute of a sweep file.
func (f *sweepFlags) job(g *graph.Graph, o graph.Options, file, executor string) (slurm.Job, error) {
	if executor != "slurm" && executor != "local" {
		return slurm.Job{}, stages.Mistakef("--executor %s: there is no such executor; one of local, slurm", executor)
	}
	work, err := filepath.Abs(f.work)
	if err != nil {
		return slurm.Job{}, err
	}
	dir, err := os.Getwd()
	if err != nil {
		return slurm.Job{}, err
	}
	program, err := os.Executable()
	if err != nil {
		return slurm.Job{}, err
	}
	j := slurm.Job{
		Settings: experiments.Get[slurm.Settings](g.Sweep.Config, "slurm"),
		Hash:     slurm.Hash(work, g.Goals(o)),
		Sweep:    g.Sweep.Name,
		Work:     work,
		Dir:      dir,
		Command:  []string{program, "run", file},
	}
	for _, setting := range f.set {
		j.Command = append(j.Command, "--set="+setting)
	}
	for _, selection := range f.where {
		j.Command = append(j.Command, "--where="+selection)
	}
	if f.threads != 0 {
		j.Command = append(j.Command, "--threads="+strconv.Itoa(f.threads))
	}
	j.Command = append(j.Command, "--work="+work, "--worker="+j.Hash)
	return j, nil
}

// serveTask computes stages as a task of a job. The hash is that of what was planned
// here.
func serveTask(c *cobra.Command, job slurm.Job, hash string, g *graph.Graph, o graph.Options) error {
	if experiments.Get[graph.Runtime](g.Sweep.Config, "runtime").Threads == 0 {
		if threads := slurm.Threads(); threads > 0 {
			o.Threads = threads
		}
	}
	out := c.ErrOrStderr()
	return job.Serve(c.Context(), out, func(ctx context.Context) (stage.Worked, error) {
		if err := job.Expect(hash); err != nil {
			return stage.Worked{}, err
		}
		display := progress.New(out)
		defer display.Close()
		o.Report = display.Report
		work := graph.WorkOptions{Options: o}
		work.Idle, work.Poll, work.Lease, work.Grace = job.Pace()
		stopGrace.Store(int64(work.Grace))
		return g.Work(ctx, work)
	})
}

// plannedRun is what a dry run prints.
type plannedRun struct {
	graph.Status
	// Slurm is the job that would be submitted.
	Slurm *plannedJob `json:"slurm,omitempty"`
}

// plannedJob is a job that would be submitted.
type plannedJob struct {
	// Path is where the script would be, Submission the command line for one task, and
	// Tasks the most of them at once.
	Path       string   `json:"path"`
	Script     string   `json:"script"`
	Submission []string `json:"submission"`
	Tasks      int      `json:"tasks"`
}

func planJob(j slurm.Job) *plannedJob {
	submission := j.Submission([]int{0})
	return &plannedJob{Path: submission[len(submission)-1], Script: j.Script(), Submission: submission, Tasks: j.Tasks}
}

// Print writes the status, and the job.
func (p plannedRun) Print(w io.Writer) error {
	if err := p.Status.Print(w); err != nil || p.Slurm == nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s:\n\n%s\nsubmitted for so many tasks as can be computed at once, %d at most, by\n\n%s\n",
		p.Slurm.Path, p.Slurm.Script, p.Slurm.Tasks, Line(p.Slurm.Submission...))
	return err
}
