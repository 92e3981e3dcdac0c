package graph

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestAFileChangedWithItsSizeAndTimeKeptIsHashedAgain also sees that an unchanged one
// is not.
func TestAFileChangedWithItsSizeAndTimeKeptIsHashedAgain(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "data", "one")
	path := filepath.Join(dir, "data")
	hash := func() string {
		t.Helper()
		h := openHashes(dir)
		sum, err := h.File(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		h.save()
		return sum
	}
	first := hash()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "data", "two")
	if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if hash() == first {
		t.Error("the old hash was believed")
	}
	h := openHashes(dir)
	known := h.known[path]
	if info, err = os.Stat(path); err != nil {
		t.Fatal(err)
	}
	if known.holds(info) {
		t.Error("a file that has just been changed is believed")
	}
	known.Hashed += time.Minute.Nanoseconds()
	if !known.holds(info) {
		t.Error("an old file is hashed again")
	}
	// A clock that was set back leaves files of the future.
	ahead := time.Now().Add(time.Hour)
	if err := os.Chtimes(path, ahead, ahead); err != nil {
		t.Fatal(err)
	}
	hash()
	if info, err = os.Stat(path); err != nil {
		t.Fatal(err)
	}
	if h = openHashes(dir); h.known[path].holds(info) {
		t.Error("a file of the future is believed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := openHashes(t.TempDir()).File(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("hashing when told to stop: %v", err)
	}
}

func TestPlanningEndsWithItsContext(t *testing.T) {
	s := sweep(t, threeVariants)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Plan(ctx, s, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	g := plan(t, s)
	if _, err := g.Status(ctx, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("status: %v", err)
	}
}
