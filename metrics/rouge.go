package metrics

import (
	"fmt"
	"strconv"
	"strings"
)

// Score is what ROUGE says about one hypothesis.
type Score struct {
	Precision, Recall, F1 float64
}

// ROUGE scores a hypothesis against references by a kind of ROUGE: rouge1 to
// rouge9, rougeL or rougeLsum. Of several references, the one with the highest
// F1 counts. For many texts, [New] and [All] are faster.
func ROUGE(kind string, options Options, hypothesis string, references ...string) (Score, error) {
	for _, k := range rougeKinds() {
		if k.name != kind {
			continue
		}
		if len(references) == 0 {
			return Score{}, fmt.Errorf("scoring with %s: there is no reference", kind)
		}
		r := readers.Get().(*reader)
		defer readers.Put(r)
		unicode, err := options.unicode()
		if err != nil {
			return Score{}, err
		}
		r.load(&Input{Hypothesis: hypothesis, References: references}, unicode)
		return r.rouge(k, options).score, nil
	}
	return Score{}, fmt.Errorf("unknown kind of ROUGE %q; one of rouge1 to rouge9, rougeL, rougeLsum", kind)
}

// rougeKind is one way of counting hits.
type rougeKind struct {
	name string
	n    int // length of n-grams; 0 for subsequences
	sum  bool
}

func rougeKinds() []rougeKind {
	var kinds []rougeKind
	for n := 1; n <= 9; n++ {
		kinds = append(kinds, rougeKind{name: "rouge" + strconv.Itoa(n), n: n})
	}
	return append(kinds, rougeKind{name: "rougeL"}, rougeKind{name: "rougeLsum", sum: true})
}

// signature describes a ROUGE score. details stand behind the name.
func (k rougeKind) signature(name string, options Options, details ...string) string {
	parts := append([]string{name}, details...)
	parts = append(parts, "stem:"+map[bool]string{true: "yes", false: "no"}[options.Stemming])
	if k.sum {
		parts = append(parts, "split:"+map[bool]string{true: SentenceSplitter, false: "lines"}[options.SplitSentences])
	}
	return strings.Join(append(parts, "agg:max", "tok:"+tokenizerName(options.Tokenizer == Unicode), version), "|")
}

// rougeResult is a score and the words of both texts that gave it.
type rougeResult struct {
	kind            rougeKind
	stemming, split bool
	score           Score
	h, r            int
}

// rouge scores the example that is loaded, by the reference that gives the
// highest F1.
func (r *reader) rouge(kind rougeKind, options Options) rougeResult {
	for _, known := range r.rouges {
		if known.kind == kind && known.stemming == options.Stemming && known.split == options.SplitSentences {
			return known
		}
	}
	best := rougeResult{kind: kind, stemming: options.Stemming, split: options.SplitSentences}
	for i := range r.references {
		reference := &r.references[i]
		score := r.against(reference, kind, options)
		if i == 0 || score.F1 > best.score.F1 {
			best.score = score
			best.h, best.r = len(r.hypothesis.words), len(reference.words)
		}
	}
	r.rouges = append(r.rouges, best)
	return best
}

func (r *reader) against(reference *document, kind rougeKind, options Options) Score {
	h := r.tokens(&r.hypothesis, options.Stemming)
	ref := r.tokens(reference, options.Stemming)
	switch {
	case kind.n > 0:
		// rouge-score divides by at least 1, which matters only where there
		// are no hits.
		return newScore(r.grams.hits(ref, h, kind.n), len(h)-kind.n+1, len(ref)-kind.n+1)
	case kind.sum:
		hits := r.summaryHits(h, r.hypothesis.parts(options.SplitSentences), ref, reference.parts(options.SplitSentences))
		return newScore(hits, len(h), len(ref))
	default:
		return newScore(r.lcs.length(ref, h), len(h), len(ref))
	}
}

// newScore makes a score of the number of hits and of what there was to hit.
func newScore(hits, hypothesis, reference int) Score {
	if hits == 0 {
		return Score{}
	}
	s := Score{Precision: float64(hits) / float64(hypothesis), Recall: float64(hits) / float64(reference)}
	s.F1 = 2 * s.Precision * s.Recall / (s.Precision + s.Recall)
	return s
}

// summary is memory for rougeLsum.
type summary struct {
	marks                 []bool
	hypothesis, reference []int32 // how often each word is left, by number; 0 between calls
}

// summaryHits counts the hits of rougeLsum. Texts are given with the ends of
// their parts (lines or sentences) in words.
func (r *reader) summaryHits(h []int32, hEnds []int, ref []int32, refEnds []int) int {
	if len(hEnds) == 1 && len(refEnds) == 1 {
		return r.lcs.length(ref, h)
	}
	s := &r.summary
	s.hypothesis = zeros(s.hypothesis, len(r.vocabulary.words))
	s.reference = zeros(s.reference, len(r.vocabulary.words))
	for _, word := range h {
		s.hypothesis[word]++
	}
	for _, word := range ref {
		s.reference[word]++
	}
	hits := 0
	from := 0
	for _, end := range refEnds {
		part := ref[from:end]
		from = end
		s.marks = append(s.marks[:0], make([]bool, len(part))...)
		start := 0
		for _, stop := range hEnds {
			r.lcs.mark(part, h[start:stop], s.marks)
			start = stop
		}
		for i, word := range part {
			if s.marks[i] && s.hypothesis[word] > 0 && s.reference[word] > 0 {
				hits++
				s.hypothesis[word]--
				s.reference[word]--
			}
		}
	}
	for _, word := range h {
		s.hypothesis[word] = 0
	}
	for _, word := range ref {
		s.reference[word] = 0
	}
	return hits
}
