// Package tokenizer turns text into the numbers that a model reads, and back:
// byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019) in the format
// of Hugging Face's tokenizer.json.
//
// Text passes through four steps, each with its counterpart in that file:
//
//   - added_tokens: special tokens such as <|endoftext|> are cut out of the
//     text wherever they stand in it.
//   - normalizer: what lies between may be written anew: composed (NFC), or
//     with ▁ for its spaces.
//   - pre_tokenizer: it is split into words, by the pattern of GPT-2, Llama 3 or
//     Qwen 2 and, where the file says so, with every digit on its own.
//   - model: the bytes or characters of a word are merged, pair by pair, in the
//     order in which the pairs were learned, until no known pair is left.
//
// A byte-level vocabulary holds all 256 bytes, so every text can be encoded
// and comes back as it was. In the file each byte is spelled as a printable
// character ("Ġ" is the space), which is how [Tokenizer.ID] names tokens too.
// A vocabulary in the manner of SentencePiece (Llama 2, Mistral, Gemma) holds
// characters, and bytes such as <0x0A> for those that it lacks.
//
// What Hugging Face does around a text is not done here: no token is added in
// front or behind (post_processor, which [Tokenizer.Template] reads), nothing is
// cut or padded (truncation, padding). The ids are those of encode(text, add_special_tokens=False).
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
	names  []byte // special_tokens_map.json as it was found, where it counts, or nil
	chat   []byte // chat_template.jinja as it was found, or nil

	ids     map[string]int // token as spelled in the file -> id
	tokens  []string       // id -> token as spelled in the file
	bytes   []string       // id -> the bytes it stands for; "" for special tokens
	special []bool         // id -> left out by Decode
	eos     int
	ends    []int // eos, and what else ends a response

	// added are cut out of the text as it is, and as it is normalized.
	added     [2]addedTokens
	normalize func(string) string
	cuts      []cut // of pre_tokenizer
	bpe       *bpe
	decoder   decoder
}

// Encode returns the ids of text. Special tokens that stand in the text become
// their ids, as with Hugging Face.
func (t *Tokenizer) Encode(text string) []int {
	if text == "" {
		return nil
	}
	return t.Append(make([]int, 0, len(text)/3+4), text)
}

// Append appends the ids of text to ids. With room enough in ids, and where the
// file says nothing that writes the text anew, it allocates nothing but for
// words that were not seen before.
func (t *Tokenizer) Append(ids []int, text string) []int { return t.appendText(ids, text, 0, true) }

// appendText cuts the added tokens out of text, those of set 0 before it is
// normalized and those of set 1 after, and encodes what lies between them.
// first tells whether it is the beginning of the whole text.
func (t *Tokenizer) appendText(ids []int, text string, set int, first bool) []int {
	switch set {
	case 1:
		text = t.normalize(text)
	case len(t.added):
		return t.appendWords(ids, text, t.cuts, first)
	}
	if t.added[set].empty {
		return t.appendText(ids, text, set+1, first)
	}
	done := 0
	for from := 0; ; {
		m, ok := t.added[set].next(text, from, done)
		if !ok {
			break
		}
		from = m.from
		if m.token == nil {
			continue
		}
		if done < m.start {
			ids = t.appendText(ids, text[done:m.start], set+1, first && done == 0)
		}
		ids = append(ids, m.token.ID)
		done = m.end
	}
	if done < len(text) {
		ids = t.appendText(ids, text[done:], set+1, first && done == 0)
	}
	return ids
}

// appendWords cuts a text into words by the cuts of pre_tokenizer, and encodes
// them.
func (t *Tokenizer) appendWords(ids []int, text string, cuts []cut, first bool) []int {
	if len(cuts) == 0 {
		if text == "" {
			return ids
		}
		return t.bpe.appendWord(ids, text)
	}
	c, cuts := cuts[0], cuts[1:]
	if c.rewrite != nil {
		text = c.rewrite(text, first)
	}
	if c.word == nil {
		return t.appendWords(ids, text, cuts, first)
	}
	for text != "" {
		n := c.word(text)
		if len(cuts) == 0 {
			ids = t.bpe.appendWord(ids, text[:n])
		} else {
			ids = t.appendWords(ids, text[:n], cuts, first)
			first = false
		}
		text = text[n:]
	}
	return ids
}

// Decode returns the text that ids stand for, without special tokens. Ids that
// the vocabulary does not have are left out. A sequence that was cut within a
// character gives bytes that are not valid UTF-8, so that with a byte-level
// tokenizer Decode(Encode(text)) is text for any text without special tokens.
func (t *Tokenizer) Decode(ids []int) string {
	var b strings.Builder
	n := 0
	for _, id := range ids {
		if !t.IsSpecial(id) {
			n += len(t.bytes[id])
		}
	}
	b.Grow(n)
	first := t.decoder.first
	for _, id := range ids {
		switch {
		case t.IsSpecial(id):
		case first != nil:
			b.WriteString(first(t.tokens[id]))
			first = nil
		default:
			b.WriteString(t.bytes[id])
		}
	}
	if t.decoder.text != nil {
		return t.decoder.text(b.String())
	}
	return b.String()
}

// PrependsSpace tells whether a space is put in front of every text, as in the manner of
// SentencePiece.
func (t *Tokenizer) PrependsSpace() bool {
	ids := t.Encode("a")
	return len(ids) > 0 && strings.HasPrefix(t.tokens[ids[0]], pieceSpace)
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

// Ends returns the ids of all tokens that end a response: EOS, which models learn to
// write here, and those that a model may have learned before.
func (t *Tokenizer) Ends() []int { return t.ends }

// IsSpecial tells whether id is a special token, which Decode leaves out, or no
// token at all.
func (t *Tokenizer) IsSpecial(id int) bool {
	return id < 0 || id >= len(t.tokens) || t.special[id] || t.tokens[id] == ""
}
