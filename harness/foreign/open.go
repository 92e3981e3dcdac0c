// Package foreign reads files that may be a stranger's. One that is no regular file is
// refused: a pipe could be waited for, and a device be read, without end.
package foreign

import (
	"fmt"
	"io/fs"
	"os"
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
		return nil, err
	}
	return os.Open(name)
}

// Read reads a regular file of at most [Most] bytes.
func Read(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err == nil {
		err = readable(name, info)
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(name)
}

// ReadFS is Read for a file in fsys.
func ReadFS(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err == nil {
		err = readable(name, info)
	}
	if err != nil {
		return nil, err
	}
	return fs.ReadFile(fsys, name)
}

func readable(name string, info fs.FileInfo) error {
	if err := Check(name, info); err != nil {
		return err
	}
	if info.Size() > Most {
		return fmt.Errorf("%s has %d bytes, expected at most %d", name, info.Size(), Most)
	}
	return nil
}
