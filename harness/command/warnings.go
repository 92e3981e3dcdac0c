package command

import (
	"context"
	"fmt"
	"io"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/dataset"
	"lastmile/harness/stages"
)

// Warning is a line on what will disappoint in the data of a label's runs.
type Warning struct{ Label, Text string }

// warningsOf are those of a sweep's runs, label by label. Data that labels share are
// read once, and not again while what was found is kept in the work folder.
func warningsOf(ctx context.Context, sweep *experiments.Sweep, work string) ([]Warning, error) {
	var all []Warning
	labels := map[string]bool{}
	found := map[string][]string{}
	for _, run := range sweep.Runs {
		if labels[run.Label] {
			continue
		}
		labels[run.Label] = true
		task, folder := experiments.Get[data.Task](run.Config, "task"), stages.TokenizerFolder(run.Config)
		tokenizer := experiments.Get[stages.Metrics](run.Config, "metrics").Tokenizer
		key := fmt.Sprintf("%+v %s %s", task, folder, tokenizer)
		lines, ok := found[key]
		if !ok {
			var err error
			if lines, err = dataset.KeptWarnings(ctx, work, task, folder, tokenizer); err != nil {
				return nil, err
			}
			found[key] = lines
		}
		for _, line := range lines {
			all = append(all, Warning{run.Label, line})
		}
	}
	return all, nil
}

// printWarnings prints each line once.
func printWarnings(w io.Writer, warnings []Warning) {
	seen := map[string]bool{}
	for _, warning := range warnings {
		if !seen[warning.Text] {
			fmt.Fprintf(w, "note: %s\n", warning.Text)
		}
		seen[warning.Text] = true
	}
}
