package runs

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// released are the migrations.
func released(t *testing.T) []string {
	t.Helper()
	var scripts []string
	for _, name := range migrations {
		script, err := schema.ReadFile(name)
		must(t, err)
		scripts = append(scripts, string(script))
	}
	return scripts
}

func TestTemperaturesThatWereTriedBecomeWords(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "store.db")
	old, err := open(ctx, path, released(t)[:1])
	must(t, err)
	_, err = old.db.Exec(`
		INSERT INTO stages (id, key, kind, part, version, started, seconds, tokens, peak_memory_bytes, threads) VALUES
			(1, 'a', 'decode', '{}', 1, '', 0, 0, 0, 1), (2, 'b', 'decode', '{}', 1, '', 0, 0, 0, 1);
		INSERT INTO decodings VALUES (1, 0.5), (2, 1);
		INSERT INTO tried_temperatures VALUES (1, 1, 0.25), (1, 0.5, 0.75)`)
	must(t, err)
	must(t, old.Close())
	s := openAt(t, path)
	for query, want := range map[string]string{
		`SELECT group_concat(stage || ' ' || chosen, '; ') FROM decodings`:                                            "1 temperature 0.5; 2 ",
		`SELECT group_concat(stage || ' ' || position || ' ' || decoding || ' ' || score, '; ') FROM tried_decodings`: "1 0 temperature 0.5 0.75; 1 1 temperature 1 0.25",
	} {
		var got string
		must(t, s.db.QueryRow(query).Scan(&got))
		if got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

func TestMigrationKeepsWhatThereIs(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "a b?c#.db")
	old := openAt(t, path)
	ingestSweep(t, old, 3)
	before := dump(t, old)
	must(t, old.Close())

	scripts := released(t)
	next := `ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT 'none'; CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT;`
	newer, err := open(ctx, path, append(scripts, next))
	must(t, err)
	if got := dump(t, newer); got != before {
		t.Errorf("the migration changed what was there:\n%s\nbefore:\n%s", got, before)
	}
	if n := count(t, newer, `SELECT count(*) FROM runs WHERE note = 'none'`); n != 4 {
		t.Errorf("%d runs have the new column, want 4", n)
	}
	must(t, newer.Close())

	_, err = Open(ctx, path)
	if err == nil || !strings.Contains(err.Error(), fmt.Sprint("schema version ", len(scripts)+1)) || !strings.Contains(err.Error(), fmt.Sprint("up to ", len(scripts))) {
		t.Errorf("opening a newer store: %v", err)
	}
}

// A store of version 1 gets the tables of what was measured later, and keeps its rows.
func TestAStoreOfVersionOneGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	old, err := open(t.Context(), path, released(t)[:1])
	must(t, err)
	must(t, add(t, old, func(in *Ingest) error {
		return in.Run(t.Context(), Run{Name: "a", Config: []byte("{}")}, State{Status: Planned}, nil)
	}))
	must(t, old.Close())
	s := openAt(t, path)
	ingestSweep(t, s, 2)
	if runs, measures := count(t, s, `SELECT count(*) FROM runs`), count(t, s, `SELECT count(*) FROM v_reward_samples`); runs != 5 || measures != 8 {
		t.Errorf("%d runs and %d measures", runs, measures)
	}
}

func TestFailedMigrationChangesNothing(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "store.db")
	must(t, openAt(t, path).Close())
	scripts := released(t)
	_, err := open(ctx, path, append(scripts, `CREATE TABLE notes (id INTEGER) STRICT; CREATE TABLE runs (id INTEGER)`))
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("from version %d to %d", len(scripts), len(scripts)+1)) {
		t.Fatalf("a migration that cannot be: %v", err)
	}
	s := openAt(t, path)
	if n := count(t, s, `SELECT count(*) FROM sqlite_schema WHERE name = 'notes'`); n != 0 {
		t.Error("half of the failed migration is there")
	}
}

func TestOpenRefusesWhatIsNotAStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	must(t, os.WriteFile(path, []byte(strings.Repeat("this is not a database\n", 100)), 0o644))
	_, err := Open(context.Background(), path)
	if err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("opening a text file: %v", err)
	}
}

func TestOpenRefusesAStoreOfBeforeTheRelease(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path)
	_, err := s.db.Exec(`DROP VIEW v_scores; DROP VIEW v_summary; DROP TABLE scores`)
	must(t, err)
	if _, err := Open(context.Background(), path); err == nil || !strings.Contains(err.Error(), "delete the file") {
		t.Errorf("opening an old store: %v", err)
	}
}

func TestWALAndForeignKeys(t *testing.T) {
	s := openStore(t)
	var mode string
	must(t, s.db.QueryRow(`PRAGMA journal_mode`).Scan(&mode))
	if mode != "wal" {
		t.Errorf("journal mode %s, want wal", mode)
	}
	if n := count(t, s, `PRAGMA foreign_keys`); n != 1 {
		t.Error("foreign keys are off")
	}
	if n := count(t, s, `SELECT count(*) FROM pragma_table_list WHERE type = 'table' AND schema = 'main' AND name NOT LIKE 'sqlite_%' AND NOT strict`); n != 0 {
		t.Errorf("%d tables are not STRICT", n)
	}
}

func TestTheSchemaRejectsWhatIsWrong(t *testing.T) {
	s := openStore(t)
	ingestSweep(t, s, 2)
	for name, statement := range map[string]string{
		"text for a number":         `UPDATE stages SET seconds = 'long'`,
		"scores that are no list":   `UPDATE scores SET by_example = '[1'`,
		"an unknown form":           `UPDATE scores SET form = 'cooked'`,
		"of outputs":                `UPDATE stages SET form = 'cooked'`,
		"an unknown status":         `UPDATE runs SET status = 'lost'`,
		"failed, no reason":         `UPDATE runs SET status = 'failed'`,
		"done, with reason":         `UPDATE runs SET reason = 'none'`,
		"not JSON":                  `UPDATE runs SET config = '{'`,
		"no such example":           `INSERT INTO outputs SELECT stage, 999, text, tokens, ended FROM outputs LIMIT 1`,
		"no such stage":             `UPDATE run_stages SET stage = 999`,
		"accuracy above 1":          `UPDATE reward_accuracies SET accuracy = 1.1`,
		"ended more than 1":         `UPDATE outputs SET ended = 2`,
		"a value that is no number": `UPDATE curves SET value = NULL`,
	} {
		if _, err := s.db.Exec(statement); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestIngestingTwiceIsIngestingOnce(t *testing.T) {
	s := openStore(t)
	ingestSweep(t, s, 5)
	before := dump(t, s)
	ingestSweep(t, s, 5)
	if dump(t, s) != before {
		t.Error("the second ingest changed the store")
	}
	rebuilt := openStore(t)
	ingestSweep(t, rebuilt, 5)
	if dump(t, rebuilt) != before {
		t.Error("a rebuilt store differs")
	}
}

func TestConcurrentIngestion(t *testing.T) {
	alone := openStore(t)
	ingestSweep(t, alone, 20)

	path := filepath.Join(t.TempDir(), "store.db")
	failures := make([]error, 4)
	var group sync.WaitGroup
	for i := range failures {
		group.Go(func() {
			s, err := Open(context.Background(), path)
			if err != nil {
				failures[i] = err
				return
			}
			defer s.Close()
			failures[i] = ingest(s, 20)
		})
	}
	group.Wait()
	for _, err := range failures {
		must(t, err)
	}
	if dump(t, openAt(t, path)) != dump(t, alone) {
		t.Error("four writers at once left another store than one alone")
	}
}
