package decode

import (
	"cmp"
	"math"
)

// UtilityMetric is the metric by which candidates are measured.
func (s Settings) UtilityMetric() string { return cmp.Or(s.Utility, "rougeL") }

// Pair is a text and another one that it is measured against.
type Pair struct{ Hypothesis, Reference string }

// mbr is the choice of minimum Bayes risk (Kumar and Byrne 2004) over samples (Eikema
// and Aziz 2020): the candidate whose mean utility against the others is the highest,
// which estimates the expected utility under the model.
func (o Options) mbr(_ int, candidates []Response) (int, error) {
	texts := make([]string, len(candidates))
	for i, c := range candidates {
		texts[i] = o.Text(c.Tokens)
	}
	return leastRisk(texts, o.Utilities)
}

// rounding is by how much sums of the same utilities may differ.
const rounding = 1e-9

// leastRisk is the place of the text with the highest mean utility against all others,
// itself left out; of equals it is the first.
func leastRisk(texts []string, utilities func([]Pair) ([]float64, error)) (int, error) {
	// Samples are often the same, at low temperatures most of them, and what they are
	// worth against each other is the same too.
	var distinct, counts []int
	seen := map[string]int{}
	for i, text := range texts {
		at, known := seen[text]
		if !known {
			at = len(distinct)
			seen[text] = at
			distinct, counts = append(distinct, i), append(counts, 0)
		}
		counts[at]++
	}
	if len(distinct) == 1 {
		return 0, nil
	}
	var pairs []Pair
	var weights []float64 // how many other candidates a pair stands for
	var of []int          // the hypothesis
	for i, hypothesis := range distinct {
		for j, reference := range distinct {
			others := counts[j]
			if i == j {
				others--
			}
			if others > 0 {
				pairs = append(pairs, Pair{texts[hypothesis], texts[reference]})
				weights, of = append(weights, float64(others)), append(of, i)
			}
		}
	}
	values, err := utilities(pairs)
	if err != nil {
		return 0, err
	}
	sums := make([]float64, len(distinct))
	for n, value := range values {
		sums[of[n]] += weights[n] * value
	}
	best, highest := 0, math.Inf(-1)
	for i, sum := range sums {
		if sum > highest+rounding {
			best, highest = distinct[i], sum
		}
	}
	return best, nil
}
