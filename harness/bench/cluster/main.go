// Command cluster estimates how long a sweep takes on a cluster, by a simulation of the
// workers of lastmile run --executor slurm: they wait in a queue, choose stages as
// [lastmile/harness/stage.Store.Work] does, see what others do as late as it comes to
// them over a shared file system, die and are submitted again. Nothing is computed.
//
//	cluster [-nodes N] [-queue DURATION] [-deaths SHARE] [...] FILE
//
// How long stages take is by their kind, as durations.go says. What the simulation
// assumes is printed with what it gives.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"lastmile/experiments"
	"lastmile/harness/command"
	"lastmile/harness/graph"
)

func main() {
	if err := estimate(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func estimate(arguments []string) error {
	c := conditions{
		Nodes: 500, Queue: 10 * time.Minute, Deaths: 0.01, Limit: 12 * time.Hour, Checkpoint: 5 * time.Minute,
		Request: 2 * time.Millisecond, Requests: 110, Poll: 15 * time.Second, Lease: time.Minute, Idle: 10 * time.Minute, Seed: 1,
	}
	flags := flag.NewFlagSet("cluster", flag.ExitOnError)
	flags.IntVar(&c.Nodes, "nodes", c.Nodes, "the most tasks at once, one a node")
	flags.DurationVar(&c.Queue, "queue", c.Queue, "mean time in the queue, exponentially distributed")
	flags.Float64Var(&c.Deaths, "deaths", c.Deaths, "share of the tasks that die, at a time that is drawn evenly from the time limit")
	flags.DurationVar(&c.Limit, "limit", c.Limit, "time limit of a task, which is requeued then")
	flags.DurationVar(&c.Checkpoint, "checkpoint", c.Checkpoint, "time between two checkpoints of a stage")
	flags.DurationVar(&c.Request, "request", c.Request, "time of one request to the shared file system")
	flags.IntVar(&c.Requests, "requests", c.Requests, "requests for a stage: its locks, its records, its artifact")
	flags.DurationVar(&c.Poll, "poll", c.Poll, "slurm.poll")
	flags.DurationVar(&c.Lease, "lease", c.Lease, "slurm.lease")
	flags.DurationVar(&c.Idle, "idle", c.Idle, "slurm.idle")
	flags.Uint64Var(&c.Seed, "seed", c.Seed, "of all that is drawn")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return fmt.Errorf("usage: cluster [options] FILE")
	}
	sweep, err := command.Schema().Load(flags.Arg(0), experiments.LoadOptions{})
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "cluster")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	begin := time.Now()
	g, err := graph.Plan(context.Background(), sweep, work)
	if err != nil {
		return err
	}
	planned := time.Since(begin)
	begin = time.Now()
	r := simulate(stagesOf(g, c.Seed), c)
	r.Runs = len(g.Runs)
	r.print(os.Stdout, c)
	fmt.Printf("planned in %.1f s, simulated in %.1f s\n", planned.Seconds(), time.Since(begin).Seconds())
	return nil
}
