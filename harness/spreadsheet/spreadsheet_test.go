package spreadsheet

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestACellIsNoFormula(t *testing.T) {
	for text, want := range map[string]string{
		"mle":                      "mle",
		"a = b, c-d":               "a = b, c-d",
		"=HYPERLINK(\"http://x\")": "'=HYPERLINK(\"http://x\")",
		"+1":                       "'+1",
		"-1":                       "'-1",
		"@sum":                     "'@sum",
		"\t=1":                     "'=1",
		"a\u202eb\u2066\r\n":       "ab",
		"":                         "",
		"日本 é":                     "日本 é",
	} {
		if got := Cell(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func FuzzCell(f *testing.F) {
	for _, text := range []string{"=1", "\t=1", "\u202e=1", "a\xff", "\x00-", "日本\u0085"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cell := Cell(text)
		if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) || strings.ContainsFunc(cell, unicode.IsControl) || !utf8.ValidString(cell) {
			t.Errorf("%q is the cell %q", text, cell)
		}
		if Cell(cell) != cell {
			t.Errorf("%q is the cell %q, and that %q", text, cell, Cell(cell))
		}
	})
}
