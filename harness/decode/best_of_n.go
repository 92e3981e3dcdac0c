package decode

import (
	"fmt"
	"math"
)

// bestOfN is the choice of the candidate with the highest score; of equals it is the
// first. Candidates of the same tokens are scored once, so that rounding does not
// choose among them.
func (o Options) bestOfN(request int, candidates []Response) (int, error) {
	var distinct []Response
	var places []int // of the distinct ones
	seen := map[string]bool{}
	for i, c := range candidates {
		if key := fmt.Sprint(c.Tokens); !seen[key] {
			seen[key] = true
			distinct, places = append(distinct, c), append(places, i)
		}
	}
	if len(distinct) == 1 {
		return 0, nil
	}
	scores, err := o.Scores(request, distinct)
	if err != nil {
		return 0, err
	}
	best, highest := 0, math.Inf(-1)
	for i, score := range scores {
		if score > highest {
			best, highest = places[i], score
		}
	}
	return best, nil
}
