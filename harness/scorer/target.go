package scorer

import (
	"strings"

	"lastmile/metrics"
)

// Targets are what the scorer learns to say about pairs, from 0 to 1:
//
//	target = (ROUGE-1 + ROUGE-2 + ROUGE-L + written) / 4 · (1 − repeated)
//
// The ROUGE are F1 with stemming. They see neither case nor punctuation, so
// written is the F1 of the words between spaces as they are written. repeated
// is the share of the hypothesis's 1- to 4-grams that it had before, beyond
// the share that the reference itself repeats. A hypothesis that equals the
// reference has the target 1, whatever script it is in; ROUGE knows the words
// of a to z and 0 to 9 alone.
func Targets(pairs []Pair) ([]float64, error) {
	options := metrics.DefaultOptions()
	overlap, err := metrics.Select([]string{"rouge1", "rouge2", "rougeL", "repetition"}, options)
	if err != nil {
		return nil, err
	}
	inputs := make([]metrics.Input, len(pairs))
	references := make([]metrics.Input, len(pairs))
	for i, p := range pairs {
		inputs[i] = metrics.Input{Hypothesis: p.Hypothesis, References: []string{p.Reference}}
		references[i] = metrics.Input{Hypothesis: p.Reference}
	}
	// One worker, since the network has the other cores.
	scores, err := metrics.All(overlap, inputs, 1)
	if err != nil {
		return nil, err
	}
	own, err := metrics.All(overlap[3:], references, 1)
	if err != nil {
		return nil, err
	}
	targets := make([]float64, len(pairs))
	for i, p := range pairs {
		if p.Hypothesis == p.Reference {
			targets[i] = 1
			continue
		}
		repeated := max(0, scores[3][i]-own[0][i])
		targets[i] = (scores[0][i] + scores[1][i] + scores[2][i] + written(p)) / 4 * (1 - repeated)
	}
	return targets, nil
}

// written is the F1 of the bags of words between spaces.
func written(p Pair) float64 {
	reference, hypothesis := strings.Fields(p.Reference), strings.Fields(p.Hypothesis)
	left := make(map[string]int)
	for _, w := range reference {
		left[w]++
	}
	hits := 0
	for _, w := range hypothesis {
		if left[w] > 0 {
			left[w]--
			hits++
		}
	}
	if hits == 0 {
		return 0
	}
	return 2 * float64(hits) / float64(len(reference)+len(hypothesis))
}
