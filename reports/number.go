package reports

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"lastmile/reports/document"
)

// number writes a score: three decimals, one from 100 on, with a true minus.
func number(v float64) document.Number {
	if math.IsNaN(v) {
		return "–"
	}
	decimals := 3
	if math.Abs(v) >= 100 {
		decimals = 1
	}
	text := fmt.Sprintf("%.*f", decimals, math.Abs(v))
	if v < 0 && strings.Trim(text, "0.") != "" {
		text = "−" + text
	}
	return document.Number(text)
}

// signed writes a difference, with its sign.
func signed(v float64) document.Number {
	text := number(v)
	if strings.HasPrefix(string(text), "−") || strings.Trim(string(text), "0.") == "" {
		return text
	}
	return "+" + text
}

// interval writes an interval in brackets.
func interval(low, high float64) document.Number {
	return "[" + number(low) + ", " + number(high) + "]"
}

// probability writes a p value.
func probability(p float64) document.Number {
	value := probabilityValue(p)
	if strings.ContainsAny(string(value), "<>") {
		return "p " + value
	}
	return "p = " + value
}

// probabilityValue writes a p value where it is clear that it is one.
func probabilityValue(p float64) document.Number {
	switch {
	case p < 0.001:
		return "< 0.001"
	case p < 0.1:
		return document.Number(fmt.Sprintf("%.3f", p))
	case p > 0.99:
		return "> 0.99"
	default:
		return document.Number(fmt.Sprintf("%.2f", p))
	}
}

// plural chooses the noun for a number of things.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// counted writes a number of things: "1 seed", "1,200 examples".
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return humanize.Comma(int64(n)) + " " + thing + "s"
}

// duration writes seconds as people say them.
func duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", seconds)
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", seconds)
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	default:
		return fmt.Sprintf("%.1f h", d.Hours())
	}
}

// memory writes a number of bytes.
func memory(bytes int64) string {
	if bytes <= 0 {
		return "–"
	}
	return humanize.IBytes(uint64(bytes))
}

// enumerate joins words: "a", "a and b", "a, b and c".
func enumerate(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// capitalize makes a sentence's first letter large.
func capitalize(text string) string {
	if text == "" {
		return text
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
