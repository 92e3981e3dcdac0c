package records

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
)

// table reads tables of text as RFC 4180 has them, whose first line names the
// columns; separator stands between cells.
func table(separator rune) func(c *content, use func(Record) error) error {
	return func(c *content, use func(Record) error) error {
		if c.beginsWith("\ufeff") {
			if _, err := c.Discard(len("\ufeff")); err != nil {
				return err
			}
		}
		r := csv.NewReader(c)
		r.Comma = separator
		var names []string
		for {
			cells, err := r.Read()
			var parse *csv.ParseError
			switch {
			case errors.Is(err, io.EOF):
				return nil
			case errors.Is(err, csv.ErrFieldCount):
				line, _ := r.FieldPos(0)
				return c.at(line, "", fmt.Errorf("found %d cells, expected %d, as the first line has", len(cells), len(names)))
			case errors.As(err, &parse):
				return c.at(parse.Line, "", fmt.Errorf("column %d: %w", parse.Column, parse.Err))
			case err != nil:
				return fmt.Errorf("reading %s: %w", c.path, err)
			}
			line, _ := r.FieldPos(0)
			if names == nil {
				for i, name := range cells {
					if valid([]byte(name)) != nil {
						return c.at(line, "", fmt.Errorf("the name of column %d is not UTF-8", i+1))
					}
				}
				if names = cells; repeated(names) != "" {
					return c.at(line, "", fmt.Errorf("two columns are called %.80q", repeated(names)))
				}
				continue
			}
			if err := c.row(names, cells, line, use); err != nil {
				return c.at(line, "", err)
			}
		}
	}
}

// row makes a record of a row's cells.
func (c *content) row(names, cells []string, line int, use func(Record) error) error {
	r := Record{Number: line, Fields: make(map[string]any, len(names))}
	for i, name := range names {
		if err := valid([]byte(cells[i])); err != nil {
			return fmt.Errorf("field %.80q is not UTF-8", name)
		}
		if cells[i] == "" {
			r.Fields[name] = nil
			continue
		}
		r.Fields[name] = cells[i]
	}
	return use(r)
}

// repeated returns a name that is there twice, empty where none is.
func repeated(names []string) string {
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			return name
		}
		seen[name] = true
	}
	return ""
}
