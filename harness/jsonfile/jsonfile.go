// Package jsonfile decodes JSON that other programs wrote. It does what
// encoding/json does, but for its errors: they speak of fields and of JSON's types,
// and not of this program's.
package jsonfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Unmarshal decodes text into a value, as [json.Unmarshal] does.
func Unmarshal(text []byte, into any) error {
	return Plain(text, json.Unmarshal(text, into))
}

// Plain says in other words what [encoding/json] finds wrong with text.
func Plain(text []byte, err error) error {
	var (
		syntax   *json.SyntaxError
		mismatch *json.UnmarshalTypeError
	)
	switch {
	case errors.As(err, &syntax):
		before := text[:min(int(max(syntax.Offset, 0)), len(text))]
		line, column := 1+bytes.Count(before, []byte("\n")), len(before)-1-bytes.LastIndexByte(before, '\n')
		return fmt.Errorf("malformed JSON in line %d, byte %d: %w", line, max(column, 1), syntax)
	case errors.As(err, &mismatch):
		return mismatched(mismatch)
	}
	return err
}

func mismatched(mismatch *json.UnmarshalTypeError) error {
	found, expected := "a JSON "+short(mismatch.Value), Expected(mismatch.Type)
	if mismatch.Field == "" {
		return fmt.Errorf("found %s, expected %s", found, expected)
	}
	return fmt.Errorf("field %q is %s, expected %s", short(mismatch.Field), found, expected)
}

// Expected says which JSON a value of a type is made of.
func Expected(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return Expected(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number of at most 64 bits"
	case reflect.Float32, reflect.Float64:
		return "a number within the range of float64"
	case reflect.String:
		return "a text"
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return "a text in base64"
		}
		return "a list"
	case reflect.Map, reflect.Struct:
		return "an object"
	}
	return "something else"
}

// Excerpt is the beginning of a JSON value in one line, for an error.
func Excerpt(raw []byte) string {
	return short(strings.Join(strings.Fields(strings.ToValidUTF8(string(raw), "\ufffd")), " "))
}

// short cuts a text that is too long for an error.
func short(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return text
}
