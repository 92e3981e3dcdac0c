package external

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"lastmile/harness/fuzztest"
)

// FuzzAnswer reads what a process writes to its standard output as answers.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"score": 1.5, "id": "a"}` + "\n" + `{"score": -0}` + "\n" + `{"score": 1e999}`,
		"\n\r\nnull\n[]\n{\"score\": null}\n{\"score\": \"1\"}\n",
		`{"id": [1,` + "\r" + `2], "score": 1}` + "\n",
		`{"id": "` + strings.Repeat("x", 3000) + `"}` + "\n",
		"\xff{\"score\": NaN}\n",
	} {
		f.Add([]byte(seed), "a", "score")
	}
	f.Fuzz(func(t *testing.T, text []byte, id, name string) {
		fuzztest.Bounded(t, 64<<20, func() {
			r := bufio.NewReaderSize(bytes.NewReader(text), 16)
			for {
				line, err := readLine(r)
				if errors.Is(err, io.EOF) {
					break
				}
				fuzztest.Says(t, err)
				if err != nil {
					break
				}
				if bytes.ContainsRune(line, '\n') || len(line) > longest {
					t.Errorf("a line is %q", line)
				}
				numbers, _, err := numbersIn(line, id, []string{name, name})
				if err != nil {
					// As a user sees it.
					fuzztest.Says(t, fmt.Errorf("%w: %s", err, short(string(line), 200)), string(text), name)
					continue
				}
				if len(numbers) != 2 || numbers[0] != numbers[1] || math.IsNaN(numbers[0]) || math.IsInf(numbers[0], 0) {
					t.Errorf("%q has the numbers %v", line, numbers)
				}
			}
		})
	})
}

// FuzzItem writes a text for a process, as a line that no text breaks.
func FuzzItem(f *testing.F) {
	f.Add("a", "in\nput", "ref", "hyp\u2028<&>")
	f.Add("", "\xff", "\x00", "\r")
	f.Fuzz(func(t *testing.T, id, input, reference, hypothesis string) {
		item := Item{id, input, []string{reference}, hypothesis}
		if line := item.line(3); bytes.Count(line, []byte("\n")) != 1 || !bytes.HasSuffix(line, []byte("\n")) || !utf8.Valid(line) {
			t.Errorf("%+v is written as %q", item, line)
		}
	})
}

// FuzzWords takes in what a process says on standard error.
func FuzzWords(f *testing.F) {
	f.Add([]byte("loading\r 10%\r 20%\nTraceback\n\x1b[31mred\xff\n"))
	f.Add(bytes.Repeat([]byte("é日"), 400))
	f.Fuzz(func(t *testing.T, text []byte) {
		said := 0
		w := newWords(func(line string) {
			if said++; strings.ContainsAny(line, "\n\r") || !utf8.ValidString(line) || line == "" || len(line) > 3*mostOfLine {
				t.Errorf("it said %q", line)
			}
		})
		for part := range bytes.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
			w.line(part[:min(len(part), mostOfLine)])
		}
		if said > mostShown {
			t.Errorf("%d lines were shown, more than %d", said, mostShown)
		}
		if quote := w.quote(); strings.ContainsAny(quote, "\n\r") || !utf8.ValidString(quote) || len(quote) > mostOfQuoted+len("…") {
			t.Errorf("it is quoted as %q", quote)
		}
	})
}
