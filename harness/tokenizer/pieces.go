package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"lastmile/harness/foreign"
	"lastmile/harness/jsonfile"
)

// Pieces is the tokenizer of an encoder such as BERT: it writes a text anew
// (normalizer), cuts it into words (pre_tokenizer) and those into the pieces of
// its vocabulary (model). What becomes of case, spaces and unknown characters
// cannot be undone, so there is no Decode. Any number of goroutines may use one
// at the same time.
//
// Two kinds are understood:
//
//   - WordPiece (Wu et al. 2016; Devlin et al. 2019), from tokenizer.json or
//     vocab.txt: [LoadPieces] and the file wordpiece.go.
//   - Unigram (Kudo 2018), from tokenizer.json or a SentencePiece model: the
//     file unigram.go.
//
// The ids are those of Hugging Face's encode(text, add_special_tokens=False).
type Pieces struct {
	ids     map[string]int
	tokens  []string
	special []bool
	added   []addedTokens // looked for in the text as it is
	later   []addedTokens // looked for in the normalized text

	normalize func(string) string
	append    func(ids []int, text string) []int // of normalized text
	fast      bool
	begins    func(token string) bool // tells whether a token begins a word
	marks     marks
	files     map[string][]byte // as found, by name
}

// marks are the tokens that hold a row of an encoder together.
type marks struct{ start, separator, pad int }

// pieceFiles are the files that a tokenizer is looked for in, the first that is
// there wins.
var pieceFiles = []struct {
	name string
	read func(*Pieces, fs.FS, []byte) error
}{
	{"tokenizer.json", (*Pieces).readTokenizerJSON},
	{"vocab.txt", (*Pieces).readVocabulary},
	{"spiece.model", (*Pieces).readSentencePiece},
	{"spm.model", (*Pieces).readSentencePiece},
	{"sentencepiece.model", (*Pieces).readSentencePiece},
}

// ModelType returns the type of the model in a folder's tokenizer.json, "" where
// there is no such file.
func ModelType(dir string) (string, error) {
	name := filepath.Join(dir, "tokenizer.json")
	text, err := foreign.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("loading tokenizer: %w", err)
	}
	var f struct {
		Model json.RawMessage `json:"model"`
	}
	if err := jsonfile.Unmarshal(text, &f); err != nil {
		return "", fmt.Errorf("loading tokenizer %s: not a tokenizer.json: %w", name, err)
	}
	kind, err := sectionType("model", f.Model)
	if err != nil {
		return "", fmt.Errorf("loading tokenizer %s: %w", name, err)
	}
	return kind, nil
}

// LoadPieces reads the tokenizer of a Hugging Face folder: its tokenizer.json,
// or else vocab.txt (WordPiece; tokenizer_config.json says do_lower_case,
// strip_accents and tokenize_chinese_chars), or else a model of SentencePiece: spiece.model,
// spm.model (bleurt-pytorch's name) or sentencepiece.model. What would give other ids than Hugging Face's or
// SentencePiece's own is refused.
func LoadPieces(dir string) (*Pieces, error) {
	fsys := os.DirFS(dir)
	for _, f := range pieceFiles {
		text, err := foreign.ReadFS(fsys, f.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("loading tokenizer: %w", err)
		}
		p := &Pieces{files: map[string][]byte{f.name: text}}
		if err := f.read(p, fsys, text); err != nil {
			return nil, fmt.Errorf("loading tokenizer %s: %w", filepath.Join(dir, f.name), err)
		}
		if config, err := foreign.ReadFS(fsys, "tokenizer_config.json"); err == nil {
			p.files["tokenizer_config.json"] = config
		}
		if err := p.findMarks(); err != nil {
			return nil, fmt.Errorf("loading tokenizer %s: %w", filepath.Join(dir, f.name), err)
		}
		return p, nil
	}
	return nil, fmt.Errorf("loading tokenizer: %s has none of tokenizer.json, vocab.txt, spiece.model, spm.model, sentencepiece.model", dir)
}

// Encode returns the ids of text. Special tokens that stand in the text become
// their ids, as with Hugging Face.
func (p *Pieces) Encode(text string) []int {
	var ids []int
	between(text, p.added, func(id int) { ids = append(ids, id) }, func(text string) {
		between(p.normalize(text), p.later, func(id int) { ids = append(ids, id) }, func(text string) {
			ids = p.append(ids, text)
		})
	})
	return ids
}

// between calls plain for each stretch of text between added tokens, and token
// for each of those.
func between(text string, sets []addedTokens, token func(id int), plain func(string)) {
	if text == "" {
		return
	}
	if len(sets) == 0 {
		plain(text)
		return
	}
	done := 0
	for from := 0; ; {
		m, ok := sets[0].next(text, from, done)
		if !ok {
			between(text[done:], sets[1:], token, plain)
			return
		}
		from = m.from
		if m.token == nil {
			continue
		}
		// Where the token before took the spaces behind it along, one of spaces may
		// begin among them.
		if done < m.start {
			between(text[done:m.start], sets[1:], token, plain)
		}
		token(m.token.ID)
		done = m.end
	}
}

