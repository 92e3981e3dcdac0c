package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"lastmile/experiments"
	"lastmile/runs"
)

// Report is all about one run, for a person to look at.
type Report struct {
	RunStatus
	// Sweeps are the sweeps that list the run.
	Sweeps []string `json:"sweeps"`
	// Settings are those that differ from the defaults.
	Settings []Setting `json:"settings"`
	// Computed are the stages that are there, in the order of their beginning.
	Computed []StageStatus `json:"computed"`
	Scores   []MeanScores  `json:"scores"`
	Examples []ShownOutput `json:"examples"`
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
	store, err := OpenResults(ctx, work)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	run, err := findRun(ctx, store, name)
	if err != nil {
		return report, err
	}
	report.RunStatus = RunStatus{ID: run.Name, Seed: run.Seed, Status: run.Status, Reason: run.Reason}
	for _, listed := range run.Listed {
		report.Label = listed.Label
		report.Sweeps = append(report.Sweeps, listed.Sweep)
	}
	if report.Settings, err = differences(run.Config); err != nil {
		return report, fmt.Errorf("reading the configuration of run %s: %w", run.Name, err)
	}
	for _, st := range run.Stages {
		report.Computed = append(report.Computed, StageStatus{
			Kind: st.Kind, Name: st.Role, Key: st.Key, Status: Done, Seconds: st.Seconds, Runs: 1,
			Folder: stageFolder(work, st.Kind, st.Key),
		})
	}
	report.Stages, report.StagesDone = len(run.Stages), len(run.Stages)
	if len(report.Sweeps) == 0 {
		return report, nil
	}
	sweep := report.Sweeps[len(report.Sweeps)-1]
	if report.Scores, err = meanScores(ctx, store, sweep, report.Label, run.Seed); err != nil {
		return report, err
	}
	report.Examples, err = shownOutputs(ctx, store, sweep, report.Label, run.Seed, examples)
	return report, err
}

// differences returns the settings of a configuration that are not defaults.
func differences(config json.RawMessage) ([]Setting, error) {
	var c experiments.Config
	if err := json.Unmarshal(config, &c); err != nil {
		return nil, err
	}
	var settings []Setting
	for _, d := range experiments.Diff(experiments.Default(), c) {
		settings = append(settings, Setting{Key: d.Key, Value: d.B, Default: d.A})
	}
	return settings, nil
}

func meanScores(ctx context.Context, store *runs.Store, sweep, label string, seed int) ([]MeanScores, error) {
	all, err := store.Scores(ctx, sweep)
	if err != nil {
		return nil, err
	}
	var result []MeanScores
	for _, system := range all.Systems {
		i := slices.Index(system.Seeds, seed)
		if system.Label != label || i < 0 {
			continue
		}
		means := MeanScores{system.Decode, system.Form, map[string]float64{}}
		for metric, values := range system.Values {
			sum, n := 0.0, 0
			for _, value := range values[i] {
				if !math.IsNaN(value) {
					sum, n = sum+value, n+1
				}
			}
			if n > 0 {
				means.Means[metric] = sum / float64(n)
			}
		}
		result = append(result, means)
	}
	return result, nil
}

func shownOutputs(ctx context.Context, store *runs.Store, sweep, label string, seed, n int) ([]ShownOutput, error) {
	examples, err := store.TaskExamples(ctx, sweep)
	if err != nil {
		return nil, err
	}
	var shown []ShownOutput
	places := map[string]int{}
	for i, e := range examples[:min(n, len(examples))] {
		shown = append(shown, ShownOutput{e.ID, e.Input, e.References, map[string]string{}})
		places[e.ID] = i
	}
	systems, err := store.SystemOutputs(ctx, sweep)
	if err != nil {
		return nil, err
	}
	for _, system := range systems {
		if system.Label != label || system.Seed != seed || system.Form != rawForm {
			continue
		}
		for _, o := range system.Outputs {
			if i, ok := places[o.ID]; ok {
				shown[i].Outputs[system.Decode] = o.Text
			}
		}
	}
	return shown, nil
}
