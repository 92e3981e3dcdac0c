// Lastmile runs experiments in the last mile of training language models: a
// sweep file in, tables that can be cited out.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"lastmile/experiments"
	"lastmile/harness/algorithms"
	"lastmile/harness/command"
	"lastmile/harness/progress"
	"lastmile/harness/results"
	"lastmile/harness/stages"
	"lastmile/reports"
)

// version is set by the linker.
var version = "unknown"

func main() { os.Exit(command.Run(command.Program{Version: version, Check: check, Report: report})) }

// known are the algorithms that a sweep file can name, as reports call them.
func known() []reports.Algorithm {
	all := []reports.Algorithm{{Name: algorithms.None, Label: "MLE", Family: reports.Decoding}}
	for _, m := range algorithms.All() {
		all = append(all, reports.Algorithm{Name: m.Name, Label: m.Label, Family: reports.Family(m.Family)})
	}
	return all
}

// kinds are the kinds of stages, as reports call them.
func kinds() []reports.Stage {
	var all []reports.Stage
	for _, k := range stages.Kinds() {
		all = append(all, reports.Stage{Kind: k.Name, Improves: k.Improves})
	}
	return all
}

// check tells what of a sweep cannot be reported.
func check(sweep *experiments.Sweep) error {
	if err := reports.CheckPublished(command.ReportOf(sweep).Published); err != nil {
		return fmt.Errorf("report.published: %w", err)
	}
	return nil
}

// written is a report that was written.
type written struct{ reports.Summary }

// Print writes the report's findings, its table and where it lies.
func (s written) Print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s\nThe report: %s\n", s.Text(progress.Width(w)), s.Readme)
	return err
}

// report writes the report of a sweep.
func report(ctx context.Context, sweep *experiments.Sweep, r command.Reporting) (_ command.Report, err error) {
	store, err := results.Open(ctx, r.Work)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	defaults, err := stages.Defaults().Canonical()
	if err != nil {
		return nil, err
	}
	show := command.ReportOf(sweep)
	var said []reports.Warning
	for _, w := range r.Warnings {
		said = append(said, reports.Warning(w))
	}
	folder, err := filepath.Abs(filepath.Dir(sweep.File))
	if err != nil {
		return nil, err
	}
	summary, err := reports.Write(ctx, store, sweep.Name, reports.Options{
		Dir:        r.Out,
		Baseline:   show.Baseline,
		Treatment:  show.Treatment,
		Primary:    reports.Primary(show.Primary),
		Algorithms: known(),
		Stages:     kinds(),
		Columns:    show.Columns,
		Published:  show.Published,
		Examples:   show.Examples,
		Seed:       show.Seed,
		Defaults:   defaults,
		Warnings:   said,
		Folder:     folder,
		Command:    command.Line(r.Command...),
		Versions:   []reports.Version{{Name: "lastmile", Version: version}},
	})
	return written{summary}, err
}
