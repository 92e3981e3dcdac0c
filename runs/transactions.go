package runs

import (
	"context"
	"database/sql"
	"fmt"
)

// add takes what is to be written, and writes where that is enough for a
// transaction.
func (in *Ingest) add(ctx context.Context, rows int, write func(context.Context) error) error {
	in.pending = append(in.pending, write)
	in.rows += rows
	if in.rows < pendingRows {
		return nil
	}
	return in.flush(ctx)
}

// flush writes what is pending in one transaction.
func (in *Ingest) flush(ctx context.Context) error {
	if len(in.pending) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err := in.transact(ctx)
	in.pending, in.rows = nil, 0
	if err != nil {
		in.failed = fmt.Errorf("ingesting into the store %s: %w", in.store.path, explained(in.store.path, err))
	}
	return in.failed
}

func (in *Ingest) transact(ctx context.Context) error {
	err := patient(ctx, func() error {
		_, err := in.conn.ExecContext(ctx, `BEGIN IMMEDIATE`)
		return err
	})
	if err != nil {
		return err
	}
	// A statement that can be cancelled costs a goroutine; a transaction takes
	// about a second at most.
	ctx = context.WithoutCancel(ctx)
	for _, write := range in.pending {
		if err = write(ctx); err != nil {
			break
		}
	}
	if err == nil {
		_, err = in.conn.ExecContext(ctx, `COMMIT`)
	}
	if err != nil {
		_, _ = in.conn.ExecContext(ctx, `ROLLBACK`) // the first error is the one to tell
	}
	return err
}

// prepare returns the statement, which is prepared once.
func (in *Ingest) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if statement := in.statements[query]; statement != nil {
		return statement, nil
	}
	statement, err := in.conn.PrepareContext(ctx, query)
	if err == nil {
		in.statements[query] = statement
	}
	return statement, err
}

// exec runs a statement that is run often.
func (in *Ingest) exec(ctx context.Context, query string, arguments ...any) (sql.Result, error) {
	statement, err := in.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return statement.ExecContext(ctx, arguments...)
}

// id runs a statement that is run often and gives one id.
func (in *Ingest) id(ctx context.Context, query string, arguments ...any) (int64, error) {
	statement, err := in.prepare(ctx, query)
	if err != nil {
		return 0, err
	}
	var id int64
	err = statement.QueryRowContext(ctx, arguments...).Scan(&id)
	return id, err
}
