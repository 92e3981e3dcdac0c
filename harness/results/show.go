package results

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"lastmile/harness/graph"
	"lastmile/harness/stages"

	"lastmile/runs"
)

// Report is all about one run, for a person to look at.
type Report struct {
	graph.RunStatus
	// Sweeps are the sweeps that list the run.
	Sweeps []string `json:"sweeps"`
	// Settings are those that differ from the defaults.
	Settings []Setting `json:"settings"`
	// Computed are the stages that are there, in the order of their beginning.
	Computed []graph.StageStatus `json:"computed"`
	Scores   []MeanScores        `json:"scores"`
	Examples []ShownOutput       `json:"examples"`
}

// Setting is a setting of a run, beside the default.
type Setting struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	Default string `json:"default"`
}

// MeanScores are the mean scores of a run's outputs of one decoding and form.
type MeanScores struct {
	Decode string             `json:"decode"`
	Form   string             `json:"form"`
	Means  map[string]float64 `json:"means"`
}

// ShownOutput is a test example and what the run made of it.
type ShownOutput struct {
	ID         string   `json:"id"`
	Input      string   `json:"input"`
	References []string `json:"references"`
	// Outputs are the raw outputs, by decoding.
	Outputs map[string]string `json:"outputs"`
}

// Show gathers what the store of a work folder knows of the run that name
// means, with the outputs for the first examples of the test set.
func Show(ctx context.Context, work, name string, examples int) (report Report, err error) {
	store, err := Open(ctx, work)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	run, err := findRun(ctx, store, name)
	if err != nil {
		return report, err
	}
	report.RunStatus = graph.RunStatus{ID: run.Name, Seed: run.Seed, Status: run.Status, Reason: run.Reason}
	for _, listed := range run.Listed {
		report.Label = listed.Label
		report.Sweeps = append(report.Sweeps, listed.Sweep)
	}
	if report.Settings, err = differences(run.Config); err != nil {
		return report, fmt.Errorf("reading the configuration of run %s: %w", run.Name, err)
	}
	for _, st := range run.Stages {
		report.Computed = append(report.Computed, graph.StageStatus{
			Kind: st.Kind, Name: st.Role, Key: st.Key, Status: runs.Done, Seconds: st.Seconds, Runs: 1,
			Folder: stageFolder(work, st.Kind, st.Key),
		})
	}
	report.Stages, report.StagesDone = len(run.Stages), len(run.Stages)
	means, err := store.RunMeans(ctx, run.Name)
	if err != nil {
		return report, err
	}
	for _, m := range means {
		report.Scores = append(report.Scores, MeanScores(m))
	}
	report.Examples, err = shownOutputs(ctx, store, run.Name, examples)
	return report, err
}

// differences returns the settings of a configuration that are not defaults.
func differences(config json.RawMessage) ([]Setting, error) {
	c, err := stages.ReadConfig(config)
	if err != nil {
		return nil, err
	}
	var settings []Setting
	for _, d := range stages.Changed(c) {
		settings = append(settings, Setting{Key: d.Key, Value: d.B, Default: d.A})
	}
	return settings, nil
}

// shownOutputs are the first examples of the test set with the run's raw outputs for
// them.
func shownOutputs(ctx context.Context, store *runs.Store, run string, n int) ([]ShownOutput, error) {
	if n <= 0 {
		return nil, nil
	}
	texts, err := store.Texts(ctx, run, runs.Selection{Form: runs.Raw, First: n})
	if err != nil {
		return nil, err
	}
	var shown []ShownOutput
	for _, of := range texts {
		for i, e := range of.Examples {
			if i == len(shown) {
				shown = append(shown, ShownOutput{e.ID, e.Input, e.References, map[string]string{}})
			}
			shown[i].Outputs[of.Decode] = of.Outputs[i].Text
		}
	}
	return shown, nil
}
