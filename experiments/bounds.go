package experiments

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// A sweep file may be a stranger's, or the wrong file: what no sweep needs is
// refused before it takes time and memory.
const (
	mostBytes      = 4 << 20 // of a file
	mostStatements = 200_000 // of a file
	mostNesting    = 64      // lists and tables within each other
	mostMistakes   = 100     // that are listed
)

// readFile reads a sweep file, which must be a regular one.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("expected a file, found " + found(info.Mode()))
	case info.Size() > mostBytes:
		return nil, fmt.Errorf("it has %d bytes, and no sweep file has more than %d", info.Size(), mostBytes)
	}
	return os.ReadFile(path)
}

// found says what is there in place of a file.
func found(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	}
	return "a device"
}

// tooDeep tells in which line of a TOML text lists and tables stand too deep
// within each other, 0 where none do. The decoder calls itself for each.
func tooDeep(text string) int {
	depth, line := 0, 1
	for text != "" {
		n := 1
		switch c := text[0]; c {
		case '\n':
			line++
			if depth < 0 {
				depth = 0
			}
		case '#':
			if n = strings.IndexByte(text, '\n'); n < 0 {
				return 0
			}
		case '"', '\'':
			n = quoted(text, string(c))
		case '[', '{':
			if depth++; depth > mostNesting {
				return line
			}
		case ']', '}':
			depth--
		}
		line += strings.Count(text[1:n], "\n")
		text = text[n:]
	}
	return 0
}

// quoted returns the length of the string at the beginning of a text, up to its end
// or, in one of a single line, the line's.
func quoted(text, mark string) int {
	end := mark
	if strings.HasPrefix(text, mark+mark+mark) {
		end = mark + mark + mark
	}
	for i := len(end); i < len(text); i++ {
		switch {
		case text[i] == '\\' && mark == `"`:
			i++
		case strings.HasPrefix(text[i:], end):
			return i + len(end)
		case text[i] == '\n' && end == mark:
			return i
		}
	}
	return len(text)
}
