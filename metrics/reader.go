package metrics

import (
	"strings"
	"sync"
	"unicode"
)

// reader reads one example at a time and keeps what several metrics ask for.
// It belongs to one goroutine.
type reader struct {
	input      *Input
	unicode    bool // the words are those of the tokenizer "unicode"
	vocabulary *vocabulary
	grams      *grams
	lcs        *lcs
	hypothesis document
	references []document
	rouges     []rougeResult
	summary    summary
	fields     fields

	text  []int32 // what numbered returns
	texts [][]int32
}

// fields are words between spaces, those of the hypothesis and of the input.
type fields struct {
	hypothesis, source       []int32
	hasHypothesis, hasSource bool
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

// load turns to another example, in words of the tokenizer "unicode" or the default.
func (r *reader) load(input *Input, unicode bool) {
	r.input, r.unicode = input, unicode
	r.rouges = r.rouges[:0]
	r.fields = fields{hypothesis: r.fields.hypothesis[:0], source: r.fields.source[:0]}
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
		words:     r.vocabulary.appendWords(d.words[:0], text, r.unicode),
		stems:     d.stems[:0],
		lines:     d.lines[:0],
		sentences: d.sentences[:0],
	}
}

// hypothesisFields returns the words between spaces of the hypothesis.
func (r *reader) hypothesisFields() []int32 {
	if f := &r.fields; !f.hasHypothesis {
		f.hypothesis = r.appendFields(f.hypothesis, r.input.Hypothesis)
		f.hasHypothesis = true
	}
	return r.fields.hypothesis
}

// sourceFields returns the words between spaces of the input.
func (r *reader) sourceFields() []int32 {
	if f := &r.fields; !f.hasSource {
		f.source = r.appendFields(f.source, r.input.Source)
		f.hasSource = true
	}
	return r.fields.source
}

// spaceTokenizer is the name of what appendFields does in signatures.
const spaceTokenizer = "spaces"

// appendFields appends the numbers of a text's words as they stand between
// spaces, in lower case, without punctuation around them where something else
// is left: words of any script, and signs that stand alone.
func (r *reader) appendFields(ids []int32, text string) []int32 {
	for field := range strings.FieldsSeq(strings.ToLower(text)) {
		word := strings.TrimFunc(field, func(c rune) bool { return unicode.IsPunct(c) || unicode.IsSymbol(c) })
		if word == "" {
			word = field
		}
		ids = append(ids, r.vocabulary.id([]byte(word)))
	}
	return ids
}

// numbered turns the hypothesis and the references into numbers, by a
// function that appends those of a text. They are valid until the next call.
func (r *reader) numbered(number func(ids []int32, text string) []int32) (hypothesis []int32, references [][]int32) {
	r.text = number(r.text[:0], r.input.Hypothesis)
	for len(r.texts) < len(r.input.References) {
		r.texts = append(r.texts, nil)
	}
	references = r.texts[:len(r.input.References)]
	for i, text := range r.input.References {
		references[i] = number(references[i][:0], text)
	}
	return r.text, references
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
			for _, sentence := range Sentences(d.text) {
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
