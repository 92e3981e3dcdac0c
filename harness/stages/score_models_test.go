package stages

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"lastmile/harness/bertscore"
	"lastmile/harness/faithfulness"
	"lastmile/harness/likelihood"
	"lastmile/harness/stage"
	"lastmile/metrics"
)

// TestModelsOfMetricsGoOnWhereTheyStopped interrupts each model that computes metrics after
// its first texts.
func TestModelsOfMetricsGoOnWhereTheyStopped(t *testing.T) {
	var inputs []metrics.Input
	for i := range 100 {
		inputs = append(inputs, metrics.Input{
			Hypothesis: fmt.Sprintf("a library for format %d", i),
			References: []string{fmt.Sprintf("library that reads format %d", i%7)},
			Source:     fmt.Sprintf("This package contains the runtime library. It reads the format %d.", i%5),
		})
	}
	encoder := filepath.Join("..", "encoder", "testdata", "roberta")
	for name, open := range map[string]func() (metricModel, error){
		"scorer": func() (metricModel, error) {
			return OpenScorer(filepath.Join("..", "scorer", "testdata", "bleurt-bert"), 1)
		},
		"bertscore": func() (metricModel, error) {
			s := bertscore.DefaultSettings()
			s.Model, s.Layer = encoder, 2
			return bertscore.Open(s, 1, "")
		},
		"likelihood": func() (metricModel, error) {
			s := likelihood.DefaultSettings()
			s.Model, s.BatchTokens = filepath.Join("..", "likelihood", "testdata", "model"), 200
			return likelihood.Open(s, 1, "")
		},
		"faithfulness": func() (metricModel, error) {
			s := faithfulness.DefaultSettings()
			s.Model, s.BatchTokens = encoder, 200
			return faithfulness.Open(s, 1, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			score := func(dir string, stop bool) (scores [][]float64, err error) {
				t.Helper()
				m, err := open()
				if err != nil {
					t.Fatal(err)
				}
				keep := keptScores{folder: filepath.Join(dir, stage.Checkpoint)}
				file, err := keep.file(name)
				if err != nil {
					t.Fatal(err)
				}
				m.Keep(file)
				defer func() {
					if err := errors.Join(m.Close(), keep.close()); err != nil {
						t.Error(err)
					}
				}()
				var names []string
				for _, metric := range m.Metrics() {
					names = append(names, metric.Name())
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				last := 0
				err = m.Foresee(ctx, names, func(done, total int) {
					if done <= last || done > total {
						t.Errorf("%d of %d are done after %d", done, total, last)
					}
					if last = done; stop {
						cancel()
					}
				}, inputs[:60], inputs[40:])
				if err != nil {
					return nil, err
				}
				return metrics.All(m.Metrics(), inputs, 1)
			}
			computed := func(dir string) int {
				t.Helper()
				text, err := os.ReadFile(filepath.Join(dir, stage.Checkpoint, "scores-"+name+".jsonl"))
				if err != nil {
					t.Fatal(err)
				}
				return bytes.Count(text, []byte("\n"))
			}
			whole, dir := t.TempDir(), t.TempDir()
			want, err := score(whole, false)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := score(dir, true); !errors.Is(err, context.Canceled) {
				t.Fatalf("error %v, want that it was interrupted", err)
			}
			if first := computed(dir); first == 0 || first >= computed(whole) {
				t.Errorf("%d batches were computed before it was interrupted, and %d in all", first, computed(whole))
			}
			for range 2 {
				if got, err := score(dir, false); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("after an interruption the scores are %v, %v; want %v", got, err, want)
				}
				if got, want := computed(dir), computed(whole); got != want {
					t.Errorf("%d batches were computed in all, want %d", got, want)
				}
			}
		})
	}
}
