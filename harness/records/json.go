package records

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"lastmile/harness/jsonfile"
)

// Decode parses one JSON value into value, numbers within an any as
// json.Number. The numbers that Python writes and JSON lacks, NaN and the
// infinities, count as null.
func Decode(text []byte, value any) error {
	err := decode(text, value)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		if lenient, changed := withoutNaN(text); changed && decode(lenient, value) == nil {
			return nil
		}
		return fmt.Errorf("malformed JSON at byte %d of the line: %w", syntax.Offset, err)
	}
	return jsonfile.Plain(text, err)
}

func decode(text []byte, value any) error {
	if !json.Valid(text) {
		// Only Unmarshal says where in the text a mistake is.
		return json.Unmarshal(text, new(any))
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(value)
}

// withoutNaN replaces the numbers that JSON lacks, outside strings, by null.
func withoutNaN(text []byte) (replaced []byte, changed bool) {
	inString := false
	for i := 0; i < len(text); i++ {
		if inString {
			if text[i] == '\\' && i+1 < len(text) {
				replaced = append(replaced, text[i])
				i++
			} else if text[i] == '"' {
				inString = false
			}
			replaced = append(replaced, text[i])
			continue
		}
		inString = text[i] == '"'
		found := 0
		for _, name := range []string{"NaN", "-Infinity", "Infinity"} {
			if bytes.HasPrefix(text[i:], []byte(name)) {
				found = len(name)
				break
			}
		}
		if found == 0 {
			replaced = append(replaced, text[i])
			continue
		}
		replaced = append(replaced, "null"...)
		i += found - 1
		changed = true
	}
	return replaced, changed
}

// readJSON reads JSON lines, or one JSON array of objects, or an object with
// such an array as its only list.
func readJSON(c *content, use func(Record) error) error {
	if c.isOneValue() {
		return c.array(use)
	}
	return c.lines(func(number int, line []byte) error {
		r := Record{Number: number}
		if err := Decode(line, &r.Fields); err != nil {
			return err
		}
		if r.Fields == nil {
			return errors.New("found null, expected an object")
		}
		return use(r)
	})
}

// isOneValue tells whether the content is an array, or an object that does not
// end on its first line, rather than an object a line.
func (c *content) isOneValue() bool {
	start, _ := c.Peek(c.Size())
	start = bytes.TrimSpace(bytes.TrimPrefix(start, []byte("\ufeff")))
	if bytes.HasPrefix(start, []byte("[")) {
		return true
	}
	first, _, ended := bytes.Cut(start, []byte("\n"))
	return ended && string(bytes.TrimSpace(first)) == "{"
}

// array reads the objects of one JSON array, or of the only list of an object. They are
// decoded one by one: in memory a value takes many times its text.
func (c *content) array(use func(Record) error) error {
	text, err := io.ReadAll(c)
	if err != nil {
		return fmt.Errorf("reading %s: %w", c.path, err)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !json.Valid(text) {
		lenient, changed := withoutNaN(text)
		if !changed || !json.Valid(lenient) {
			return c.malformed(text)
		}
		text = lenient
	}
	if text = onlyList(text); text == nil {
		return fmt.Errorf("%s: expected JSON lines, or one JSON array of objects", c.path)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("reading %s: %w", c.path, err)
	}
	for number := 1; d.More(); number++ {
		r := Record{Number: number}
		if d.Decode(&r.Fields) != nil || r.Fields == nil {
			return c.at(number, "record", errors.New("expected a JSON object"))
		}
		if err := use(r); err != nil {
			return c.at(number, "record", err)
		}
	}
	return nil
}

// malformed says where a text is no JSON.
func (c *content) malformed(text []byte) error {
	err := json.Unmarshal(text, new(any))
	line := 1
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		line += bytes.Count(text[:min(int(syntax.Offset), len(text))], []byte("\n"))
	}
	return c.at(line, "", fmt.Errorf("malformed JSON: %w", err))
}

// onlyList returns the JSON array that a valid text is, or that an object has, where it
// has one only, as {"version": …, "data": […]} does; nil where there is none.
func onlyList(text []byte) []byte {
	isList := func(text []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) }
	if isList(text) {
		return text
	}
	var list, value json.RawMessage
	d := json.NewDecoder(bytes.NewReader(text))
	if begin, err := d.Token(); err != nil || begin != json.Delim('{') {
		return nil
	}
	for d.More() {
		if _, err := d.Token(); err != nil || d.Decode(&value) != nil {
			return nil
		}
		switch {
		case !isList(value):
		case list != nil:
			return nil
		default:
			list, value = value, nil
		}
	}
	return list
}
