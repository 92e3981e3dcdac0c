package harness

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"lastmile/experiments"
	"lastmile/experiments/builtin"
	"lastmile/experiments/data"
	splits "lastmile/harness/data"
)

// contents hashes what stages read that no stage made. The hashes of files are
// kept by path, size and time of change, in a file of the work folder: a model
// of many gigabytes is read once.
type contents struct {
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

func openContents(work string) *contents {
	c := &contents{path: filepath.Join(work, "hashes.json"), known: map[string]fileHash{}}
	// Without the file, or with a damaged one, all is hashed again.
	if text, err := os.ReadFile(c.path); err == nil && json.Unmarshal(text, &c.known) != nil {
		c.known = map[string]fileHash{}
	}
	return c
}

// save keeps the hashes for the next time. A folder that cannot be written to
// only makes the next time slower.
func (c *contents) save() {
	if !c.changed {
		return
	}
	if text, err := json.MarshalIndent(c.known, "", "  "); err == nil {
		temporary := fmt.Sprintf("%s.%d", c.path, os.Getpid())
		if os.WriteFile(temporary, text, 0o666) == nil && os.Rename(temporary, c.path) == nil {
			return
		}
		_ = os.Remove(temporary)
	}
}

// task returns the hash of a task's data.
func (c *contents) task(task experiments.Task) (string, error) {
	if task.Data != userFiles {
		return embeddedHash()
	}
	sum := sha256.New()
	for _, path := range []string{task.Files.Train, task.Files.Dev, task.Files.Test} {
		hash, err := c.file(path)
		if err != nil {
			return "", fmt.Errorf("reading the task's data: %w", err)
		}
		fmt.Fprintln(sum, hash)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// model returns the hash of a model that is there already: of the files of a
// Hugging Face folder that say what the model is.
func (c *contents) model(path string) (string, error) {
	sum := sha256.New()
	if path == builtinModel {
		err := fs.WalkDir(builtin.Files, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			f, err := builtin.Files.Open(name)
			if err != nil {
				return err
			}
			defer f.Close()
			fmt.Fprintln(sum, name)
			_, err = io.Copy(sum, f)
			return err
		})
		if err != nil {
			return "", fmt.Errorf("reading the model that ships with lastmile: %w", err)
		}
		return hex.EncodeToString(sum.Sum(nil)), nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return "", fmt.Errorf("reading the model: %w", err)
	}
	for _, entry := range entries {
		switch filepath.Ext(entry.Name()) {
		case ".json", ".safetensors", ".txt", ".model", ".jinja":
			hash, err := c.file(filepath.Join(path, entry.Name()))
			if err != nil {
				return "", fmt.Errorf("reading the model: %w", err)
			}
			fmt.Fprintln(sum, entry.Name(), hash)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// scorer returns the hash of what a scorer's training reads besides its inputs:
// the encoder that it starts from and the ratings; "" for neither.
func (c *contents) scorer(config experiments.Scorer) (string, error) {
	if config.Path == "" && config.Ratings == "" {
		return "", nil
	}
	sum := sha256.New()
	if config.Path != "" {
		hash, err := c.model(config.Path)
		if err != nil {
			return "", fmt.Errorf("scorer.path: %w", err)
		}
		fmt.Fprintln(sum, "path", hash)
	}
	if config.Ratings != "" {
		hash, err := c.file(config.Ratings)
		if err != nil {
			return "", fmt.Errorf("scorer.ratings: %w", err)
		}
		fmt.Fprintln(sum, "ratings", hash)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// file returns the hash of a file.
func (c *contents) file(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if known, ok := c.known[path]; ok && known.Size == info.Size() && known.Time == info.ModTime().UnixNano() {
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
	c.known[path] = fileHash{info.Size(), info.ModTime().UnixNano(), hash}
	c.changed = true
	return hash, nil
}

// embeddedHash returns the hash of the data set that ships with lastmile.
var embeddedHash = sync.OnceValues(func() (string, error) {
	sum := sha256.New()
	for _, split := range splits.Splits() {
		r, err := data.Open(split)
		if err != nil {
			return "", err
		}
		defer r.Close()
		fmt.Fprintln(sum, split)
		if _, err := io.Copy(sum, r); err != nil {
			return "", fmt.Errorf("reading the data set %s: %w", data.DebianDescriptions, err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
})
