package external

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// path is where a word of the command line leads, from the folder of the settings.
func (s Settings) path(word string) string {
	if filepath.IsAbs(word) {
		return word
	}
	return filepath.Join(s.Folder, word)
}

// program is the file of the program.
func (s Settings) program() (string, error) {
	name := s.Run[0]
	if strings.Contains(name, "/") {
		var err error
		if name, err = filepath.Abs(s.path(name)); err != nil {
			return "", err
		}
	}
	file, err := exec.LookPath(name)
	var failed *exec.Error
	switch {
	case err == nil:
		return file, nil
	case errors.Is(err, exec.ErrNotFound):
		return "", fmt.Errorf("there is no program %s in PATH", s.Run[0])
	case errors.As(err, &failed):
		err = failed.Err
	}
	return "", fmt.Errorf("the program %s cannot be run: %w", s.Run[0], err)
}

// scripts are the endings of files that are given to a program to be run.
var scripts = []string{".py", ".sh", ".pl", ".rb", ".js", ".R", ".awk", ".jl", ".lua", ".php"}

// Check tells, without running it, whether the program is there and may be run, and a
// script that is its first argument.
func (s Settings) Check() error {
	if _, err := s.program(); err != nil {
		return err
	}
	if len(s.Run) == 1 || !slices.Contains(scripts, filepath.Ext(s.Run[1])) || strings.HasPrefix(s.Run[1], "-") || strings.ContainsAny(s.Run[1], " \n") {
		return nil
	}
	if file := s.path(s.Run[1]); !isFile(file) {
		return fmt.Errorf("there is no file %s", file)
	}
	return nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// fileIn is the path of the file that a word of the command line names, the part of the
// word before its name, and false where it names none: a program that is looked for in
// PATH is none, and of an option such as --config=judge.toml it is what stands behind
// the sign.
func (s Settings) fileIn(place int) (before, path string, ok bool) {
	word := s.Run[place]
	if place == 0 && !strings.Contains(word, "/") || word == "" {
		return "", "", false
	}
	if path := s.path(word); isFile(path) {
		return "", path, true
	}
	option, name, found := strings.Cut(word, "=")
	if found && name != "" && strings.HasPrefix(word, "-") && isFile(s.path(name)) {
		return option + "=", s.path(name), true
	}
	return "", "", false
}

// Hash is the SHA-256 of the command line, in hexadecimal. For a file that the line names
// its content counts, which hash gives, and not its path.
func (s Settings) Hash(ctx context.Context, hash func(ctx context.Context, path string) (string, error)) (string, error) {
	sum := sha256.New()
	for place, word := range s.Run {
		before, path, isFile := s.fileIn(place)
		if !isFile {
			fmt.Fprintf(sum, "word %q\n", word)
			continue
		}
		content, err := hash(ctx, path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "file %q %s\n", before, content)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Told is the command line as signatures tell it: files by their names and the first 8
// digits of the SHA-256 of their content.
func (s Settings) Told() (string, error) {
	var words []string
	for place, word := range s.Run {
		if before, path, ok := s.fileIn(place); ok {
			hash, err := hashFile(path)
			if err != nil {
				return "", err
			}
			word = before + filepath.Base(path) + "@" + hash[:8]
		}
		words = append(words, word)
	}
	return strings.Join(words, " "), nil
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
