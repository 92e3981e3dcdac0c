package main

import (
	"context"
	"fmt"
	"time"

	"lastmile/harness/decode"
	"lastmile/harness/model"
	"lastmile/harness/torch"
)

// warmUp is the number of tokens that the first batch decodes before the clock
// starts.
const warmUp = 4

// runDecode decodes one response to each prompt in one call.
func runDecode(ctx context.Context, s *torch.Session, job Job) (Result, error) {
	m, err := model.Load(s, job.Model)
	if err != nil {
		return Result{}, err
	}
	strategy := "sample"
	if job.Greedy {
		strategy = "greedy"
	}
	how := decode.Default(strategy)
	how.BatchSize = job.Batch
	requests := make([]decode.Request, len(job.Texts))
	for i, t := range job.Texts {
		requests[i] = decode.Request{ID: fmt.Sprint(i), Prompt: t.Prompt}
	}
	var peak memory
	options := decode.Options{Settings: how, MaxTokens: warmUp, Ends: []int{job.End}, Seed: job.Seed, Stage: "bench"}
	if _, err := decode.Decode(ctx, m, requests[:min(job.Batch, len(requests))], options); err != nil {
		return Result{}, err
	}
	options.MaxTokens = job.MaxTokens
	options.Tokens = func(int) { peak.step() }
	start := time.Now()
	answers, err := decode.Decode(ctx, m, requests, options)
	if err != nil {
		return Result{}, err
	}
	r := Result{Seconds: time.Since(start).Seconds()}
	for _, a := range answers {
		r.Responses = append(r.Responses, a[0].Tokens)
		r.Work += len(a[0].Tokens)
	}
	r.Total = r.Work
	return r, peak.report(&r)
}
