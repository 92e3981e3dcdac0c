package graph

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"lastmile/harness/data"
	"lastmile/harness/reward/evaluation"
	"lastmile/harness/stage"
	"lastmile/harness/stages"
	"lastmile/runs"
)

// fake replaces the functions of the kinds that need a network by ones that write
// what those would.
func fake(g *Graph) {
	for kind, run := range map[string]stage.Func{
		stages.Base: fakeTraining, stages.MLE: fakeTraining, stages.Policy: fakeTraining, stages.Scorer: fakeTraining,
		stages.Negatives:  func(context.Context, *stage.Job) error { return nil },
		stages.Reward:     fakeReward,
		stages.RewardEval: fakeRewardEval,
		stages.Decode:     fakeDecode,
	} {
		g.kinds[kind].Run = run
	}
}

func fakeTraining(_ context.Context, job *stage.Job) error {
	job.Tokens(100)
	return os.WriteFile(filepath.Join(job.Dir, "curves.jsonl"), []byte(`{"step":1,"split":"train","name":"loss","value":2.5}`+"\n"), 0o666)
}

func fakeReward(ctx context.Context, job *stage.Job) error {
	if err := fakeTraining(ctx, job); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(job.Dir, "accuracy.json"), []byte(`[{"kind":"random","ended":true,"accuracy":0.99,"n":100}]`), 0o666)
}

func fakeRewardEval(_ context.Context, job *stage.Job) error {
	return stage.WriteJSON(filepath.Join(job.Dir, "evaluation.json"), evaluation.Evaluate([]evaluation.Prompt{
		{Truth: 2, Negatives: []evaluation.Negative{{Kind: "random", Ended: true, Score: 1, Trivial: []float64{0.5}}}, Policies: [2][]evaluation.Sample{{{Score: 3, Metrics: []float64{0.1}}}}},
	}, evaluation.Names{Trivial: []string{"longer"}, Metrics: []string{"la-rougeL"}, Trained: func(string, bool) bool { return true }}))
}

func fakeDecode(_ context.Context, job *stage.Job) error {
	examples, err := data.ReadExamples(filepath.Join(job.Inputs[stages.Prepare], data.Test+".jsonl"))
	if err != nil {
		return err
	}
	var outputs []stages.Output
	for _, e := range examples {
		outputs = append(outputs, stages.Output{ID: e.ID, Text: e.References[0] + "\nand more", Tokens: 4, Ended: true})
	}
	if err := data.WriteLines(filepath.Join(job.Dir, "outputs.jsonl"), outputs); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(job.Dir, "decode.json"), []byte(`{"temperature":0.7,"tuned":[{"temperature":0.7,"score":0.2}]}`), 0o666)
}

const lexical = `
[metrics]
names = ["rouge1", "length_ratio", "ended"]
`

