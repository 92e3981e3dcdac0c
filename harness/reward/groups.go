package reward

import (
	"lastmile/harness/model"
	"lastmile/harness/random"
	"lastmile/harness/train"
)

// group is a prompt with responses, and which of them is better than which.
type group struct {
	model.Tree
	pairs []preference
}

// preference is two responses of a group, by their places.
type preference struct {
	better, worse int
	// by is how much better by the metric that ranks; 0 where none does.
	by float64
}

// exampleGroups are examples with each truth above each of its negatives.
func exampleGroups(examples []Example) []group {
	groups := make([]group, len(examples))
	for i, e := range examples {
		g := group{Tree: model.Tree{Prompt: e.Prompt, Responses: [][]int{e.Truth}}}
		for j, n := range e.Negatives {
			g.Responses = append(g.Responses, n.Tokens)
			g.pairs = append(g.pairs, preference{0, j + 1, 0})
		}
		groups[i] = g
	}
	return groups
}

// rankingGroups are the rankings that have pairs to learn.
func rankingGroups(rankings []Ranking, margin float64) []group {
	var groups []group
	for _, r := range rankings {
		if g := r.group(margin); len(g.pairs) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// trees are those of groups, and the number of their tokens.
func trees(groups []group) (trees []model.Tree, tokens int) {
	for _, g := range groups {
		trees = append(trees, g.Tree)
		tokens += g.Tokens()
	}
	return trees, tokens
}

// pairs lists the pairs of groups, as indices of all their responses.
func pairs(groups []group) (better, worse []int64) {
	at := 0
	for _, g := range groups {
		for _, p := range g.pairs {
			better, worse = append(better, int64(at+p.better)), append(worse, int64(at+p.worse))
		}
		at += len(g.Responses)
	}
	return better, worse
}

// differences lists by how much the better response of each pair of groups is better.
func differences(groups []group) (by []float64) {
	for _, g := range groups {
		for _, p := range g.pairs {
			by = append(by, p.by)
		}
	}
	return by
}

// queue gives a training the groups of each of its steps: all of them in every epoch,
// in another order.
type queue struct {
	groups  []group
	sizes   []int
	size    int
	seed    int
	name    string // of the random streams of the order
	epoch   int
	batches [][]int
}

func newQueue(groups []group, size, seed int, name string) *queue {
	q := &queue{groups: groups, size: size, seed: seed, name: name, epoch: -1}
	for _, g := range groups {
		q.sizes = append(q.sizes, g.Tokens())
	}
	return q
}

// batch returns the groups of a step, counted from 0.
func (q *queue) batch(step int) []group {
	perEpoch := (len(q.groups) + q.size - 1) / q.size
	if e := step / perEpoch; e != q.epoch {
		q.epoch = e
		q.batches = train.Bucket(random.New(q.seed, "reward", q.name, e), q.sizes, 32*q.size, func(n, _ int) bool { return n > q.size })
	}
	var chosen []group
	for _, i := range q.batches[step%perEpoch] {
		chosen = append(chosen, q.groups[i])
	}
	return chosen
}
