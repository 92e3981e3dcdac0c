package experiments

import (
	"strconv"
	"strings"
)

// nearest returns the candidates that a misspelt name most likely meant, best
// and equally good ones only, at most three; none where nothing is near. A
// candidate that ends with the whole name, as "rl.kl.estimator" with
// "kl.estimator", is near.
func nearest(name string, candidates []string) []string {
	const longest = 80 // no key is longer, and the distance costs its square
	if name == "" || len(name) > longest {
		return nil
	}
	best := max(2, len(name)/4)
	var found []string
	for _, candidate := range candidates {
		d := distance(fold(name), fold(candidate))
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

// didYouMean renders the nearest candidates as the end of a message, "" where
// there are none.
func didYouMean(name string, candidates []string) string {
	found := nearest(name, candidates)
	if len(found) == 0 {
		return ""
	}
	quoted := make([]string, len(found))
	for i, candidate := range found {
		quoted[i] = strconv.Quote(candidate)
	}
	return "; did you mean " + strings.Join(quoted, " or ") + "?"
}

func fold(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "-", "_")
}

// distance is Levenshtein's: the least number of bytes to insert, delete or
// change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
