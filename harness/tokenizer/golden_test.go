package tokenizer

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write testdata/trained anew; run testdata/golden.py after it")

// corpus is the text that the tests' tokenizer is trained on, line by line.
func corpus(t testing.TB) []string {
	t.Helper()
	data, err := os.ReadFile("testdata/corpus.txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.SplitAfter(string(data), "\n")
}

func trained(t testing.TB) *Tokenizer {
	t.Helper()
	tok, err := Load("testdata/trained")
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestTrainIsStable(t *testing.T) {
	lines := corpus(t)
	reversed := slices.Clone(lines)
	slices.Reverse(reversed)
	for _, texts := range [][]string{lines, reversed} {
		tok, err := Train(slices.Values(texts), 460, []string{EndOfText, "<|pad|>"})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if *update {
			dir = "testdata/trained"
		}
		if err := tok.Save(dir); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"tokenizer.json", "tokenizer_config.json"} {
			got, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(filepath.Join("testdata/trained", name))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("%s differs from the one in testdata/trained", name)
			}
		}
	}
}

// TestGolden compares with Hugging Face's tokenizers, file by file.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata/golden: %d files, %v", len(files), err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".json"), func(t *testing.T) {
			var golden struct {
				Tokenizer json.RawMessage
				Cases     []struct {
					Text    string
					IDs     []int
					Decoded *string
				}
			}
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(data, &golden); err != nil {
				t.Fatal(err)
			}
			var f file
			if err := json.Unmarshal(golden.Tokenizer, &f); err != nil {
				t.Fatal(err)
			}
			config, err := json.Marshal(map[string]any{"eos_token": f.AddedTokens[0].Content})
			if err != nil {
				t.Fatal(err)
			}
			tok, err := LoadFS(fstest.MapFS{"tokenizer.json": {Data: golden.Tokenizer}, "tokenizer_config.json": {Data: config}}, "tokenizer.json")
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time words come from the cache
				for _, c := range golden.Cases {
					ids := tok.Encode(c.Text)
					if !slices.Equal(ids, c.IDs) {
						t.Errorf("Encode(%q):\n got %v\nwant %v", c.Text, ids, c.IDs)
					}
					// Hugging Face replaces broken characters, Decode keeps their bytes.
					if got := tok.Decode(ids); c.Decoded != nil && utf8.ValidString(got) && got != *c.Decoded {
						t.Errorf("Decode of %q: got %q, want %q", c.Text, got, *c.Decoded)
					}
				}
			}
		})
	}
}

// TestEqualsHuggingFaceOnFiles compares with ids that testdata/encode.py wrote
// of the texts of whole data sets, for the tokenizer of any folder.
func TestEqualsHuggingFaceOnFiles(t *testing.T) {
	dir, file := os.Getenv("LASTMILE_TOKENIZER"), os.Getenv("LASTMILE_TOKENIZER_IDS")
	if dir == "" || file == "" {
		t.Skip("LASTMILE_TOKENIZER and LASTMILE_TOKENIZER_IDS are not set; testdata/encode.py makes the latter")
	}
	kind, err := ModelType(dir)
	if err != nil {
		t.Fatal(err)
	}
	var encode func(string) []int
	var decode func([]int) string
	if kind == "BPE" {
		tok, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		encode, decode = tok.Encode, tok.Decode
	} else {
		p, err := LoadPieces(dir)
		if err != nil {
			t.Fatal(err)
		}
		encode = p.Encode
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	texts, tokens := 0, 0
	for d := json.NewDecoder(f); d.More(); texts++ {
		var c struct {
			Text    string
			IDs     []int
			Decoded string
		}
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		ids := encode(c.Text)
		tokens += len(ids)
		if !slices.Equal(ids, c.IDs) {
			t.Errorf("Encode(%q):\n got %v\nwant %v", c.Text, ids, c.IDs)
		}
		if decode == nil {
			continue
		}
		if got := decode(ids); utf8.ValidString(got) && got != c.Decoded {
			t.Errorf("Decode of %q: got %q, want %q", c.Text, got, c.Decoded)
		}
	}
	t.Logf("%d texts, %d tokens", texts, tokens)
}
