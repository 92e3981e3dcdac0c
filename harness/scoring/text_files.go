package scoring

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dustin/go-humanize/english"

	"lastmile/harness/data"
	"lastmile/metrics"
)

// textLine is a line of a file of texts.
type textLine struct {
	number int // in the file, from 1
	id     string
	texts  []string
	source string
	ended  bool
	tokens int
}

// readTexts reads hypotheses and what belongs to each.
func readTexts(references []string, hypotheses string) ([]textLine, []metrics.Input, error) {
	outputs, err := readTextFile(hypotheses, "text", "hypothesis", "prediction", "output")
	if err != nil {
		return nil, nil, err
	}
	inputs := make([]metrics.Input, len(outputs))
	for i, o := range outputs {
		if len(o.texts) != 1 {
			return nil, nil, fmt.Errorf("%s:%d: found %d texts, expected one hypothesis", hypotheses, o.number, len(o.texts))
		}
		inputs[i] = metrics.Input{Hypothesis: o.texts[0], Source: o.source, Ended: o.ended, Tokens: o.tokens}
	}
	for _, path := range references {
		lines, err := readTextFile(path, "references", "reference", "text")
		if err != nil {
			return nil, nil, err
		}
		places := map[string]int{}
		for i, line := range lines {
			if line.id != "" {
				places[line.id] = i
			}
		}
		byID := len(places) == len(lines) && !slices.ContainsFunc(outputs, func(o textLine) bool { return o.id == "" })
		if !byID && len(lines) != len(outputs) {
			shorter, last := path, lines[len(lines)-1].number
			if len(outputs) < len(lines) {
				shorter, last = hypotheses, outputs[len(outputs)-1].number
			}
			return nil, nil, fmt.Errorf("%s:%d: the file ends too early: %s has %s and %s has %s; expected as many",
				shorter, last, path, english.Plural(len(lines), "text", ""), hypotheses, english.Plural(len(outputs), "text", ""))
		}
		for i, o := range outputs {
			at := i
			if byID {
				found := false
				if at, found = places[o.id]; !found {
					return nil, nil, fmt.Errorf("%s:%d: no line of %s has the id %q", hypotheses, o.number, path, o.id)
				}
			}
			inputs[i].References = append(inputs[i].References, lines[at].texts...)
			if inputs[i].Source == "" {
				inputs[i].Source = lines[at].source
			}
		}
	}
	return outputs, inputs, nil
}

// readTextFile reads plain text, or JSON lines whose texts are in the first of
// the fields that a line has. There is at least one line.
func readTextFile(path string, fields ...string) ([]textLine, error) {
	read := readPlainText
	if slices.Contains([]string{".jsonl", ".json", ".ndjson"}, filepath.Ext(strings.TrimSuffix(path, ".gz"))) {
		read = func(path string) ([]textLine, error) { return readJSONTexts(path, fields) }
	}
	lines, err := read(path)
	if err == nil && len(lines) == 0 {
		err = fmt.Errorf("%s:1: the file is empty, expected a text a line", path)
	}
	return lines, err
}

// readPlainText reads a text a line; a blank line is an empty text.
func readPlainText(path string) ([]textLine, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var lines []textLine
	for line := range strings.Lines(strings.TrimPrefix(string(content), "\ufeff")) {
		number := len(lines) + 1
		if !utf8.ValidString(line) {
			valid := strings.ToValidUTF8(line, "\x00")
			at := 0
			for at < len(valid) && valid[at] == line[at] {
				at++
			}
			return nil, fmt.Errorf("%s:%d: byte %d of the line is not UTF-8", path, number, at+1)
		}
		lines = append(lines, textLine{number: number, texts: []string{strings.TrimRight(line, "\r\n")}})
	}
	return lines, nil
}

// readJSONTexts reads JSON lines, blank ones aside.
func readJSONTexts(path string, fields []string) ([]textLine, error) {
	var lines []textLine
	err := data.EachLine(path, func(number int, object map[string]json.RawMessage) error {
		line := textLine{number: number}
		for _, field := range fields {
			value, ok := object[field]
			if !ok {
				continue
			}
			var one *string
			if json.Unmarshal(value, &one) == nil && one != nil {
				line.texts = []string{*one}
			} else if json.Unmarshal(value, &line.texts) != nil || len(line.texts) == 0 {
				return fmt.Errorf("field %q is neither a text nor a list of texts", field)
			}
			break
		}
		if line.texts == nil {
			return fmt.Errorf("expected one of the fields %s", strings.Join(fields, ", "))
		}
		optional(object["id"], &line.id)
		optional(object["input"], &line.source)
		optional(object["ended"], &line.ended)
		optional(object["tokens"], &line.tokens)
		lines = append(lines, line)
		return nil
	})
	return lines, err
}

// optional takes in a field that a line may lack, or hold in another type.
func optional[T any](raw json.RawMessage, into *T) {
	var value T
	if json.Unmarshal(raw, &value) == nil {
		*into = value
	}
}