// VocabSize is the largest id plus one.
func (p *Pieces) VocabSize() int { return len(p.tokens) }

// ID returns the id of a token as the vocabulary spells it.
func (p *Pieces) ID(token string) (int, bool) {
	id, ok := p.ids[token]
	return id, ok
}

// Token returns the token of an id, "" for an id that the vocabulary does not
// have.
func (p *Pieces) Token(id int) string {
	if id < 0 || id >= len(p.tokens) {
		return ""
	}
	return p.tokens[id]
}

// Word is the word of letters that a token stands for on its own, "" where it is
// a part of one, or none.
func (p *Pieces) Word(id int) string {
	token := p.Token(id)
	if p.IsSpecial(id) || !p.begins(token) {
		return ""
	}
	word := strings.TrimPrefix(token, pieceSpace)
	for _, c := range word {
		if !unicode.IsLetter(c) {
			return ""
		}
	}
	return word
}

// IsSpecial tells whether id is a special token or none at all.
func (p *Pieces) IsSpecial(id int) bool { return p.Token(id) == "" || p.special[id] }

// CLS is the id of the token that opens a row.
func (p *Pieces) CLS() int { return p.marks.start }

// SEP is the id of the token that ends a part of a row.
func (p *Pieces) SEP() int { return p.marks.separator }

// Pad is the id of the token that fills a row up.
func (p *Pieces) Pad() int { return p.marks.pad }

// Fast tells whether Hugging Face reads the files with its library tokenizers,
// which it calls fast; a model of SentencePiece it does not.
func (p *Pieces) Fast() bool { return p.fast }

// Save writes the tokenizer's files, as they were found, to a folder.
func (p *Pieces) Save(dir string) error {
	for name, text := range p.files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			return fmt.Errorf("saving tokenizer: %w", err)
		}
	}
	return nil
}

// setVocabulary makes the tables between tokens and ids.
func (p *Pieces) setVocabulary(ids map[string]int) error {
	size := 0
	for token, id := range ids {
		if id < 0 || id >= maxID {
			return fmt.Errorf("token %q has the id %d; expected 0 to %d", token, id, maxID-1)
		}
		size = max(size, id+1)
	}
	p.ids, p.tokens, p.special = ids, make([]string, size), make([]bool, size)
	for token, id := range ids {
		if p.tokens[id] != "" {
			return fmt.Errorf("id %d belongs to both %q and %q", id, min(p.tokens[id], token), max(p.tokens[id], token))
		}
		p.tokens[id] = token
	}
	return nil
}

// setAdded says which tokens are looked for in texts.
func (p *Pieces) setAdded(tokens []addedToken) {
	var plain, normalized []*addedToken
	for i := range tokens {
		a := &tokens[i]
		p.special[a.ID] = p.special[a.ID] || a.Special
		if a.Normalized {
			normalized = append(normalized, a)
		} else {
			plain = append(plain, a)
		}
	}
	if len(plain) > 0 {
		p.added = []addedTokens{newAddedTokens(plain)}
	}
	if len(normalized) > 0 {
		p.later = []addedTokens{newAddedTokens(normalized)}
	}
}

// findMarks finds the special tokens by the names that tokenizer_config.json
// gives them, or else by BERT's.
func (p *Pieces) findMarks() error {
	names := struct {
		CLS json.RawMessage `json:"cls_token"`
		SEP json.RawMessage `json:"sep_token"`
		Pad json.RawMessage `json:"pad_token"`
	}{}
	if text, ok := p.files["tokenizer_config.json"]; ok {
		if err := jsonfile.Unmarshal(text, &names); err != nil {
			return fmt.Errorf("tokenizer_config.json: %w", err)
		}
	}
	for _, m := range []struct {
		name   string
		given  json.RawMessage
		common []string
		id     *int
	}{
		{"cls_token", names.CLS, []string{"[CLS]"}, &p.marks.start},
		{"sep_token", names.SEP, []string{"[SEP]"}, &p.marks.separator},
		{"pad_token", names.Pad, []string{"[PAD]", "<pad>"}, &p.marks.pad},
	} {
		if len(m.given) > 0 && string(m.given) != "null" {
			token, err := tokenContent(m.given)
			if err != nil {
				return fmt.Errorf("tokenizer_config.json: %s: %w", m.name, err)
			}
			m.common = []string{token}
		}
		found := false
		for _, token := range m.common {
			if id, ok := p.ids[token]; ok {
				*m.id, found = id, true
				break
			}
		}
		if !found {
			return fmt.Errorf("%s %s is not in the vocabulary", m.name, strings.Join(m.common, " or "))
		}
		p.special[*m.id] = true
	}
	return nil
}
