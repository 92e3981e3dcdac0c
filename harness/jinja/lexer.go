package jinja

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// token is a piece of a template: text between tags, the ends of tags, or what
// stands in them.
type token struct {
	kind  kind
	text  string // of a name, a number or an operator as it stands; of a string what it means
	line  int
	value any // of a number
}

type kind int

const (
	endOfSource kind = iota
	data
	blockBegin
	blockEnd
	variableBegin
	variableEnd
	name
	stringLiteral
	integer
	float
	operator
)

var (
	newlines    = regexp.MustCompile(`\r\n|\r|\n`)
	tagBegin    = regexp.MustCompile(`\{%[-+]?|\{\{[-+]?|\{#[-+]?`)
	commentEnd  = regexp.MustCompile(`-#\}\s*|\+#\}|#\}\n?`)
	rawTag      = regexp.MustCompile(`^\{%[-+]?\s*raw\s*(-%\}\s*|%\})`)
	endRawTag   = regexp.MustCompile(`\{%([-+]?)\s*endraw\s*(\+%\}|-%\}\s*|%\}\n?)`)
	spaces      = regexp.MustCompile(`^\s+`)
	nameToken   = regexp.MustCompile(`^[\pL_][\pL\pN_]*`)
	floatToken  = regexp.MustCompile(`^(\d+(_\d+)*)((\.\d+(_\d+)*)?[eE][+-]?\d+(_\d+)*|\.\d+(_\d+)*)`)
	intToken    = regexp.MustCompile(`^(0[bB](_?[0-1])+|0[oO](_?[0-7])+|0[xX](_?[0-9a-fA-F])+|[1-9](_?\d)*|0(_?0)*)`)
	stringToken = regexp.MustCompile(`(?s)^('([^'\\]*(?:\\.[^'\\]*)*)'|"([^"\\]*(?:\\.[^"\\]*)*)")`)
	operators   = []string{"**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"}
)

// lex cuts a template into tokens. Whitespace around tags goes as Jinja2's lexer
// has it with trim_blocks and lstrip_blocks.
func lex(source string) []token {
	source = newlines.ReplaceAllString(source, "\n")
	l := lexer{rest: strings.TrimSuffix(source, "\n"), line: 1, lineStart: true}
	for l.rest != "" {
		l.outside()
	}
	return append(l.tokens, token{kind: endOfSource, line: l.line})
}

type lexer struct {
	rest   string
	line   int
	tokens []token
	// lineStart is true where what was taken last ended a line, or nothing was.
	lineStart bool
}

// take takes the next n bytes.
func (l *lexer) take(n int) string {
	taken := l.rest[:n]
	l.rest = l.rest[n:]
	l.line += strings.Count(taken, "\n")
	if n > 0 {
		l.lineStart = taken[n-1] == '\n'
	}
	return taken
}

func (l *lexer) add(k kind, text string) {
	if k != data || text != "" {
		l.tokens = append(l.tokens, token{kind: k, text: text, line: l.line})
	}
}

// outside takes the text up to the next tag, and the tag.
func (l *lexer) outside() {
	found := tagBegin.FindStringIndex(l.rest)
	if found == nil {
		l.add(data, l.take(len(l.rest)))
		return
	}
	starts := l.lineStart
	before, begin := l.rest[:found[0]], l.rest[found[0]:found[1]]
	line := l.line
	l.take(found[0])
	l.tokens = append(l.tokens, token{kind: data, text: stripped(before, begin, starts), line: line})
	switch raw := rawTag.FindString(l.rest); {
	case raw != "":
		l.take(len(raw))
		l.raw()
	case begin[1] == '#':
		l.take(len(begin))
		end := commentEnd.FindStringIndex(l.rest)
		if end == nil {
			failAt(l.line, "a comment has no end")
		}
		l.take(end[1])
	case begin[1] == '%':
		l.add(blockBegin, l.take(len(begin)))
		l.inside(blockEnd)
	default:
		l.add(variableBegin, l.take(len(begin)))
		l.inside(variableEnd)
	}
}

