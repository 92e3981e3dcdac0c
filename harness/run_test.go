package harness

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/harness/data"
	"lastmile/harness/stage"
	"lastmile/runs"
)

// fake replaces the functions of the stages that need a network by ones that
// write what those would.
func fake(g *Graph) {
	for _, st := range g.Stages {
		switch st.Kind {
		case baseKind, mleKind, rlKind, scorerKind:
			st.Func = fakeTraining
		case negativesKind:
			st.Func = func(context.Context, *stage.Job) error { return nil }
		case rewardKind:
			st.Func = fakeReward
		case decodeKind:
			st.Func = fakeDecode
		}
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

func fakeDecode(_ context.Context, job *stage.Job) error {
	examples, err := data.ReadExamples(splitFile(job.Inputs[prepareKind], data.Test))
	if err != nil {
		return err
	}
	var outputs []output
	for _, e := range examples {
		outputs = append(outputs, output{ID: e.ID, Text: e.References[0] + "\nand more", Tokens: 4, Ended: true})
	}
	if err := data.WriteLines(outputsFile(job.Dir), outputs); err != nil {
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
		g, err := Plan(s, work)
		if err != nil {
			t.Fatal(err)
		}
		fake(g)
		result, err := g.Run(ctx, Options{Workers: 2, Threads: 1})
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
		store, err := runs.Open(ctx, StorePath(work))
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		listed, err := store.Sweep(ctx, s.Name)
		if err != nil || len(listed.Runs) != 6 {
			t.Fatalf("%d runs, %v", len(listed.Runs), err)
		}
		for _, r := range listed.Runs {
			if r.Status != Done {
				t.Errorf("%s, seed %d: %s %s", r.Label, r.Seed, r.Status, r.Reason)
			}
		}
		scores, err := store.Scores(ctx, s.Name)
		if err != nil || len(scores.Systems) != 3*2*2 || len(scores.Examples) != 2 || len(scores.Metrics) != 3 {
			t.Fatalf("scores: %+v %v", scores, err)
		}
		// Post-processing cuts after the first line, which is the truth.
		for _, system := range scores.Systems {
			if got := system.Values["rouge1"][0][0]; (got == 1) != (system.Form == postForm) {
				t.Errorf("%v: rouge1 %v", system.System, got)
			}
		}
		accuracies, err := store.RewardAccuracies(ctx, s.Name)
		if err != nil || len(accuracies) != 2 {
			t.Errorf("accuracies: %v %v", accuracies, err)
		}
	}
	check()
	// The store is derived: without it, the same command makes it anew.
	for _, suffix := range []string{"", "-wal", "-shm"} {
		os.Remove(StorePath(work) + suffix)
	}
	if third := run(); third.Computed != 0 {
		t.Errorf("third: %+v", third)
	}
	check()

	// A metric more is scored on what was decoded: 12 decodings are scored
	// again and nothing else is computed.
	names := s
	s = sweep(t, threeVariants+strings.Replace(lexical, `"ended"`, `"ended", "chrf"`, 1))
	if fourth := run(); fourth.Computed != 12 || fourth.Found != first.Computed-12 {
		t.Errorf("with one metric more: %+v", fourth)
	}
	s = names
	run()

	report, err := Show(ctx, work, "ppo, seed 2", 1)
	if err != nil {
		t.Fatal(err)
	}
	if report.Status != Done || len(report.Scores) != 4 || len(report.Examples) != 1 || report.Examples[0].Outputs["greedy"] != "j k\nand more" {
		t.Errorf("report: %+v", report)
	}
	if _, err := Show(ctx, work, "ppo", 1); err == nil || !strings.Contains(err.Error(), "ppo, seed 1") {
		t.Errorf("a name of two runs: %v", err)
	}
	var mistake Mistake
	if _, err := Show(ctx, work, "nothing", 1); !errors.As(err, &mistake) {
		t.Errorf("an unknown run: %v", err)
	}
}

func TestAFailedStageFailsItsRunsAndNoOthers(t *testing.T) {
	ctx := t.Context()
	g := plan(t, sweep(t, threeVariants+lexical))
	fake(g)
	bad := g.Runs[2].Stage(rewardKind) // ppo, seed 1
	bad.Func = func(context.Context, *stage.Job) error { return errors.New("the loss is NaN at step 3") }
	result, err := g.Run(ctx, Options{Workers: 1, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range result.Runs {
		failed := r.Label == "ppo" && r.Seed == 1
		if (r.Status == Failed) != failed || failed && !strings.Contains(r.Reason, "NaN at step 3") {
			t.Errorf("%s, seed %d: %s %q", r.Label, r.Seed, r.Status, r.Reason)
		}
	}
	status, err := g.Status(Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, st := range status.Stages {
		if (st.Status == "failed") != (st.Key == bad.Key) {
			t.Errorf("%s %s: %s", st.Kind, st.Name, st.Status)
		}
	}
	report, err := Show(ctx, g.work, g.Runs[2].ID, 1)
	if err != nil || report.Status != Failed || !strings.Contains(report.Reason, "NaN") {
		t.Errorf("stored: %+v %v", report.RunStatus, err)
	}
	bad.Func = fakeReward
	if result, err = g.Run(ctx, Options{Workers: 1, Threads: 1}); err != nil || !result.Complete() {
		t.Errorf("again: %+v %v", result, err)
	}
}

func TestOnlySelectedRunsAreComputedAndAllAreListed(t *testing.T) {
	ctx := t.Context()
	g := plan(t, sweep(t, threeVariants+lexical))
	fake(g)
	result, err := g.Run(ctx, Options{Workers: 1, Threads: 1, Only: []string{g.Runs[0].ID}})
	if err != nil || len(result.Runs) != 1 || !result.Complete() {
		t.Fatalf("%+v %v", result, err)
	}
	store, err := runs.Open(ctx, StorePath(g.work))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	listed, err := store.Sweep(ctx, g.Sweep.Name)
	if err != nil || len(listed.Runs) != 6 || listed.Runs[0].Status != Done || listed.Runs[1].Status != Planned {
		t.Errorf("%+v %v", listed, err)
	}
}

func TestInterruptedRunSaysSo(t *testing.T) {
	g := plan(t, sweep(t, lexical))
	fake(g)
	ctx, cancel := context.WithCancel(t.Context())
	g.Runs[0].Stage(mleKind).Func = func(ctx context.Context, _ *stage.Job) error {
		cancel()
		return ctx.Err()
	}
	if result, err := g.Run(ctx, Options{Workers: 1, Threads: 1}); !errors.Is(err, context.Canceled) || result.Complete() {
		t.Errorf("%+v %v", result, err)
	}
}

func TestScoreFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "refs.txt", "the cat sat\nthe dog\n")
	write(t, dir, "more.txt", "a cat\na dog ran\n")
	write(t, dir, "hyps.txt", "the cat sat\na dog ran\n")
	write(t, dir, "byid-refs.jsonl", `{"id": "y", "references": ["the dog", "a dog ran"]}`+"\n"+`{"id": "x", "reference": "the cat sat"}`+"\n")
	write(t, dir, "byid-hyps.jsonl", `{"id": "x", "text": "the cat sat"}`+"\n"+`{"id": "y", "text": "a dog ran"}`+"\n")
	write(t, dir, "one.txt", "a line\n")
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, s := range map[string]Scoring{
		"two files of references": {References: []string{at("refs.txt"), at("more.txt")}, Hypotheses: at("hyps.txt")},
		"by id":                   {References: []string{at("byid-refs.jsonl")}, Hypotheses: at("byid-hyps.jsonl")},
	} {
		s.Metrics = []string{"rouge1"}
		scores, err := ScoreFiles(s)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := scores[0]; got.Mean != 1 || got.N != 2 || got.Signature == "" {
			text, _ := json.Marshal(got)
			t.Errorf("%s: %s", name, text)
		}
	}
	for want, s := range map[string]Scoring{
		"has 1 text and": {Measures: Measures{Metrics: []string{"rouge1"}}, References: []string{at("one.txt")}, Hypotheses: at("hyps.txt")},
		"unknown metric": {Measures: Measures{Metrics: []string{"rougeX"}}, References: []string{at("refs.txt")}, Hypotheses: at("hyps.txt")},
		"no such file":   {Measures: Measures{Metrics: []string{"rouge1"}}, References: []string{at("nowhere")}, Hypotheses: at("hyps.txt")},
		"--scorer":       {Measures: Measures{Metrics: []string{"bleurt"}}, References: []string{at("refs.txt")}, Hypotheses: at("hyps.txt")},
	} {
		var mistake Mistake
		if _, err := ScoreFiles(s); !errors.As(err, &mistake) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}
