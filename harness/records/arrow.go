package records

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/dustin/go-humanize"
)

// readArrow reads the record batches of Arrow's IPC format: a file, or a stream,
// which is what Hugging Face's datasets write.
func readArrow(c *content, use func(Record) error) (err error) {
	defer c.recovered(&err)
	isFile := c.beginsWith("ARROW1")
	at, size, err := c.random()
	if err == nil {
		err = checkArrow(at, size, c.mostValues())
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", c.path, plainDamage(err))
	}
	section := io.NewSectionReader(at, 0, size)
	within := ipc.WithAllocator(bounded{memory.DefaultAllocator, c.most})
	if isFile {
		return c.arrowFile(section, within, use)
	}
	return c.arrowStream(section, within, use)
}

func (c *content) arrowStream(section io.Reader, within ipc.Option, use func(Record) error) error {
	r, err := ipc.NewReader(section, within)
	if err != nil {
		return fmt.Errorf("reading %s: %w", c.path, plainDamage(err))
	}
	defer r.Release()
	number := 0
	for r.Next() {
		if err := c.batch(r.RecordBatch(), &number, use); err != nil {
			return err
		}
	}
	if err := r.Err(); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading %s, after row %d: %w", c.path, number, plainDamage(err))
	}
	return nil
}

func (c *content) arrowFile(section *io.SectionReader, within ipc.Option, use func(Record) error) error {
	r, err := ipc.NewFileReader(section, within)
	if err != nil {
		return fmt.Errorf("reading %s: %w", c.path, plainDamage(err))
	}
	defer r.Close()
	number := 0
	for i := range r.NumRecords() {
		b, err := r.RecordBatchAt(i)
		if err != nil {
			return fmt.Errorf("reading %s, after row %d: %w", c.path, number, plainDamage(err))
		}
		err = c.batch(b, &number, use)
		b.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// bounded is an allocator that panics where a damaged file asks for more at once
// than all of it can unfold to.
type bounded struct {
	memory.Allocator
	most int64
}

func (b bounded) Allocate(size int) []byte { return b.Allocator.Allocate(b.checked(size)) }

func (b bounded) Reallocate(size int, old []byte) []byte {
	return b.Allocator.Reallocate(b.checked(size), old)
}

func (b bounded) checked(size int) int {
	if int64(size) > b.most {
		panic(fmt.Sprintf("a buffer of %s", humanize.IBytes(uint64(size))))
	}
	return size
}

// batch calls use for each row of a batch; number counts them.
func (c *content) batch(b arrow.RecordBatch, number *int, use func(Record) error) error {
	for row := range int(b.NumRows()) {
		*number++
		r := Record{Number: *number, Fields: make(map[string]any, b.NumCols())}
		for i := range int(b.NumCols()) {
			value, err := cell(b.Column(i), row)
			if err != nil {
				return c.at(r.Number, "row", fmt.Errorf("field %.80q: %w", b.ColumnName(i), err))
			}
			r.Fields[b.ColumnName(i)] = value
		}
		if err := c.take(r.Fields); err != nil {
			return err
		}
		if err := use(r); err != nil {
			return c.at(r.Number, "row", err)
		}
	}
	return nil
}

// cell returns the value in a row of a column.
func cell(column arrow.Array, row int) (value any, err error) {
	if column.IsNull(row) {
		return nil, nil
	}
	switch column := column.(type) {
	case *array.Float64:
		return plain(column.Value(row)), nil
	case *array.Float32:
		return plain(column.Value(row)), nil
	}
	// The array's own JSON, in which lists and structs are such.
	text, err := json.Marshal(column.GetOneForMarshal(row))
	if err != nil {
		return nil, err
	}
	err = decode(text, &value)
	return value, err
}
