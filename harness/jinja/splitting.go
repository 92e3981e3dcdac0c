package jinja

import (
	"strings"
	"unicode/utf8"
)

func anyStrings(parts []string) any {
	list := make([]any, len(parts))
	for i, p := range parts {
		list[i] = p
	}
	return list
}

// splitting is Python's split, from the left or the right.
func splitting(r *renderer, s string, a arguments, fromRight bool) any {
	bound := a.bind("split", "sep?", "maxsplit?")
	most := or(bound[1], -1, "split")
	r.spend(16 * len(s))
	if bound[0] == missing || bound[0] == nil {
		return anyStrings(words(s, most, fromRight))
	}
	by := stringOf(bound[0], "split")
	if by == "" {
		fail("split: the separator is empty")
	}
	parts := strings.Split(s, by)
	if most < 0 || len(parts) <= most+1 {
		return anyStrings(parts)
	}
	if fromRight {
		keep := len(parts) - most
		return anyStrings(append([]string{strings.Join(parts[:keep], by)}, parts[keep:]...))
	}
	return anyStrings(append(parts[:most:most], strings.Join(parts[most:], by)))
}

// words splits at blanks, at most so often; -1 for everywhere.
func words(s string, most int, fromRight bool) []string {
	if most < 0 {
		return strings.FieldsFunc(s, isSpace)
	}
	var parts []string
	if !fromRight {
		for s = strings.TrimLeftFunc(s, isSpace); s != "" && len(parts) < most; s = strings.TrimLeftFunc(s, isSpace) {
			end := strings.IndexFunc(s, isSpace)
			if end < 0 {
				end = len(s)
			}
			parts = append(parts, s[:end])
			s = s[end:]
		}
		if s != "" {
			parts = append(parts, s)
		}
		return parts
	}
	for s = strings.TrimRightFunc(s, isSpace); s != "" && len(parts) < most; s = strings.TrimRightFunc(s, isSpace) {
		start := 0
		if i := strings.LastIndexFunc(s, isSpace); i >= 0 {
			_, n := utf8.DecodeRuneInString(s[i:])
			start = i + n
		}
		parts = append([]string{s[start:]}, parts...)
		s = s[:start]
	}
	if s != "" {
		parts = append([]string{s}, parts...)
	}
	return parts
}

func splitLines(_ *renderer, s string, a arguments) any {
	return anyStrings(lines(s, truth(or(a.bind("splitlines", "keepends?")[0], false, "splitlines"))))
}

// lines splits at all that Python counts as the end of a line.
func lines(s string, keep bool) []string {
	var all []string
	for s != "" {
		end := strings.IndexAny(s, "\n\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029")
		if end < 0 {
			all = append(all, s)
			break
		}
		_, n := utf8.DecodeRuneInString(s[end:])
		if strings.HasPrefix(s[end:], "\r\n") {
			n = 2
		}
		line := s[:end]
		if keep {
			line = s[:end+n]
		}
		all = append(all, line)
		s = s[end+n:]
	}
	return all
}

func partition(s string, a arguments, fromRight bool) any {
	by := stringOf(a.bind("partition", "sep")[0], "partition")
	at := strings.Index(s, by)
	if fromRight {
		at = strings.LastIndex(s, by)
	}
	switch {
	case at >= 0:
		return tuple{s[:at], by, s[at+len(by):]}
	case fromRight:
		return tuple{"", "", s}
	}
	return tuple{s, "", ""}
}
