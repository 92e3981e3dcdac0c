package tokenizer

import (
	"encoding/json"
	"fmt"
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
	split, err := compileSplitter(f.PreTokenizer)
	if err != nil {
		return nil, err
	}
	t.split = split
	if err := t.compileVocabulary(); err != nil {
		return nil, err
	}
	if err := t.compileMerges(); err != nil {
		return nil, err
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
	case m.ByteFallback:
		return unsupported("model BPE", "with byte_fallback")
	case m.ContinuingSubwordPrefix != nil && *m.ContinuingSubwordPrefix != "":
		return unsupported("model BPE", "with continuing_subword_prefix")
	case m.EndOfWordSuffix != nil && *m.EndOfWordSuffix != "":
		return unsupported("model BPE", "with end_of_word_suffix")
	}
	if kind, err := sectionType("normalizer", t.file.Normalizer); err != nil || kind != "" {
		if err != nil {
			return err
		}
		return unsupported("normalizer", fmt.Sprintf("%q", kind))
	}
	if kind, err := sectionType("decoder", t.file.Decoder); err != nil || kind != "ByteLevel" {
		if err != nil {
			return err
		}
		return unsupported("decoder", fmt.Sprintf("%q", kind))
	}
	return nil
}

// compileSplitter reads the section pre_tokenizer.
func compileSplitter(raw json.RawMessage) (splitter, error) {
	var p preTokenizer
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &p); err != nil {
			return splitter{}, fmt.Errorf("pre_tokenizer: %w", err)
		}
	}
	parts := []preTokenizer{p}
	if p.Type == "Sequence" {
		parts = p.PreTokenizers
	}
	var s splitter
	for i, part := range parts {
		switch {
		case part.Type == "Digits" && i == 0 && len(parts) == 2:
			s.digits = digitsTogether
			if part.IndividualDigits {
				s.digits = digitsApart
			}
		case part.Type == "ByteLevel" && part.AddPrefixSpace:
			return s, unsupported("pre_tokenizer", "ByteLevel(add_prefix_space=true)")
		case part.Type == "ByteLevel" && i == len(parts)-1:
			s.word = gpt2Word
			if part.UseRegex != nil && !*part.UseRegex {
				s.word = wholeText
			}
		default:
			return s, unsupported("pre_tokenizer", fmt.Sprintf("%q at place %d of %d", part.Type, i+1, len(parts)))
		}
	}
	if s.word == nil {
		return s, unsupported("pre_tokenizer", "without ByteLevel")
	}
	return s, nil
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
			return fmt.Errorf("id %d belongs to both %q and %q", id, t.tokens[id], token)
		}
		t.tokens[id] = token
		t.bytes[id] = unspell(token)
	}
	var plain, normalized []*addedToken
	for i := range f.AddedTokens {
		a := &f.AddedTokens[i]
		if a.Special {
			t.special[a.ID] = true
			t.bytes[a.ID] = ""
		}
		if a.Normalized {
			normalized = append(normalized, a)
		} else {
			plain = append(plain, a)
		}
	}
	for _, tokens := range [][]*addedToken{plain, normalized} {
		if len(tokens) > 0 {
			t.added = append(t.added, newAddedTokens(tokens))
		}
	}
	return nil
}

// compileMerges makes the tables that words are merged by.
func (t *Tokenizer) compileMerges() error {
	m := t.file.Model
	unknown := -1
	if m.UnkToken != nil && *m.UnkToken != "" {
		id, ok := m.Vocab[*m.UnkToken]
		if !ok {
			return fmt.Errorf("model: unk_token %q is not in the vocabulary", *m.UnkToken)
		}
		unknown = id
	}
	for b := range 256 {
		t.bpe.bytes[b] = unknown
		id, ok := m.Vocab[string(charOfByte[b])]
		if ok {
			t.bpe.bytes[b] = id
		} else if m.FuseUnk && unknown >= 0 {
			return unsupported("model BPE", fmt.Sprintf("with fuse_unk and without the byte %#02x", b))
		}
	}
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
			t.bpe.whole[unspell(token)] = id
		}
	}
	return nil
}
