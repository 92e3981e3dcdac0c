package external

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"lastmile/harness/jsonfile"
)

// Item is a text that is asked about.
type Item struct {
	// ID is that of the example that the text is for.
	ID string `json:"id"`
	// Input is the text that it was made from.
	Input string `json:"input"`
	// References are the texts that it should be like.
	References []string `json:"references"`
	// Hypothesis is the text itself.
	Hypothesis string `json:"hypothesis"`
}

// line is the item as the process reads it, with the number of lines that follow, letters
// as they are.
func (i Item) line(more int) []byte {
	if i.References == nil {
		i.References = []string{}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(struct {
		Item
		More int `json:"more"`
	}{i, more}); err != nil {
		panic(err) // texts and numbers can be written
	}
	return b.Bytes()
}

// identity tells one item from another.
type identity [sha256.Size]byte

func (i Item) identity() identity { return sha256.Sum256(i.line(0)) }

// longest is the most bytes that a line of an answer may have.
const longest = 1 << 20

// errLong says that a line of an answer has more.
var errLong = fmt.Errorf("it has more than %d bytes", longest)

// numbersIn reads the numbers of these names in an answer to the item called id, and
// whether it has that id, as it need not.
func numbersIn(line []byte, id string, names []string) (numbers []float64, named bool, err error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(line, &members); err != nil || members == nil {
		hint := ""
		if text := string(line); strings.Contains(text, "NaN") || strings.Contains(text, "Infinity") {
			hint = " (JSON has no NaN and no Infinity)"
		}
		return nil, false, errors.New("it is no JSON object" + hint)
	}
	raw, named := members["id"]
	if named {
		var got string
		if json.Unmarshal(raw, &got) != nil || got != id {
			return nil, false, fmt.Errorf("its id is %s: answers come in the order of the texts", jsonfile.Excerpt(raw))
		}
	}
	numbers = make([]float64, len(names))
	for i, name := range names {
		raw, ok := members[name]
		switch {
		case !ok:
			return nil, false, fmt.Errorf("it lacks the number %q", name)
		case string(raw) == "null":
			return nil, false, fmt.Errorf("its %q is null, and every text needs a number", name)
		case raw[0] != '-' && (raw[0] < '0' || raw[0] > '9'):
			return nil, false, fmt.Errorf("its %q is no number", name)
		}
		n, err := strconv.ParseFloat(string(raw), 64)
		if err != nil || math.IsInf(n, 0) {
			return nil, false, fmt.Errorf("its %q is out of range", name)
		}
		numbers[i] = n
	}
	return numbers, named, nil
}

// short cuts a text to so many bytes and to a line, for an error.
func short(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	if len(text) <= most {
		return text
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
