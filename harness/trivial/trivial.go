// Package trivial scores responses by one cheap property each: whether they end, how
// long they are, how often they repeat themselves, what they share with the input, and
// how much they read like truths of other examples, word by word.
//
// None of that says whether a response is right. So what such a scorer reaches on pairs
// of a truth and a negative tells what can be had on these negatives without judging
// anything: a reward model that is not better has learned an artefact, or may have
// (shortcut learning: Geirhos et al. 2020, arXiv 2004.07780; hypothesis-only baselines:
// Gururangan et al. 2018, arXiv 1803.02324). For that the scorers must not have seen
// the pairs: lengths and n-grams are counted on truths of other examples, and a truth
// that is scored itself, as a negative for another prompt, is left out of the n-grams.
package trivial

// Response is what a scorer sees of a response.
type Response struct {
	// Input is the text that the response is about, as far as its prompt shows it.
	Input string
	// Text is the output.
	Text string
	// Tokens are those of the response, the end token among them where there is one.
	Tokens []int
	// Ended tells whether the response has the end token.
	Ended bool
}

// Scorer scores a response; the higher, the better.
type Scorer struct {
	// Name is short, for tables.
	Name string
	// About says in a few words what is better.
	About string
	// Score is in units of the scorer's own.
	Score func(Response) float64
}

// Scorers returns all scorers, in the order of tables. truths are responses that are
// right, of other examples than those that are scored, and vocabulary is the number of
// tokens that there are.
func Scorers(truths []Response, vocabulary int) []Scorer {
	return []Scorer{
		ending(),
		longer(),
		usual(truths),
		unrepeated(),
		overlap(),
		trigrams(truths, vocabulary),
	}
}

// Pair is a truth and a negative made of it.
type Pair struct{ Truth, Negative Response }

// Accuracy is the share of pairs in which a scorer puts the truth above the negative,
// where a tie counts as half; 0 of no pairs. One half is chance; far below it the
// scorer is right the other way round.
func (s Scorer) Accuracy(pairs []Pair) float64 {
	if len(pairs) == 0 {
		return 0
	}
	right := 0.0
	for _, p := range pairs {
		switch truth, negative := s.Score(p.Truth), s.Score(p.Negative); {
		case truth > negative:
			right++
		case truth == negative:
			right += 0.5
		}
	}
	return right / float64(len(pairs))
}
