package command

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"lastmile/experiments"
	"lastmile/harness/doctor"
	"lastmile/harness/graph"
	"lastmile/harness/results"
	"lastmile/harness/slurm"
	"lastmile/harness/stages"
)

// schema makes the [Schema], once.
var schema = sync.OnceValue(func() *experiments.Schema {
	s := stages.Schema()
	s.Sections = append(s.Sections, reportSection(), graph.RuntimeSection(), slurm.Section())
	s.Sources = append(s.Sources, sources, graph.Sources, slurm.Sources)
	s.Renamed["runtime.workers"] = "runtime.jobs"
	return s
})

// Schema is all that a sweep file can say.
func Schema() *experiments.Schema { return schema() }

// sweepFlags are the flags of commands on a sweep file.
type sweepFlags struct {
	set, where    []string
	work          string
	jobs, threads int
	json          bool
}

func (f *sweepFlags) add(c *cobra.Command) {
	f.addSelection(c)
	c.Flags().IntVar(&f.jobs, "jobs", 0, "stages computed at once, each in a process of its own where there are several (default: the file's)")
	c.Flags().IntVar(&f.threads, "threads", 0, "threads of each (default: the file's)")
}

// addSelection adds those that say which runs of which work folder are meant.
func (f *sweepFlags) addSelection(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.set, "set", nil, "change a setting of all runs: `KEY=VALUE`, may be repeated")
	c.Flags().StringArrayVar(&f.where, "where", nil, "only runs with this value: `KEY=VALUE`, where KEY is variant, label or a setting; may be repeated")
	c.Flags().StringVar(&f.work, "work", "work", "the `folder` of stages and results")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
}

// line is the command line that runs a sweep file with these flags. The work folder and
// the number of jobs are left out: they change nothing of what comes out.
func (f *sweepFlags) line(file string) []string {
	line := []string{"lastmile", "run", file}
	for _, value := range f.set {
		line = append(line, "--set", value)
	}
	for _, value := range f.where {
		line = append(line, "--where", value)
	}
	if f.threads != 0 {
		line = append(line, "--threads", strconv.Itoa(f.threads))
	}
	return line
}

// options are those of loading the sweep file.
func (f *sweepFlags) options() experiments.LoadOptions {
	load := experiments.LoadOptions{Set: f.set}
	if f.jobs != 0 {
		load.Set = append(load.Set, fmt.Sprintf("runtime.jobs=%d", f.jobs))
	}
	if f.threads != 0 {
		load.Set = append(load.Set, fmt.Sprintf("runtime.threads=%d", f.threads))
	}
	return load
}

// plan loads a sweep file and plans it. The runs that --where selects are
// listed in the options.
func (f *sweepFlags) plan(ctx context.Context, path string) (*graph.Graph, graph.Options, error) {
	load := f.options()
	sweep, err := schema().Load(path, load)
	if err != nil {
		return nil, graph.Options{}, err
	}
	var only []string
	if len(f.where) > 0 {
		load.Where = f.where
		selected, err := schema().Load(path, load)
		if err != nil {
			return nil, graph.Options{}, err
		}
		for _, r := range selected.Runs {
			only = append(only, r.ID)
		}
	}
	g, o, err := f.graph(ctx, sweep)
	o.Only = only
	return g, o, err
}

// look loads a sweep file and plans nothing of it but the runs that --where
// selects.
func (f *sweepFlags) look(ctx context.Context, path string) (*graph.Graph, graph.Options, error) {
	load := f.options()
	load.Where = f.where
	sweep, err := schema().Load(path, load)
	if err != nil {
		return nil, graph.Options{}, err
	}
	return f.graph(ctx, sweep)
}

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

// graph plans a sweep as its section [runtime] says.
func (f *sweepFlags) graph(ctx context.Context, sweep *experiments.Sweep) (*graph.Graph, graph.Options, error) {
	runtime := experiments.Get[graph.Runtime](sweep.Config, "runtime")
	o := graph.Options{Jobs: runtime.Jobs, Command: stageCommandLine, Threads: runtime.Threads, Device: runtime.Device}
	if o.Threads == 0 {
		o.Threads = max(1, doctor.Cores()/o.Jobs)
	}
	if err := sweep.CheckFiles(); err != nil {
		return nil, o, err
	}
	if err := results.CheckWork(f.work); err != nil {
		return nil, o, err
	}
	g, err := graph.Plan(ctx, sweep, f.work)
	return g, o, err
}
