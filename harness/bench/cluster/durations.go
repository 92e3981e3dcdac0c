package main

import (
	"cmp"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"lastmile/harness/graph"
	"lastmile/harness/stage"
	"lastmile/harness/stages"
)

// durations are how long stages take by their kind: a model of about a billion
// parameters on one GPU each, as a round figure. They are assumptions.
var durations = map[string]time.Duration{
	stages.Prepare:     time.Minute,
	stages.Base:        time.Minute,
	stages.MLE:         40 * time.Minute,
	stages.Samples:     10 * time.Minute,
	stages.Reward:      30 * time.Minute,
	stages.Policy:      time.Hour,
	stages.RewardEval:  5 * time.Minute,
	stages.Decode:      6 * time.Minute,
	stages.Scorer:      time.Hour,
	stages.Postprocess: 5 * time.Second,
	stages.Score:       20 * time.Second,
}

// spread is the standard deviation of the logarithm of a stage's duration.
const spread = 0.2

// job is a stage as the simulation knows it.
type job struct {
	kind       int
	seconds    float64 // what it takes
	way        float64 // the longest way from it to the end
	open       int     // inputs that are not there
	dependents []int
}

// stagesOf are the stages of a sweep in the order in which they should be computed:
// the longest way first.
func stagesOf(g *graph.Graph, seed uint64) []job {
	number, kinds := map[*stage.Stage]int{}, map[string]int{}
	jobs := make([]job, len(g.Stages))
	for i, st := range g.Stages {
		number[st] = i
		if _, known := kinds[st.Kind]; !known {
			kinds[st.Kind] = len(kinds)
		}
		jobs[i].kind = kinds[st.Kind]
		hash := fnv.New64a()
		hash.Write([]byte(st.Key))
		drawn := rand.New(rand.NewPCG(hash.Sum64(), seed)).NormFloat64()
		jobs[i].seconds = cmp.Or(durations[st.Kind], time.Minute).Seconds() * math.Exp(spread*drawn-spread*spread/2)
		jobs[i].open = len(st.Inputs)
		for _, input := range st.Inputs {
			of := number[input.Stage]
			jobs[of].dependents = append(jobs[of].dependents, i)
		}
	}
	for i := range slices.Backward(jobs) {
		jobs[i].way += jobs[i].seconds
		for _, d := range jobs[i].dependents {
			jobs[i].way = max(jobs[i].way, jobs[d].way+jobs[i].seconds)
		}
	}
	order := make([]int, len(jobs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(jobs[b].way, jobs[a].way) })
	place := make([]int, len(jobs))
	for to, from := range order {
		place[from] = to
	}
	sorted := make([]job, len(jobs))
	for from, j := range jobs {
		for i, d := range j.dependents {
			j.dependents[i] = place[d]
		}
		sorted[place[from]] = j
	}
	return sorted
}
