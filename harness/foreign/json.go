package foreign

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Decode is [json.Unmarshal] whose errors say what is wrong with the text, and nothing of
// what it is decoded into.
func Decode(text []byte, into any) error {
	err := json.Unmarshal(text, into)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		before := text[:min(int(syntax.Offset), len(text))]
		return fmt.Errorf("malformed JSON in line %d: %w", 1+bytes.Count(before, []byte("\n")), err)
	}
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return Mismatch(mismatch)
	}
	return err
}

// ReadJSON decodes a JSON file that [Read] reads. Its errors name the file.
func ReadJSON(name string, into any) error {
	text, err := Read(name)
	if err != nil {
		return err
	}
	if err := Decode(text, into); err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	return nil
}

// Mismatch says that a value is of another type than it should be.
func Mismatch(err *json.UnmarshalTypeError) error {
	message := fmt.Sprintf("found %s, expected %s", found(err.Value), expected(err.Type))
	if err.Field != "" {
		message = fmt.Sprintf("field %q: %s", err.Field, message)
	}
	return errors.New(message)
}

// found is what encoding/json calls a value.
func found(value string) string {
	switch {
	case value == "array":
		return "a list"
	case value == "object":
		return "an object"
	case value == "bool":
		return "true or false"
	case strings.HasPrefix(value, "number "):
		return "the " + value
	}
	return "a " + value
}

// expected is what JSON calls a type.
func expected(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "an object"
	}
	return "an integer"
}
