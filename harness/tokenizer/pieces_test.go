package tokenizer

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPiecesGolden compares with Hugging Face's tokenizers and with
// SentencePiece, folder by folder.
func TestPiecesGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/pieces/*/golden.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata/pieces: %d files, %v", len(files), err)
	}
	for _, name := range files {
		dir := filepath.Dir(name)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var golden []struct {
				Text string
				IDs  []int
			}
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(data, &golden); err != nil {
				t.Fatal(err)
			}
			p, err := LoadPieces(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range golden {
				if ids := p.Encode(c.Text); !slices.Equal(ids, c.IDs) {
					t.Errorf("Encode(%q):\n got %v\nwant %v", c.Text, ids, c.IDs)
				}
			}
			again := t.TempDir()
			if err := p.Save(again); err != nil {
				t.Fatal(err)
			}
			q, err := LoadPieces(again)
			if err != nil {
				t.Fatal(err)
			}
			if q.VocabSize() != p.VocabSize() || q.CLS() != p.CLS() || q.SEP() != p.SEP() || q.Pad() != p.Pad() {
				t.Errorf("saved and loaded, the tokenizer has %d tokens and marks %v, not %d and %v", q.VocabSize(), q.marks, p.VocabSize(), p.marks)
			}
		})
	}
}

// TestPiecesNeverPanic encodes what is not text.
func TestPiecesNeverPanic(t *testing.T) {
	for _, name := range []string{"wordpiece-uncased", "unigram", "sentencepiece"} {
		p, err := LoadPieces("testdata/pieces/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"\xff", "a\xc3", "\xed\xa0\x80x", strings.Repeat("\xf0\x9f", 50)} {
			for _, id := range p.Encode(text) {
				if p.Token(id) == "" {
					t.Errorf("%s: %q gave the id %d, which is no token", name, text, id)
				}
			}
		}
	}
}

func TestWhatIsNoEncodersTokenizerIsRefused(t *testing.T) {
	edit := func(name, file, from, to string) string {
		dir := t.TempDir()
		text, err := os.ReadFile(filepath.Join("testdata/pieces", name, file))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte(from)) {
			t.Fatalf("%s/%s has no %s", name, file, from)
		}
		if err := os.WriteFile(filepath.Join(dir, file), bytes.ReplaceAll(text, []byte(from), []byte(to)), 0o666); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for want, dir := range map[string]string{
		"has none of tokenizer.json":                  t.TempDir(),
		`model "BPE" is not supported`:                "testdata/trained",
		`normalizer "Nmt" is not supported`:           edit("wordpiece-uncased", "tokenizer.json", `"BertNormalizer"`, `"Nmt"`),
		`pre_tokenizer "Whitespace" is not supported`: edit("wordpiece-uncased", "tokenizer.json", `"BertPreTokenizer"`, `"Whitespace"`),
		`prepend_scheme "first" is not supported`:     edit("unigram", "tokenizer.json", `"always"`, `"first"`),
		`cls_token [CLS] is not in the vocabulary`:    edit("wordpiece-vocab-txt", "vocab.txt", "[CLS]", "[cls]"),
		`unk_token "[UNK]" is not in the vocabulary`:  edit("wordpiece-vocab-txt", "vocab.txt", "[UNK]", "[unk]"),
		`token "[SEP]" stands in line 3 already`:      edit("wordpiece-vocab-txt", "vocab.txt", "[CLS]", "[SEP]"),
		"not a SentencePiece model":                   edit("sentencepiece", "spm.model", "[CLS]", ""),
		`byte_fallback is not supported`:              edit("unigram", "tokenizer.json", `"byte_fallback":false`, `"byte_fallback":true`),
		"not a tokenizer.json":                        edit("unigram", "tokenizer.json", `{`, `[`),
		`sep_token <sep> is not in the vocabulary`:    edit("wordpiece-vocab-txt", "tokenizer_config.json", `{`, `{"sep_token": "<sep>",`),
	} {
		if strings.Contains(want, "sep_token") {
			text, err := os.ReadFile("testdata/pieces/wordpiece-vocab-txt/vocab.txt")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "vocab.txt"), text, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := LoadPieces(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
