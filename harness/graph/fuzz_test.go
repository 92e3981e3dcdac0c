package graph

import (
	"os"
	"path/filepath"
	"testing"

	"lastmile/harness/fuzztest"
	"lastmile/harness/stage"
)

// FuzzHashes reads the hashes of files that are remembered in a work folder: whatever
// they are, a file has its own.
func FuzzHashes(f *testing.F) {
	work := f.TempDir()
	file := filepath.Join(work, "file")
	if err := os.WriteFile(file, []byte("content"), 0o600); err != nil {
		f.Fatal(err)
	}
	want, _, err := stage.HashFile(f.Context(), file)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"` + file + `": {"size": 7, "sha256": "x", "hashed": 0}}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(filepath.Join(work, "hashes.json"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		fuzztest.Bounded(t, 64<<20, func() {
			h := openHashes(work)
			if got, err := h.File(t.Context(), file); err != nil || got != want {
				t.Errorf("the hash is %s, %v, not %s", got, err, want)
			}
			h.save()
			if got, err := openHashes(work).File(t.Context(), file); err != nil || got != want {
				t.Errorf("kept and read again, the hash is %s, %v, not %s", got, err, want)
			}
		})
	})
}
