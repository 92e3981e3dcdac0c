package main

import (
	"math"
	"testing"
	"time"
)

// quiet are conditions in which nothing takes time but the stages.
func quiet(nodes int) conditions {
	return conditions{Nodes: nodes, Limit: 1000 * time.Hour, Checkpoint: 5 * time.Minute, Poll: time.Second, Lease: time.Minute, Idle: 1000 * time.Hour, Seed: 1}
}

// chains are so many chains of two stages, the first of which is longer.
func chains(n int) []job {
	var jobs []job
	for i := range n {
		jobs = append(jobs, job{seconds: 3000, way: 4000, dependents: []int{n + i}})
	}
	for range n {
		jobs = append(jobs, job{seconds: 1000, way: 1000, open: 1, kind: 1})
	}
	return jobs
}

func TestWithoutTroubleTheTimeIsThatOfTheStages(t *testing.T) {
	for _, test := range []struct {
		nodes, chains int
		span          float64
	}{
		{1, 5, 20_000},
		{5, 5, 4_000},
		{50, 5, 4_000}, // more nodes than can compute
		{4, 8, 8_000},
	} {
		r := simulate(chains(test.chains), quiet(test.nodes))
		// A few seconds are for the start of a worker and for a poll.
		if math.Abs(r.Span-test.span) > 15 || r.Work != 4000*float64(test.chains) || r.Longest != 4000 || r.Again != 0 || r.Deaths != 0 {
			t.Errorf("%d nodes, %d chains: %+v, expected a span of %g", test.nodes, test.chains, r, test.span)
		}
	}
}

func TestTroubleCostsWhatItMay(t *testing.T) {
	calm := simulate(chains(40), quiet(10))
	for name, change := range map[string]struct {
		of func(*conditions)
		// least and most are what is added to the time.
		least, most float64
	}{
		"a slow file system":    {func(c *conditions) { c.Request, c.Requests = 100*time.Millisecond, 100 }, 60, 200},
		"a queue":               {func(c *conditions) { c.Queue = 10 * time.Minute }, 200, 6000},
		"tasks that all die":    {func(c *conditions) { c.Deaths, c.Limit = 1, 5*time.Hour }, 100, 8000},
		"a time limit, requeue": {func(c *conditions) { c.Limit = time.Hour }, 300, 3000},
	} {
		c := quiet(10)
		change.of(&c)
		r := simulate(chains(40), c)
		if more := r.Span - calm.Span; more < change.least || more > change.most {
			t.Errorf("%s: %g s more than %g, expected %g to %g", name, more, calm.Span, change.least, change.most)
		}
		if r.Used < r.Work || (r.Again > 0) != (r.Deaths > 0) || (c.Deaths > 0) != (r.Deaths > 0) || (c.Limit <= time.Hour) != (r.Limits > 0) {
			t.Errorf("%s: %+v", name, r)
		}
		if again := simulate(chains(40), c); again != r {
			t.Errorf("%s: the second time it is %+v, not %+v", name, again, r)
		}
	}
}