// stripped is the text before a tag without the whitespace that the tag takes.
// starts tells whether the text begins at the start of a line.
func stripped(text, begin string, starts bool) string {
	switch {
	case strings.HasSuffix(begin, "-"):
		return strings.TrimRightFunc(text, isSpace)
	case strings.HasSuffix(begin, "+") || strings.HasPrefix(begin, "{{"):
		return text
	}
	last := strings.LastIndexByte(text, '\n') + 1
	if (last > 0 || starts) && strings.TrimLeftFunc(text[last:], isSpace) == "" {
		return text[:last]
	}
	return text
}

// raw takes the text up to endraw.
func (l *lexer) raw() {
	end := endRawTag.FindStringSubmatchIndex(l.rest)
	if end == nil {
		failAt(l.line, "raw has no endraw")
	}
	l.add(data, stripped(l.rest[:end[0]], "{%"+l.rest[end[2]:end[3]], l.lineStart))
	l.take(end[1])
}

// inside takes what stands in a tag, and its end.
func (l *lexer) inside(end kind) {
	var open []string
	start := l.line
	for {
		if l.rest == "" {
			failAt(start, "a tag has no end")
		}
		if len(open) == 0 {
			if n := endOf(l.rest, end); n > 0 {
				l.add(end, "")
				l.take(n)
				return
			}
		}
		if n := len(spaces.FindString(l.rest)); n > 0 {
			l.take(n)
			continue
		}
		open = l.word(open)
	}
}

// endOf returns the length of a tag's end, with the whitespace that it takes.
func endOf(rest string, end kind) int {
	closing := "%}"
	if end == variableEnd {
		closing = "}}"
	}
	trimmed := func(n int) int { return n + len(spaces.FindString(rest[n:])) }
	switch {
	case strings.HasPrefix(rest, "-"+closing):
		return trimmed(1 + len(closing))
	case strings.HasPrefix(rest, "+"+closing) && end == blockEnd:
		return 1 + len(closing)
	case !strings.HasPrefix(rest, closing):
		return 0
	case end == blockEnd && strings.HasPrefix(rest[len(closing):], "\n"):
		return len(closing) + 1
	}
	return len(closing)
}

// word takes one token within a tag; open are the brackets that are open.
func (l *lexer) word(open []string) []string {
	if found := floatToken.FindString(l.rest); found != "" {
		l.add(float, found)
		l.last().value = parseFloat(found)
		l.take(len(found))
		return open
	}
	if found := intToken.FindString(l.rest); found != "" {
		l.add(integer, found)
		at(l.line, func() { l.last().value = parseInt(found) })
		l.take(len(found))
		return open
	}
	if found := nameToken.FindString(l.rest); found != "" {
		l.add(name, found)
		l.take(len(found))
		return open
	}
	if found := stringToken.FindString(l.rest); found != "" {
		at(l.line, func() { l.add(stringLiteral, unescaped(found[1:len(found)-1])) })
		l.take(len(found))
		return open
	}
	for _, op := range operators {
		if !strings.HasPrefix(l.rest, op) {
			continue
		}
		switch op {
		case "(", "[", "{":
			if open = append(open, op); len(open) > mostDepth {
				failAt(l.line, "more than %d brackets stand within each other", mostDepth)
			}
		case ")", "]", "}":
			if len(open) == 0 || open[len(open)-1]+op != "("+")" && open[len(open)-1]+op != "["+"]" && open[len(open)-1]+op != "{"+"}" {
				failAt(l.line, "unexpected %q", op)
			}
			open = open[:len(open)-1]
		}
		l.add(operator, op)
		l.take(len(op))
		return open
	}
	r, _ := utf8.DecodeRuneInString(l.rest)
	failAt(l.line, "unexpected character %q", r)
	return nil
}

func (l *lexer) last() *token { return &l.tokens[len(l.tokens)-1] }
