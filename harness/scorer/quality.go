package scorer

import (
	"math"

	"lastmile/harness/correlation"
)

// Quality says how well a scorer does on pairs made of references that it was
// not trained on.
type Quality struct {
	// N is the number of pairs.
	N int `json:"n"`
	// Pearson and Spearman are the correlations of scores with targets.
	Pearson  float64 `json:"pearson"`
	Spearman float64 `json:"spearman"`
	// Error is the root of the mean squared difference from the targets.
	Error float64 `json:"error"`
	// Kinds says by kind of distortion how often the scorer noticed it.
	Kinds []KindQuality `json:"kinds"`
}

// KindQuality is the part of [Quality] that is about one kind.
type KindQuality struct {
	Kind string `json:"kind"`
	// N is the number of distorted texts; those that came out like their
	// reference do not count.
	N int `json:"n"`
	// Above is the share of them that score below the reference itself.
	Above float64 `json:"above"`
	// Score and Target are the means of both.
	Score  float64 `json:"score"`
	Target float64 `json:"target"`
}

// trial is one distorted text and what the scorer said.
type trial struct {
	kind                  string
	score, target, itself float64
}

// qualityOf sums trials up, the kinds in the order in which they first come.
func qualityOf(trials []trial) Quality {
	q := Quality{N: len(trials)}
	at := make(map[string]int)
	var scores, targets []float64
	for _, t := range trials {
		scores, targets = append(scores, t.score), append(targets, t.target)
		q.Error += (t.score - t.target) * (t.score - t.target)
		k, ok := at[t.kind]
		if !ok {
			k = len(q.Kinds)
			at[t.kind] = k
			q.Kinds = append(q.Kinds, KindQuality{Kind: t.kind})
		}
		of := &q.Kinds[k]
		of.N++
		of.Score += t.score
		of.Target += t.target
		if t.itself > t.score {
			of.Above++
		}
	}
	for k := range q.Kinds {
		of := &q.Kinds[k]
		n := float64(of.N)
		of.Above, of.Score, of.Target = of.Above/n, of.Score/n, of.Target/n
	}
	q.Error = math.Sqrt(q.Error / float64(max(1, q.N)))
	q.Pearson = correlation.Pearson(scores, targets)
	q.Spearman = correlation.Spearman(scores, targets)
	return q
}
