package graph

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// hashes are those of files that stages read and that no stage made. They are kept
// by path, size and time of change, in a file of the work folder: a model of many
// gigabytes is read once.
type hashes struct {
	path    string // of the file that keeps them
	known   map[string]fileHash
	changed bool
}

// fileHash is the hash of a file as it was.
type fileHash struct {
	Size   int64  `json:"size"`
	Time   int64  `json:"time"` // of the last change, in nanoseconds
	SHA256 string `json:"sha256"`
}

func openHashes(work string) *hashes {
	h := &hashes{path: filepath.Join(work, "hashes.json"), known: map[string]fileHash{}}
	// Without the file, or with a damaged one, all is hashed again.
	if text, err := os.ReadFile(h.path); err == nil && json.Unmarshal(text, &h.known) != nil {
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
func (h *hashes) File(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if known, ok := h.known[path]; ok && known.Size == info.Size() && known.Time == info.ModTime().UnixNano() {
		return known.SHA256, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	hash := hex.EncodeToString(sum.Sum(nil))
	h.known[path] = fileHash{info.Size(), info.ModTime().UnixNano(), hash}
	h.changed = true
	return hash, nil
}
