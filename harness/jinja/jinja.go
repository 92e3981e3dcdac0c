// Package jinja renders chat templates: the part of Jinja2's language that
// they use, with the settings that transformers gives it (trim_blocks,
// lstrip_blocks, loop controls, the generation tag, tojson without HTML's
// escapes).
//
// A chat template is a stranger's program. It reads nothing but what it is given,
// and a bound on its steps, on its memory and on its depth ends one that would
// not end by itself. As in transformers' sandbox, it changes no value that it is
// given.
//
// See https://jinja.palletsprojects.com/en/stable/templates/.
package jinja

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds on what a template may do. The longest of the usual chat templates takes
// a few thousand steps.
const (
	mostSource = 1 << 20  // bytes of a template
	mostSteps  = 1 << 20  // nodes that are evaluated
	mostMemory = 64 << 20 // bytes of the values that it makes, freed ones too
	mostRead   = 1 << 28  // bytes of text that it searches, measures and compares
	mostDepth  = 100      // expressions and blocks within others, calls too
)

// Template is a parsed template. It can be rendered by several goroutines at once.
type Template struct {
	body []statement
}

// Values are what a template is given, by name: nil, bool, int, float64, string,
// []any, [*Dict], or a function that [Raise] or another one here returns.
type Values map[string]any

// Parse parses a template. An error names the line.
func Parse(source string) (t *Template, err error) {
	defer caught(&err)
	if len(source) > mostSource {
		return nil, fmt.Errorf("the template has %d bytes, more than %d", len(source), mostSource)
	}
	p := parser{tokens: lex(source)}
	return &Template{p.statements()}, nil
}

// Render returns the text that the template makes of values. An error names the
// line.
func (t *Template) Render(values Values) (text string, err error) {
	defer caught(&err)
	r := &renderer{}
	globals := &scope{names: map[string]any{}}
	for name, f := range globalFunctions() {
		globals.names[name] = f
	}
	for name, v := range values {
		globals.names[name] = v
	}
	var out output
	r.run(t.body, &scope{names: map[string]any{}, outer: globals}, &out)
	return out.String(), nil
}

// Raise is the function raise_exception of transformers: it ends the rendering
// with a message.
func Raise() any {
	return function(func(r *renderer, a arguments) any {
		fail("%s", text(a.bind("raise_exception", "message")[0]))
		return nil
	})
}

// Clock is the function strftime_now of transformers, with the time of now.
func Clock(now func() time.Time) any {
	return function(func(r *renderer, a arguments) any {
		format, ok := a.bind("strftime_now", "format")[0].(string)
		if !ok {
			fail("strftime_now: expected a string")
		}
		return strftime(now(), format)
	})
}

// failure is a mistake in a template, or one that it runs into. It travels as a
// panic to the package's door, as in text/template.
type failure struct {
	line int // 0 where it is not known yet
	err  error
}

func fail(format string, values ...any) { panic(failure{err: fmt.Errorf(format, values...)}) }

// failAt is a failure in a line.
func failAt(line int, format string, values ...any) {
	panic(failure{line, fmt.Errorf(format, values...)})
}

// caught makes an error of a failure.
func caught(err *error) {
	switch found := recover().(type) {
	case nil:
	case failure:
		*err = shortLine(found.err)
		if found.line > 0 {
			*err = fmt.Errorf("line %d: %w", found.line, *err)
		}
	default:
		panic(found)
	}
}

// shortLine is an error in one line that a person can read: a template may put any
// text into one.
func shortLine(err error) error {
	const most = 500
	text := err.Error()
	if len(text) <= most && utf8.ValidString(text) && !strings.ContainsAny(text, "\n\r") {
		return err
	}
	words := []rune(strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " "))
	if len(words) > most {
		words = append(words[:most], '…')
	}
	return errors.New(string(words))
}

// at gives failures in f the line, if they have none.
func at(line int, f func()) {
	defer func() {
		switch found := recover().(type) {
		case nil:
		case failure:
			if found.line == 0 {
				found.line = line
			}
			panic(found)
		default:
			panic(found)
		}
	}()
	f()
}

var errTooLong = errors.New("the template makes more text than any prompt has")
