package experiments

import (
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// nearest returns the candidates that a misspelt name most likely meant, best
// and equally good ones only, at most three; none where nothing is near. A
// candidate that ends with the whole name, as "ppo.kl.estimator" with
// "kl.estimator", is near.
func nearest(name string, candidates []string) []string {
	const longest = 80 // no key is longer, and the distance costs its square
	if name == "" || len(name) > longest {
		return nil
	}
	best := max(2, len(name)/4)
	var found []string
	for _, candidate := range candidates {
		d := levenshtein.ComputeDistance(fold(name), fold(candidate))
		if strings.HasSuffix(candidate, "."+name) {
			d = min(d, 1)
		}
		if d < best {
			best, found = d, nil
		}
		if d == best && d < len(name) {
			found = append(found, candidate)
		}
	}
	return found[:min(3, len(found))]
}

// DidYouMean renders the candidates that are nearest to a name as the end of a message,
// "" where none is near.
func DidYouMean(name string, candidates []string) string { return meant(nearest(name, candidates)) }

// meant renders candidates as the end of a message, "" where there are none.
func meant(candidates []string) string {
	if len(candidates) == 0 {
		return ""
	}
	quoted := make([]string, len(candidates))
	for i, candidate := range candidates {
		quoted[i] = strconv.Quote(candidate)
	}
	return "; did you mean " + strings.Join(quoted, " or ") + "?"
}

func fold(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "-", "_")
}
