package rule

import "regexp"

// definition is what a text may begin with before it says what something is or does:
// at most six words of its first sentence, a verb and perhaps an article. Verbs and
// articles were chosen on the dev set of debian-descriptions.
var definition = regexp.MustCompile(`(?i)^\s*(?:\S*[^\s.!?]\s+){0,6}?(?:is|are|provides?|contains?|implements|includes|offers)\s+(?:(?:an?|the)\s+)?`)

// Strip takes a leading definition off a text, in English: "X is a", "X provides an",
// "This package contains the", "is the". A text that would lose all its words stays as
// it is.
func Strip(text string) string {
	if at := definition.FindStringIndex(text); at != nil && at[1] < len(text) {
		return text[at[1]:]
	}
	return text
}
