package runs

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// batchRows is the number of rows in one INSERT: enough that the cost of a
// statement no longer shows.
const batchRows = 100

// batch inserts rows into a table, many at a time.
type batch struct {
	ctx       context.Context
	tx        *sql.Tx
	table     string
	columns   []string
	arguments []any
	full      *sql.Stmt // inserts batchRows rows; made when it is first needed
}

func newBatch(ctx context.Context, tx *sql.Tx, table string, columns ...string) *batch {
	return &batch{ctx: ctx, tx: tx, table: table, columns: columns}
}

// add takes a row, its values in the order of the columns.
func (b *batch) add(values ...any) error {
	b.arguments = append(b.arguments, values...)
	if len(b.arguments) < batchRows*len(b.columns) {
		return nil
	}
	if b.full == nil {
		statement, err := b.tx.PrepareContext(b.ctx, b.insert(batchRows))
		if err != nil {
			return fmt.Errorf("table %s: %w", b.table, err)
		}
		b.full = statement
	}
	_, err := b.full.ExecContext(b.ctx, b.arguments...)
	return b.done(err)
}

// flush writes the rows that are left. It must be called after the last add.
func (b *batch) flush() error {
	if b.full != nil {
		defer b.full.Close()
	}
	if len(b.arguments) == 0 {
		return nil
	}
	_, err := b.tx.ExecContext(b.ctx, b.insert(len(b.arguments)/len(b.columns)), b.arguments...)
	return b.done(err)
}

func (b *batch) done(err error) error {
	b.arguments = b.arguments[:0]
	if err != nil {
		return fmt.Errorf("table %s: %w", b.table, err)
	}
	return nil
}

// insert returns the statement that inserts so many rows.
func (b *batch) insert(rows int) string {
	row := "(" + strings.Repeat("?, ", len(b.columns)-1) + "?)"
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES %s", b.table, strings.Join(b.columns, ", "),
		strings.Repeat(row+", ", rows-1)+row)
}
