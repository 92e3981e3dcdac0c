// Package kept keeps numbers that take long to compute in a file, as they come, so that a
// process that is interrupted computes nothing twice.
//
// A line of the file is a JSON object: "of", which tells what the numbers are of, the
// "numbers", and a "sum" by which a line that is not as it was written is known, such as
// the last of a process that was killed. It is left out, and so are numbers of what nobody
// asks about any more.
package kept

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"lastmile/harness/stage"
)

// File is such a file. It belongs to one goroutine.
type File struct {
	path  string
	known map[string][]float64
	file  *os.File // nil until there is something to add
	torn  bool     // whether the last line has no end
}

// line is one of the file.
type line struct {
	Of      string    `json:"of"`
	Numbers []float64 `json:"numbers"`
	Sum     uint32    `json:"sum"` // of the line with a sum of 0
}

func (l line) text() ([]byte, error) {
	l.Sum = 0
	text, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	l.Sum = crc32.ChecksumIEEE(text)
	text, err = json.Marshal(l)
	return append(text, '\n'), err
}

// Open reads what there is at path, which may be nothing: the file is made when there is
// something to keep.
func Open(path string) (*File, error) {
	f := &File{path: path, known: map[string][]float64{}}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	f.torn = len(text) > 0 && !bytes.HasSuffix(text, []byte("\n"))
	for as := range bytes.Lines(text) {
		var l line
		if json.Unmarshal(as, &l) != nil {
			continue
		}
		if again, err := l.text(); err == nil && bytes.Equal(again, as) {
			f.known[l.Of] = l.Numbers
		}
	}
	return f, nil
}

// Numbers returns what was kept of something, where it is so many numbers.
func (f *File) Numbers(of string, n int) ([]float64, bool) {
	numbers, ok := f.known[of]
	return numbers, ok && len(numbers) == n
}

// Add keeps numbers. Those that JSON has no word for, NaN and the infinities, it does not
// keep.
func (f *File) Add(of string, numbers []float64) error {
	for _, x := range numbers {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil
		}
	}
	text, err := line{Of: of, Numbers: numbers}.text()
	if err != nil {
		return err
	}
	if f.file == nil {
		if err := os.MkdirAll(filepath.Dir(f.path), 0o777); err != nil {
			return err
		}
		if f.file, err = os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666); err != nil {
			return err
		}
	}
	if f.torn {
		text, f.torn = append([]byte("\n"), text...), false
	}
	if _, err := f.file.Write(text); err != nil {
		return err
	}
	f.known[of] = numbers
	return nil
}

// Once returns so many numbers of something, any value that JSON can tell from others:
// those that were kept, or else those that compute returns, which it keeps. A File that is
// nil keeps nothing.
func (f *File) Once(of any, n int, compute func() ([]float64, error)) ([]float64, error) {
	if f == nil {
		return compute()
	}
	name, err := stage.Sum(of)
	if err != nil {
		return nil, err
	}
	if numbers, ok := f.Numbers(name, n); ok {
		return numbers, nil
	}
	numbers, err := compute()
	if err != nil {
		return nil, err
	}
	if err := f.Add(name, numbers); err != nil {
		return nil, fmt.Errorf("keeping what was computed: %w", err)
	}
	return numbers, nil
}

// Close closes the file, which a nil File has not.
func (f *File) Close() error {
	if f == nil || f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}
