package main

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	// maxChars caps an input, at the end of a sentence where there is one.
	maxChars = 600
	// fillChars is up to where paragraphs after the first are added.
	fillChars = 380
	// Words that an input and a synopsis have at least and at most.
	minInputWords, minSynopsisWords, maxSynopsisWords = 8, 2, 14
	// sharedBy is the number of source packages from which a paragraph or a
	// sentence that they all have is boilerplate; versions (gcc-11, gcc-12)
	// count once.
	sharedBy = 3
)

// A pair is one example, with what its family is told by.
type pair struct {
	ID        string `json:"id"`
	Input     string `json:"input"`
	Reference string `json:"reference"`

	source string
	first  string // normal form of the first paragraph
	role   int    // 0 for a main package, higher for its companions
}

var (
	// noContent matches packages that hold nothing of their own.
	noContent = regexp.MustCompile(`(?i)\b(?:transitional|dummy|meta-?package|metapackage|virtual package|empty package|dependency package|meta package|removed after)\b`)
	// partOf matches a sentence that says which files of a software a package
	// has, not what the software is for.
	partOf   = regexp.MustCompile(`(?i)^(?:this|the|these|it)?\s*(?:is an? |is the |\S*\s*package (?:also )?|package )?(?:contains?|provides?|includes?|installs?|ships?|holds?|supplies)?\b.*\b(?:development (?:files|headers|libraries|package|library)|header files|headers|documentation|shared librar|static librar|runtime librar|runtime files|debug(?:ging)? symbols|data files|architecture[- ]independent|common files|example files|examples|locali[sz]ation|translations|manual pages|introspection|python ?[23](?:\.x)? (?:module|version|package|librar|bindings)|(?:module|version|package|library|bindings) for python ?[23])`)
	packaged = regexp.MustCompile(`(?i)^(?:(?:this|the|these)\b.{0,40}\bpackages?\b|contains |provides |includes |it (?:contains|provides|includes) |package for )`)
	// companion matches the part of a synopsis that names a package's role.
	companion = regexp.MustCompile(`(?i)\s*(?:\((?:` + role + `)[^()]*\)|\s[-:]+\s*(?:` + role + `)[^-()]*|[:;,]\s+(?:` + role + `)[^;,()]*)$`)
	// suffix matches the names of companion packages.
	suffix = regexp.MustCompile(`(?:-(?:dev|doc|docs|dbg|data|common|examples?|prof|headers?|source|src|l10n.*|i18n.*|locales?.*|tests?|testing|bin|java-doc|javadoc|tools|utils|gir.*|plugins?|extra|all))$`)
	soname = regexp.MustCompile(`^lib.*\d$|^gir1\.2-`)
)

const role = `the development|development|devel\b|dev\b|documentation|docs?\b|api doc|header|headers|debug|data\b|data files|common|shared|static|run-?time|` +
	`python ?[23]\b|python-?[23] |python module|python library|python bindings|examples?\b|sources?\b|source code|profiling|arch|locali[sz]ation|translations?|l10n|i18n|` +
	`gobject introspection|introspection|gir\b|librar(?:y|ies)$|shared librar|tests?\b|test suite|manual|html|javadoc|metapackage|binar(?:y|ies)\b|programs?$|executables?$|librar(?:y|ies) files|developer files|main package|libs?$|go library|rust source|node\.js module|common files|support files|build dependencies`

// boilerplate is what several source packages say in the same words.
type boilerplate map[string]bool

// template returns the normal form of s in which the words of the package's
// own name, and numbers, are blanked out, so that "development files for
// libfoo2" and "development files for libbar3" are one.
func template(s string, st stanza) string {
	var parts []string
	for _, part := range words(st.name + " " + st.source) {
		for piece := range strings.FieldsFuncSeq(part, func(r rune) bool { return r == '-' || r == '+' || r == '.' }) {
			piece = strings.TrimRight(strings.TrimPrefix(piece, "lib"), "0123456789")
			if len(piece) >= 3 {
				parts = append(parts, piece)
			}
		}
	}
	ws := words(s)
	for i, w := range ws {
		if strings.ContainsAny(w, "0123456789") {
			ws[i] = "0"
		}
		for _, part := range parts {
			if strings.Contains(w, part) {
				ws[i] = "*"
				break
			}
		}
	}
	return strings.Join(ws, " ")
}

