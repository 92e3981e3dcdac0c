package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"lastmile/harness/data"
	"lastmile/harness/model"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// runMLE trains on all texts, once each, in batches. The clock runs from the
// end of the first step to the end of the last.
func runMLE(ctx context.Context, s *torch.Session, job Job) (Result, error) {
	m, err := loadToTrain(s, job)
	if err != nil {
		return Result{}, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var r Result
	var peak memory
	var start time.Time
	var before int
	hooks := train.Hooks{
		Tokens: func(n int) { r.Total += n },
		Progress: func(done, total int, note string) {
			peak.step()
			switch done {
			case 1:
				start, before = time.Now(), r.Total
			case job.Steps + 1:
				r.Seconds, r.Work = time.Since(start).Seconds(), r.Total-before
				stop()
			}
		},
	}
	// A step more than are taken, because the last is followed by an
	// evaluation and a checkpoint, which the peer does not make.
	texts := job.sequences()
	err = train.MLE(ctx, m, texts, texts[:1], mleConfig(job), job.Steps+2, job.Seed, "bench", hooks)
	if !errors.Is(err, context.Canceled) {
		return Result{}, fmt.Errorf("training did not stop after %d steps: %w", job.Steps+1, err)
	}
	return r, peak.report(&r)
}

// runLoss takes one training step on all texts, and reports its loss.
func runLoss(ctx context.Context, s *torch.Session, job Job) (Result, error) {
	m, err := loadToTrain(s, job)
	if err != nil {
		return Result{}, err
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(dir)
	var r Result
	texts := job.sequences()
	hooks := train.Hooks{Dir: dir, Tokens: func(n int) { r.Total += n }}
	if err := train.MLE(ctx, m, texts, texts[:1], mleConfig(job), 1, job.Seed, "bench", hooks); err != nil {
		return Result{}, err
	}
	curves, err := data.ReadLines[train.Point](filepath.Join(dir, "curves.jsonl"))
	if err != nil {
		return Result{}, err
	}
	for _, p := range curves {
		if p.Split == "train" && p.Name == "loss" && p.Step == 1 {
			r.Loss = p.Value
			return r, nil
		}
	}
	return Result{}, errors.New("the learning curves have no loss of step 1")
}

// adapterRank is the peer's too.
const adapterRank = 16

// loadToTrain loads the job's model, with adapters where it asks for them.
func loadToTrain(s *torch.Session, job Job) (*model.Model, error) {
	m, err := model.Load(s, job.Model)
	if err != nil || !job.LoRA {
		return m, err
	}
	c := model.DefaultLoRA() // all linear layers, as the peer has it
	c.R, c.Alpha = adapterRank, 2*adapterRank
	return m.Adapt(c, job.Seed, "bench")
}

// mleConfig is plain AdamW at a constant rate, as the peer has it.
func mleConfig(job Job) train.MLESettings {
	return train.MLESettings{OptimizerSettings: optimizer(job), Epochs: 1, BatchSize: job.Batch}
}

func optimizer(job Job) train.OptimizerSettings {
	return train.OptimizerSettings{
		LearningRate: job.LearningRate, FinalLearningRate: 1,
		Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, ClipNorm: 1, BF16: job.BF16,
	}
}
