package tokenizer

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"lastmile/harness/foreign"
)

// decoderSection is the section decoder of a tokenizer.json.
type decoderSection struct {
	Type     string           `json:"type"`
	Decoders []decoderSection `json:"decoders"`
	// Pattern is that of Replace, Content that of Replace and of Strip.
	Pattern struct {
		String string `json:"String"`
	} `json:"pattern"`
	Content string `json:"content"`
	// Start and Stop are those of Strip.
	Start int `json:"start"`
	Stop  int `json:"stop"`
	// Replacement, PrependScheme and AddPrefixSpace are those of Metaspace.
	Replacement    string `json:"replacement"`
	PrependScheme  string `json:"prepend_scheme"`
	AddPrefixSpace *bool  `json:"add_prefix_space"`
}

// decoder says how the spellings of tokens become a text.
type decoder struct {
	// token is what a token stands for wherever it stands.
	token func(spelling string) string
	// first is what a token at the beginning of a text stands for; nil where it
	// is the same.
	first func(spelling string) string
	// fallback is true where bytes are tokens of their own.
	fallback bool
	// text is what becomes of the whole; nil where it stays as it is.
	text func(text string) string
}

// compileDecoder reads the section decoder. What is understood are the ways in
// which the text of a token depends on no other token, but for what is cut off
// at the beginning and the end.
func compileDecoder(raw json.RawMessage) (decoder, error) {
	var section decoderSection
	if len(raw) > 0 {
		if err := foreign.Decode(raw, &section); err != nil {
			return decoder{}, fmt.Errorf("decoder: %w", err)
		}
	}
	parts := []decoderSection{section}
	if section.Type == "Sequence" {
		parts = section.Decoders
	}
	d := decoder{token: func(spelling string) string { return spelling }}
	then := func(f func(string) string) {
		before := d.token
		d.token = func(spelling string) string { return f(before(spelling)) }
	}
	fused, bytes := false, false
	for _, p := range parts {
		switch {
		case p.Type == "ByteLevel" && !fused:
			then(unspell)
			fused = true
		case p.Type == "Replace" && p.Pattern.String != "" && !fused && !bytes:
			then(func(s string) string { return strings.ReplaceAll(s, p.Pattern.String, p.Content) })
		case p.Type == "ByteFallback" && !fused:
			then(byteOfToken)
			bytes, d.fallback = true, true
		case p.Type == "Fuse":
			fused = true
		case p.Type == "Strip" && fused && utf8.RuneCountInString(p.Content) == 1 && d.text == nil:
			d.text = func(text string) string {
				for range p.Start {
					text = strings.TrimPrefix(text, p.Content)
				}
				for range p.Stop {
					text = strings.TrimSuffix(text, p.Content)
				}
				return text
			}
		case p.Type == "Metaspace" && len(parts) == 1:
			mark := p.Replacement
			if mark == "" {
				mark = pieceSpace
			}
			then(func(s string) string { return strings.ReplaceAll(s, mark, " ") })
			if p.PrependScheme != "never" && (p.AddPrefixSpace == nil || *p.AddPrefixSpace) {
				d.first = func(spelling string) string { return strings.ReplaceAll(spelling, mark, "") }
			}
			fused = true
		default:
			return decoder{}, fmt.Errorf("decoder %q is not supported there; supported are ByteLevel, Metaspace, "+
				"and a Sequence of Replace, ByteFallback, Fuse and Strip in this order", p.Type)
		}
	}
	if !fused {
		return decoder{}, fmt.Errorf("decoder without ByteLevel, Metaspace or Fuse is not supported")
	}
	return d, nil
}

// byteOfToken returns the byte that a token such as <0x0A> stands for, and any
// other token as it is.
func byteOfToken(token string) string {
	if !isByte(token) {
		return token
	}
	b, _ := strconv.ParseUint(token[3:5], 16, 8)
	return string([]byte{byte(b)})
}

// isByte tells whether a token is spelled as a byte.
func isByte(token string) bool {
	if len(token) != 6 || token[:3] != "<0x" || token[5] != '>' {
		return false
	}
	_, err := strconv.ParseUint(token[3:5], 16, 8)
	return err == nil
}
