package runs

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "github.com/mattn/go-sqlite3"
)

// Path is the store's file in a work folder.
func Path(work string) string { return filepath.Join(work, "lastmile.db") }

//go:embed schema
var schema embed.FS

// migrations lists the files of the folder schema; the file at index i brings
// a store from version i to version i+1. A file that was released is never
// changed again.
var migrations = []string{"schema/1.sql", "schema/2.sql", "schema/3.sql"}

// Store is an open SQLite file. Its methods may be called from several
// goroutines.
type Store struct {
	db   *sql.DB
	path string
}

// Open opens the store at path, makes it where there is none, and migrates
// one of an older version.
func Open(ctx context.Context, path string) (*Store, error) {
	scripts := make([]string, len(migrations))
	for i, name := range migrations {
		script, err := schema.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the schema: %w", err)
		}
		scripts[i] = string(script)
	}
	return open(ctx, path, scripts)
}

// open is Open with the migrations given.
func open(ctx context.Context, path string, scripts []string) (*Store, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	if info, err := os.Stat(absolute); err == nil && !info.Mode().IsRegular() {
		return nil, refused(path, "it is no regular file")
	}
	source := "file:" + (&url.URL{Path: absolute}).EscapedPath() + "?" + url.Values{
		"_busy_timeout": {fmt.Sprint(nap.Milliseconds())},
		"_foreign_keys": {"on"},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"NORMAL"},
		// A transaction takes the write lock when it begins: one that reads
		// first and then writes could not wait for another writer.
		"_txlock": {"immediate"},
	}.Encode()
	db, err := sql.Open("sqlite3", source)
	if err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	s := &Store{db: db, path: path}
	// Turning a new file to WAL does not wait for another process that is doing
	// the same, whatever the busy timeout.
	if err := patient(ctx, func() error { return s.db.PingContext(ctx) }); err != nil {
		db.Close()
		return nil, fmt.Errorf("opening the store %s: %w", path, explained(path, err))
	}
	if err := s.migrate(ctx, scripts); err != nil {
		db.Close()
		return nil, err
	}
	return s, nil
}

// migrate brings the file to the newest version, in one transaction.
func (s *Store) migrate(ctx context.Context, scripts []string) error {
	var version int
	err := patient(ctx, func() (err error) {
		version, err = s.version(ctx, s.db)
		return err
	})
	if err != nil {
		return err
	}
	if version > len(scripts) {
		return refused(s.path, fmt.Sprintf("it has schema version %d, and this lastmile knows versions up to %d: use a newer lastmile, or another file", version, len(scripts)))
	}
	check := s.checkShape
	if version == 0 {
		check = s.checkEmpty
	}
	if err := check(ctx); err != nil {
		return err
	}
	if version == len(scripts) {
		return nil
	}
	return s.write(ctx, "migrating", func(tx *sql.Tx) error {
		// Another process may have migrated while this one waited.
		version, err := s.version(ctx, tx)
		if err != nil {
			return err
		}
		for ; version < len(scripts); version++ {
			if _, err := tx.ExecContext(ctx, scripts[version]); err != nil {
				return fmt.Errorf("from version %d to %d: %w", version, version+1, err)
			}
			if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version+1)); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkShape refuses a store from the time when version 1 was still being made.
func (s *Store) checkShape(ctx context.Context) error {
	var columns int
	err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM pragma_table_info('scores') WHERE name = 'by_example'`).Scan(&columns)
	if err != nil {
		return fmt.Errorf("opening the store %s: %w", s.path, explained(s.path, err))
	}
	if columns == 0 {
		return refused(s.path, "a lastmile from before the first release made it: delete the file and run the sweep again, which brings its results back from the folders of its stages and computes nothing")
	}
	return nil
}

// checkEmpty refuses the database of another program, which has tables and no version of
// ours.
func (s *Store) checkEmpty(ctx context.Context) error {
	var table string
	err := patient(ctx, func() error {
		// Another process may migrate meanwhile: it has a version then.
		return s.db.QueryRowContext(ctx, `SELECT name FROM sqlite_master WHERE type = 'table' AND NOT EXISTS (
			SELECT 1 FROM pragma_user_version WHERE user_version > 0) ORDER BY name LIMIT 1`).Scan(&table)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening the store %s: %w", s.path, explained(s.path, err))
	}
	return refused(s.path, fmt.Sprintf("it is another program's database, with a table %s", table))
}

// querier is what *sql.DB and *sql.Tx share.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (s *Store) version(ctx context.Context, q querier) (int, error) {
	var version int
	if err := q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, fmt.Errorf("reading the schema version of the store %s: %w", s.path, explained(s.path, err))
	}
	return version, nil
}

// Path returns the path that the store was opened with.
func (s *Store) Path() string { return s.path }

// Close closes the file.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("closing the store %s: %w", s.path, err)
	}
	return nil
}

// write runs f in a transaction of its own. doing names the work in errors.
func (s *Store) write(ctx context.Context, doing string, f func(*sql.Tx) error) error {
	var tx *sql.Tx
	err := patient(ctx, func() (err error) {
		tx, err = s.db.BeginTx(ctx, nil)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s in the store %s: %w", doing, s.path, explained(s.path, err))
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback() // the first error is the one to tell
		return fmt.Errorf("%s in the store %s: %w", doing, s.path, explained(s.path, err))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s in the store %s: %w", doing, s.path, err)
	}
	return nil
}
