package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lastmile/harness/data"
	"lastmile/harness/reward"
	"lastmile/harness/reward/evaluation"
	"lastmile/harness/stage"
	"lastmile/harness/stages"
	"lastmile/harness/train"
	"lastmile/runs"
)

// artifacts makes up those of a work folder.
type artifacts struct {
	store    *stage.Store
	examples int
}

// makeUp writes an artifact for each stage. It is put there as the engine would
// leave it, but without asking the disk to be sure of it: that takes hours for
// tens of thousands.
func makeUp(all []*stage.Stage, work string, examples int) error {
	store, err := stage.Open(work)
	if err != nil {
		return err
	}
	a := artifacts{store, examples}
	for _, st := range all {
		if store.Finished(st) {
			continue
		}
		if err := a.make(st); err != nil {
			return fmt.Errorf("making up %s %s: %w", st.Kind, st.Key, err)
		}
	}
	return nil
}

// make writes the artifact of one stage, stage.json last.
func (a artifacts) make(st *stage.Stage) error {
	dir := a.store.Path(st)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	hash := fnv.New64a()
	hash.Write([]byte(st.Key))
	if err := a.files(st, dir, rand.New(rand.NewPCG(hash.Sum64(), 1))); err != nil {
		return err
	}
	record := stage.Record{
		Kind: st.Kind, Key: st.Key, Version: st.Version, Part: st.Identity, Content: st.Content, Inputs: map[string]string{},
		Cost: stage.Cost{Started: time.Now().UTC().Truncate(time.Second), Tries: 1, Seconds: 60, Tokens: 100_000, PeakMemoryBytes: 1 << 30, Threads: 1},
	}
	for _, input := range st.Inputs {
		record.Inputs[input.Name] = input.Stage.Key
	}
	var err error
	if record.Files, err = stage.FilesOf(dir); err != nil {
		return err
	}
	return writeJSON(dir, "stage.json", record)
}

// files writes what a stage of that kind leaves for the store, and nothing that
// only other stages would read.
func (a artifacts) files(st *stage.Stage, dir string, r *rand.Rand) error {
	switch st.Kind {
	case stages.Prepare:
		for _, split := range data.Splits() {
			if err := data.Write(filepath.Join(dir, split+".jsonl"), a.texts(r)); err != nil {
				return err
			}
		}
	case stages.Reward:
		accuracies := []reward.Accuracy{}
		for _, kind := range []string{"copy", "random", "shuffled"} {
			accuracies = append(accuracies, reward.Accuracy{Kind: kind, Ended: true, Accuracy: r.Float64(), N: 600})
		}
		if err := writeJSON(dir, "accuracy.json", accuracies); err != nil {
			return err
		}
		return writeCurves(dir, r, "loss")
	case stages.Base, stages.MLE, stages.Scorer:
		return writeCurves(dir, r, "loss")
	case stages.Policy:
		return writeCurves(dir, r, "ended", "entropy", "kl", "length", "reward", "score")
	case stages.RewardEval:
		return writeJSON(dir, "evaluation.json", evaluated(r))
	case stages.Decode:
		if err := writeJSON(dir, "decode.json", stages.Decoding{Temperature: 1}); err != nil {
			return err
		}
		return a.outputs(dir, r)
	case stages.Postprocess:
		return a.outputs(dir, r)
	case stages.Score:
		return a.scores(st, dir, r)
	}
	return nil
}

func (a artifacts) texts(r *rand.Rand) []data.Example {
	var examples []data.Example
	for i := range a.examples {
		examples = append(examples, data.Example{ID: exampleName(i), Input: words(r, 40), References: []string{words(r, 6)}})
	}
	return examples
}

func (a artifacts) outputs(dir string, r *rand.Rand) error {
	var outputs []stages.Output
	for i := range a.examples {
		outputs = append(outputs, stages.Output{ID: exampleName(i), Text: words(r, 4+r.IntN(8)), Tokens: 6 + r.IntN(18), Ended: r.IntN(10) > 0})
	}
	return data.WriteLines(filepath.Join(dir, "outputs.jsonl"), outputs)
}

// scores are by the metrics that the stage was asked for.
func (a artifacts) scores(st *stage.Stage, dir string, r *rand.Rand) error {
	var settings struct {
		Metrics stages.Metrics `json:"metrics"`
	}
	if err := json.Unmarshal(st.Settings, &settings); err != nil {
		return err
	}
	type line struct {
		ID     string             `json:"id"`
		Form   string             `json:"form"`
		Scores map[string]float64 `json:"scores"`
	}
	var lines []line
	for _, form := range []string{runs.Raw, runs.Post} {
		for i := range a.examples {
			of := line{exampleName(i), form, map[string]float64{}}
			for _, metric := range settings.Metrics.Names {
				of.Scores[metric] = r.Float64()
			}
			lines = append(lines, of)
		}
	}
	signatures := map[string]string{}
	for _, metric := range settings.Metrics.Names {
		signatures[metric] = metric + "|made up"
	}
	if err := writeJSON(dir, "signatures.json", signatures); err != nil {
		return err
	}
	return data.WriteLines(filepath.Join(dir, "scores.jsonl"), lines)
}

// evaluated is an evaluation of the demo's size.
func evaluated(r *rand.Rand) evaluation.Evaluation {
	var e evaluation.Evaluation
	for kind := range 20 {
		e.Kinds = append(e.Kinds, evaluation.Kind{Kind: fmt.Sprint("kind ", kind), Ended: true, Accuracy: r.Float64(), N: 200, Trivial: []evaluation.Trivial{{Scorer: "longer", Accuracy: r.Float64()}}})
	}
	low, high := 0.0, 1.0
	for _, policy := range evaluation.Policies {
		for metric := range 20 {
			e.Samples = append(e.Samples, evaluation.Measure{Policy: policy, Statistic: evaluation.Kendall, Metric: fmt.Sprint("metric ", metric), Estimate: evaluation.Estimate{Value: r.Float64(), Low: &low, High: &high, N: 200}})
		}
		for bin := range evaluation.Bins {
			e.Calibration = append(e.Calibration, evaluation.Bin{Pairs: policy, Bin: bin, Confidence: r.Float64(), Right: r.Float64(), N: 100})
		}
	}
	return e
}

// points is the length of curves, that of the demo's.
const points = 42

func writeCurves(dir string, r *rand.Rand, names ...string) error {
	var curves []train.Point
	for _, name := range names {
		for step := range points {
			curves = append(curves, train.Point{Step: step + 1, Split: data.Train, Name: name, Value: r.Float64()})
		}
	}
	return data.WriteLines(filepath.Join(dir, "curves.jsonl"), curves)
}

func writeJSON(dir, name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name), text, 0o666)
}

func exampleName(i int) string { return fmt.Sprintf("package-%d", i) }

var vocabulary = strings.Fields("library for reading and writing a small file of headers in the language that its users know best development documentation")

func words(r *rand.Rand, n int) string {
	chosen := make([]string, n)
	for i := range chosen {
		chosen[i] = vocabulary[r.IntN(len(vocabulary))]
	}
	return strings.Join(chosen, " ")
}
