package progress

import (
	"bytes"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Inert returns a writer on which text does nothing but show, if w is a terminal: a
// text of others, in which a program for terminals may stand, is seen and not run.
// Elsewhere, as into a pipe, text goes as it is.
func Inert(w io.Writer) io.Writer {
	if f, ok := w.(*os.File); ok && isTerminal(f) {
		return &inert{out: f, terminal: f}
	}
	return w
}

// inert shows on a terminal what would steer it.
type inert struct {
	out      io.Writer
	terminal *os.File
	rest     []byte // the beginning of a character
}

// terminal is the file of a writer that [Inert] made, or that is a file itself.
func terminal(w io.Writer) (*os.File, bool) {
	if i, ok := w.(*inert); ok {
		return i.terminal, true
	}
	f, ok := w.(*os.File)
	return f, ok
}

// Write implements io.Writer.
func (i *inert) Write(p []byte) (int, error) {
	text := append(i.rest, p...)
	whole := len(text)
	// The last character may come in parts.
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if utf8.RuneStart(text[len(text)-n]) {
			if !utf8.FullRune(text[len(text)-n:]) {
				whole -= n
			}
			break
		}
	}
	i.rest = bytes.Clone(text[whole:])
	if _, err := io.WriteString(i.out, Visible(string(text[:whole]))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Visible puts a sign in place of what steers a terminal, or turns text round: the
// pictures of control characters (U+2400 and after), and U+FFFD. Ends of lines and
// tabs stay.
func Visible(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < ' ':
			return '\u2400' + r
		case r == 0x7f:
			return '\u2421'
		case unicode.IsControl(r), unicode.In(r, unicode.Bidi_Control):
			return utf8.RuneError
		}
		return r
	}, text)
}