func TestRunScoresStoresAndDoesNothingTwice(t *testing.T) {
	ctx := t.Context()
	s := sweep(t, threeVariants+lexical)
	work := t.TempDir()
	run := func() Result {
		t.Helper()
		g, err := Plan(t.Context(), s, work)
		if err != nil {
			t.Fatal(err)
		}
		fake(g)
		result, err := g.Run(ctx, Options{Jobs: 1, Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	first := run()
	if !first.Complete() || first.Found != 0 || first.Failed != 0 || len(first.Runs) != 6 {
		t.Fatalf("first: %+v", first)
	}
	second := run()
	if !second.Complete() || second.Computed != 0 || second.Found != first.Computed {
		t.Fatalf("second: %+v", second)
	}
	check := func() {
		t.Helper()
		store, err := runs.Open(ctx, runs.Path(work))
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		listed, err := store.Listing(ctx, s.Name)
		if err != nil || len(listed.Runs) != 6 {
			t.Fatalf("%d runs, %v", len(listed.Runs), err)
		}
		for _, r := range listed.Runs {
			if r.Status != runs.Done {
				t.Errorf("%s, seed %d: %s %s", r.Label, r.Seed, r.Status, r.Reason)
			}
		}
		scores, err := store.Scores(ctx, s.Name)
		if err != nil || len(scores.Systems) != 3*2*2 || len(scores.Examples) != 2 || len(scores.Metrics) != 3 {
			t.Fatalf("scores: %+v %v", scores, err)
		}
		// Post-processing cuts after the first line, which is the truth.
		for _, system := range scores.Systems {
			if got := system.Values["rouge1"][0][0]; (got == 1) != (system.Form == runs.Post) {
				t.Errorf("%v: rouge1 %v", system.System, got)
			}
		}
		accuracies, err := store.RewardAccuracies(ctx, s.Name)
		if err != nil || len(accuracies) != 2 {
			t.Errorf("accuracies: %v %v", accuracies, err)
		}
		evaluations, err := store.RewardEvaluations(ctx, s.Name)
		if err != nil || len(evaluations) != 2 || !reflect.DeepEqual(evaluations[0].Kinds, []runs.RewardKind{{Kind: "random", Ended: true, Trained: true, Accuracy: 1, N: 1, Trivial: []runs.TrivialAccuracy{{Scorer: "longer", Accuracy: 0.5}}}}) || evaluations[0].Samples[0].Statistic != evaluation.TruthAbove {
			t.Errorf("evaluations of reward models: %+v %v", evaluations, err)
		}
	}
	check()
	// The store is derived: without it, the same command makes it anew.
	for _, suffix := range []string{"", "-wal", "-shm"} {
		os.Remove(runs.Path(work) + suffix)
	}
	if third := run(); third.Computed != 0 {
		t.Errorf("third: %+v", third)
	}
	check()

	// A metric more is scored on what was decoded: 12 decodings are scored
	// again and nothing else is computed.
	file := s.File
	s = sweep(t, threeVariants+strings.Replace(lexical, `"ended"`, `"ended", "chrf"`, 1))
	other := s.File
	s.File = file
	if fourth := run(); fourth.Computed != 12 || fourth.Found != first.Computed-12 {
		t.Errorf("with one metric more: %+v", fourth)
	}

	// Another file of that name does not take the place of this one in silence.
	s = sweep(t, threeVariants+"mle.epochs = 3\n"+lexical)
	s.File = other
	var mistake stages.Mistake
	again, err := Plan(t.Context(), s, work)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Run(ctx, Options{}); !errors.As(err, &mistake) || !strings.HasPrefix(err.Error(), other+": the sweep is called") || !strings.Contains(err.Error(), file) {
		t.Errorf("another file of that name: %v", err)
	}
}

func TestAFailedStageFailsItsRunsAndNoOthers(t *testing.T) {
	ctx := t.Context()
	g := plan(t, sweep(t, threeVariants+lexical))
	fake(g)
	bad := stageOf(t, g.Runs[2], stages.Reward) // ppo, seed 1
	g.kinds[stages.Reward].Run = func(ctx context.Context, job *stage.Job) error {
		var seed int
		if err := job.Read("seed", &seed); err != nil || seed == 1 {
			return errors.Join(err, errors.New("the loss is NaN at step 3"))
		}
		return fakeReward(ctx, job)
	}
	result, err := g.Run(ctx, Options{Jobs: 1, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range result.Runs {
		failed := r.Label == "ppo" && r.Seed == 1
		if (r.Status == runs.Failed) != failed || failed && !strings.Contains(r.Reason, "NaN at step 3") {
			t.Errorf("%s, seed %d: %s %q", r.Label, r.Seed, r.Status, r.Reason)
		}
	}
	status, err := g.Status(t.Context(), Options{Jobs: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, st := range status.Stages {
		if (st.Status == "failed") != (st.Key == bad.Key) {
			t.Errorf("%s %s: %s", st.Kind, st.Name, st.Status)
		}
	}
	store, err := runs.Open(ctx, runs.Path(g.work))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	stored, err := store.Run(ctx, g.Runs[2].ID)
	if err != nil || stored.Status != runs.Failed || !strings.Contains(stored.Reason, "NaN") {
		t.Errorf("stored: %+v %v", stored.State, err)
	}
	g.kinds[stages.Reward].Run = fakeReward
	if result, err = g.Run(ctx, Options{Jobs: 1, Threads: 1}); err != nil || !result.Complete() {
		t.Errorf("again: %+v %v", result, err)
	}
}

func TestOnlySelectedRunsAreComputedAndAllAreListed(t *testing.T) {
	ctx := t.Context()
	g := plan(t, sweep(t, threeVariants+lexical))
	fake(g)
	result, err := g.Run(ctx, Options{Jobs: 1, Threads: 1, Only: []string{g.Runs[0].ID}})
	if err != nil || len(result.Runs) != 1 || !result.Complete() {
		t.Fatalf("%+v %v", result, err)
	}
	store, err := runs.Open(ctx, runs.Path(g.work))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	listed, err := store.Listing(ctx, g.Sweep.Name)
	if err != nil || len(listed.Runs) != 6 || listed.Runs[0].Status != runs.Done || listed.Runs[1].Status != runs.Planned {
		t.Errorf("%+v %v", listed, err)
	}
}

func TestInterruptedRunSaysSo(t *testing.T) {
	g := plan(t, sweep(t, lexical))
	fake(g)
	ctx, cancel := context.WithCancel(t.Context())
	g.kinds[stages.MLE].Run = func(ctx context.Context, _ *stage.Job) error {
		cancel()
		return ctx.Err()
	}
	if result, err := g.Run(ctx, Options{Jobs: 1, Threads: 1}); !errors.Is(err, context.Canceled) || result.Complete() {
		t.Errorf("%+v %v", result, err)
	}
}
