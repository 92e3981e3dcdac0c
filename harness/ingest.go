package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"lastmile/harness/data"
	"lastmile/harness/stage"
	"lastmile/runs"
)

// ingest brings the sweep, its runs, and their stages that are there into the
// store. What is in it already is not read again.
func (g *Graph) ingest(ctx context.Context, outcomes map[*stage.Stage]stage.Outcome) (err error) {
	store, err := runs.Open(ctx, StorePath(g.work))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	sweep := runs.Sweep{Name: g.Sweep.Name, File: g.Sweep.File}
	if sweep.Report, err = json.Marshal(g.Sweep.Report); err != nil {
		return err
	}
	for _, run := range g.Runs {
		if err := g.ingestRun(ctx, store, run, outcomes); err != nil {
			return fmt.Errorf("storing run %s (%s, seed %d): %w", run.ID, run.Label, run.Seed, err)
		}
		axes := map[string]string{}
		for _, axis := range run.Axes {
			axes[axis.Key] = axis.Value
		}
		listed := runs.SweepRun{Run: run.ID, Label: run.Label, Variant: run.Variant, Seed: run.Seed}
		if listed.Axes, err = json.Marshal(axes); err != nil {
			return err
		}
		sweep.Runs = append(sweep.Runs, listed)
	}
	return store.AddSweep(ctx, sweep)
}

func (g *Graph) ingestRun(ctx context.Context, store *runs.Store, run Run, outcomes map[*stage.Stage]stage.Outcome) error {
	config, err := run.Config.Canonical()
	if err != nil {
		return err
	}
	if err := store.AddRun(ctx, runs.Run{Name: run.ID, Seed: run.Seed, Config: config}); err != nil {
		return err
	}
	before, err := store.Run(ctx, run.ID)
	if err != nil {
		return err
	}
	type place struct{ kind, decode string }
	linked := map[place]string{}
	for _, st := range before.Stages {
		linked[place{st.Kind, st.Role}] = st.Key
	}
	prepare := run.Stage(prepareKind).Key
	for _, role := range run.Stages {
		if linked[place{role.Kind, role.Decode}] == role.Key {
			continue
		}
		record, there, err := g.store.Record(role.Stage)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		if err := ingestStage(ctx, store, prepare, g.store.Path(role.Stage), record); err != nil {
			return fmt.Errorf("stage %s: %w", g.store.Path(role.Stage), err)
		}
		if err := store.Link(ctx, run.ID, role.Decode, role.Key); err != nil {
			return err
		}
	}
	status, err := g.status(run, outcomes)
	switch {
	case err != nil:
		return err
	case status.Status == before.Status && status.Reason == before.Reason:
		return nil
	case status.Status == Done:
		return store.MarkDone(ctx, run.ID)
	case status.Status == Failed:
		return store.MarkFailed(ctx, run.ID, status.Reason)
	}
	return store.MarkPlanned(ctx, run.ID)
}

// ingestStage reads an artifact into the store, unless it is there.
func ingestStage(ctx context.Context, store *runs.Store, prepare, dir string, record stage.Record) error {
	there, err := store.HasStage(ctx, record.Key)
	if err != nil || there {
		return err
	}
	content, err := readContent(record.Kind, dir)
	if err != nil {
		return err
	}
	content.Task, content.Split = prepare, data.Test
	return store.AddStage(ctx, runs.Stage{
		Key:             record.Key,
		Kind:            record.Kind,
		Part:            record.Part,
		Version:         record.Version,
		Started:         record.Started,
		Seconds:         record.Seconds,
		Tokens:          int(record.Tokens),
		PeakMemoryBytes: record.PeakMemoryBytes,
		Threads:         record.Threads,
	}, content)
}

// readContent reads of an artifact what the store keeps.
func readContent(kind, dir string) (content runs.Content, err error) {
	switch kind {
	case prepareKind:
		for _, split := range data.Splits() {
			examples, err := data.ReadExamples(splitFile(dir, split))
			if err != nil {
				return content, err
			}
			for _, e := range examples {
				content.Examples = append(content.Examples, runs.Example{Split: split, ID: e.ID, Input: e.Input, References: e.References})
			}
		}
	case baseKind, mleKind, rlKind, scorerKind, rewardKind:
		if content.Curves, err = readCurves(dir); err != nil {
			return content, err
		}
		if kind == rewardKind {
			content.RewardAccuracies, err = readAccuracies(dir)
		}
	case decodeKind, postprocessKind:
		outputs, err := data.ReadLines[output](outputsFile(dir))
		if err != nil {
			return content, err
		}
		for _, o := range outputs {
			content.Outputs = append(content.Outputs, runs.Output(o))
		}
		if kind == decodeKind {
			content.Decoding, err = readDecoding(dir)
			return content, err
		}
	case scoreKind:
		if err := readJSON(signaturesFile(dir), &content.Signatures); err != nil {
			return content, err
		}
		lines, err := data.ReadLines[scores](scoresFile(dir))
		if err != nil {
			return content, err
		}
		for _, line := range lines {
			for metric, value := range line.Scores {
				content.Scores = append(content.Scores, runs.Score{ID: line.ID, Form: line.Form, Metric: metric, Value: value})
			}
		}
	}
	return content, err
}

// readCurves reads curves.jsonl, which a model that was there already lacks.
func readCurves(dir string) ([]runs.CurvePoint, error) {
	type point struct {
		Step  int     `json:"step"`
		Split string  `json:"split"`
		Name  string  `json:"name"`
		Value float64 `json:"value"`
	}
	points, err := data.ReadLines[point](filepath.Join(dir, "curves.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var curves []runs.CurvePoint
	for _, p := range points {
		curves = append(curves, runs.CurvePoint(p))
	}
	return curves, err
}

func readAccuracies(dir string) ([]runs.RewardAccuracy, error) {
	var lines []struct {
		Kind     string  `json:"kind"`
		Ended    bool    `json:"ended"`
		Accuracy float64 `json:"accuracy"`
		N        int     `json:"n"`
	}
	if err := readJSON(filepath.Join(dir, "accuracy.json"), &lines); err != nil {
		return nil, err
	}
	var accuracies []runs.RewardAccuracy
	for _, line := range lines {
		accuracies = append(accuracies, runs.RewardAccuracy(line))
	}
	return accuracies, nil
}

func readDecoding(dir string) (*runs.Decoding, error) {
	var decoding struct {
		Temperature float64 `json:"temperature"`
		Tuned       []struct {
			Temperature float64 `json:"temperature"`
			Score       float64 `json:"score"`
		} `json:"tuned"`
	}
	if err := readJSON(filepath.Join(dir, "decode.json"), &decoding); err != nil {
		return nil, err
	}
	result := &runs.Decoding{Temperature: decoding.Temperature}
	for _, t := range decoding.Tuned {
		result.Tried = append(result.Tried, runs.TriedTemperature(t))
	}
	return result, nil
}

func readJSON(path string, value any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, value); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}
