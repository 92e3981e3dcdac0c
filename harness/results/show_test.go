package results

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"lastmile/harness/stages"
	"lastmile/runs"
)

func TestShowTellsWhatIsKnownOfARun(t *testing.T) {
	ctx, work := t.Context(), t.TempDir()
	ingest(t, work, func(ctx context.Context, into *runs.Ingest) error {
		stage := func(kind, key string, write func(*runs.Writer) error) error {
			return into.Stage(ctx, runs.Stage{Key: key, Kind: kind, Version: 1, Started: time.Unix(1, 0), Seconds: 2, Task: "p", Split: "test"}, write)
		}
		failed := stage(stages.Prepare, "p", func(w *runs.Writer) error {
			w.Examples([]runs.Example{
				{Split: "test", ID: "0", Input: "j k l", References: []string{"j k"}},
				{Split: "test", ID: "1", Input: "m n o", References: []string{"m n"}},
			})
			return nil
		})
		sweep := runs.Sweep{Name: "tiny", File: "tiny.toml", Report: []byte("{}")}
		for seed := 1; seed <= 2; seed++ {
			c := stages.Default().With("seed", seed).With("rl.updates", 7)
			config, err := c.Canonical()
			if err != nil {
				return err
			}
			id, err := c.ID()
			if err != nil {
				return err
			}
			links := []runs.Link{{Stage: "p"}}
			for _, decode := range []string{"greedy", "sample"} {
				key := fmt.Sprint(decode, seed)
				failed = errors.Join(failed,
					stage(stages.Decode, "d"+key, func(w *runs.Writer) error {
						return w.Outputs(runs.Raw, []runs.Output{{ID: "0", Text: "j k\nand more", Tokens: 4, Ended: true}, {ID: "1", Text: "m"}})
					}),
					stage(stages.Score, "s"+key, func(w *runs.Writer) error {
						var scored []runs.Scored
						for _, form := range []string{runs.Raw, runs.Post} {
							for _, example := range []string{"0", "1"} {
								scored = append(scored, runs.Scored{ID: example, Form: form, Scores: map[string]float64{"rouge1": 0.5}})
							}
						}
						return w.Scores(map[string]string{"rouge1": "rouge1|v:1"}, scored)
					}))
				links = append(links, runs.Link{Role: decode, Stage: "d" + key}, runs.Link{Role: decode, Stage: "s" + key})
			}
			state := runs.State{Status: runs.Done}
			if seed == 1 {
				state = runs.State{Status: runs.Failed, Reason: "the loss is NaN at step 3"}
			}
			failed = errors.Join(failed, into.Run(ctx, runs.Run{Name: id, Seed: seed, Config: config}, state, links))
			sweep.Runs = append(sweep.Runs, runs.SweepRun{Run: id, Label: "ppo", Variant: "ppo", Seed: seed, Axes: []byte("{}")})
		}
		return errors.Join(failed, into.Sweep(ctx, sweep))
	})

	report, err := Show(ctx, work, "ppo, seed 2", 1)
	if err != nil {
		t.Fatal(err)
	}
	if report.Status != runs.Done || report.Label != "ppo" || len(report.Computed) != 5 || len(report.Examples) != 1 || report.Examples[0].Outputs["greedy"] != "j k\nand more" {
		t.Errorf("report: %+v", report)
	}
	if len(report.Scores) != 4 || report.Scores[0].Means["rouge1"] != 0.5 {
		t.Errorf("scores: %+v", report.Scores)
	}
	if len(report.Settings) != 2 || report.Settings[0] != (Setting{"rl.updates", "7", "50"}) || report.Settings[1] != (Setting{"seed", "2", "1"}) {
		t.Errorf("settings: %+v", report.Settings)
	}
	if failed, err := Show(ctx, work, "ppo, seed 1", 0); err != nil || failed.Status != runs.Failed || !strings.Contains(failed.Reason, "NaN") {
		t.Errorf("a run that failed: %+v %v", failed.RunStatus, err)
	}
	if _, err := Show(ctx, work, "ppo", 1); err == nil || !strings.Contains(err.Error(), "ppo, seed 1") {
		t.Errorf("a name of two runs: %v", err)
	}
	var mistake stages.Mistake
	if _, err := Show(ctx, work, "nothing", 1); !errors.As(err, &mistake) {
		t.Errorf("an unknown run: %v", err)
	}
}
