package metrics

import (
	"strings"
	"sync"
)

// reader reads one example at a time and keeps what several metrics ask for.
// It belongs to one goroutine.
type reader struct {
	input      *Input
	vocabulary *vocabulary
	grams      *grams
	lcs        *lcs
	hypothesis document
	references []document
	rouges     []rougeResult
	summary    summary
}

// document is a text as numbers of words. What has not been asked for is not
// there yet.
type document struct {
	text      string
	words     []int32 // as they are
	stems     []int32
	hasStems  bool
	lines     []int // where the lines that have words end, in words
	hasLines  bool
	sentences []int // the same of sentences
	hasSplit  bool
}

// readers are kept between calls, since they know words and their stems.
var readers = sync.Pool{New: func() any {
	return &reader{vocabulary: newVocabulary(), grams: new(grams), lcs: newLCS()}
}}

// load turns to another example.
func (r *reader) load(input *Input) {
	r.input = input
	r.rouges = r.rouges[:0]
	r.vocabulary.forget()
	r.read(&r.hypothesis, input.Hypothesis)
	for len(r.references) < len(input.References) {
		r.references = append(r.references, document{})
	}
	r.references = r.references[:len(input.References)]
	for i, text := range input.References {
		r.read(&r.references[i], text)
	}
}

func (r *reader) read(d *document, text string) {
	*d = document{
		text:      text,
		words:     r.vocabulary.appendWords(d.words[:0], text),
		stems:     d.stems[:0],
		lines:     d.lines[:0],
		sentences: d.sentences[:0],
	}
}

// tokens returns a document's words or stems.
func (r *reader) tokens(d *document, stemming bool) []int32 {
	if !stemming {
		return d.words
	}
	if !d.hasStems {
		for _, id := range d.words {
			d.stems = append(d.stems, r.vocabulary.stem(id))
		}
		d.hasStems = true
	}
	return d.stems
}

// parts returns where a document's lines or sentences end, in words.
func (d *document) parts(split bool) []int {
	if split {
		if !d.hasSplit {
			for _, sentence := range splitSentences(d.text) {
				d.sentences = appendEnd(d.sentences, sentence)
			}
			d.hasSplit = true
		}
		return d.sentences
	}
	if !d.hasLines {
		if len(d.words) > 0 && !strings.Contains(d.text, "\n") {
			d.lines = append(d.lines, len(d.words))
			d.hasLines = true
			return d.lines
		}
		for line := range strings.SplitSeq(d.text, "\n") {
			d.lines = appendEnd(d.lines, line)
		}
		d.hasLines = true
	}
	return d.lines
}

func appendEnd(ends []int, part string) []int {
	n := Words(part)
	if n == 0 {
		return ends
	}
	if len(ends) > 0 {
		n += ends[len(ends)-1]
	}
	return append(ends, n)
}
