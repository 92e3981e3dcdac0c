// Package spreadsheet writes texts of others into tables that spreadsheets open.
package spreadsheet

import (
	"strings"
	"unicode"
)

// Cell is a text as a cell that no spreadsheet takes for a formula, and that does not
// turn round what stands beside it.
func Cell(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control) {
			return -1
		}
		return r
	}, text)
	if text != "" && strings.ContainsRune("=+-@", rune(text[0])) {
		return "'" + text
	}
	return text
}
