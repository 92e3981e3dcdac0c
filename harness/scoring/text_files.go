package scoring

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize/english"

	"lastmile/harness/records"
	"lastmile/metrics"
)

// Pairing says which lines of files belong together.
type Pairing struct {
	// ByOrder pairs lines by their order, also where they have ids.
	ByOrder bool
	// Partial lets hypotheses lack some of the references' ids.
	Partial bool
}

// textFile is a file of texts.
type textFile struct {
	path  string
	lines []textLine
	// plain is true where the lines have no fields, and so no ids.
	plain bool
	// places are those of the lines by their ids; nil where they have none.
	places map[string]int
}

// textLine is a line, or a record, of a file of texts.
type textLine struct {
	number int // in the file, from 1
	id     string
	texts  []string
	source string
	ended  bool
	tokens int
}

// readTexts reads hypotheses and what belongs to each.
func readTexts(references []string, hypotheses string, pairing Pairing) ([]textLine, []metrics.Input, error) {
	outputs, err := readTextFile(hypotheses, "text", "hypothesis", "prediction", "output")
	if err != nil {
		return nil, nil, err
	}
	inputs := make([]metrics.Input, len(outputs.lines))
	for i, o := range outputs.lines {
		if len(o.texts) != 1 {
			return nil, nil, fmt.Errorf("%s:%d: found %d texts, expected one hypothesis", hypotheses, o.number, len(o.texts))
		}
		inputs[i] = metrics.Input{ID: cmp.Or(o.id, strconv.Itoa(o.number)), Hypothesis: o.texts[0], Source: o.source, Ended: o.ended, Tokens: o.tokens}
	}
	for _, path := range references {
		file, err := readTextFile(path, "references", "reference", "text")
		if err != nil {
			return nil, nil, err
		}
		places, err := pairing.pair(outputs, file)
		if err != nil {
			return nil, nil, err
		}
		for i, at := range places {
			line := file.lines[at]
			inputs[i].References = append(inputs[i].References, line.texts...)
			if inputs[i].Source == "" {
				inputs[i].Source = line.source
			}
		}
	}
	return outputs.lines, inputs, nil
}

// pair returns for each line of the hypotheses the place of its references.
func (p Pairing) pair(hypotheses, references textFile) ([]int, error) {
	places := make([]int, len(hypotheses.lines))
	named, unnamed := hypotheses, references
	if hypotheses.places == nil {
		named, unnamed = references, hypotheses
	}
	switch {
	case p.ByOrder || named.places == nil || unnamed.plain:
		// A plain text has no place for ids: its lines stand in their order.
		for i := range places {
			places[i] = i
		}
		return places, sameLength(hypotheses, references)
	case unnamed.places == nil:
		return nil, fmt.Errorf("%s:%d: no field \"id\", and the lines of %s have one; give both ids, or pair lines in their order with --by-order",
			unnamed.path, unnamed.lines[0].number, named.path)
	}
	for i, o := range hypotheses.lines {
		at, found := references.places[o.id]
		if !found {
			return nil, fmt.Errorf("%s:%d: no line of %s has the id %q", hypotheses.path, o.number, references.path, o.id)
		}
		places[i] = at
	}
	if len(places) == len(references.lines) || p.Partial {
		return places, nil
	}
	for _, line := range references.lines {
		if _, found := hypotheses.places[line.id]; !found {
			return nil, fmt.Errorf("%s: no hypothesis for the id %q of %s:%d, one of %s that it lacks; score what is there with --partial",
				hypotheses.path, line.id, references.path, line.number, english.Plural(len(references.lines)-len(places), "id", ""))
		}
	}
	return places, nil
}

// sameLength fails where one of two files has fewer lines than the other.
func sameLength(hypotheses, references textFile) error {
	shorter := references
	switch {
	case len(hypotheses.lines) == len(references.lines):
		return nil
	case len(hypotheses.lines) < len(references.lines):
		shorter = hypotheses
	}
	count := func(f textFile) string { return english.Plural(len(f.lines), "text", "") }
	return fmt.Errorf("%s:%d: the file ends too early: %s has %s and %s has %s; expected as many", shorter.path, shorter.lines[len(shorter.lines)-1].number,
		references.path, count(references), hypotheses.path, count(hypotheses))
}

// readTextFile reads plain text, or records whose texts are in the first of the
// fields that one has. There is at least one.
func readTextFile(path string, fields ...string) (f textFile, err error) {
	f = textFile{path: path, plain: !records.Is(path)}
	if f.plain {
		err = records.PlainLines(path, func(number int, line string) error {
			f.lines = append(f.lines, textLine{number: number, texts: []string{line}})
			return nil
		})
	} else {
		err = records.Each(path, func(r records.Record) error { return f.add(r, fields) })
	}
	if err == nil && len(f.lines) == 0 {
		err = fmt.Errorf("%s:1: the file is empty, expected a text a line", path)
	}
	return f, err
}

// add takes in a record.
func (f *textFile) add(r records.Record, fields []string) error {
	line := textLine{number: r.Number}
	for _, field := range fields {
		value, there := r.Fields[field]
		if !there || value == nil {
			continue
		}
		var ok bool
		if line.texts, ok = records.Texts(value); !ok {
			return fmt.Errorf("field %q is %s, expected a text or a list of texts", field, records.Excerpt(value))
		}
		break
	}
	if line.texts == nil {
		return fmt.Errorf("expected one of the fields %s", strings.Join(fields, ", "))
	}
	if err := f.name(&line, r); err != nil {
		return err
	}
	for _, field := range []struct {
		name, expected string
		take           func(any) bool
	}{
		{"input", "a text", func(v any) (ok bool) { line.source, ok = v.(string); return ok }},
		{"ended", "true or false", func(v any) (ok bool) { line.ended, ok = truth(v); return ok }},
		{"tokens", "a number of tokens", func(v any) (ok bool) { line.tokens, ok = count(v); return ok }},
	} {
		if value := r.Fields[field.name]; value != nil && !field.take(value) {
			return fmt.Errorf("field %q is %s, expected %s", field.name, records.Excerpt(value), field.expected)
		}
	}
	f.lines = append(f.lines, line)
	return nil
}

// name gives a line the id that its record has: all have one, or none.
func (f *textFile) name(line *textLine, r records.Record) error {
	value := r.Fields["id"]
	var ok bool
	switch line.id, ok = records.ID(value); {
	case value != nil && !ok:
		return fmt.Errorf("field \"id\" is %s, expected a text or a number", records.Excerpt(value))
	case value == nil && f.places == nil:
		return nil
	case value == nil:
		return errors.New(`no field "id", which the lines before have`)
	case f.places == nil && len(f.lines) > 0:
		return fmt.Errorf("field \"id\" is %s, and the lines before have none", records.Excerpt(value))
	}
	if at, twice := f.places[line.id]; twice {
		return fmt.Errorf("field \"id\": %s is that of line %d already; ids must differ", records.Excerpt(value), f.lines[at].number)
	}
	if f.places == nil {
		f.places = map[string]int{}
	}
	f.places[line.id] = len(f.lines)
	return nil
}

// truth reads true and false, and what other programs write for them.
func truth(value any) (is, ok bool) {
	switch v := value.(type) {
	case bool:
		return v, true
	case json.Number:
		is, err := strconv.ParseBool(v.String())
		return is, err == nil
	case string:
		is, err := strconv.ParseBool(v)
		return is, err == nil
	}
	return false, false
}

// count reads a number of things, which a table of text has as text.
func count(value any) (int, bool) {
	n, err := strconv.Atoi(fmt.Sprint(value))
	return n, err == nil && n >= 0
}
