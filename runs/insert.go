package runs

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// chunks are the numbers of rows that one INSERT takes, so that a table of any
// length needs few statements.
var chunks = []int{100, 10, 1}

// inserter inserts rows into a table, many at a time.
type inserter struct {
	prepare   func(ctx context.Context, query string) (*sql.Stmt, error)
	table     string
	columns   []string
	arguments []any
}

// add takes a row, its values in the order of the columns.
func (in *inserter) add(ctx context.Context, values ...any) error {
	in.arguments = append(in.arguments, values...)
	if len(in.arguments) < chunks[0]*len(in.columns) {
		return nil
	}
	return in.flush(ctx)
}

// flush writes the rows that are left. It must be called after the last add.
func (in *inserter) flush(ctx context.Context) error {
	left := in.arguments
	in.arguments = in.arguments[:0]
	for _, rows := range chunks {
		size := rows * len(in.columns)
		for ; len(left) >= size; left = left[size:] {
			statement, err := in.prepare(ctx, in.insert(rows))
			if err == nil {
				_, err = statement.ExecContext(ctx, left[:size]...)
			}
			if err != nil {
				return fmt.Errorf("table %s: %w", in.table, err)
			}
		}
	}
	return nil
}

// insert returns the statement that inserts so many rows.
func (in *inserter) insert(rows int) string {
	row := "(" + strings.Repeat("?, ", len(in.columns)-1) + "?)"
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES %s", in.table, strings.Join(in.columns, ", "),
		strings.Repeat(row+", ", rows-1)+row)
}
