package results

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/dustin/go-humanize/english"

	"lastmile/harness/stages"
	"lastmile/harness/trackers"
	"lastmile/runs"
)

// CurveExport says which runs' curves to write, and where.
type CurveExport struct {
	// Run is a run, or a label that several seeds share, as [FindGroup] takes it; ""
	// means all runs of Sweep.
	Run, Sweep string
	// Work is the work folder with the store.
	Work string
	// TensorBoard is a folder to write an event file for each run to, in a folder of
	// its own, and CSV a file; "" writes none.
	TensorBoard, CSV string
}

// ExportCurves writes the training curves of runs for other programs, and returns how
// many runs there are.
func ExportCurves(ctx context.Context, e CurveExport) (n int, err error) {
	store, err := Open(ctx, e.Work)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	all, err := e.runs(ctx, store)
	if err != nil {
		return 0, err
	}
	if len(all) == 0 {
		return 0, stages.Mistakef("there are no curves of %s", strings.TrimSpace(e.Run+" "+e.Sweep))
	}
	if e.TensorBoard != "" {
		for _, run := range all {
			if err := trackers.WriteEvents(filepath.Join(e.TensorBoard, folderName(run.Name)), run.Curves); err != nil {
				return 0, stages.Mistake{Err: fmt.Errorf("writing TensorBoard's event files: %w", err)}
			}
		}
	}
	if e.CSV != "" {
		f, err := os.Create(e.CSV)
		if err != nil {
			return 0, stages.Mistake{Err: err}
		}
		if err := errors.Join(trackers.WriteCSV(f, all), f.Close()); err != nil {
			return 0, fmt.Errorf("writing %s to %s: %w", english.Plural(len(all), "run", ""), e.CSV, err)
		}
	}
	return len(all), nil
}

// runs reads the curves of the runs that are meant.
func (e CurveExport) runs(ctx context.Context, store *runs.Store) ([]trackers.Run, error) {
	sweep, wanted := e.Sweep, map[string]bool{}
	if e.Run != "" {
		group, err := FindGroup(ctx, store, e.Sweep, e.Run)
		if err != nil {
			return nil, err
		}
		sweep = group[0].Sweep
		for _, run := range group {
			wanted[name(run.Label, run.Seed)] = true
		}
	} else if _, err := store.Listing(ctx, sweep); err != nil {
		return nil, stages.Mistake{Err: err}
	}
	curves, err := store.Curves(ctx, sweep)
	if err != nil {
		return nil, err
	}
	var all []trackers.Run
	for _, c := range curves {
		of := name(c.Label, c.Seed)
		if len(wanted) > 0 && !wanted[of] {
			continue
		}
		if len(all) == 0 || all[len(all)-1].Name != of {
			all = append(all, trackers.Run{Name: of})
		}
		tag := c.Kind + "/" + c.Name
		if c.Split != "" {
			tag = c.Kind + "/" + c.Split + "/" + c.Name
		}
		last := &all[len(all)-1]
		last.Curves = append(last.Curves, trackers.Curve{Tag: tag, Steps: c.Steps, Values: c.Values})
	}
	return all, nil
}

func name(label string, seed int) string { return fmt.Sprintf("%s, seed %d", label, seed) }

// folderName is a run's name without what no folder can be called.
func folderName(run string) string {
	return strings.Map(func(r rune) rune {
		if r == '/' || r == os.PathSeparator || r < ' ' {
			return '-'
		}
		return r
	}, run)
}
