package progress

import "strings"

// FirstLine is the first line of a text.
func FirstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// OneLine shows a text that may have several lines in one.
func OneLine(text string) string { return strings.ReplaceAll(text, "\n", "⏎") }
