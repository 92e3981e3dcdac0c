package tokenizer

import (
	"fmt"
	"io/fs"
	"math"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// The types of SentencePiece's pieces.
const (
	normalPiece      = 1
	unknownPiece     = 2
	controlPiece     = 3
	userDefinedPiece = 4
	unusedPiece      = 5
	bytePiece        = 6
)

// unigramModel is model_type of a trainer_spec.
const unigramModel = 1

// sentencePiece is what is needed of a SentencePiece ModelProto.
type sentencePiece struct {
	pieces []struct {
		piece string
		score float32
		kind  uint64
	}
	modelType             uint64
	spaceAsSuffix         bool
	charsmap              []byte
	dummyPrefix           bool
	removeExtraWhitespace bool
	escapeWhitespace      bool
}

// readSentencePiece reads a model of SentencePiece. Pieces are numbered by
// their place; texts are normalized as SentencePiece does it.
func (p *Pieces) readSentencePiece(_ fs.FS, text []byte) error {
	m, err := parseSentencePiece(text)
	if err != nil {
		return fmt.Errorf("not a SentencePiece model: %w", err)
	}
	if m.modelType != unigramModel || m.spaceAsSuffix || !m.escapeWhitespace {
		return fmt.Errorf("model_type %d, treat_whitespace_as_suffix %v, escape_whitespaces %v is not supported; expected Unigram (1), false, true",
			m.modelType, m.spaceAsSuffix, m.escapeWhitespace)
	}
	u := &unigram{unknown: -1, scores: make([]float64, len(m.pieces))}
	lowest, highest := math.Inf(1), math.Inf(-1)
	vocabulary := make(map[string]int, len(m.pieces))
	var added []addedToken
	var defined pieceTrie
	for id, piece := range m.pieces {
		if old, ok := vocabulary[piece.piece]; ok || piece.piece == "" {
			return fmt.Errorf("piece %d is %q, as piece %d is, or empty", id, piece.piece, old)
		}
		vocabulary[piece.piece] = id
		switch piece.kind {
		case normalPiece:
			lowest, highest = min(lowest, float64(piece.score)), max(highest, float64(piece.score))
			u.scores[id] = float64(piece.score)
			u.trie.add(piece.piece, id)
		case unknownPiece:
			u.unknown = id
			added = append(added, addedToken{ID: id, Content: piece.piece, Special: true})
		case controlPiece:
			added = append(added, addedToken{ID: id, Content: piece.piece, Special: true})
		case userDefinedPiece:
			u.trie.add(piece.piece, id)
			defined.add(piece.piece, id)
		case unusedPiece:
		default:
			return fmt.Errorf("piece %d, %q, has type %d, which is not supported", id, piece.piece, piece.kind)
		}
	}
	if u.unknown < 0 {
		return fmt.Errorf("the model has no piece for what is unknown")
	}
	u.lacking = lowest - unknownPenalty
	// A piece of the user's is never cut: it scores above all that it is made of.
	for id, piece := range m.pieces {
		if piece.kind == userDefinedPiece {
			u.scores[id] = float64(float32(float64(utf8.RuneCountInString(piece.piece))*highest - 0.1))
		}
	}
	chars, err := newCharsmap(m.charsmap)
	if err != nil {
		return err
	}
	if (growth{float64(chars.longestReplacement()), 0}).tooMuch() {
		return errGrows("normalizer_spec")
	}
	p.normalize = func(text string) string { return m.normalize(chars, defined, text) }
	p.begins = func(token string) bool { return strings.HasPrefix(token, pieceSpace) }
	p.append = u.append
	return p.setTokens(vocabulary, added)
}

// normalize is SentencePiece's Normalizer: characters by the longest key of
// the charsmap, runs of spaces made one and those at the ends dropped, and a
// space put in front.
func (m sentencePiece) normalize(chars charsmap, defined pieceTrie, text string) string {
	var b strings.Builder
	space := m.removeExtraWhitespace // whether a space may not follow
	if m.dummyPrefix {
		b.WriteString(pieceSpace)
	}
	start := b.Len()
	for text != "" {
		part, n := "", 0
		defined.prefixes(text, func(length, _ int) { part, n = text[:length], length })
		if n == 0 {
			part, n = chars.longest(text)
		}
		text = text[n:]
		if space {
			part = strings.TrimLeft(part, " ")
		}
		if part == "" {
			continue
		}
		space = m.removeExtraWhitespace && strings.HasSuffix(part, " ")
		b.WriteString(strings.ReplaceAll(part, " ", pieceSpace))
	}
	out := b.String()
	if m.removeExtraWhitespace {
		for len(out) > start && strings.HasSuffix(out, pieceSpace) {
			out = strings.TrimSuffix(out, pieceSpace)
		}
	}
	if len(out) == start {
		return ""
	}
	return out
}

// parseSentencePiece reads the fields of a ModelProto by their numbers in
// sentencepiece_model.proto.
func parseSentencePiece(text []byte) (sentencePiece, error) {
	m := sentencePiece{modelType: unigramModel, dummyPrefix: true, removeExtraWhitespace: true, escapeWhitespace: true}
	err := eachField(text, func(number protowire.Number, value uint64, bytes []byte) error {
		switch number {
		case 1: // pieces
			piece := struct {
				piece string
				score float32
				kind  uint64
			}{kind: normalPiece}
			err := eachField(bytes, func(number protowire.Number, value uint64, bytes []byte) error {
				switch number {
				case 1:
					piece.piece = string(bytes)
				case 2:
					piece.score = math.Float32frombits(uint32(value))
				case 3:
					piece.kind = value
				}
				return nil
			})
			m.pieces = append(m.pieces, piece)
			return err
		case 2: // trainer_spec
			return eachField(bytes, func(number protowire.Number, value uint64, _ []byte) error {
				switch number {
				case 3:
					m.modelType = value
				case 24:
					m.spaceAsSuffix = value != 0
				}
				return nil
			})
		case 3: // normalizer_spec
			return eachField(bytes, func(number protowire.Number, value uint64, bytes []byte) error {
				switch number {
				case 2:
					m.charsmap = bytes
				case 3:
					m.dummyPrefix = value != 0
				case 4:
					m.removeExtraWhitespace = value != 0
				case 5:
					m.escapeWhitespace = value != 0
				}
				return nil
			})
		}
		return nil
	})
	if err == nil && len(m.pieces) == 0 {
		err = fmt.Errorf("it has no pieces")
	}
	return m, err
}

// eachField calls field with each field of a protobuf message: its value where
// it is a number, its bytes where it is not.
func eachField(message []byte, field func(number protowire.Number, value uint64, bytes []byte) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		var value uint64
		var bytes []byte
		switch kind {
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(message)
		case protowire.Fixed32Type:
			var small uint32
			small, n = protowire.ConsumeFixed32(message)
			value = uint64(small)
		case protowire.BytesType:
			bytes, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		if err := field(number, value, bytes); err != nil {
			return err
		}
		message = message[n:]
	}
	return nil
}
