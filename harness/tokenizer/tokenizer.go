// Package tokenizer turns text into the numbers that a model reads, and back:
// byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019) in
// the format of Hugging Face's tokenizer.json.
//
// Text passes through three steps, each with its counterpart in that file:
//
//   - added_tokens: special tokens such as <|endoftext|> are cut out of the
//     text wherever they stand in it.
//   - pre_tokenizer: what lies between is split into words, by GPT-2's pattern
//     and, where the file says so, with every digit on its own.
//   - model: the bytes of a word are merged, pair by pair, in the order in
//     which the pairs were learned, until no known pair is left.
//
// A byte-level vocabulary holds all 256 bytes, so every text can be encoded
// and comes back as it was. In the file each byte is spelled as a printable
// character ("Ġ" is the space), which is how [Tokenizer.ID] names tokens too.
//
// What Hugging Face does around a text is not done here: no token is added in
// front or behind (post_processor), nothing is cut or padded (truncation,
// padding). The ids are those of encode(text, add_special_tokens=False).
//
// That is a [Tokenizer], of language models. [Pieces] are the tokenizers of
// encoders: WordPiece and Unigram.
package tokenizer

import "strings"

// EndOfText is the special token that ends a text, in tokenizers of ours and
// in GPT-2's.
const EndOfText = "<|endoftext|>"

// Tokenizer encodes and decodes. It does not change once it is made, and any
// number of goroutines may use one at the same time.
type Tokenizer struct {
	file   file
	config []byte // tokenizer_config.json as it was found, or nil

	ids     map[string]int // token as spelled in the file -> id
	tokens  []string       // id -> token as spelled in the file
	bytes   []string       // id -> the bytes it stands for; "" for special tokens
	special []bool         // id -> left out by Decode
	eos     int

	added []addedTokens // cut out of the text, one set after the other
	split splitter
	bpe   *bpe
}

// Encode returns the ids of text. Special tokens that stand in the text become
// their ids, as with Hugging Face.
func (t *Tokenizer) Encode(text string) []int {
	if text == "" {
		return nil
	}
	return t.Append(make([]int, 0, len(text)/3+4), text)
}

// Append appends the ids of text to ids; with room enough in ids it allocates
// nothing but for words that were not seen before.
func (t *Tokenizer) Append(ids []int, text string) []int {
	return t.appendBetween(ids, text, t.added)
}

// appendBetween cuts the first set of added tokens out of text, and encodes
// what lies between them with the other sets.
func (t *Tokenizer) appendBetween(ids []int, text string, sets []addedTokens) []int {
	if len(sets) == 0 {
		return t.appendPlain(ids, text)
	}
	done := 0
	for from := 0; ; {
		m, ok := sets[0].next(text, from, done)
		if !ok {
			return t.appendBetween(ids, text[done:], sets[1:])
		}
		from = m.from
		if m.token == nil {
			continue
		}
		if done < m.start {
			ids = t.appendBetween(ids, text[done:m.start], sets[1:])
		}
		ids = append(ids, m.token.ID)
		done = m.end
	}
}

// appendPlain encodes text in which no added token is looked for.
func (t *Tokenizer) appendPlain(ids []int, text string) []int {
	for text != "" {
		segment := t.split.segment(text)
		for part := text[:segment]; part != ""; {
			n := t.split.word(part)
			ids = t.bpe.appendWord(ids, part[:n])
			part = part[n:]
		}
		text = text[segment:]
	}
	return ids
}

// Decode returns the text that ids stand for, without special tokens. Ids that
// the vocabulary does not have are left out. A sequence that was cut within a
// character gives bytes that are not valid UTF-8, so that
// Decode(Encode(text)) is text for any text without special tokens.
func (t *Tokenizer) Decode(ids []int) string {
	var b strings.Builder
	n := 0
	for _, id := range ids {
		if id >= 0 && id < len(t.bytes) {
			n += len(t.bytes[id])
		}
	}
	b.Grow(n)
	for _, id := range ids {
		if id >= 0 && id < len(t.bytes) {
			b.WriteString(t.bytes[id])
		}
	}
	return b.String()
}

// VocabSize is the largest id plus one: the rows that an embedding needs.
func (t *Tokenizer) VocabSize() int { return len(t.tokens) }

// ID returns the id of a token as it is spelled in tokenizer.json ("Ġthe").
func (t *Tokenizer) ID(token string) (int, bool) {
	id, ok := t.ids[token]
	return id, ok
}

// Token returns the token of an id as it is spelled in tokenizer.json, "" for
// an id that the vocabulary does not have.
func (t *Tokenizer) Token(id int) string {
	if id < 0 || id >= len(t.tokens) {
		return ""
	}
	return t.tokens[id]
}

// EOS returns the id of the token that ends a response.
func (t *Tokenizer) EOS() int { return t.eos }

// IsSpecial tells whether id is a special token, which Decode leaves out, or no
// token at all.
func (t *Tokenizer) IsSpecial(id int) bool {
	return id < 0 || id >= len(t.tokens) || t.special[id] || t.tokens[id] == ""
}
