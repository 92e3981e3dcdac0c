package progress

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzVisible shows any bytes on a terminal, in parts of any length.
func FuzzVisible(f *testing.F) {
	for _, text := range []string{"a\x1b]0;t\x07\x1b[2J\r\n\tb", "\u202e\u2066\u0085é日\x9b", "\xf0\x9f\x98", "\xf0\x9f\x98\x80\xff", "\u200e\u061c"} {
		f.Add([]byte(text), byte(1))
		f.Add([]byte(text), byte(3))
	}
	f.Fuzz(func(t *testing.T, text []byte, step byte) {
		shown := Visible(string(text))
		if !utf8.ValidString(shown) {
			t.Errorf("%q is shown as %q, which is no text", text, shown)
		}
		if i := strings.IndexFunc(shown, steers); i >= 0 {
			t.Errorf("%q is shown as %q", text, shown)
		}
		if Visible(shown) != shown {
			t.Errorf("%q is shown as %q, and that as %q", text, shown, Visible(shown))
		}
		if lines := strings.Count(shown, "\n"); lines != bytes.Count(text, []byte("\n")) {
			t.Errorf("%q is shown in %d lines", text, lines+1)
		}
		// In parts it is the same, but for a character that does not end.
		var b bytes.Buffer
		w := &inert{out: &b}
		for part := range chunks(text, int(step)+1) {
			if n, err := w.Write(part); n != len(part) || err != nil {
				t.Fatalf("wrote %d of %d bytes: %v", n, len(part), err)
			}
		}
		if got := b.String() + Visible(string(w.rest)); got != shown || len(w.rest) >= utf8.UTFMax {
			t.Errorf("in parts of %d, %q is shown as %q, not %q; %d bytes are kept", step+1, text, got, shown, len(w.rest))
		}
		if strings.Contains(OneLine(string(text)), "\n") || strings.Contains(FirstLine(string(text)), "\n") {
			t.Error("a line has two")
		}
	})
}

// steers tells whether a terminal does something at a character.
func steers(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control))
}

func chunks(text []byte, n int) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(text) > 0 {
			n = min(n, len(text))
			if !yield(text[:n]) {
				return
			}
			text = text[n:]
		}
	}
}
