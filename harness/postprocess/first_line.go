package postprocess

import (
	"strings"
)

// firstLine keeps the first line that is not blank.
type firstLine struct{}

func newFirstLine(Settings) (Processor, error) { return firstLine{}, nil }

func (firstLine) Process(t Text) string {
	for line := range strings.Lines(t.Text) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return ""
}
