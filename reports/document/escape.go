package document

import (
	"strings"
	"unicode"
)

// escape makes Markdown of a text that is somebody else's: none of it is taken
// for markup, and it stays on one line.
func escape(text string) string {
	var b strings.Builder
	runes := []rune(oneLine(text))
	for i, r := range runes {
		if r == '_' && i > 0 && i+1 < len(runes) && isWord(runes[i-1]) && isWord(runes[i+1]) {
			b.WriteRune(r) // inside a word it is no markup
			continue
		}
		switch r {
		case '\\', '`', '*', '_', '[', ']', '#', '|', '~', '$':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '&':
			b.WriteString("&amp;")
		case '@':
			// GitHub would notify somebody of that name.
			b.WriteString("&#64;")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// asWritten undoes the escapes that a number does not need: its brackets hold
// an interval, and its relations stand between spaces.
var asWritten = strings.NewReplacer(`\[`, "[", `\]`, "]", "&lt;", "<", "&gt;", ">")

func escapeNumber(text string) string { return asWritten.Replace(escape(text)) }

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// code makes a code span.
func code(text string, inTable bool) string {
	text = oneLine(text)
	if text == "" {
		return ""
	}
	quoted := text
	if inTable {
		// GitHub splits cells before it looks for code, and takes an escaped
		// pipe inside of code for a pipe.
		quoted = strings.ReplaceAll(text, "|", `\|`)
	}
	quote := strings.Repeat("`", longestRun(text, '`')+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		quoted = " " + quoted + " "
	}
	return quote + quoted + quote
}

// fence makes a fenced block, in which nothing is markup.
func fence(text string) string {
	line := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	return line + "text\n" + text + "\n" + line + "\n"
}

// address makes the target of a link.
func address(target string) string {
	if strings.ContainsAny(target, " ()<>\n") {
		return "<" + strings.NewReplacer("<", "%3C", ">", "%3E", "\n", "%0A").Replace(target) + ">"
	}
	return target
}

func longestRun(text string, of rune) int {
	longest, run := 0, 0
	for _, r := range text {
		if r == of {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}
