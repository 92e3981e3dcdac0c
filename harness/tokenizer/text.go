package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// Text is Decode's text with U+FFFD in place of what is not UTF-8, as many as Hugging
// Face's tokenizers write: one for each beginning of a character that breaks off, and
// for each other byte. Where bytes are tokens of their own (byte fallback), it is one
// for each byte of a run of them that is no text as a whole.
func (t *Tokenizer) Text(ids []int) string {
	if !t.decoder.fallback {
		return lossy(t.Decode(ids))
	}
	var b strings.Builder
	first := t.decoder.first
	var run []byte
	flush := func() {
		if utf8.Valid(run) {
			b.Write(run)
		} else {
			b.WriteString(strings.Repeat(string(utf8.RuneError), len(run)))
		}
		run = run[:0]
	}
	for _, id := range ids {
		switch {
		case t.IsSpecial(id):
			continue
		case isByte(t.tokens[id]):
			run = append(run, t.bytes[id]...)
			first = nil
			continue
		}
		flush()
		if first != nil {
			b.WriteString(first(t.tokens[id]))
			first = nil
			continue
		}
		b.WriteString(t.bytes[id])
	}
	flush()
	text := lossy(b.String())
	if t.decoder.text != nil {
		return t.decoder.text(text)
	}
	return text
}

// lossy replaces what is not UTF-8: each longest part that could begin a character,
// and each byte that could not, by one U+FFFD (Unicode 15, section 3.9, "Substitution
// of Maximal Subparts").
func lossy(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for text != "" {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 {
			n = subpart(text)
		}
		b.WriteRune(r)
		text = text[n:]
	}
	return b.String()
}

// subpart returns how many bytes at the beginning of text, which is no character,
// could begin one.
func subpart(text string) int {
	low, high, size := byte(0x80), byte(0xbf), 0
	switch c := text[0]; {
	case c >= 0xc2 && c <= 0xdf:
		size = 2
	case c >= 0xe0 && c <= 0xef:
		size = 3
		if c == 0xe0 {
			low = 0xa0
		} else if c == 0xed {
			high = 0x9f
		}
	case c >= 0xf0 && c <= 0xf4:
		size = 4
		if c == 0xf0 {
			low = 0x90
		} else if c == 0xf4 {
			high = 0x8f
		}
	}
	n := 1
	for n < size && n < len(text) && text[n] >= low && text[n] <= high {
		low, high = 0x80, 0xbf
		n++
	}
	return n
}
