package document

import (
	"fmt"
	"strings"
)

// Span is a piece of running text: [Text], [Number], [Code], [Strong], [Link]
// or [Reference].
type Span interface{ span() }

// Spans are pieces of running text, one after the other.
type Spans []Span

// Text is text of any origin. Nothing in it is markup.
type Text string

// Number is a number, an interval or a probability as it is to be read:
// "−0.12", "[0.1, 0.3]", "p < 0.001". Writers leave its brackets and relations
// as they are, so it must not hold the text of others.
type Number string

// Code is a name, a value or a path, set in a fixed-width font.
type Code string

// Strong is text that is stressed.
type Strong struct{ Text Spans }

// Link is text that leads to a file beside the document or to an address.
type Link struct{ Text, To string }

// Reference is text that leads to the section of that title in the same
// document.
type Reference struct{ Text, Section string }

func (Text) span()      {}
func (Number) span()    {}
func (Code) span()      {}
func (Strong) span()    {}
func (Link) span()      {}
func (Reference) span() {}

// Format makes spans of a format and its arguments. Its verbs are those of the
// package fmt; in place of a %s stands also a span or a sequence of spans.
func Format(format string, args ...any) Spans {
	var spans Spans
	next := 0
	for format != "" {
		verb := strings.IndexByte(format, '%')
		if verb < 0 {
			spans = spans.add(Text(format))
			break
		}
		spans = spans.add(Text(format[:verb]))
		format = format[verb:]
		end := 1
		for end < len(format) && strings.IndexByte("+-# 0123456789.", format[end]) >= 0 {
			end++
		}
		end = min(end+1, len(format))
		directive := format[:end]
		format = format[end:]
		if directive == "%%" {
			spans = spans.add(Text("%"))
			continue
		}
		var of []any
		if next < len(args) {
			of = args[next : next+1]
			next++
		}
		if directive == "%s" && len(of) == 1 {
			switch arg := of[0].(type) {
			case Spans:
				spans = spans.add(arg...)
				continue
			case Span:
				spans = spans.add(arg)
				continue
			}
		}
		spans = spans.add(Text(fmt.Sprintf(directive, of...)))
	}
	if next < len(args) {
		spans = spans.add(Text(fmt.Sprintf("%%!(EXTRA %v)", args[next:]))) // as fmt says it
	}
	return spans
}

// Join puts a text between sequences of spans.
func Join(parts []Spans, between string) Spans {
	var joined Spans
	for i, part := range parts {
		if i > 0 {
			joined = joined.add(Text(between))
		}
		joined = joined.add(part...)
	}
	return joined
}

// add adds spans. Text that follows text becomes one with it, so that a writer
// sees what stands beside a character that may have to be escaped.
func (s Spans) add(more ...Span) Spans {
	for _, span := range more {
		text, ok := span.(Text)
		if !ok {
			s = append(s, span)
			continue
		}
		if text == "" {
			continue
		}
		if last := len(s) - 1; last >= 0 {
			if before, ok := s[last].(Text); ok {
				s[last] = before + text
				continue
			}
		}
		s = append(s, text)
	}
	return s
}
