// Package foreign reads files that may be a stranger's. One that is no regular file is
// refused: a pipe could be waited for, and a device be read, without end.
package foreign

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"lastmile/harness/jsonfile"
)

// Most is the most bytes that a file may have which [Read] reads: a tokenizer of a
// million tokens has a tenth.
const Most = 512 << 20

// Check tells whether the file of a name is a regular one.
func Check(name string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is %s, expected a file", name, kind(info.Mode()))
	}
	return nil
}

// kind says what a file is that is no regular one.
func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeDevice != 0:
		return "a device"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "no regular file"
}

// Open opens a regular file for reading.
func Open(name string) (*os.File, error) {
	info, err := os.Stat(name)
	if err == nil {
		err = Check(name, info)
	}
	if err != nil {
		return nil, opening(err)
	}
	return os.Open(name)
}

// Read reads a regular file of at most [Most] bytes, which is no pointer of Git LFS.
func Read(name string) ([]byte, error) {
	info, err := os.Stat(name)
	return read(name, info, err, func() ([]byte, error) { return os.ReadFile(name) })
}

// ReadFS is Read for a file in fsys.
func ReadFS(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	return read(name, info, err, func() ([]byte, error) { return fs.ReadFile(fsys, name) })
}

func read(name string, info fs.FileInfo, err error, all func() ([]byte, error)) ([]byte, error) {
	if err == nil {
		err = Check(name, info)
	}
	if err != nil {
		return nil, opening(err)
	}
	if info.Size() > Most {
		return nil, fmt.Errorf("%s has %d bytes, expected at most %d", name, info.Size(), Most)
	}
	text, err := all()
	if err == nil && IsPointer(text) {
		err = fmt.Errorf("%s is %w", name, ErrPointer)
	}
	if err != nil {
		return nil, err
	}
	return text, nil
}

// ReadJSON decodes a JSON file that [Read] reads. Its errors name the file.
func ReadJSON(name string, into any) error {
	text, err := Read(name)
	if err != nil {
		return err
	}
	if err := jsonfile.Unmarshal(text, into); err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	return nil
}

// opening says of an error that the file was to be opened: that it was looked at before
// is nobody's concern.
func opening(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		path.Op = "open"
	}
	return err
}

// PointerStart is what a file begins with that Git LFS keeps elsewhere.
const PointerStart = "version https://git-lfs.github.com/spec/"

// IsPointer tells whether a file that begins so is a pointer of Git LFS.
func IsPointer(start []byte) bool { return bytes.HasPrefix(start, []byte(PointerStart)) }

// ErrPointer is what is said of such a file, behind its name and "is".
var ErrPointer = errors.New("a pointer of Git LFS, and what it points to is elsewhere; get it by git lfs pull")
