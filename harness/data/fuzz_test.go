package data

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"lastmile/harness/fuzztest"
)

// FuzzExamples makes examples of the user's records, and writes and reads them again as
// stages do.
func FuzzExamples(f *testing.F) {
	f.Add([]byte(`{"id": 1, "input": "a", "reference": "b"}`+"\n"+`{"id": "x", "input": ["a", "b"], "references": ["c", "c"]}`), "id", "input", "reference", byte(0))
	f.Add([]byte(`{"m": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "R"}]}`), "", "m", "m", byte(0))
	f.Add([]byte(`{"m": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "R"}, {"from": "system", "value": ""}]}`), "", "m", "m.1.value", byte(0))
	f.Add([]byte("a,b\n1,2\n1, \n"), "a", "a", "b", byte(1))
	f.Add([]byte(`[{"t": {"en": " ", "de": null}}]`), "t", "t.en", "t.de", byte(2))
	f.Add([]byte(`{"`+strings.Repeat("name", 1000)+`": 1, "two\nlines": 2}`), "id", "input", "reference", byte(0))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte, id, input, reference string, format byte) {
		if len(id)+len(input)+len(reference) > 100 {
			return // a setting that long is the user's own
		}
		path := filepath.Join(dir, []string{"train.jsonl", "train.csv", "train.json"}[format%3])
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		task := DefaultTask()
		task.Data, task.Files.Train = UserFiles, path
		task.Fields = Fields{ID: id, Input: input, References: []string{reference, "references"}}
		fuzztest.Bounded(t, 256<<20, func() {
			examples, err := Read(task, Train)
			fuzztest.Says(t, err, string(text), id, input, reference)
			if err != nil {
				if !strings.Contains(err.Error(), path) {
					t.Errorf("the error does not name the file: %v", err)
				}
				return
			}
			ids := map[string]bool{}
			for _, e := range examples {
				if e.ID == "" || ids[e.ID] || blank(e.Input) || len(e.References) == 0 {
					t.Errorf("an example is %+v", e)
				}
				ids[e.ID] = true
				if n := len(e.Messages); n > 0 && transcript(e.Messages) != e.Input {
					t.Errorf("the input of %+v is %q", e.Messages, e.Input)
				}
			}
			written := filepath.Join(dir, "examples.jsonl")
			if err := WriteLines(written, examples); err != nil {
				t.Fatal(err)
			}
			again, err := ReadExamples(written)
			if err != nil || !reflect.DeepEqual(again, examples) {
				t.Errorf("written and read again, %+v is %+v: %v", examples, again, err)
			}
		})
	})
}

// FuzzPrompt puts an example into the tokens of a prompt and of a response, which have
// room for so many.
func FuzzPrompt(f *testing.F) {
	f.Add("one two three", "a b", "Q: {input}\nA:", " {reference}.", 4, 3)
	f.Add("\xff日本", "", "{input}", "{reference}", 2, 2)
	f.Fuzz(func(t *testing.T, input, reference, prompt, response string, maxPrompt, maxResponse int) {
		task := DefaultTask()
		task.Prompt, task.Response = prompt, response
		task.MaxPromptTokens, task.MaxResponseTokens = maxPrompt%64, maxResponse%64
		fuzztest.Bounded(t, 256<<20, func() {
			c, err := NewCodec(task, letters{}, []int{end}, nil)
			fuzztest.Says(t, err, prompt, response)
			if err != nil {
				return
			}
			example := Example{ID: "1", Input: input, References: []string{reference}}
			if n := len(c.Prompt(example)); n > task.MaxPromptTokens {
				t.Errorf("a prompt has %d tokens, more than %d", n, task.MaxPromptTokens)
			}
			if shown := c.Shown(example); !strings.HasPrefix(input, shown) {
				t.Errorf("of %q %q is shown", input, shown)
			}
			tokens, ended := c.Response(reference)
			if n := len(tokens); n > task.MaxResponseTokens || ended != (tokens[n-1] == end) {
				t.Errorf("a response has %d tokens, more than %d, or ended is %t", n, task.MaxResponseTokens, ended)
			}
			if fit := c.Fit(example); fit.ResponseCut == ended {
				t.Errorf("%+v, and ended is %t", fit, ended)
			}
			c.Text(tokens)
		})
	})
}

// letters is a tokenizer whose tokens are bytes.
type letters struct{}

// end is a token that no text has.
const end = 256

func (letters) Encode(text string) []int {
	var tokens []int
	for i := range len(text) {
		tokens = append(tokens, int(text[i]))
	}
	return tokens
}

func (letters) Decode(tokens []int) string {
	text := make([]byte, len(tokens))
	for i, token := range tokens {
		text[i] = byte(token)
	}
	return string(text)
}

func (l letters) Text(tokens []int) string { return strings.ToValidUTF8(l.Decode(tokens), "\uFFFD") }

func (letters) PrependsSpace() bool { return false }

// FuzzLines reads the JSON lines of stages.
func FuzzLines(f *testing.F) {
	f.Add([]byte(`{"id": "a", "input": "b", "references": ["c"], "messages": [{"role": "user", "content": "d"}]}` + "\n\n"))
	f.Add([]byte(`{"id": 1}` + "\n" + `{"references": {}}`))
	f.Add([]byte("null\n[]\n\ufeff{}"))
	path := filepath.Join(f.TempDir(), "lines.jsonl")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		fuzztest.Bounded(t, 256<<20, func() {
			values, err := ReadLines[Example](path)
			fuzztest.Says(t, err, string(text))
			if err != nil {
				return
			}
			if err := WriteLines(path, values); err != nil {
				t.Fatal(err)
			}
			if again, err := ReadLines[Example](path); err != nil || len(again) != len(values) {
				t.Errorf("written and read again, %d lines are %d: %v", len(values), len(again), err)
			}
		})
	})
}
