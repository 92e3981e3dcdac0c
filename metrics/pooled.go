package metrics

import "fmt"

// Pooled is a metric that also has a value for a whole set of texts which is
// not the mean of their scores: BLEU and chrF count n-grams over all texts and
// make one number of the counts.
type Pooled interface {
	Metric
	// PooledSignature says how that value is made.
	PooledSignature() string
	// Statistics returns what is counted of each input.
	Statistics(inputs []Input) ([][]float64, error)
	// Pool makes the value of statistics that are summed over texts.
	Pool(sums []float64) float64
}

// pooled is a metric of this package that has both.
type pooled struct {
	builtin
	signature string
	width     int
	count     func(r *reader, into []float64)
	pool      func(sums []float64) float64
}

func (m pooled) PooledSignature() string     { return m.signature }
func (m pooled) Pool(sums []float64) float64 { return m.pool(sums) }

func (m pooled) Statistics(inputs []Input) ([][]float64, error) {
	if err := check([]builtin{m.builtin}, inputs); err != nil {
		return nil, fmt.Errorf("counting for %s: %w", m.name, err)
	}
	result := make([][]float64, len(inputs))
	each(inputs, 0, false, func(r *reader, i int) {
		result[i] = make([]float64, m.width)
		m.count(r, result[i])
	})
	return result, nil
}

// pseudovalues are a pooled metric's value for a set of texts, by their
// statistics, and what each text contributes to it (Tukey 1958): n·all − (n −
// 1)·all but it. Their mean is the value, its bias of order 1/n aside, and they
// vary as the scores of single texts would.
func pseudovalues(m Pooled, statistics [][]float64) (value float64, each []float64) {
	sums := total(statistics)
	value = m.Pool(sums)
	n := float64(len(statistics))
	each = make([]float64, len(statistics))
	rest := make([]float64, len(sums))
	for i, own := range statistics {
		for k := range rest {
			rest[k] = sums[k] - own[k]
		}
		each[i] = value
		if n > 1 {
			each[i] = n*value - (n-1)*m.Pool(rest)
		}
	}
	return value, each
}

// PoolScores turns the statistics [seed][text] of a pooled metric into scores
// [seed][text], whose mean is the mean over seeds of the metric's value for all
// texts of a seed, and by which [Mean] and [Compare] estimate and test it.
func PoolScores(m Pooled, statistics [][][]float64) [][]float64 {
	scores := make([][]float64, len(statistics))
	for s, of := range statistics {
		if len(of) == 0 {
			continue
		}
		value, each := pseudovalues(m, of)
		bias := mean(each) - value
		for i := range each {
			each[i] -= bias
		}
		scores[s] = each
	}
	return scores
}

// total sums statistics over texts.
func total(statistics [][]float64) []float64 {
	sums := make([]float64, len(statistics[0]))
	for _, of := range statistics {
		for k, x := range of {
			sums[k] += x
		}
	}
	return sums
}
