// Command bench is our side of the benchmarks against Hugging Face's
// libraries. The Python scripts beside it are the benchmarks: they write a job,
// run bench and a peer on it in turns, each in a process of its own, and
// compare what they report.
//
//	bench JOB RESULT
//
// JOB and RESULT are JSON files. A job holds token ids, so that both sides
// compute on the same, and each side times its work alone: what comes before,
// loading and a warm-up, is not in its seconds.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"lastmile/harness/model"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: bench JOB RESULT")
		os.Exit(2)
	}
	if err := runFile(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// runFile does the job in one file and writes its result to another.
func runFile(from, to string) error {
	var job Job
	if err := stage.ReadJSON(from, &job); err != nil {
		return err
	}
	result, err := run(context.Background(), job)
	if err != nil {
		return fmt.Errorf("job %s: %w", job.Kind, err)
	}
	return stage.WriteJSON(to, result)
}

// run does a job in a session of its own.
func run(ctx context.Context, job Job) (Result, error) {
	kinds := map[string]func(context.Context, *torch.Session, Job) (Result, error){
		"decode": runDecode,
		"mle":    runMLE,
		"loss":   runLoss,
		"rl":     runRL,
	}
	do, ok := kinds[job.Kind]
	if !ok {
		return Result{}, fmt.Errorf("there is no such kind of job")
	}
	s, err := torch.Open(torch.Options{Device: job.Device, Threads: job.Threads})
	if err != nil {
		return Result{}, err
	}
	defer s.Close()
	if !job.Roofline {
		return do(ctx, s, job)
	}
	c, err := model.ReadConfig(filepath.Join(job.Model, "config.json"))
	if err != nil {
		return Result{}, err
	}
	var roof roofline
	if err := roof.raise(ctx, s); err != nil {
		return Result{}, err
	}
	result, err := do(ctx, s, job)
	if err != nil {
		return Result{}, err
	}
	if err := roof.raise(ctx, s); err != nil {
		return Result{}, err
	}
	result.Bound = roof.bound(c, job, result)
	return result, nil
}
