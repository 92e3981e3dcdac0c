package graph

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/harness/data"
	"lastmile/harness/reward/evaluation"
	"lastmile/harness/stage"
)

// sample is what the test reads of a line of samples.jsonl.
type sample struct {
	ID, Of, Text string
	Tokens       int
	Score        float64
	Metrics      map[string]float64
}

// TestTheBatchSizeOfAnEvaluationChangesNothing evaluates the reward model of the small
// experiment twice, which with LoRA is adapters of the MLE policy.
func TestTheBatchSizeOfAnEvaluationChangesNothing(t *testing.T) {
	for name, lora := range map[string]string{"full": "", "LoRA": "\n[lora]\nr = 2\n"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeTask(t, dir)
			work := filepath.Join(dir, "work")
			evaluate := func(batch string) (samples []sample, e evaluation.Evaluation) {
				t.Helper()
				text := strings.Replace(small, "examples = 6\n", "examples = 6\nbatch_size = "+batch+"\n", 1)
				text = strings.Replace(text, "[rl]", lora+"[rl]", 1)
				if err := os.WriteFile(filepath.Join(dir, "small.toml"), []byte(text), 0o666); err != nil {
					t.Fatal(err)
				}
				if out, err := process(work, 1).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				found, err := filepath.Glob(filepath.Join(work, "stages", "reward_eval", "*"))
				if err != nil || len(found) != 1 {
					t.Fatalf("evaluations in %q: %v", found, err)
				}
				if err := stage.ReadJSON(filepath.Join(found[0], "evaluation.json"), &e); err != nil {
					t.Fatal(err)
				}
				if samples, err = data.ReadLines[sample](filepath.Join(found[0], "samples.jsonl")); err != nil {
					t.Fatal(err)
				}
				if err := os.RemoveAll(found[0]); err != nil {
					t.Fatal(err)
				}
				return samples, e
			}
			one, of := evaluate("1")
			many, _ := evaluate("64")
			if len(one) != 6*(1+2*3) || len(many) != len(one) {
				t.Fatalf("%d and %d lines", len(one), len(many))
			}
			for i, a := range one {
				if b := many[i]; a.ID != b.ID || a.Of != b.Of || a.Text != b.Text || math.Abs(a.Score-b.Score) > 1e-4 {
					t.Errorf("one at a time %+v, together %+v", a, b)
				}
			}
			trained, leftOut := 0, 0
			for _, k := range of.Kinds {
				if k.Trained {
					trained++
				} else {
					leftOut++
				}
				if len(k.Trivial) == 0 || k.N == 0 {
					t.Errorf("%+v", k)
				}
			}
			if trained < 5 || leftOut < 2 || of.Prompts != 6 || len(of.Calibration) == 0 {
				t.Errorf("%d kinds trained on, %d left out, %d prompts", trained, leftOut, of.Prompts)
			}
			for i, a := range one {
				if _, scored := a.Metrics["la-rougeL"]; scored != (a.Of != "truth") {
					t.Errorf("line %d: metrics %v", i, a.Metrics)
				}
			}
		})
	}
}
