package negatives

import "math/rand/v2"

// irrelevant is another example's reference: good text, but not about this
// input. A group never has the same one twice.
type irrelevant struct{}

// irrelevantSettings are those of another example's reference: good text, but not about
// this input.
type irrelevantSettings struct{ Share }

var irrelevantKind = define("irrelevant", true, irrelevantSettings{Share{Weight: 2.6}}, nil, func(irrelevantSettings) Kind { return irrelevant{} })

// Make takes another example's first reference; without end it goes on with
// further ones.
func (irrelevant) Make(s *Source, ended bool, r *rand.Rand) []int {
	other, ok := s.other(r)
	if !ok {
		return nil
	}
	text := s.maker.examples[other].References[0]
	var tokens []int
	if ended {
		tokens = s.response(text)
	} else {
		tokens = s.prolonged(text, func() string {
			return " " + s.maker.examples[r.IntN(len(s.maker.examples))].References[0]
		})
	}
	if tokens != nil {
		s.used[other] = true
	}
	return tokens
}

// other draws an example that this group has not used yet.
func (s *Source) other(r *rand.Rand) (int, bool) {
	n := len(s.maker.examples)
	if len(s.used) >= n {
		return 0, false
	}
	for {
		if i := r.IntN(n); !s.used[i] {
			return i, true
		}
	}
}
