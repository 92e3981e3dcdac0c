package scoring

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"lastmile/harness/spreadsheet"
	"lastmile/runs"
)

// RunScoring says which runs' texts to score and how.
type RunScoring struct {
	Measures
	Selection
	// Runs are names of runs, or of groups that differ in their seed.
	Runs []string
	// PerExample is a file to write each text's scores to; "" writes none.
	PerExample string
}

// RunScore is what a system scores by a metric, the mean over its seeds.
type RunScore struct {
	System
	MetricScore
}

// ScoreRuns scores texts that the store has, without decoding anything: each
// decoding of the runs, raw and post-processed. The intervals are over
// examples, and over seeds where there are several.
func ScoreRuns(ctx context.Context, s RunScoring) (result []RunScore, err error) {
	if err := noFiles(s.Runs...); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	var systems []*texts
	err = withResults(ctx, s.Work, func(store *runs.Store) error {
		for _, name := range s.Runs {
			of, err := runTexts(ctx, store, s.Sweep, name, s.all)
			if err != nil {
				return err
			}
			systems = append(systems, of...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	o, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	for _, t := range systems {
		o.expect(len(t.inputs))
	}
	var lines []map[string]any
	for _, t := range systems {
		all, err := o.score(s.runMetrics(t), t.settings.Options(), t)
		if err != nil {
			return nil, err
		}
		for _, m := range all {
			estimates, err := m.estimates(0, t)
			if err != nil {
				return nil, err
			}
			for _, e := range estimates {
				result = append(result, RunScore{t.System, e})
			}
		}
		for seed, run := range t.Runs {
			fixed := map[string]any{"run": run, "decode": t.Decode, "form": t.Form}
			lines = append(lines, perExample(fixed, t, all, func(m scored) []float64 { return m.values[0][seed] })...)
		}
	}
	if s.PerExample != "" {
		err = writePerExample(s.PerExample, lines)
	}
	return result, err
}

// PrintRunScores writes scores of runs as a table.
func PrintRunScores(w io.Writer, scores []RunScore) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SYSTEM\tMETRIC\tMEAN\t95 % INTERVAL\tTEXTS\tSIGNATURE")
	before := ""
	for _, s := range scores {
		name := s.System.String()
		if name == before {
			name = ""
		} else {
			before = name
		}
		fmt.Fprintf(t, "%s\t%s\t%.4f\t[%.4f, %.4f]\t%d\t%s\n", name, named(s.Metric, s.Level), s.Mean, s.Low, s.High, s.N, s.Signature)
	}
	return t.Flush()
}

// WriteRunScoresCSV writes scores of runs as comma-separated values.
func WriteRunScoresCSV(w io.Writer, scores []RunScore) error {
	c := csv.NewWriter(w)
	rows := [][]string{append([]string{"system", "decode", "form", "seeds"}, scoreColumns...)}
	for _, s := range scores {
		var seeds []string
		for _, seed := range s.Seeds {
			seeds = append(seeds, strconv.Itoa(seed))
		}
		rows = append(rows, append([]string{spreadsheet.Cell(s.Name), spreadsheet.Cell(s.Decode), s.Form, strings.Join(seeds, " ")}, s.cells()...))
	}
	return c.WriteAll(rows)
}
