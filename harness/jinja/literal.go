package jinja

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

func parseFloat(text string) float64 {
	f, _ := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
	return f
}

func parseInt(text string) int {
	n, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 0, 64)
	if err != nil {
		fail("the integer %s is too large", text)
	}
	return int(n)
}

// unescaped is what a string literal of Python means.
func unescaped(literal string) string {
	var b strings.Builder
	for literal != "" {
		i := strings.IndexByte(literal, '\\')
		if i < 0 || i+1 == len(literal) {
			b.WriteString(literal)
			break
		}
		b.WriteString(literal[:i])
		literal = literal[i+1:]
		literal = literal[escape(&b, literal):]
	}
	return b.String()
}

// escape writes what an escape means whose backslash has been read, and returns
// its length.
func escape(b *strings.Builder, rest string) int {
	const simple, means = `\'"abfnrtv`, "\\'\"\a\b\f\n\r\t\v"
	c := rest[0]
	if i := strings.IndexByte(simple, c); i >= 0 {
		b.WriteByte(means[i])
		return 1
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	switch {
	case c == '\n':
		return 1
	case c >= '0' && c <= '7':
		n := 1
		for n < 3 && n < len(rest) && rest[n] >= '0' && rest[n] <= '7' {
			n++
		}
		code, _ := strconv.ParseUint(rest[:n], 8, 32)
		b.WriteRune(rune(code))
		return n
	case digits > 0 && len(rest) > digits:
		if code, err := strconv.ParseUint(rest[1:1+digits], 16, 32); err == nil && utf8.ValidRune(rune(code)) {
			b.WriteRune(rune(code))
			return 1 + digits
		}
		fail("the escape \\%s names no character", rest[:1+digits])
	case digits > 0:
		fail("the escape \\%c is cut short", c)
	}
	// What is no escape stands as it is.
	b.WriteByte('\\')
	return 0
}
