package document

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzEscape writes any text as Markdown, and looks whether some of it is markup.
func FuzzEscape(f *testing.F) {
	for _, text := range []string{"a|b `c` *d* <script>", "\u202e\x1b[2J\r\n", "``` \n~~~", "[x](javascript:1)", "&lt; \\", "@me _a_b_", "\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		escaped := escape(text)
		if strings.ContainsAny(escaped, "\n\r<>") || !utf8.ValidString(escaped) {
			t.Errorf("%q becomes %q", text, escaped)
		}
		before := rune(' ')
		for i, r := range escaped {
			if strings.ContainsRune("`*[]#|~$", r) && before != '\\' && !strings.HasPrefix(escaped[i:], "#64;") {
				t.Errorf("%q becomes %q, in which %q is markup", text, escaped, r)
			}
			if before == '\\' && r == '\\' {
				r = ' ' // it is escaped itself
			}
			before = r
		}
		for _, inTable := range []bool{false, true} {
			written := code(text, inTable)
			quote := strings.Repeat("`", longestRun(oneLine(text), '`')+1)
			if written != "" && (strings.ContainsAny(written, "\n\r") || !strings.HasPrefix(written, quote) || !strings.HasSuffix(written, quote) ||
				strings.Contains(written[len(quote):len(written)-len(quote)], quote)) {
				t.Errorf("the code %q becomes %q", text, written)
			}
			if inTable && strings.Contains(strings.ReplaceAll(written, `\|`, ""), "|") {
				t.Errorf("the code %q becomes %q, two cells", text, written)
			}
		}
		line, rest, _ := strings.Cut(fence(text), "\n")
		if end := strings.LastIndex(strings.TrimSuffix(rest, "\n"), "\n"); strings.TrimSuffix(line, "text") != strings.TrimSpace(rest[end+1:]) ||
			strings.Contains(rest[:end], strings.TrimSuffix(line, "text")) {
			t.Errorf("the text %q is fenced as %q", text, fence(text))
		}
		if target := address(text); strings.ContainsAny(target, " ()<>\n") && (target[0] != '<' || strings.ContainsAny(target[1:len(target)-1], "<>\n")) {
			t.Errorf("the address %q becomes %q", text, target)
		}
	})
}
