package data

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"lastmile/harness/records"
)

// ReadLines reads a file of JSON lines, plain or compressed, each line a T.
func ReadLines[T any](path string) ([]T, error) {
	var values []T
	err := records.Lines(path, func(_ int, line []byte) error {
		var value T
		if err := records.Decode(line, &value); err != nil {
			return err
		}
		values = append(values, value)
		return nil
	})
	return values, err
}

// WriteLines writes values as JSON lines to the file at path, which it
// replaces. The same values give the same bytes.
func WriteLines[T any](path string, values []T) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	for i, value := range values {
		if err := encoder.Encode(value); err != nil {
			return &records.LineError{File: path, Line: i + 1, Err: err}
		}
	}
	if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("writing %d JSON lines: %w", len(values), err)
	}
	return nil
}
