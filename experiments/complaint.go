package experiments

import (
	"fmt"
	"strings"
)

// Complaints are those of several conditions that found something.
func Complaints(all ...Complaint) []Complaint {
	var found []Complaint
	for _, c := range all {
		if c.Message != "" {
			found = append(found, c)
		}
	}
	return found
}

// Indivisible complains about a number under the first key that is not divisible by
// the one under the second.
func Indivisible(n, by int, key, byKey string) Complaint {
	if by != 0 && n%by == 0 {
		return Complaint{}
	}
	return Complaint{
		Keys:    []string{key, byKey},
		Message: fmt.Sprintf("%s %d is not divisible by %s %d", last(key), n, last(byKey), by),
	}
}

// last is the last part of a dotted key.
func last(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }
