package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"lastmile/harness/foreign"
)

// wordPiece cuts a word into the longest piece of the vocabulary that it
// begins with, then the longest that the rest begins with, and so on; all but
// the first are spelled with a prefix. A word that cannot be cut so, or is too
// long, is unknown as a whole.
type wordPiece struct {
	first, further map[string]int // the latter without their prefix
	longest        int            // bytes of the longest piece
	prefix         string         // of further pieces
	unknown        int
	maxChars       int // characters of a word
}

func newWordPiece(vocabulary map[string]int, unknown, prefix string, maxChars int) (*wordPiece, error) {
	id, ok := vocabulary[unknown]
	if !ok {
		return nil, fmt.Errorf("model: unk_token %q is not in the vocabulary", unknown)
	}
	w := &wordPiece{first: vocabulary, further: make(map[string]int), prefix: prefix, unknown: id, maxChars: maxChars}
	for token, id := range vocabulary {
		w.longest = max(w.longest, len(token))
		if rest, ok := strings.CutPrefix(token, prefix); ok {
			w.further[rest] = id
		}
	}
	return w, nil
}

// append appends the ids of the pieces of a word.
func (w *wordPiece) append(ids []int, word string) []int {
	if utf8.RuneCountInString(word) > w.maxChars {
		return append(ids, w.unknown)
	}
	n := len(ids)
	pieces := w.first
	for rest := word; rest != ""; {
		end := min(len(rest), w.longest)
		id, ok := 0, false
		for ; end > 0; end-- {
			if end < len(rest) && !utf8.RuneStart(rest[end]) {
				continue
			}
			if id, ok = pieces[rest[:end]]; ok {
				break
			}
		}
		if !ok {
			return append(ids[:n], w.unknown)
		}
		ids = append(ids, id)
		rest, pieces = rest[end:], w.further
	}
	return ids
}

// bertNormalizer is the section normalizer of the type BertNormalizer.
type bertNormalizer struct {
	// CleanText drops control characters and makes every white space a space.
	CleanText bool `json:"clean_text"`
	// HandleChineseChars puts spaces around ideographs.
	HandleChineseChars bool `json:"handle_chinese_chars"`
	// StripAccents decomposes characters (NFD) and drops the marks. Without it
	// Lowercase decides.
	StripAccents *bool `json:"strip_accents"`
	// Lowercase makes letters small.
	Lowercase bool `json:"lowercase"`
}

// normalize applies the four steps in Hugging Face's order.
func (n bertNormalizer) normalize(text string) string {
	if isPlain(text) {
		if n.Lowercase {
			return strings.ToLower(text)
		}
		return text
	}
	var b strings.Builder
	for _, c := range text {
		if n.CleanText {
			switch {
			case unicode.Is(bertControls, c):
				continue
			case unicode.IsSpace(c):
				c = ' '
			}
		}
		if n.HandleChineseChars && isIdeograph(c) {
			b.WriteByte(' ')
			b.WriteRune(c)
			b.WriteByte(' ')
			continue
		}
		b.WriteRune(c)
	}
	text = b.String()
	if n.StripAccents != nil && *n.StripAccents || n.StripAccents == nil && n.Lowercase {
		text = strings.Map(func(c rune) rune {
			if unicode.Is(bertMarks, c) {
				return -1
			}
			return c
		}, norm.NFD.String(text))
	}
	if n.Lowercase {
		text = lower(text)
	}
	return text
}

// isPlain tells whether text is printable ASCII, which only case can change.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// lower is Rust's to_lowercase character by character: as Go's, but for the one
// character that becomes two, and for 55 letters of scripts that Unicode got
// after Go's tables.
func lower(text string) string {
	return strings.ToLower(strings.ReplaceAll(text, "\u0130", "i\u0307"))
}

// isIdeograph tells whether BERT takes c for a Chinese character.
func isIdeograph(c rune) bool {
	return c >= 0x4e00 && (c <= 0x9fff || c >= 0xf900 && c <= 0xfaff ||
		c >= 0x20000 && (c <= 0x2a6df || c >= 0x2a700 && c <= 0x2b73f || c >= 0x2b740 && c <= 0x2b81f ||
			c >= 0x2b920 && c <= 0x2ceaf || c >= 0x2f800 && c <= 0x2fa1f)) ||
		c >= 0x3400 && c <= 0x4dbf
}

// bertWords calls word for each word of the pre-tokenizer BertPreTokenizer:
// what white space separates, and each punctuation mark on its own.
func bertWords(text string, word func(string)) {
	start := 0
	end := func(at int) {
		if start < at {
			word(text[start:at])
		}
	}
	for i, c := range text {
		switch {
		case unicode.IsSpace(c):
			end(i)
			start = i + utf8.RuneLen(c)
		case isPunctuation(c):
			end(i)
			start = i + utf8.RuneLen(c)
			word(text[i:start])
		}
	}
	end(len(text))
}

// isPunctuation tells whether c is of the categories P, or an ASCII symbol.
func isPunctuation(c rune) bool {
	if c < utf8.RuneSelf {
		return c > ' ' && c < 0x7f && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	}
	return unicode.Is(bertPunctuation, c)
}

