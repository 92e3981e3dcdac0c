package records

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// readParquet reads a Parquet file as Arrow's writers and Hugging Face's hub
// leave it, with nested columns.
func readParquet(c *content, use func(Record) error) (err error) {
	defer c.recovered(&err)
	at, size, err := c.random()
	if err == nil {
		err = checkParquet(at, size)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", c.path, err)
	}
	f, err := parquet.OpenFile(at, size, parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return fmt.Errorf("reading %s: the file is damaged: %w", c.path, err)
	}
	unpacked := int64(0)
	for _, group := range f.Metadata().RowGroups {
		for _, column := range group.Columns {
			unpacked += column.MetaData.TotalUncompressedSize
		}
	}
	if unpacked < 0 || unpacked > c.most {
		return tooMuch(c.path)
	}
	r := parquet.NewGenericReader[any](f, f.Schema())
	defer r.Close()
	rows := make([]any, 64)
	number := 0
	for {
		n, readErr := r.Read(rows)
		for _, row := range rows[:n] {
			number++
			fields, _ := plain(row).(map[string]any)
			if err := c.take(fields); err != nil {
				return err
			}
			if err := use(Record{Number: number, Fields: fields}); err != nil {
				return c.at(number, "row", err)
			}
		}
		clear(rows)
		switch {
		case errors.Is(readErr, io.EOF):
			return nil
		case readErr != nil:
			return fmt.Errorf("reading %s, after row %d: %w", c.path, number, readErr)
		}
	}
}

// checkParquet checks how a Parquet file begins and ends: with its magic, before which
// stands the length of the metadata. The library makes room for as many bytes as that
// says.
func checkParquet(r io.ReaderAt, size int64) error {
	const magic = "PAR1"
	ends := make([]byte, 12)
	if size < int64(len(ends)) {
		return fmt.Errorf("%d bytes are too few for a Parquet file", size)
	}
	for _, part := range []struct {
		bytes []byte
		at    int64
	}{{ends[:4], 0}, {ends[4:], size - 8}} {
		if _, err := r.ReadAt(part.bytes, part.at); err != nil {
			return err
		}
	}
	switch metadata := int64(binary.LittleEndian.Uint32(ends[4:])); {
	case string(ends[:4]) != magic:
		return fmt.Errorf("it is no Parquet file: it begins with %q, expected %q", ends[:4], magic)
	case string(ends[8:]) != magic:
		return fmt.Errorf("the file is damaged, or its end is missing: it ends with %q, expected %q", ends[8:], magic)
	case metadata > size-int64(len(ends)):
		return fmt.Errorf("the file is damaged: %d bytes of metadata in a file of %d", metadata, size)
	}
	return nil
}
