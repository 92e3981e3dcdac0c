package tokenizer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lastmile/harness/foreign"
)

// file is tokenizer.json. What is not used here is kept as it was found.
type file struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   []addedToken    `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         bpeModel        `json:"model"`
}

// addedToken is a token that is recognised in the text before it is split.
type addedToken struct {
	ID         int    `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"` // not within a word
	Lstrip     bool   `json:"lstrip"`      // takes the spaces before it along
	Rstrip     bool   `json:"rstrip"`      // takes the spaces after it along
	Normalized bool   `json:"normalized"`  // looked for after the others
	Special    bool   `json:"special"`     // left out when decoding
}

// bpeModel is the section model of a tokenizer.json.
type bpeModel struct {
	Type                    string   `json:"type"`
	Dropout                 *float64 `json:"dropout"`
	UnkToken                *string  `json:"unk_token"`
	ContinuingSubwordPrefix *string  `json:"continuing_subword_prefix"`
	EndOfWordSuffix         *string  `json:"end_of_word_suffix"`
	FuseUnk                 bool     `json:"fuse_unk"`
	ByteFallback            bool     `json:"byte_fallback"`
	IgnoreMerges            bool     `json:"ignore_merges"`
	Vocab                   vocab    `json:"vocab"`
	Merges                  []merge  `json:"merges"`
}

// vocab is the id of each token; it is written in the order of the ids.
type vocab map[string]int

// MarshalJSON writes the vocabulary in the order of its ids.
func (v vocab) MarshalJSON() ([]byte, error) {
	tokens := slices.SortedFunc(maps.Keys(v), func(a, b string) int {
		return cmp.Or(cmp.Compare(v[a], v[b]), strings.Compare(a, b))
	})
	var b bytes.Buffer
	b.WriteByte('{')
	for i, token := range tokens {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(token)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s:%d", name, v[token])
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// merge is two tokens that become one. The file has them as "a b" or, in newer
// ones, as ["a", "b"].
type merge [2]string

// MarshalJSON writes the form that every version of tokenizers reads.
func (m merge) MarshalJSON() ([]byte, error) {
	return json.Marshal(m[0] + " " + m[1])
}

// UnmarshalJSON reads either form.
func (m *merge) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		var s string
		if err := foreign.Decode(data, &s); err != nil {
			return err
		}
		left, right, ok := strings.Cut(s, " ")
		if !ok || left == "" || right == "" || strings.Contains(right, " ") {
			return fmt.Errorf("merge %q: expected two tokens with one space between them", s)
		}
		*m = merge{left, right}
		return nil
	}
	var two []string
	if err := foreign.Decode(data, &two); err != nil {
		return err
	}
	if len(two) != 2 {
		return fmt.Errorf("merge %q: expected two tokens, found %d", two, len(two))
	}
	*m = merge{two[0], two[1]}
	return nil
}

// supported lists what compile understands of a model, for errors.
const supported = "supported are model BPE without dropout, prefixes and suffixes"

// unsupported is the error for a part of the file that is not understood.
func unsupported(section, found string) error {
	return fmt.Errorf("%s %s is not supported: %s", section, found, supported)
}

// sectionType returns the type of a section, "" for null.
func sectionType(section string, raw json.RawMessage) (string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", nil
	}
	var s struct {
		Type string `json:"type"`
	}
	if err := foreign.Decode(raw, &s); err != nil {
		return "", fmt.Errorf("%s: %w", section, err)
	}
	return s.Type, nil
}