// findBoilerplate counts the paragraphs and sentences of all packages.
func findBoilerplate(stanzas []stanza, bodies [][]string) boilerplate {
	type count struct {
		source string
		n      int
	}
	counts := map[string]count{}
	add := func(s string, st stanza) {
		source := strings.TrimRight(st.source, "-.0123456789")
		for _, form := range []string{normal(s), template(s, st)} {
			if c := counts[form]; c.source != source {
				counts[form] = count{source, c.n + 1}
			}
		}
	}
	for i, st := range stanzas {
		for _, p := range bodies[i] {
			add(p, st)
			for _, s := range sentences(p) {
				add(s, st)
			}
		}
	}
	found := boilerplate{}
	for form, c := range counts {
		if c.n >= sharedBy {
			found[form] = true
		}
	}
	return found
}

func (b boilerplate) has(s string, st stanza) bool { return b[normal(s)] || b[template(s, st)] }

// clean makes a pair of a stanza; reason says why there is none.
func clean(st stanza, body []string, known boilerplate) (p pair, reason string) {
	if noContent.MatchString(st.synopsis) || noContent.MatchString(strings.Join(body, " ")) {
		return p, "transitional, dummy or metapackage"
	}
	synopsis := strings.Join(strings.Fields(typographic.Replace(st.synopsis)), " ")
	for companion.MatchString(synopsis) {
		synopsis = companion.ReplaceAllString(synopsis, "")
	}
	synopsis = strings.TrimRight(synopsis, " .,;:-")
	if n := len(strings.Fields(synopsis)); n < minSynopsisWords || n > maxSynopsisWords {
		return p, "synopsis too short or too long"
	}
	var kept []string // paragraphs
	for _, paragraph := range body {
		if known.has(paragraph, st) {
			continue
		}
		var rest []string
		for _, s := range sentences(paragraph) {
			s, ok := withoutLinks(s)
			if ok && !known.has(s, st) && !(packaged.MatchString(s) && partOf.MatchString(s)) {
				rest = append(rest, s)
			}
		}
		if len(rest) > 0 {
			kept = append(kept, strings.Join(rest, " "))
		}
	}
	if len(kept) == 0 {
		return p, "nothing but boilerplate"
	}
	input := capped(kept)
	switch {
	case len(words(input)) < minInputWords:
		return p, "input too short"
	case !english(input) || !utf8.ValidString(synopsis) || strings.ContainsRune(synopsis, utf8.RuneError):
		return p, "not English"
	}
	for _, s := range sentences(input) {
		if normal(s) == normal(synopsis) {
			return p, "synopsis is a sentence of the input"
		}
	}
	p = pair{ID: st.name, Input: input, Reference: synopsis, source: st.source, first: normal(kept[0])}
	switch {
	case suffix.MatchString(st.name):
		p.role = 2
	case soname.MatchString(st.name):
		p.role = 1
	}
	return p, ""
}

// capped joins the first paragraph and those after it that still fit. It cuts
// after a sentence, an item of a list, or at least a word.
func capped(paragraphs []string) string {
	input := ""
	for _, s := range sentences(paragraphs[0]) {
		if input != "" && len(input)+1+len(s) > maxChars {
			break
		}
		input = strings.TrimSpace(input + " " + s)
	}
	if len(input) > maxChars {
		cut := strings.LastIndex(input[:maxChars], "; ")
		if cut < maxChars/3 {
			cut = strings.LastIndex(input[:maxChars], " ")
		}
		input = strings.TrimRight(input[:max(cut, 1)], " ,;:") + "."
	}
	for _, next := range paragraphs[1:] {
		if len(input)+1+len(next) > fillChars {
			break
		}
		input += " " + next
	}
	if strings.HasSuffix(input, ":") {
		input = strings.TrimSuffix(input, ":") + "."
	}
	return input
}
