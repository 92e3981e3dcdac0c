package records

import (
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
		err = (&parquetCheck{r: at, size: size, most: c.most, mostValues: c.mostValues()}).file()
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", c.path, plainDamage(err))
	}
	f, err := parquet.OpenFile(at, size, parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return fmt.Errorf("reading %s: %w", c.path, plainDamage(err))
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
			return fmt.Errorf("reading %s, after row %d: %w", c.path, number, plainDamage(readErr))
		}
	}
}
