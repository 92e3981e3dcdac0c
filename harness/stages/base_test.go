package stages

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/harness/data"
)

// An artifact stays as it is, whatever happens to what it was made from.
func TestABaseModelOwnsItsBytes(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	for _, name := range []string{"config.json", "model.safetensors", "tokenizer.json"} {
		if err := os.WriteFile(filepath.Join(from, name), []byte("before"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := cloneFolder(t.Context(), from, to); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(from, "model.safetensors"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("later!")
	f.Close()
	for _, name := range []string{"config.json", "model.safetensors", "tokenizer.json"} {
		if got, err := os.ReadFile(filepath.Join(to, name)); err != nil || string(got) != "before" {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
}

func TestATokenizerMayHaveMoreTokensThanTheModel(t *testing.T) {
	dir := chatFolder(t, "")
	config := func(rows int) {
		os.WriteFile(filepath.Join(dir, "config.json"), []byte(fmt.Sprintf(`{"vocab_size": %d}`, rows)), 0o644)
	}
	text := filepath.Join(t.TempDir(), "text.jsonl")
	os.WriteFile(text, []byte(`{"input": "abc", "reference": "ab"}`), 0o644)
	task := data.DefaultTask()
	task.Data, task.Files = data.UserFiles, data.Files{Train: text, Dev: text, Test: text}
	config(250)
	l, err := OpenLanguage(dir, task)
	if err != nil {
		t.Fatal(err)
	}
	if l.VocabSize() != 250 || l.Tokenizer.VocabSize() != 257 {
		t.Errorf("%d tokens of %d, want 250 of 257", l.VocabSize(), l.Tokenizer.VocabSize())
	}
	if err := l.checkTokens(dir, task); err != nil {
		t.Errorf("no text has a token that the model lacks: error %v", err)
	}
	os.WriteFile(text, []byte(`{"id": "x", "input": "abc \u00ff", "reference": "ab"}`), 0o644)
	last := 0
	for _, id := range l.Encode("abc \u00ff") {
		last = max(last, id)
	}
	config(last)
	if l, err = OpenLanguage(dir, task); err != nil {
		t.Fatal(err)
	}
	if err := l.checkTokens(dir, task); err == nil || !strings.HasPrefix(err.Error(), "example 1 of train: the tokenizer in "+dir) {
		t.Errorf("a text with a token that the model lacks: error %v", err)
	}
	config(0)
	if l, err = OpenLanguage(dir, task); err != nil || l.VocabSize() != 257 {
		t.Errorf("no size: %d tokens, error %v", l.VocabSize(), err)
	}
}
