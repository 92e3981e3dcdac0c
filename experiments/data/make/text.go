package main

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	bullet      = regexp.MustCompile(`^\s*(?:[*+•·-]|--|o|\d{1,2}[.)])\s+`)
	typographic = strings.NewReplacer("‘", "'", "’", "'", "“", `"`, "”", `"`, "…", "...", "–", "-", "—", "-", "\u00a0", " ", "``", `"`, "''", `"`, "\ufeff", "", "\u200b", "")
	bracketURL  = regexp.MustCompile(`\s*[(<\[](?:URL:|see |at )?\s*(?:https?|ftp)://[^)>\]]*[)>\]]`)
	empty       = regexp.MustCompile(`\s+[(<\[]\s*[)>\]]`)
	url         = regexp.MustCompile(`(?i)(?:https?|ftp)://|\bwww\.|<url:`)
	label       = regexp.MustCompile(`(?i)^(?:home ?page|url|web ?site|web|upstream(?: url| homepage)?|authors?|copyright|licen[cs]e|maintainer)s?\s*:`)
	word        = regexp.MustCompile(`[\p{L}\p{N}]+(?:['+#-]*[\p{L}\p{N}+#]+)*`)
)

// abbreviations end in a full stop without ending a sentence.
var abbreviations = map[string]bool{
	"e.g.": true, "i.e.": true, "etc.": true, "vs.": true, "mr.": true, "mrs.": true, "dr.": true, "st.": true,
	"cf.": true, "approx.": true, "incl.": true, "no.": true, "resp.": true, "inc.": true, "ltd.": true, "v.": true,
	"ver.": true, "prof.": true, "fig.": true, "ca.": true, "eg.": true, "ie.": true, "al.": true,
}

// words returns the words of s in lower case: what texts are compared by.
func words(s string) []string { return word.FindAllString(strings.ToLower(s), -1) }

// normal returns s as its words joined by spaces.
func normal(s string) string { return strings.Join(words(s), " ") }

// paragraphs undoes the markup of debian/control: a line with a single dot
// ends a paragraph, other lines are joined, and the items of a list follow
// the text before them, separated by semicolons.
func paragraphs(lines []string) []string {
	var (
		result []string
		text   []string // the lines of the paragraph so far that are no list
		items  []string
		deep   bool // the item began indented, so unindented text ends the list
	)
	end := func() {
		p := strings.Join(text, " ")
		var kept []string
		for _, item := range items {
			if item = strings.TrimRight(item, " .;,"); item != "" {
				kept = append(kept, item)
			}
		}
		if list := strings.Join(kept, "; "); list != "" {
			// A list after a paragraph of its own belongs to the sentence
			// that announced it.
			if n := len(result); p == "" && n > 0 && strings.HasSuffix(result[n-1], ":") {
				p, result = result[n-1], result[:n-1]
			}
			p = strings.TrimSpace(p + " " + list)
		}
		if p = strings.Join(strings.Fields(typographic.Replace(p)), " "); p != "" {
			if r, _ := utf8.DecodeLastRuneInString(p); unicode.IsLetter(r) || unicode.IsDigit(r) || r == ')' || r == '"' {
				p += "."
			}
			result = append(result, p)
		}
		text, items = nil, nil
	}
	for _, line := range lines {
		indented := strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")
		mark := bullet.FindString(line)
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "." || trimmed == "":
			end()
		case mark != "" && (indented || len(items) > 0 || len(text) == 0 || strings.HasSuffix(text[len(text)-1], ":")):
			items, deep = append(items, strings.TrimSpace(line[len(mark):])), indented
		case len(items) > 0 && (indented || !deep):
			items[len(items)-1] += " " + trimmed
		case len(items) > 0:
			end()
			text = []string{trimmed}
		default:
			text = append(text, trimmed)
		}
	}
	end()
	return result
}

// sentences splits a paragraph after full stops, question and exclamation
// marks that a new sentence follows.
func sentences(p string) []string {
	var result []string
	start := 0
	fields := strings.Fields(p)
	for i, field := range fields[:max(0, len(fields)-1)] {
		bare := strings.TrimRight(field, `"')`)
		if bare == "" || !strings.ContainsAny(bare[len(bare)-1:], ".!?") {
			continue
		}
		lower := strings.ToLower(strings.TrimLeft(bare, `"'(`))
		if abbreviations[lower] || len(lower) == 2 && lower[1] == '.' && unicode.IsLetter(rune(lower[0])) {
			continue
		}
		next, _ := utf8.DecodeRuneInString(strings.TrimLeft(fields[i+1], `"'(`))
		if unicode.IsLower(next) && !strings.Contains(fields[i+1], "::") {
			continue
		}
		result = append(result, strings.Join(fields[start:i+1], " "))
		start = i + 1
	}
	return append(result, strings.Join(fields[start:], " "))
}

// withoutLinks removes addresses in brackets, and reports whether what is left
// is a sentence: not an address, nor a line such as "Homepage: ...".
func withoutLinks(sentence string) (string, bool) {
	sentence = empty.ReplaceAllString(bracketURL.ReplaceAllString(sentence, ""), "")
	return sentence, !url.MatchString(sentence) && !label.MatchString(sentence)
}

// english tells English by its letters and by the small words that no English
// description is without.
func english(s string) bool {
	letters, ascii := 0, 0
	for _, r := range s {
		if unicode.IsLetter(r) {
			letters++
			if r < utf8.RuneSelf {
				ascii++
			}
		}
	}
	small := map[string]bool{}
	for _, w := range words(s) {
		switch w {
		case "the", "a", "an", "of", "and", "to", "for", "is", "with", "that", "this", "are", "it", "from", "or", "you":
			small[w] = true
		}
	}
	return float64(ascii) >= 0.95*float64(letters) && len(small) >= 2
}
