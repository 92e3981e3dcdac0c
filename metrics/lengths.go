package metrics

import "strings"

// length is the number of words of the hypothesis.
func length(r *reader) float64 { return float64(len(r.hypothesis.words)) }

// lengthRatio is the length of the hypothesis over the mean length of the
// references.
func lengthRatio(r *reader) float64 {
	total := 0
	for i := range r.references {
		total += len(r.references[i].words)
	}
	mean := float64(total) / float64(len(r.references))
	if mean == 0 {
		mean = 1
	}
	return length(r) / mean
}

// ended is 1 where the hypothesis ended by itself.
func ended(r *reader) float64 {
	if r.input.Ended {
		return 1
	}
	return 0
}

// exact is 1 where the hypothesis equals a reference but for white space.
func exact(r *reader) float64 {
	hypothesis := strings.Join(strings.Fields(r.input.Hypothesis), " ")
	for _, reference := range r.input.References {
		if strings.Join(strings.Fields(reference), " ") == hypothesis {
			return 1
		}
	}
	return 0
}
