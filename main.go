// Lastmile runs experiments in the last mile of training language models: a
// sweep file in, tables that can be cited out.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"lastmile/experiments"
	"lastmile/harness"
	"lastmile/harness/command"
	"lastmile/harness/progress"
	"lastmile/reports"
)

// version is set by the linker.
var version = "unknown"

func main() { os.Exit(command.Run(command.Program{Version: version, Report: report})) }

// algorithms are those that a sweep file can name, as reports call them.
var algorithms = []reports.Algorithm{
	{Name: "none", Label: "MLE", Family: reports.Decoding},
	{Name: "mle_longer", Label: "MLE trained on", Family: reports.Likelihood},
	{Name: "ppo", Label: "PPO", Family: reports.OnPolicy},
}

// written is a report that was written.
type written struct{ reports.Summary }

// Print writes the report's findings, its table and where it lies.
func (s written) Print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s\n\n%s\nThe report: %s\n", strings.Join(s.Sentences, "\n"), s.Table.Text(progress.Width(w)), s.Readme)
	return err
}

// report writes the report of a sweep from the store of a work folder.
func report(ctx context.Context, sweep *experiments.Sweep, work, out string) (_ command.Report, err error) {
	store, err := harness.OpenResults(ctx, work)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	defaults, err := json.Marshal(experiments.Default())
	if err != nil {
		return nil, err
	}
	summary, err := reports.Write(ctx, store, sweep.Name, reports.Options{
		Dir:        out,
		Baseline:   sweep.Report.Baseline,
		Treatment:  sweep.Report.Treatment,
		Algorithms: algorithms,
		Columns:    sweep.Report.Columns,
		Published:  sweep.Report.Published,
		Examples:   sweep.Report.Examples,
		Seed:       sweep.Report.Seed,
		Defaults:   defaults,
		Command:    command.Line("lastmile", "run", sweep.File),
		Versions:   []reports.Version{{Name: "lastmile", Version: version}},
	})
	return written{summary}, err
}
