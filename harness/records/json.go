package records

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"lastmile/harness/foreign"
)

// Decode parses one JSON value into value, numbers within an any as
// json.Number. The numbers that Python writes and JSON lacks, NaN and the
// infinities, count as null.
func Decode(text []byte, value any) error {
	err := decode(text, value)
	var (
		syntax   *json.SyntaxError
		mismatch *json.UnmarshalTypeError
	)
	switch {
	case errors.As(err, &syntax):
		if lenient, changed := withoutNaN(text); changed && decode(lenient, value) == nil {
			return nil
		}
		return fmt.Errorf("malformed JSON at byte %d of the line: %w", syntax.Offset, err)
	case errors.As(err, &mismatch):
		return foreign.Mismatch(mismatch)
	}
	return err
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
			return errors.New("found a JSON null, expected an object")
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

// array reads the objects of one JSON array.
func (c *content) array(use func(Record) error) error {
	all, err := io.ReadAll(c)
	if err != nil {
		return fmt.Errorf("reading %s: %w", c.path, err)
	}
	var value any
	if err := Decode(all, &value); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return c.at(1+bytes.Count(all[:min(int(syntax.Offset), len(all))], []byte("\n")), "", fmt.Errorf("malformed JSON: %w", syntax))
		}
		return fmt.Errorf("%s: %w", c.path, err)
	}
	list, ok := value.([]any)
	if object, isObject := value.(map[string]any); isObject {
		list, ok = onlyList(object)
	}
	if !ok {
		return fmt.Errorf("%s: expected JSON lines, or one JSON array of objects", c.path)
	}
	for i, element := range list {
		r := Record{Number: i + 1}
		if r.Fields, ok = element.(map[string]any); !ok {
			return c.at(r.Number, "record", errors.New("expected a JSON object"))
		}
		if err := use(r); err != nil {
			return c.at(r.Number, "record", err)
		}
	}
	return nil
}

// onlyList returns the list that an object has, where it has one only, as
// {"version": …, "data": […]} does.
func onlyList(object map[string]any) (list []any, ok bool) {
	for _, value := range object {
		if l, isList := value.([]any); isList {
			if ok {
				return nil, false
			}
			list, ok = l, true
		}
	}
	return list, ok
}
