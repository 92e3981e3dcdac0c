package external

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
)

// keptAnswers is a file to which answers are added as they come.
type keptAnswers struct {
	path string
	file *os.File // nil until there is one to add
	torn bool     // whether its last line has no end
}

// keptAnswer is a line of it.
type keptAnswer struct {
	Of      string    `json:"of"` // the item's identity
	Numbers []float64 `json:"numbers"`
	Sum     uint32    `json:"sum"` // of the line with a sum of 0
}

func (a keptAnswer) line() ([]byte, error) {
	a.Sum = 0
	line, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	a.Sum = crc32.ChecksumIEEE(line)
	line, err = json.Marshal(a)
	return append(line, '\n'), err
}

// read returns the answers in the file, each of so many numbers. A line that is not as it
// was written is left out, as the last is of a process that was killed.
func (k *keptAnswers) read(numbers int) (map[identity][]float64, error) {
	known := map[identity][]float64{}
	text, err := os.ReadFile(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err != nil {
		return nil, err
	}
	k.torn = len(text) > 0 && !bytes.HasSuffix(text, []byte("\n"))
	for line := range bytes.Lines(text) {
		var a keptAnswer
		if json.Unmarshal(line, &a) != nil || len(a.Numbers) != numbers {
			continue
		}
		as, err := a.line()
		of, bad := hex.DecodeString(a.Of)
		if err == nil && bad == nil && len(of) == len(identity{}) && bytes.Equal(as, line) {
			known[identity(of)] = a.Numbers
		}
	}
	return known, nil
}

// add adds an answer.
func (k *keptAnswers) add(of identity, numbers []float64) error {
	if k.file == nil {
		if err := os.MkdirAll(filepath.Dir(k.path), 0o777); err != nil {
			return err
		}
		var err error
		if k.file, err = os.OpenFile(k.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666); err != nil {
			return err
		}
	}
	line, err := keptAnswer{Of: hex.EncodeToString(of[:]), Numbers: numbers}.line()
	if err != nil {
		return err
	}
	if k.torn {
		line, k.torn = append([]byte("\n"), line...), false
	}
	_, err = k.file.Write(line)
	return err
}

func (k *keptAnswers) close() error {
	if k.file == nil {
		return nil
	}
	err := k.file.Close()
	k.file = nil
	return err
}

// KeepIn has answers kept in a file as they come, and takes what it holds for answered: a
// process that asks and is interrupted asks nothing twice. An answer without its text's id
// is not kept, since it may turn out to be another text's.
func (m *Measures) KeepIn(path string) error {
	m.kept = &keptAnswers{path: path}
	known, err := m.kept.read(len(m.process.Numbers))
	if err != nil {
		return fmt.Errorf("the command %s: reading its answers: %w", m.process.Name, err)
	}
	m.known = known
	m.process.answered = func(item Item, numbers []float64) error {
		if err := m.kept.add(item.identity(), numbers); err != nil {
			return fmt.Errorf("the command %s: keeping its answers: %w", m.process.Name, err)
		}
		return nil
	}
	return nil
}
