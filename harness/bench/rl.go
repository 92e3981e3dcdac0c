package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"lastmile/experiments"
	"lastmile/harness/model"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// runRL takes RL steps of Batch prompts with Samples responses each. The clock
// runs from the end of the first step to the end of the last.
func runRL(ctx context.Context, s *torch.Session, job Job) (Result, error) {
	policy, err := model.Load(s, job.Model)
	if err != nil {
		return Result{}, err
	}
	policy.AddHead()
	reference, err := model.Load(s, job.Model)
	if err != nil {
		return Result{}, err
	}
	problems := make([]train.Problem, len(job.Texts))
	for i, t := range job.Texts {
		problems[i] = train.Problem{ID: fmt.Sprint(i), Prompt: t.Prompt, Truth: t.Response}
	}
	config := experiments.Default().RL
	config.Optimizer = optimizer(job)
	config.Updates, config.Prompts, config.Samples = job.Steps+1, job.Batch, job.Samples
	config.Epochs, config.Minibatches, config.Temperature, config.TargetKL = 1, 1, 1, 0
	config.KL.Coefficient = job.KL
	config.Shaping = experiments.Shaping{Baseline: "none"}

	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(dir)
	var r Result
	var peak memory
	var start time.Time
	ppo := train.PPO{
		Policy: policy, Reference: reference, Problems: problems,
		Score: func(trees []model.Tree) ([][]float64, error) {
			for _, t := range trees {
				for _, response := range t.Responses[:job.Samples] { // the truth comes last
					r.Total += len(response)
				}
			}
			return distinct(trees), nil
		},
		MaxTokens: job.MaxTokens, EOS: job.End, RL: config, Seed: job.Seed,
	}
	err = ppo.Train(ctx, train.Hooks{Dir: dir, Progress: func(done, total int, note string) {
		peak.step()
		if done == 1 {
			start = time.Now()
		}
		r.Seconds = time.Since(start).Seconds()
	}})
	if err != nil {
		return Result{}, err
	}
	r.Work = job.Steps
	return r, peak.report(&r)
}

// distinct is the reward of both sides: the share of a response's tokens that
// differ from one another.
func distinct(trees []model.Tree) [][]float64 {
	scores := make([][]float64, len(trees))
	for i, t := range trees {
		for _, response := range t.Responses {
			tokens := make(map[int]bool)
			for _, token := range response {
				tokens[token] = true
			}
			scores[i] = append(scores[i], float64(len(tokens))/float64(len(response)))
		}
	}
	return scores
}
