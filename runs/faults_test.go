package runs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestADamagedStoreSaysThatItMayBeDeleted(t *testing.T) {
	const want = "may be deleted"
	for name, damage := range map[string]func(t *testing.T, path string, size int64){
		"no database": func(t *testing.T, path string, _ int64) {
			must(t, os.WriteFile(path, []byte(strings.Repeat("this is not a database\n", 1000)), 0o644))
		},
		"cut short": func(t *testing.T, path string, size int64) { must(t, os.Truncate(path, size/2)) },
		"a page of zeros": func(t *testing.T, path string, size int64) {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			must(t, err)
			for page := int64(1); page < size/4096; page++ {
				_, err = f.WriteAt(make([]byte, 4096), page*4096)
				must(t, err)
			}
			must(t, f.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "store.db")
			s := openAt(t, path)
			ingestSweep(t, s, 5)
			must(t, s.Check(t.Context()))
			must(t, s.Close())
			info, err := os.Stat(path)
			must(t, err)
			damage(t, path, info.Size())
			broken, err := Open(t.Context(), path)
			if err == nil {
				defer broken.Close()
				err = broken.Check(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%v", err)
			}
			if broken != nil {
				if err := ingest(broken, 6); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("ingesting: %v", err)
				}
			}
		})
	}
}

// TestWaitingForALockedStoreEndsWithTheContext holds the write lock, as another
// program may for hours.
func TestWaitingForALockedStoreEndsWithTheContext(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	s, other := openAt(t, path), openAt(t, path)
	held, err := other.db.Conn(t.Context())
	must(t, err)
	defer held.Close()
	_, err = held.ExecContext(t.Context(), `BEGIN IMMEDIATE`)
	must(t, err)
	in, err := s.Ingest(t.Context())
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	must(t, in.Run(ctx, Run{Name: "a", Config: []byte("{}")}, State{Status: Planned}, nil))
	if err := in.flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if took := time.Since(begin); took > time.Minute/2 {
		t.Errorf("it took %v", took)
	}
	_, err = held.ExecContext(t.Context(), `ROLLBACK`)
	must(t, err)
}

func TestAStoreThatCannotBeMadeSaysWhatIsBehindIt(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(folder, nil, 0o666))
	_, err := Open(t.Context(), filepath.Join(folder, "store.db"))
	if err == nil || !strings.Contains(err.Error(), "unable to open database file") || !strings.Contains(err.Error(), "nothing can be made in its folder: ") {
		t.Errorf("%v", err)
	}
}
