package foreign

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestOnlyRegularFilesAreRead(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(
		os.WriteFile(at("file"), []byte("text"), 0o666),
		os.Symlink("file", at("link")),
		os.Mkdir(at("folder"), 0o777),
		syscall.Mkfifo(at("pipe"), 0o666),
		os.Symlink("/dev/zero", at("device")),
		os.WriteFile(at("large"), nil, 0o666),
		os.Truncate(at("large"), Most+1), // without blocks
		os.WriteFile(at("pointer"), []byte(PointerStart+"v1\n"), 0o666),
	); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"file": "", "link": "", "folder": "a folder, expected a file", "pipe": "a pipe, expected a file",
		"device": "a device, expected a file", "large": "bytes, expected at most", "nowhere": "no such file",
		"pointer": "a pointer of Git LFS",
	} {
		text, err := Read(at(name))
		inFS, errFS := ReadFS(os.DirFS(dir), name)
		if want == "" {
			if string(text) != "text" || err != nil || string(inFS) != "text" || errFS != nil {
				t.Errorf("%s: %q, %v, %q, %v", name, text, err, inFS, errFS)
			}
			continue
		}
		f, openErr := Open(at(name))
		if name == "large" || name == "pointer" {
			f.Close()
			openErr = err
		}
		for _, err := range []error{err, errFS, openErr} {
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: %v, expected %q", name, err, want)
			}
		}
	}
	if _, err := Read(at("nowhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}
