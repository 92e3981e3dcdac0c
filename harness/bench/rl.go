package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"lastmile/harness/algorithms"
	"lastmile/harness/model"
	"lastmile/harness/reward"
	"lastmile/harness/rollout"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// runRL takes steps of PPO on Batch prompts with Samples responses each. The clock
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
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(dir)
	var r Result
	var peak memory
	var start time.Time
	e := &algorithms.Env{Env: rollout.Env{
		Policy: policy, Reference: reference,
		Rewards:   reward.Sum{{Reward: distinct(&r.Total), Name: "distinct", Weight: 1}},
		MaxTokens: job.MaxTokens, Ends: []int{job.End}, Seed: job.Seed, Settings: rlSettings(job),
		Hooks: train.Hooks{Dir: dir, Progress: func(done, total int, note string) {
			peak.step()
			if done == 1 {
				start = time.Now()
			}
			r.Seconds = time.Since(start).Seconds()
		}},
	}}
	for i, t := range job.Texts {
		e.Problems = append(e.Problems, rollout.Problem{ID: fmt.Sprint(i), Prompt: t.Prompt, Truth: t.Response})
	}
	ppo, _ := algorithms.Find("ppo")
	if err := ppo.Section.Default.(algorithms.PPO).Train(ctx, e); err != nil {
		return Result{}, err
	}
	r.Work = job.Steps
	return r, peak.report(&r)
}

// rlSettings are one optimizer step an update, at temperature 1, as the peer has it.
func rlSettings(job Job) rollout.Settings {
	c := rollout.Default()
	c.OptimizerSettings = optimizer(job)
	c.Updates, c.Prompts, c.Samples = job.Steps+1, job.Batch, job.Samples
	c.Epochs, c.Minibatches, c.Temperature, c.TargetKL = 1, 1, 1, 0
	c.KL.Coefficient = job.KL
	return c
}

// distinct is the reward of both sides: the share of a response's tokens that
// differ from one another. It adds the tokens that it is asked about to total.
func distinct(total *int) reward.Each {
	return func(_ reward.Group, r reward.Response) reward.Value {
		*total += len(r.Tokens)
		tokens := make(map[int]bool)
		for _, token := range r.Tokens {
			tokens[token] = true
		}
		return reward.Value{Total: float64(len(tokens)) / float64(len(r.Tokens))}
	}
}
