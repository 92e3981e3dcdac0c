package metrics

import "unicode"

// pythonSpace says what Python's str.split and str.rstrip take for white
// space: more than Go's by four control characters.
func pythonSpace(c rune) bool {
	return unicode.IsSpace(c) || c >= '\x1c' && c <= '\x1f'
}
