// Package records reads files of records: JSON lines, JSON, CSV, TSV, Parquet
// and Arrow, each plain or compressed with gzip or Zstandard, and the folders
// in which Hugging Face's datasets keeps them.
//
// A file is a stranger's: it is read only if it is a regular file, and neither a
// line nor what a compressed one unfolds to may be larger than any text is.
package records

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A Record is one record of a file.
type Record struct {
	// Number counts the records from 1, but in JSON lines and tables of text
	// the lines, blank ones too: it is where a person finds the record.
	Number int
	// Fields are the values by the names of their fields, as encoding/json
	// decodes them with UseNumber: string, json.Number, bool, nil, []any or
	// map[string]any. A cell of a table that is empty is nil.
	Fields map[string]any
}

// Field returns the value of a field, and whether there is one. A dotted name is
// the path to a value within tables and lists ("translation.en",
// "messages.-1.content"), unless the record has a field of that very name. An
// index counts from 0, a negative one from the end.
func (r Record) Field(name string) (any, bool) {
	if value, ok := r.Fields[name]; ok {
		return value, true
	}
	var value any = r.Fields
	for part := range strings.SplitSeq(name, ".") {
		switch within := value.(type) {
		case map[string]any:
			next, ok := within[part]
			if !ok {
				return nil, false
			}
			value = next
		case []any:
			i, err := strconv.Atoi(part)
			if i < 0 {
				i += len(within)
			}
			if err != nil || i < 0 || i >= len(within) {
				return nil, false
			}
			value = within[i]
		default:
			return nil, false
		}
	}
	return value, true
}

// Names returns the names of the record's fields, sorted.
func (r Record) Names() []string { return slices.Sorted(maps.Keys(r.Fields)) }

// A LineError is a mistake in a record of a file.
type LineError struct {
	// File is the file's path.
	File string
	// Line is the number of the record, from 1.
	Line int
	// Unit is what Line counts where it is no lines: "record" or "row".
	Unit string
	// Err says what is wrong with the record.
	Err error
}

func (e *LineError) Error() string {
	if e.Unit != "" {
		return fmt.Sprintf("%s: %s %d: %v", e.File, e.Unit, e.Line, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
}

func (e *LineError) Unwrap() error { return e.Err }

// A reader reads one way to write records in a file.
type reader struct {
	// extensions are those of its files' names.
	extensions []string
	// magic is what its files begin with, where the extension does not say it.
	magic string
	// read calls use for each record, and makes a [LineError] of what use finds
	// wrong.
	read func(c *content, use func(Record) error) error
}

// readers are those of all formats. What has neither the extension nor the magic of
// another is JSON.
func readers() []reader {
	return []reader{
		{extensions: []string{".csv"}, read: table(',')},
		{extensions: []string{".tsv", ".tab"}, read: table('\t')},
		{extensions: []string{".parquet"}, magic: "PAR1", read: readParquet},
		{extensions: []string{".arrow", ".feather"}, magic: "ARROW1", read: readArrow},
		{extensions: []string{".jsonl", ".ndjson", ".json"}, read: readJSON},
	}
}

// Extension is that of a file's name, without that of its compression. It says which
// format the file has, unless it begins with the magic of a binary one.
func Extension(path string) string {
	for _, c := range compressions() {
		path = strings.TrimSuffix(path, c.extension)
	}
	return filepath.Ext(path)
}

// Is tells whether a file's name is that of a file of records.
func Is(path string) bool {
	return slices.ContainsFunc(readers(), func(r reader) bool { return slices.Contains(r.extensions, Extension(path)) })
}

// Each calls use for each record of the file at path. What use finds wrong, and
// what cannot be read, is a [LineError] where it is about one record.
func Each(path string, use func(Record) error) error {
	c, err := open(path)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.each(use)
}

// EachOf calls use for each of the JSON records that r reads, which errors call
// name.
func EachOf(r io.Reader, name string, use func(Record) error) error {
	return readJSON(contentOf(r, name), use)
}

// each reads the records in whichever format they have.
func (c *content) each(use func(Record) error) error {
	all := readers()
	chosen := all[len(all)-1]
	for _, f := range all {
		if f.magic != "" && c.beginsWith(f.magic) {
			chosen = f
			break
		}
		if slices.Contains(f.extensions, Extension(c.path)) {
			chosen = f
		}
	}
	return chosen.read(c, use)
}

// at says of an error at which record it is; unit is empty for lines.
func (c *content) at(number int, unit string, err error) error {
	if err == nil {
		return nil
	}
	return &LineError{File: c.path, Line: number, Unit: unit, Err: err}
}
