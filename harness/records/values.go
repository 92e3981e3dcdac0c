package records

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// ID returns the name that a value of a field gives to its record: a text that
// is not empty, or a number, which is its digits as they stand.
func ID(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, v != ""
	case json.Number:
		return v.String(), true
	}
	return "", false
}

// Number returns the number in a value, which a table of text has as text.
func Number(value any) (float64, bool) {
	var text string
	switch v := value.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = v
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return n, err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
}

// Texts returns the texts in a value: a string, or a list of at least one.
func Texts(value any) ([]string, bool) {
	switch v := value.(type) {
	case string:
		return []string{v}, true
	case []any:
		texts := make([]string, len(v))
		for i, element := range v {
			var ok bool
			if texts[i], ok = element.(string); !ok {
				return nil, false
			}
		}
		return texts, len(texts) > 0
	}
	return nil, false
}

// Excerpt shows a value in a message, in few characters.
func Excerpt(value any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return "what JSON lacks"
	}
	text := strings.TrimRight(b.String(), "\n")
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:40]) + "..."
	}
	return text
}
