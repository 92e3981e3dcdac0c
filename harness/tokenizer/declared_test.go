package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// folderOf writes a folder with the trained tokenizer, with further added tokens, and
// other files.
func folderOf(t *testing.T, files map[string]json.RawMessage, added ...json.RawMessage) string {
	t.Helper()
	text, err := os.ReadFile("testdata/trained/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	var own []json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(fields["added_tokens"], &own); err != nil {
		t.Fatal(err)
	}
	fields["added_tokens"], _ = json.Marshal(append(own, added...))
	whole, _ := json.Marshal(fields)
	dir := t.TempDir()
	for name, content := range files {
		os.WriteFile(filepath.Join(dir, name), content, 0o666)
	}
	os.WriteFile(filepath.Join(dir, "tokenizer.json"), whole, 0o666)
	return dir
}

func TestTokensThatOtherFilesNameEqualTransformers(t *testing.T) {
	text, err := os.ReadFile("testdata/declared.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Name  string
		Files map[string]json.RawMessage
		Added []json.RawMessage
		EOS   *int
		Size  int
		Texts []struct {
			Text, Decoded string
			IDs           []int
		}
	}
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		tok, err := Load(folderOf(t, row.Files, row.Added...))
		if err != nil {
			t.Errorf("%s: %v", row.Name, err)
			continue
		}
		dir := t.TempDir()
		if err := tok.Save(dir); err != nil {
			t.Fatal(err)
		}
		again, err := Load(dir)
		if err != nil {
			t.Errorf("%s, saved: %v", row.Name, err)
			continue
		}
		for name, tok := range map[string]*Tokenizer{row.Name: tok, row.Name + ", saved": again} {
			if row.EOS != nil && tok.EOS() != *row.EOS || tok.VocabSize() != row.Size {
				t.Errorf("%s: the end token is %d of %d, want %v of %d", name, tok.EOS(), tok.VocabSize(), *row.EOS, row.Size)
			}
			for _, text := range row.Texts {
				ids := tok.Encode(text.Text)
				if !slices.Equal(ids, text.IDs) || tok.Decode(ids) != text.Decoded {
					t.Errorf("%s: %q is %v and then %q, want %v and %q", name, text.Text, ids, tok.Decode(ids), text.IDs, text.Decoded)
				}
			}
		}
	}
}

func TestSeveralEndTokens(t *testing.T) {
	raw := func(text string) json.RawMessage { return json.RawMessage(text) }
	for _, test := range []struct {
		files map[string]json.RawMessage
		want  []int
	}{
		{map[string]json.RawMessage{}, []int{0}},
		{map[string]json.RawMessage{"config.json": raw(`{"eos_token_id": [5, 6]}`)}, []int{5, 6}},
		{map[string]json.RawMessage{"config.json": raw(`{"eos_token_id": 5}`), "generation_config.json": raw(`{"eos_token_id": [7, 8, 7]}`)}, []int{7, 8}},
		{map[string]json.RawMessage{"tokenizer_config.json": raw(`{"eos_token": "<|eot|>"}`), "generation_config.json": raw(`{"eos_token_id": [7, 460]}`)}, []int{460, 7}},
	} {
		tok, err := Load(folderOf(t, test.files))
		if err != nil {
			t.Errorf("%s: %v", test.files, err)
			continue
		}
		dir := t.TempDir()
		if err := tok.Save(dir); err != nil {
			t.Fatal(err)
		}
		// A model's folder has a config.json too.
		os.WriteFile(filepath.Join(dir, "config.json"), test.files["config.json"], 0o666)
		if len(test.files["config.json"]) == 0 {
			os.Remove(filepath.Join(dir, "config.json"))
		}
		again, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(tok.Ends(), test.want) || len(test.want) > 1 && !slices.Equal(again.Ends(), test.want) {
			t.Errorf("%s: ends %v, saved %v, want %v", test.files, tok.Ends(), again.Ends(), test.want)
		}
	}
}
