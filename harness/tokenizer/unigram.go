package tokenizer

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"lastmile/harness/foreign"
)

// unigram cuts a text into the pieces whose scores, log-probabilities, have
// the largest sum (Kudo 2018): Viterbi's algorithm over the places between
// characters. A character that is no piece is unknown, at unknownPenalty below
// the lowest score; a run of unknown ones is one token. Sums are float64, as Hugging
// Face's; SentencePiece adds in float32, and may choose another one of several
// ways whose sums agree but for rounding, such as the same pieces in another
// order.
type unigram struct {
	trie    pieceTrie
	scores  []float64 // by id
	unknown int
	// lacking is the score of a character that is no piece.
	lacking float64
}

// unknownPenalty is SentencePiece's kUnkPenalty.
const unknownPenalty = 10

// step is the best way to cut the text up to a place.
type step struct {
	score float64
	from  int // where the last piece begins; -1 where no way is known
	id    int
}

// append appends the ids of a text's pieces.
func (u *unigram) append(ids []int, text string) []int {
	best := make([]step, len(text)+1)
	for i := range best {
		best[i].from = -1
	}
	best[0].from = 0
	for at := 0; at < len(text); {
		reach := func(end, id int, score float64) {
			score += best[at].score
			if best[end].from < 0 || score > best[end].score {
				best[end] = step{score, at, id}
			}
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		known := false
		u.trie.prefixes(text[at:], func(n, id int) {
			reach(at+n, id, u.scores[id])
			known = known || n == size
		})
		if !known {
			reach(at+size, u.unknown, u.lacking)
		}
		at += size
	}
	begin := len(ids)
	for at := len(text); at > 0; at = best[at].from {
		if id := best[at].id; id != u.unknown || len(ids) == begin || ids[len(ids)-1] != u.unknown {
			ids = append(ids, id)
		}
	}
	for i, j := begin, len(ids)-1; i < j; i, j = i+1, j-1 {
		ids[i], ids[j] = ids[j], ids[i]
	}
	return ids
}

// pieceTrie finds the pieces that a text begins with. Node 0 is the root.
type pieceTrie struct {
	next map[trieEdge]int32
	id   []int32 // of the piece that ends at a node, or -1
}

type trieEdge struct {
	node int32
	char byte
}

func (t *pieceTrie) add(piece string, id int) {
	if t.next == nil {
		t.next, t.id = make(map[trieEdge]int32), []int32{-1}
	}
	node := int32(0)
	for i := range len(piece) {
		edge := trieEdge{node, piece[i]}
		child, ok := t.next[edge]
		if !ok {
			child = int32(len(t.id))
			t.next[edge] = child
			t.id = append(t.id, -1)
		}
		node = child
	}
	t.id[node] = int32(id)
}

// prefixes calls found with the length and the id of each piece that text
// begins with, the shortest first.
func (t *pieceTrie) prefixes(text string, found func(n, id int)) {
	node := int32(0)
	for i := range len(text) {
		child, ok := t.next[trieEdge{node, text[i]}]
		if !ok {
			return
		}
		node = child
		if id := t.id[node]; id >= 0 {
			found(i+1, int(id))
		}
	}
}

// space is how SentencePiece spells a space.
const pieceSpace = "\u2581"

// metaspace is the section pre_tokenizer of the type Metaspace.
type metaspace struct {
	Replacement    string `json:"replacement"`
	PrependScheme  string `json:"prepend_scheme"`
	AddPrefixSpace *bool  `json:"add_prefix_space"` // in older files
	Split          *bool  `json:"split"`
}

// readUnigram reads a tokenizer.json with a Unigram model.
func (p *Pieces) readUnigram(f pieceFile) error {
	var m struct {
		UnkID        *int `json:"unk_id"`
		ByteFallback bool `json:"byte_fallback"`
		Vocab        []scoredPiece
	}
	if err := foreign.Decode(f.Model, &m); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	switch {
	case m.UnkID == nil || *m.UnkID < 0 || *m.UnkID >= len(m.Vocab):
		return fmt.Errorf("model: unk_id is not in the vocabulary of %d pieces", len(m.Vocab))
	case m.ByteFallback:
		return fmt.Errorf("model: byte_fallback is not supported")
	}
	u := &unigram{unknown: *m.UnkID}
	lowest := math.Inf(1)
	vocabulary := make(map[string]int, len(m.Vocab))
	for id, piece := range m.Vocab {
		if old, ok := vocabulary[piece.Piece]; ok {
			return fmt.Errorf("model: piece %q has the ids %d and %d", piece.Piece, old, id)
		}
		vocabulary[piece.Piece] = id
		if piece.Piece == "" {
			return fmt.Errorf("model: piece %d is empty", id)
		}
		u.trie.add(piece.Piece, id)
		u.scores = append(u.scores, piece.Score)
		lowest = min(lowest, piece.Score)
	}
	u.lacking = lowest - unknownPenalty
	normalize, err := compileNormalizer(f.Normalizer)
	if err != nil {
		return err
	}
	words, err := compileMetaspace(f.PreTokenizer)
	if err != nil {
		return err
	}
	p.normalize = func(text string) string { return normalize(lossy(text)) }
	p.begins = func(token string) bool { return strings.HasPrefix(token, pieceSpace) }
	p.append = func(ids []int, text string) []int {
		words(text, func(word string) { ids = u.append(ids, word) })
		return ids
	}
	return p.setTokens(vocabulary, f.AddedTokens)
}

// scoredPiece is [piece, score] of a Unigram model.
type scoredPiece struct {
	Piece string
	Score float64
}

// UnmarshalJSON reads the two from a list.
func (s *scoredPiece) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&s.Piece, &s.Score})
}

