package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"lastmile/experiments"
	"lastmile/harness"
	"lastmile/harness/doctor"
)

// sweepFlags are the flags of commands on a sweep file.
type sweepFlags struct {
	set, where       []string
	work             string
	workers, threads int
	json             bool
}

func (f *sweepFlags) add(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.set, "set", nil, "change a setting of all runs: `KEY=VALUE`, may be repeated")
	c.Flags().StringArrayVar(&f.where, "where", nil, "only runs with this value: `KEY=VALUE`, where KEY is variant, label or a setting; may be repeated")
	c.Flags().StringVar(&f.work, "work", "work", "the `folder` of stages and results")
	c.Flags().IntVar(&f.workers, "workers", 0, "stages computed at once (default: the file's)")
	c.Flags().IntVar(&f.threads, "threads", 0, "threads of each (default: the file's)")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
}

// plan loads a sweep file and plans it. The runs that --where selects are
// listed in the options.
func (f *sweepFlags) plan(path string) (*harness.Graph, harness.Options, error) {
	var o harness.Options
	load := experiments.LoadOptions{Set: f.set, Known: harness.Known(), Cores: doctor.Cores()}
	if f.workers != 0 {
		load.Set = append(load.Set, fmt.Sprintf("runtime.workers=%d", f.workers))
	}
	if f.threads != 0 {
		load.Set = append(load.Set, fmt.Sprintf("runtime.threads=%d", f.threads))
	}
	sweep, err := experiments.Load(path, load)
	if err != nil {
		return nil, o, err
	}
	o.Workers, o.Threads, o.Device = sweep.Runtime.Workers, sweep.Runtime.Threads, sweep.Runtime.Device
	if len(f.where) > 0 {
		load.Where = f.where
		selected, err := experiments.Load(path, load)
		if err != nil {
			return nil, o, err
		}
		for _, r := range selected.Runs {
			o.Only = append(o.Only, r.ID)
		}
	}
	if err := sweep.CheckFiles(); err != nil {
		return nil, o, err
	}
	g, err := harness.Plan(sweep, f.work)
	return g, o, err
}