// setWordPiece makes p a WordPiece tokenizer.
func (p *Pieces) setWordPiece(n bertNormalizer, w *wordPiece) {
	p.begins = func(token string) bool { return !strings.HasPrefix(token, w.prefix) }
	p.normalize = func(text string) string { return n.normalize(lossy(text)) }
	p.append = func(ids []int, text string) []int {
		bertWords(text, func(word string) { ids = w.append(ids, word) })
		return ids
	}
}

// pieceFile is tokenizer.json of an encoder.
type pieceFile struct {
	AddedTokens  []addedToken    `json:"added_tokens"`
	Normalizer   json.RawMessage `json:"normalizer"`
	PreTokenizer json.RawMessage `json:"pre_tokenizer"`
	Model        json.RawMessage `json:"model"`
}

// readTokenizerJSON reads a tokenizer.json of either kind.
func (p *Pieces) readTokenizerJSON(_ fs.FS, text []byte) error {
	p.fast = true
	var f pieceFile
	if err := foreign.Decode(text, &f); err != nil {
		return fmt.Errorf("not a tokenizer.json: %w", err)
	}
	kind, err := sectionType("model", f.Model)
	if err != nil {
		return err
	}
	switch kind {
	case "WordPiece":
		return p.readWordPiece(f)
	case "Unigram":
		return p.readUnigram(f)
	}
	return fmt.Errorf("model %q is not supported; expected WordPiece or Unigram", kind)
}

func (p *Pieces) readWordPiece(f pieceFile) error {
	m := struct {
		UnkToken                string         `json:"unk_token"`
		ContinuingSubwordPrefix string         `json:"continuing_subword_prefix"`
		MaxInputCharsPerWord    int            `json:"max_input_chars_per_word"`
		Vocab                   map[string]int `json:"vocab"`
	}{"[UNK]", "##", 100, nil}
	if err := foreign.Decode(f.Model, &m); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	var n bertNormalizer
	if kind, err := sectionType("normalizer", f.Normalizer); err != nil || kind != "BertNormalizer" {
		if err == nil {
			err = fmt.Errorf("normalizer %q is not supported with WordPiece; expected BertNormalizer", kind)
		}
		return err
	}
	if err := foreign.Decode(f.Normalizer, &n); err != nil {
		return fmt.Errorf("normalizer: %w", err)
	}
	if kind, err := sectionType("pre_tokenizer", f.PreTokenizer); err != nil || kind != "BertPreTokenizer" {
		if err == nil {
			err = fmt.Errorf("pre_tokenizer %q is not supported with WordPiece; expected BertPreTokenizer", kind)
		}
		return err
	}
	w, err := newWordPiece(m.Vocab, m.UnkToken, m.ContinuingSubwordPrefix, m.MaxInputCharsPerWord)
	if err != nil {
		return err
	}
	p.setWordPiece(n, w)
	return p.setTokens(m.Vocab, f.AddedTokens)
}

// setTokens sets the vocabulary, of which added tokens are a part.
func (p *Pieces) setTokens(vocabulary map[string]int, added []addedToken) error {
	all := make(map[string]int, len(vocabulary)+len(added))
	for token, id := range vocabulary {
		all[token] = id
	}
	for _, a := range added {
		if old, ok := all[a.Content]; ok && old != a.ID {
			return fmt.Errorf("added_tokens: token %q has the ids %d and %d", a.Content, old, a.ID)
		}
		all[a.Content] = a.ID
	}
	if err := p.setVocabulary(all); err != nil {
		return err
	}
	p.setAdded(added)
	return nil
}

// readVocabulary reads vocab.txt, a token a line, with the settings that
// BertTokenizer takes from tokenizer_config.json and its defaults.
func (p *Pieces) readVocabulary(fsys fs.FS, text []byte) error {
	p.fast = true
	vocabulary := make(map[string]int)
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		token := strings.TrimRight(line, "\r")
		if old, ok := vocabulary[token]; ok {
			return fmt.Errorf("line %d: token %q stands in line %d already", i+1, token, old+1)
		}
		vocabulary[token] = i
	}
	config := struct {
		DoLowerCase          bool            `json:"do_lower_case"`
		StripAccents         *bool           `json:"strip_accents"`
		TokenizeChineseChars bool            `json:"tokenize_chinese_chars"`
		UnkToken             json.RawMessage `json:"unk_token"`
	}{DoLowerCase: true, TokenizeChineseChars: true}
	if _, err := readJSON(fsys, "tokenizer_config.json", &config); err != nil {
		return err
	}
	unknown := "[UNK]"
	if len(config.UnkToken) > 0 && !bytes.Equal(config.UnkToken, []byte("null")) {
		var err error
		if unknown, err = tokenContent(config.UnkToken); err != nil {
			return fmt.Errorf("tokenizer_config.json: unk_token: %w", err)
		}
	}
	w, err := newWordPiece(vocabulary, unknown, "##", 100)
	if err != nil {
		return err
	}
	p.setWordPiece(bertNormalizer{true, config.TokenizeChineseChars, config.StripAccents, config.DoLowerCase}, w)
	var added []addedToken
	for _, token := range []string{"[PAD]", unknown, "[CLS]", "[SEP]", "[MASK]"} {
		if id, ok := vocabulary[token]; ok {
			added = append(added, addedToken{ID: id, Content: token, Special: true})
		}
	}
	return p.setTokens(vocabulary, added)
}
