// Command scale makes a work folder in which a sweep is finished, without
// training anything: the benchmark of what lastmile itself costs. The script
// scale.py beside it makes large ones and measures the commands on them.
//
//	scale FILE WORK EXAMPLES
//	scale sleep [-runs N] [-jobs N] [-form FORM] FOLDER
//
// Every stage of the sweep file FILE gets an artifact with made-up files in the
// formats that its kind writes, for test sets of so many examples. Then the
// sweep is run, which finds all of it finished and brings it into the store.
// What each step took is printed as JSON.
//
// With sleep, a sweep is run from end to end whose stages do nothing but sleep; see
// sleep.go.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"lastmile/experiments"
	"lastmile/harness/command"
	"lastmile/harness/graph"
)

func main() {
	if len(os.Args) > 1 && play(os.Args[1], os.Args[2:]) {
		return
	}
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: scale FILE WORK EXAMPLES, or scale sleep [-runs N] [-jobs N] [-form FORM] FOLDER")
		os.Exit(2)
	}
	examples, err := strconv.Atoi(os.Args[3])
	var r result
	if err == nil {
		r, err = finish(context.Background(), os.Args[1], os.Args[2], examples)
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(r)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

// result is how large a sweep is, and how many seconds each step took.
type result struct {
	Runs   int `json:"runs"`
	Stages int `json:"stages"`
	// Plan is the time of reading the file and planning, Make that of making up
	// the artifacts, and Ingest that of running: of seeing that all is finished
	// and bringing it into the store.
	Plan   float64 `json:"plan"`
	Make   float64 `json:"make"`
	Ingest float64 `json:"ingest"`
	// IngestCPU is the time of processors that Ingest took, and Peak the largest
	// resident size of the process, in MB.
	IngestCPU float64 `json:"ingest_cpu"`
	Peak      float64 `json:"peak"`
}

// finish makes up the artifacts of a sweep and brings them into the store.
func finish(ctx context.Context, file, work string, examples int) (result, error) {
	var r result
	begin := time.Now()
	lap := func() float64 {
		seconds := time.Since(begin).Seconds()
		begin = time.Now()
		return seconds
	}
	g, err := planned(file, work)
	if err != nil {
		return r, err
	}
	r.Runs, r.Stages, r.Plan = len(g.Runs), len(g.Stages), lap()
	if err := makeUp(g.Stages, work, examples); err != nil {
		return r, err
	}
	r.Make = lap()
	before, _ := usage()
	run, err := g.Run(ctx, graph.Options{Jobs: 1, Threads: 1, Device: "cpu"})
	if err != nil {
		return r, err
	}
	r.Ingest = lap()
	after, peak := usage()
	r.IngestCPU, r.Peak = after-before, peak
	if run.Computed > 0 || !run.Complete() {
		return r, fmt.Errorf("%d stages were computed and %d failed, expected that all were found finished", run.Computed, run.Failed)
	}
	return r, nil
}

// usage is the seconds of processors that the process has taken, and its largest
// resident size in MB.
func usage() (seconds, peak float64) { return usageOf(syscall.RUSAGE_SELF) }

// usageOf is that of the process, or of all that it began and that have ended.
func usageOf(who int) (seconds, peak float64) {
	var u syscall.Rusage
	if syscall.Getrusage(who, &u) != nil {
		return 0, 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9, float64(u.Maxrss) / 1024
}

// planned reads a sweep file and plans it in a work folder.
func planned(file, work string) (*graph.Graph, error) {
	sweep, err := command.Schema().Load(file, experiments.LoadOptions{})
	if err != nil {
		return nil, err
	}
	return graph.Plan(context.Background(), sweep, work)
}
