package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"lastmile/harness/stage"
)

// hashes are those of files that stages read and that no stage made. They are kept
// by path, size and times, in a file of the work folder: a model of many gigabytes is
// read once.
type hashes struct {
	path    string // of the file that keeps them
	known   map[string]fileHash
	changed bool
}

// fileHash is the hash of a file as it was.
type fileHash struct {
	Size int64 `json:"size"`
	stage.Times
	// Hashed is when it was hashed, in nanoseconds.
	Hashed int64  `json:"hashed"`
	SHA256 string `json:"sha256"`
}

// settled is how long before its hashing a file must have been changed for the hash to
// be believed: a change right after it could leave the times as they are, where those
// of a file system are whole seconds.
const settled = 2 * time.Second

// holds tells whether the hash is that of a file as it is now.
func (h fileHash) holds(info fs.FileInfo) bool {
	return h.Size == info.Size() && h.Times == stage.TimesOf(info) && max(h.Modified, h.Changed)+settled.Nanoseconds() < h.Hashed
}

func openHashes(work string) *hashes {
	h := &hashes{path: filepath.Join(work, "hashes.json"), known: map[string]fileHash{}}
	// Without the file, or with a damaged one, all is hashed again.
	if text, err := os.ReadFile(h.path); err == nil && (json.Unmarshal(text, &h.known) != nil || h.known == nil) {
		h.known = map[string]fileHash{}
	}
	return h
}

// save keeps the hashes for the next time. A folder that cannot be written to
// only makes the next time slower.
func (h *hashes) save() {
	if !h.changed {
		return
	}
	if text, err := json.MarshalIndent(h.known, "", "  "); err == nil {
		temporary := fmt.Sprintf("%s.%d", h.path, os.Getpid())
		if os.WriteFile(temporary, text, 0o666) == nil && os.Rename(temporary, h.path) == nil {
			return
		}
		_ = os.Remove(temporary)
	}
}

// File implements [stages.Hasher].
func (h *hashes) File(ctx context.Context, path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if known, ok := h.known[path]; ok && known.holds(info) {
		return known.SHA256, nil
	}
	begun := time.Now()
	hash, info, err := stage.HashFile(ctx, path)
	if err != nil {
		return "", err
	}
	h.known[path] = fileHash{info.Size(), stage.TimesOf(info), begun.UnixNano(), hash}
	h.changed = true
	return hash, nil
}
