package experiments

import (
	"slices"
)

// origin knows where the values of some runs, or of a sweep, were set.
type origin struct {
	layers   [][]assignment // weakest first, and so within each
	fallback Position       // of what nobody set
}

// find returns the last of some keys that was set, and where. A table's key
// stands for all keys in it. Where none was set, it is the first of them, at
// what made its element be there, or else at the fallback.
func (o *origin) find(keys []string) (string, Position) {
	if o == nil {
		return keys[0], Position{}
	}
	var opened *assignment // that made one of the keys' elements be there
	first := keys[0]
	for _, layer := range slices.Backward(o.layers) {
		for _, a := range slices.Backward(layer) {
			rest := keys[:0:0]
			for _, key := range keys {
				switch {
				case isBelow(a.key, key) && a.kind != emptiesGroup:
					if a.kind == makesPresent {
						return key, a.at
					}
					return a.key, a.at
				case a.kind != setsField && isBelow(key, a.key) && opened == nil:
					opened, first = &a, key
				}
				// What is said of elements before a list replaces them is void.
				if a.kind != emptiesGroup || !isBelow(key, a.key) {
					rest = append(rest, key)
				}
			}
			keys = rest
		}
	}
	if opened != nil {
		return first, opened.at
	}
	return first, o.fallback
}

// complain reports what is wrong with several values together.
func (o *origin) complain(complaints []Complaint, to *mistakes) {
	for _, c := range complaints {
		if len(c.Keys) == 0 {
			to.add(o.fallback, "", "%s", c.Message)
			continue
		}
		key, at := o.find(c.Keys)
		to.add(at, key, "%s", c.Message)
	}
}
