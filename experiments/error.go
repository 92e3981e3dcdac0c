package experiments

import (
	"fmt"
	"slices"
	"strings"
)

// Position is where a sweep file says something. Line counts from 1, and is 0
// where a mistake belongs to a whole file or to an option of the command line.
type Position struct {
	File string
	Line int
}

// Error is one mistake in a sweep file or in an option that changes it.
type Error struct {
	// Position is the file as the user named it, and the line; or the option
	// ("--set", "--where").
	Position
	// Key is the dotted key that the mistake is about; it may be empty.
	Key string
	// Message says what was found and what was expected.
	Message string
}

// Error renders "FILE:LINE: KEY: MESSAGE", without the parts that are unknown.
func (e Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d", e.Line)
		}
		b.WriteString(": ")
	}
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(e.Message)
	return b.String()
}

// Errors are all the mistakes of a sweep, file by file and line by line. It is
// the type of every error that [Schema.Load] returns, and means that the user's input
// is wrong and that nothing was computed.
type Errors []Error

// Error renders one mistake a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, mistake := range e {
		lines[i] = mistake.Error()
	}
	return strings.Join(lines, "\n")
}

// mistakes gathers the mistakes of a sweep.
type mistakes struct {
	found Errors
	seen  map[Error]bool
}

// add appends a mistake once, however many runs it shows in.
func (m *mistakes) add(at Position, key, format string, values ...any) {
	mistake := Error{Position: at, Key: key, Message: fmt.Sprintf(format, values...)}
	if m.seen[mistake] {
		return
	}
	if m.seen == nil {
		m.seen = map[Error]bool{}
	}
	m.seen[mistake] = true
	m.found = append(m.found, mistake)
}

func (m *mistakes) any() bool { return len(m.found) > 0 }

// enough tells whether there are as many mistakes as anyone reads at once.
func (m *mistakes) enough() bool { return len(m.found) >= mostMistakes }

// err returns the mistakes as an error, nil where there are none: those of each
// file by line, and the files in the order in which they first appear.
func (m *mistakes) err() error {
	if !m.any() {
		return nil
	}
	order := map[string]int{}
	for _, mistake := range m.found {
		if _, seen := order[mistake.File]; !seen {
			order[mistake.File] = len(order)
		}
	}
	slices.SortStableFunc(m.found, func(a, b Error) int {
		if a.File != b.File {
			return order[a.File] - order[b.File]
		}
		return a.Line - b.Line
	})
	if len(m.found) >= mostMistakes {
		return append(m.found[:mostMistakes:mostMistakes], Error{Message: fmt.Sprintf("these are the first %d mistakes; there may be more", mostMistakes)})
	}
	return m.found
}
