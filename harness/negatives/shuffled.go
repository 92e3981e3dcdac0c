package negatives

import (
	"math/rand/v2"
	"strings"
)

// shuffled is the truth with its words in another order: the right words in no
// sentence. The letters of a truth of one word are shuffled instead.
type shuffled struct{}

// shuffledSettings are those of the truth with its words in another order.
type shuffledSettings struct{ Share }

var shuffledKind = define("shuffled", true, shuffledSettings{Share{Weight: 1, Unended: 0.1}}, nil, func(shuffledSettings) Kind { return shuffled{} })

// Make shuffles the truth; without end, more shuffles follow.
func (shuffled) Make(s *Source, ended bool, r *rand.Rand) []int {
	parts, between := split(s.Truth)
	if len(parts) < 2 {
		return nil
	}
	if ended {
		return s.response(strings.Join(shuffle(parts, r), between))
	}
	return s.prolonged(strings.Join(shuffle(parts, r), between), func() string {
		return between + strings.Join(shuffle(parts, r), between)
	})
}

// shuffle returns parts in a random order. It draws again, a few times, where
// more than half of the neighbours are still side by side: that would be nearly
// the truth.
func shuffle(parts []string, r *rand.Rand) []string {
	out := make([]string, len(parts))
	for range 8 {
		order := r.Perm(len(parts))
		kept := 0
		for i, from := range order {
			out[i] = parts[from]
			if i > 0 && from == order[i-1]+1 {
				kept++
			}
		}
		if 2*kept <= len(parts)-1 {
			break
		}
	}
	return out
}