// compileMetaspace returns what cuts a text into words, each with its space in
// front.
func compileMetaspace(raw json.RawMessage) (words func(text string, word func(string)), err error) {
	var section struct {
		Type          string            `json:"type"`
		PreTokenizers []json.RawMessage `json:"pretokenizers"`
	}
	if len(raw) > 0 {
		if err := foreign.Decode(raw, &section); err != nil {
			return nil, fmt.Errorf("pre_tokenizer: %w", err)
		}
	}
	if section.Type == "Sequence" && len(section.PreTokenizers) == 1 {
		return compileMetaspace(section.PreTokenizers[0])
	}
	apart := false // WhitespaceSplit: words are first cut at white space
	if section.Type == "Sequence" && len(section.PreTokenizers) == 2 {
		if first, err := sectionType("pre_tokenizer", section.PreTokenizers[0]); err != nil || first != "WhitespaceSplit" {
			return nil, fmt.Errorf("pre_tokenizer: a Sequence that begins with %q is not supported; expected WhitespaceSplit, Metaspace", first)
		}
		apart, raw = true, section.PreTokenizers[1]
		if section.Type, err = sectionType("pre_tokenizer", raw); err != nil {
			return nil, err
		}
	}
	if section.Type != "Metaspace" {
		return nil, fmt.Errorf("pre_tokenizer %q is not supported with Unigram; expected Metaspace", section.Type)
	}
	m := metaspace{Replacement: pieceSpace, PrependScheme: "always"}
	if err := foreign.Decode(raw, &m); err != nil {
		return nil, fmt.Errorf("pre_tokenizer: %w", err)
	}
	if m.AddPrefixSpace != nil && !*m.AddPrefixSpace {
		m.PrependScheme = "never"
	}
	if m.PrependScheme != "always" && m.PrependScheme != "never" {
		return nil, fmt.Errorf("pre_tokenizer: prepend_scheme %q is not supported; expected always or never", m.PrependScheme)
	}
	one := func(text string, word func(string)) {
		text = strings.ReplaceAll(text, " ", m.Replacement)
		if m.PrependScheme == "always" && !strings.HasPrefix(text, m.Replacement) {
			text = m.Replacement + text
		}
		if m.Split != nil && !*m.Split {
			word(text)
			return
		}
		for text != "" {
			n := len(text)
			if next := strings.Index(text[1:], m.Replacement); next >= 0 {
				n = next + 1
			}
			word(text[:n])
			text = text[n:]
		}
	}
	if !apart {
		return one, nil
	}
	return func(text string, word func(string)) {
		for _, part := range strings.Fields(text) {
			one(part, word)
		}
	}, nil
}
