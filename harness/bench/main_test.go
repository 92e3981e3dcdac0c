package main

import (
	"context"
	"math"
	"os"
	"strings"
	"testing"

	"lastmile/experiments/builtin"
)

// small is a job on the built-in model that takes moments.
func small(t *testing.T, kind string) Job {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, builtin.Files); err != nil {
		t.Fatal(err)
	}
	job := Job{
		Kind: kind, Model: dir, Threads: 1, Seed: 1, End: 1, Batch: 2, MaxTokens: 3,
		Steps: 2, LearningRate: 1e-5, Samples: 2, KL: 0.05,
	}
	for i := range job.Batch * (job.Steps + 1) {
		job.Texts = append(job.Texts, Text{Prompt: []int{10 + i, 20, 30}, Response: []int{40, 50 + i, 1}})
	}
	return job
}

func do(t *testing.T, job Job) Result {
	t.Helper()
	r, err := run(context.Background(), job)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestDecodeAnswersEachPrompt(t *testing.T) {
	job := small(t, "decode")
	job.Roofline = true
	r := do(t, job)
	tokens := 0
	for _, response := range r.Responses {
		tokens += len(response)
	}
	if len(r.Responses) != len(job.Texts) || tokens == 0 || r.Work != tokens || r.Total != tokens || r.Seconds <= 0 {
		t.Errorf("%d prompts gave %+v", len(job.Texts), r)
	}
	if r.Bound <= 0 {
		t.Errorf("the least time is %g s", r.Bound)
	}
	if r.Tenth <= 0 || r.End < r.Tenth {
		t.Errorf("peak memory is %g MB after a tenth and %g at the end", r.Tenth, r.End)
	}
}

func TestTrainingTimesAllStepsButTheFirst(t *testing.T) {
	r := do(t, small(t, "mle"))
	// Texts of 6 tokens, 2 a step.
	if r.Work != 2*12 || r.Total != 3*12 || r.Seconds <= 0 {
		t.Errorf("2 timed steps after one of 12 tokens gave %+v", r)
	}
	r = do(t, small(t, "rl"))
	if r.Work != 2 || r.Total == 0 || r.Seconds <= 0 {
		t.Errorf("2 timed RL steps gave %+v", r)
	}
}

func TestLossIsTheFirstStepsOwn(t *testing.T) {
	job := small(t, "loss")
	job.Batch = len(job.Texts)
	first := do(t, job).Loss
	job.LearningRate = 1
	if again := do(t, job).Loss; first <= 0 || math.IsNaN(first) || again != first {
		t.Errorf("the loss before the first step is %g, and at another learning rate %g", first, again)
	}
}

func TestAdaptersStartAtTheModelsOwnLoss(t *testing.T) {
	job := small(t, "loss")
	full := do(t, job).Loss
	job.LoRA = true
	if adapted := do(t, job).Loss; math.Abs(adapted-full) > 1e-5 {
		t.Errorf("the first loss is %g with adapters and %g without", adapted, full)
	}
	job.Kind = "mle"
	if r := do(t, job); r.Work != 2*12 || r.Seconds <= 0 {
		t.Errorf("2 timed steps of 12 tokens with adapters gave %+v", r)
	}
}

func TestWhatCannotBeDoneIsSaid(t *testing.T) {
	_, err := run(context.Background(), Job{Kind: "fly"})
	if err == nil || !strings.Contains(err.Error(), "no such kind") {
		t.Errorf("an unknown kind of job ended with %v", err)
	}
}
