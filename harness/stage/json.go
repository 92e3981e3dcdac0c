package stage

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"lastmile/harness/jsonfile"
)

// ReadJSON decodes the JSON file at path. Its errors name the file; where there
// is none, the error is [io/fs.ErrNotExist].
func ReadJSON(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := jsonfile.Unmarshal(text, into); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}

// WriteJSON replaces the file at path by value as indented JSON, on disk as a
// whole or not at all. Its errors name the file.
func WriteJSON(path string, value any) error {
	text, err := encode(value)
	if err == nil {
		err = replaceFile(path, text, true)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// Sum is the SHA-256 of a value as JSON, in hexadecimal digits.
func Sum(value any) (string, error) {
	text, err := json.Marshal(value)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

// encode returns indented JSON that holds <, > and & as they are, so that raw
// JSON within value is the same once it is compact again.
func encode(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	return text.Bytes(), err
}

// replaceFile gives the file at path this content in one step. A durable one
// is on the disk before it has the name.
func replaceFile(path string, content []byte, durable bool) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails, as it should, once renamed
	err = f.Chmod(0o644)
	if err == nil {
		_, err = f.Write(content)
	}
	if err == nil && durable {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil && durable {
		err = syncPath(filepath.Dir(path))
	}
	return err
}
