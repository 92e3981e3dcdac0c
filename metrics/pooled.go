package metrics

import (
	"fmt"
	"math"
	"math/rand/v2"
)

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
	each(inputs, 0, func(r *reader, i int) {
		result[i] = make([]float64, m.width)
		m.count(r, result[i])
	})
	return result, nil
}

// PoolEstimate returns the value of a pooled metric for a set of texts by
// their statistics, with a percentile bootstrap interval over texts.
func PoolEstimate(m Pooled, statistics [][]float64, resampling Resampling) (Estimate, error) {
	r, err := resampling.complete()
	if err != nil {
		return Estimate{}, err
	}
	if len(statistics) == 0 {
		return Estimate{}, fmt.Errorf("estimating %s: there are no texts", m.Name())
	}
	values := make([]float64, r.Resamples)
	width := len(statistics[0])
	r.blocks("texts", func(stream *rand.ChaCha8, from, to int) {
		sums := make([]float64, width)
		for i := from; i < to; i++ {
			clear(sums)
			for range statistics {
				for k, x := range statistics[draw(stream, len(statistics))] {
					sums[k] += x
				}
			}
			values[i] = m.Pool(sums)
		}
	})
	interval := r.percentile(values)
	return Estimate{
		Mean: m.Pool(total(statistics)), Low: interval.Low, High: interval.High,
		Examples: len(statistics), Seeds: 1,
		Warnings: few(len(statistics)),
	}, nil
}

// PoolCompare compares two systems on the same texts by a pooled metric. The
// interval is that of a paired percentile bootstrap over texts, p that of
// approximate randomisation: how often the values lie as far apart where for
// each text it is drawn which system wrote which output (Riezler and Maxwell
// 2005).
func PoolCompare(m Pooled, a, b [][]float64, resampling Resampling) (Comparison, error) {
	r, err := resampling.complete()
	if err != nil {
		return Comparison{}, err
	}
	if len(a) != len(b) || len(a) == 0 {
		return Comparison{}, fmt.Errorf("comparing two systems by %s: a has %d texts and b has %d, expected the same texts", m.Name(), len(a), len(b))
	}
	width := len(a[0])
	c := Comparison{MeanA: m.Pool(total(a)), MeanB: m.Pool(total(b)), Examples: len(a), Seeds: 1, Warnings: few(len(a))}
	c.Difference = c.MeanA - c.MeanB
	differences := make([]float64, r.Resamples)
	r.blocks("texts", func(stream *rand.ChaCha8, from, to int) {
		sumsA, sumsB := make([]float64, width), make([]float64, width)
		for i := from; i < to; i++ {
			clear(sumsA)
			clear(sumsB)
			for range a {
				drawn := draw(stream, len(a))
				for k, x := range a[drawn] {
					sumsA[k] += x
					sumsB[k] += b[drawn][k]
				}
			}
			differences[i] = m.Pool(sumsA) - m.Pool(sumsB)
		}
	})
	interval := r.percentile(differences)
	c.Low, c.High = interval.Low, interval.High
	threshold := math.Abs(c.Difference) - 1e-9*(math.Abs(c.MeanA)+math.Abs(c.MeanB))
	far := make([]int, r.Resamples)
	r.blocks("swaps", func(stream *rand.ChaCha8, from, to int) {
		sumsA, sumsB := make([]float64, width), make([]float64, width)
		for i := from; i < to; i++ {
			clear(sumsA)
			clear(sumsB)
			bits := uint64(0)
			for t := range a {
				if t%64 == 0 {
					bits = stream.Uint64()
				}
				x, y := a[t], b[t]
				if bits&1 != 0 {
					x, y = y, x
				}
				bits >>= 1
				for k := range x {
					sumsA[k] += x[k]
					sumsB[k] += y[k]
				}
			}
			if math.Abs(m.Pool(sumsA)-m.Pool(sumsB)) >= threshold {
				far[i] = 1
			}
		}
	})
	count := 0
	for _, f := range far {
		count += f
	}
	c.P = float64(count+1) / float64(r.Resamples+1)
	return c, nil
}

// draw returns a number below n.
func draw(stream *rand.ChaCha8, n int) int {
	return int((stream.Uint64() >> 32) * uint64(n) >> 32)
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
