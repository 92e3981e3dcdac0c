package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"
)

// A LineError is a mistake in a line of a JSON-lines file.
type LineError struct {
	// File is the file's path and Line the line's number, from 1.
	File string
	Line int
	// Err says what is wrong with the line.
	Err error
}

func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

func (e *LineError) Unwrap() error { return e.Err }

// ReadLines reads a file of JSON lines, plain or compressed with gzip, each
// line a T.
func ReadLines[T any](path string) ([]T, error) {
	var values []T
	err := EachLine(path, func(_ int, value T) error {
		values = append(values, value)
		return nil
	})
	return values, err
}

// EachLine calls use for each line of a file as [ReadLines] reads it, with the
// line's number in the file. An error that it returns becomes a [LineError].
func EachLine[T any](path string, use func(number int, value T) error) error {
	return scanFile(path, func(number int, line []byte) error {
		var value T
		if err := decode(line, &value); err != nil {
			return err
		}
		return use(number, value)
	})
}

// WriteLines writes values as JSON lines to the file at path, which it
// replaces. The same values give the same bytes.
func WriteLines[T any](path string, values []T) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	for i, value := range values {
		if err := encoder.Encode(value); err != nil {
			return &LineError{File: path, Line: i + 1, Err: err}
		}
	}
	if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("writing %d JSON lines: %w", len(values), err)
	}
	return nil
}

// scanFile calls use for each line of the file at path, plain or gzip, as
// scan does.
func scanFile(path string, use func(number int, line []byte) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("reading JSON lines: %w", err)
	}
	defer file.Close()
	reader := bufio.NewReader(file)
	if magic, _ := reader.Peek(2); string(magic) == "\x1f\x8b" {
		unzipped, err := gzip.NewReader(reader)
		if err != nil {
			return fmt.Errorf("reading %s, which begins like a gzip file: %w", path, err)
		}
		return scan(unzipped, path, use)
	}
	return scan(reader, path, use)
}

// scan calls use for each line of r that is not blank, with its number. What use finds wrong,
// and text that is not UTF-8, is a [LineError] in the file name.
func scan(r io.Reader, name string, use func(number int, line []byte) error) error {
	lines := bufio.NewReaderSize(r, 1<<16)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return fmt.Errorf("reading %s, after line %d: %w", name, number-1, err)
		}
		if number == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if content := bytes.TrimSpace(line); len(content) > 0 {
			var lineErr error
			if !utf8.Valid(content) {
				lineErr = fmt.Errorf("byte %d of the line is not UTF-8", invalidAt(content)+1)
			} else {
				lineErr = use(number, content)
			}
			if lineErr != nil {
				return &LineError{File: name, Line: number, Err: lineErr}
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

// invalidAt returns the index of the first byte of text that is not UTF-8.
func invalidAt(text []byte) int {
	at := 0
	for at < len(text) {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

// decode parses one line of JSON into value.
func decode(line []byte, value any) error {
	err := json.Unmarshal(line, value)
	var (
		syntax   *json.SyntaxError
		mismatch *json.UnmarshalTypeError
	)
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("malformed JSON at byte %d of the line: %w", syntax.Offset, err)
	case errors.As(err, &mismatch) && mismatch.Field == "":
		return fmt.Errorf("found a JSON %s, expected an object", mismatch.Value)
	case errors.As(err, &mismatch):
		return fmt.Errorf("field %q is a JSON %s, expected %s", mismatch.Field, mismatch.Value, mismatch.Type)
	}
	return err
}
