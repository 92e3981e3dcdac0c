package tokenizer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxID bounds the ids of a file, so that a malformed one cannot ask for all
// memory; the largest vocabularies in use have a quarter of a million tokens.
const maxID = 1 << 22

// compile makes a Tokenizer of a file, or says what is wrong with it.
func compile(f file) (*Tokenizer, error) {
	t := &Tokenizer{file: f, bpe: newBPE()}
	if err := t.checkSections(); err != nil {
		return nil, err
	}
	var err error
	if t.normalize, err = compileNormalizer(f.Normalizer); err != nil {
		return nil, err
	}
	bytes := false
	if t.cuts, bytes, err = compilePreTokenizer(f.PreTokenizer); err != nil {
		return nil, err
	}
	if t.decoder, err = compileDecoder(f.Decoder); err != nil {
		return nil, err
	}
	if err := t.compileVocabulary(); err != nil {
		return nil, err
	}
	if err := t.compileAlphabet(bytes); err != nil {
		return nil, err
	}
	if err := t.compileMerges(bytes); err != nil {
		return nil, err
	}
	if !bytes && t.wordsStandApart() {
		t.cuts = append(t.cuts, cut{word: spaceWord})
	}
	return t, nil
}

// checkSections refuses what would give other ids than Hugging Face's.
func (t *Tokenizer) checkSections() error {
	m := t.file.Model
	switch {
	case m.Type != "BPE":
		return unsupported("model", fmt.Sprintf("%q", m.Type))
	case m.Dropout != nil && *m.Dropout != 0:
		return unsupported("model BPE", "with dropout")
	case m.ContinuingSubwordPrefix != nil && *m.ContinuingSubwordPrefix != "":
		return unsupported("model BPE", "with continuing_subword_prefix")
	case m.EndOfWordSuffix != nil && *m.EndOfWordSuffix != "":
		return unsupported("model BPE", "with end_of_word_suffix")
	}
	return nil
}

// compileVocabulary makes the tables from tokens to ids and back.
func (t *Tokenizer) compileVocabulary() error {
	f := &t.file
	size := 0
	add := func(token string, id int) error {
		if id < 0 || id >= maxID {
			return fmt.Errorf("token %q has the id %d; expected 0 to %d", token, id, maxID-1)
		}
		size = max(size, id+1)
		if old, ok := t.ids[token]; ok && old != id {
			return fmt.Errorf("token %q has the ids %d and %d", token, old, id)
		}
		t.ids[token] = id
		return nil
	}
	t.ids = make(map[string]int, len(f.Model.Vocab)+len(f.AddedTokens))
	for token, id := range f.Model.Vocab {
		if err := add(token, id); err != nil {
			return err
		}
	}
	for _, a := range f.AddedTokens {
		if err := add(a.Content, a.ID); err != nil {
			return fmt.Errorf("added_tokens: %w", err)
		}
	}
	t.tokens = make([]string, size)
	t.bytes = make([]string, size)
	t.special = make([]bool, size)
	for token, id := range t.ids {
		if t.tokens[id] != "" {
			return fmt.Errorf("id %d belongs to both %q and %q", id, min(t.tokens[id], token), max(t.tokens[id], token))
		}
		t.tokens[id] = token
		t.bytes[id] = t.decoder.token(token)
	}
	var plain, normalized []*addedToken
	for i := range f.AddedTokens {
		a := &f.AddedTokens[i]
		if a.Special {
			t.special[a.ID] = true
		}
		if a.Normalized {
			// It is looked for as the normalizer would write it.
			other := *a
			other.Content = t.normalize(a.Content)
			normalized = append(normalized, &other)
		} else {
			plain = append(plain, a)
		}
	}
	t.added = [2]addedTokens{newAddedTokens(plain), newAddedTokens(normalized)}
	return nil
}

// compileAlphabet makes the tables of what words begin as.
func (t *Tokenizer) compileAlphabet(bytes bool) error {
	m := t.file.Model
	t.bpe.fuse = m.FuseUnk
	if m.UnkToken != nil && *m.UnkToken != "" {
		id, ok := m.Vocab[*m.UnkToken]
		if !ok {
			return fmt.Errorf("model: unk_token %q is not in the vocabulary", *m.UnkToken)
		}
		t.bpe.unknown = int32(id)
	}
	for b := range 256 {
		spelled := string(charOfByte[b])
		if !bytes {
			spelled = fmt.Sprintf("<0x%02X>", b)
		}
		t.bpe.bytes[b] = -1
		if id, ok := m.Vocab[spelled]; ok && (bytes || m.ByteFallback) {
			t.bpe.bytes[b] = int32(id)
		} else if bytes && m.ByteFallback {
			return unsupported("model BPE", fmt.Sprintf("with byte_fallback, behind ByteLevel and without the byte %#02x", b))
		}
	}
	if bytes {
		return nil
	}
	t.bpe.chars = map[rune]int32{}
	for token, id := range m.Vocab {
		if c, n := utf8.DecodeRuneInString(token); n == len(token) {
			t.bpe.chars[c] = int32(id)
		}
	}
	return nil
}

// wordsStandApart tells whether no token reaches over the beginning of a word,
// which the vocabularies of SentencePiece mark with ▁. Then words can be merged
// one by one, and remembered, where Hugging Face merges the text as a whole.
func (t *Tokenizer) wordsStandApart() bool {
	m := t.file.Model
	if _, ok := m.Vocab[pieceSpace]; !ok || m.IgnoreMerges {
		return false
	}
	for _, two := range m.Merges {
		token := two[0] + two[1]
		if spaceWord(token) < len(token) {
			return false
		}
	}
	return true
}

// spaceWord returns the length in bytes of the first word of a text: up to the
// first ▁ that follows another character.
func spaceWord(text string) int {
	i := 0
	for strings.HasPrefix(text[i:], pieceSpace) {
		i += len(pieceSpace)
	}
	if next := strings.Index(text[i:], pieceSpace); next >= 0 {
		return i + next
	}
	return len(text)
}

// compileMerges makes the tables that words are merged by.
func (t *Tokenizer) compileMerges(bytes bool) error {
	m := t.file.Model
	for rank, two := range m.Merges {
		left, ok := m.Vocab[two[0]]
		if !ok {
			return fmt.Errorf("model: merge %d: %q is not in the vocabulary", rank, two[0])
		}
		right, ok := m.Vocab[two[1]]
		if !ok {
			return fmt.Errorf("model: merge %d: %q is not in the vocabulary", rank, two[1])
		}
		id, ok := m.Vocab[two[0]+two[1]]
		if !ok {
			return fmt.Errorf("model: merge %d: %q, which %q and %q become, is not in the vocabulary", rank, two[0]+two[1], two[0], two[1])
		}
		t.bpe.merges[pair{int32(left), int32(right)}] = product{int32(rank), int32(id)}
	}
	if m.IgnoreMerges {
		t.bpe.whole = make(map[string]int, len(m.Vocab))
		for token, id := range m.Vocab {
			if bytes {
				token = unspell(token)
			}
			t.bpe.whole[token] = id
		}
	}
	return nil
}
