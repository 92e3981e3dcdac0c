package trivial

import "math"

// ending prefers responses that have the end token.
func ending() Scorer {
	return Scorer{"end token", "has the end token", func(r Response) float64 {
		if r.Ended {
			return 1
		}
		return 0
	}}
}

// longer prefers responses of more tokens. One that prefers fewer is right where this
// one is wrong.
func longer() Scorer {
	return Scorer{"longer", "has more tokens", func(r Response) float64 { return float64(len(r.Tokens)) }}
}

// usual prefers responses whose length is near that of truths: by its ratio to their
// geometric mean.
func usual(truths []Response) Scorer {
	mean := 0.0
	for _, t := range truths {
		mean += logLength(t) / float64(len(truths))
	}
	return Scorer{"usual length", "has about the truths' mean number of tokens", func(r Response) float64 { return -math.Abs(logLength(r) - mean) }}
}

// logLength is the log of the number of tokens, of at least one.
func logLength(r Response) float64 { return math.Log(float64(max(len(r.Tokens), 1))) }
