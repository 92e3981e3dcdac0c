package command

import (
	"errors"
	"strings"
)

// words takes a command line apart as a shell does, of whose marks it knows quotes and
// backslashes alone. [Line] is its opposite.
func words(line string) ([]string, error) {
	var found []string
	var word strings.Builder
	open := false // a word has begun
	var quote rune
	escaped := false
	for _, r := range line {
		switch {
		case escaped:
			if quote == '"' && r != '"' && r != '\\' {
				word.WriteRune('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			open, escaped = true, true
		case r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			open, quote = true, r
		case strings.ContainsRune(" \t\n", r):
			if open {
				found = append(found, word.String())
				word.Reset()
				open = false
			}
		default:
			open = true
			word.WriteRune(r)
		}
	}
	if quote != 0 || escaped {
		return nil, errors.New("a quote, or a backslash, is not followed by its end")
	}
	if open {
		found = append(found, word.String())
	}
	return found, nil
}
