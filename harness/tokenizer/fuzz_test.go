package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"lastmile/harness/fuzztest"
)

// small are tokenizer.json files of a few tokens each, in which a change of a byte
// changes more than in the large ones of testdata.
var small = []string{
	`{"added_tokens": [{"id": 3, "content": "<s>", "special": true, "rstrip": true}, {"id": 4, "content": " ", "lstrip": true, "normalized": true}],
	"normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}, {"type": "NFKC"}]},
	"decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 4611686018427387904}]},
	"model": {"type": "BPE", "unk_token": "▁", "byte_fallback": true, "fuse_unk": true, "vocab": {"▁": 0, "a": 1, "▁a": 2, "<0x41>": 5}, "merges": ["▁ a"]}}`,
	`{"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true}, {"type": "ByteLevel", "add_prefix_space": false}]},
	"decoder": {"type": "ByteLevel"}, "post_processor": {"type": "RobertaProcessing", "sep": ["b", 1], "cls": ["a", 0]},
	"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "Ġ": 3}, "merges": [["a", "b"]], "ignore_merges": true}}`,
	`{"pre_tokenizer": {"type": "Metaspace", "prepend_scheme": "first", "split": false}, "decoder": {"type": "Metaspace"},
	"post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "a"}}, {"Sequence": {"id": "A"}}, {"SpecialToken": {"id": "a"}}], "pair": [], "special_tokens": {"a": {"ids": [0]}}},
	"model": {"type": "BPE", "vocab": {"▁": 0, "a b": 1, "a": 2, " b": 3}, "merges": [["a", " b"]]}}`,
}

// beside are files beside a tokenizer.json.
var beside = []string{
	`{"eos_token": "a", "added_tokens_decoder": {"7": {"content": "<x>", "special": true}}, "model_max_length": 512, "extra_special_tokens": {"image_token": "<i>"}}`,
	`{"eos_token": {"content": "</s>"}, "additional_special_tokens": ["<y>", {"content": "<z>", "rstrip": true}], "cls_token": "a", "sep_token": "a", "pad_token": "a"}`,
	`{"eos_token_id": [0, 1]}`,
	`{"<added>": 9}`,
}

// texts are what tokenizers meet.
var texts = []string{"", " a  b\n\n c", "<s> a <x>\t", "日本語 12٣½ don't ﷺ", "\xff\xc3(\xf0\x9f\x98", "ab A aa a\u0301\u0327 İ K"}

// FuzzFolder loads a tokenizer.json with the files beside it, and encodes a text.
func FuzzFolder(f *testing.F) {
	trained, err := os.ReadFile("testdata/trained/tokenizer.json")
	if err != nil {
		f.Fatal(err)
	}
	for i, file := range append(small, string(trained)) {
		f.Add([]byte(file), []byte(beside[i]), byte(i), []byte(beside[(i+1)%4]), texts[i+1])
	}
	names := []string{"special_tokens_map.json", "generation_config.json", "added_tokens.json", "config.json"}
	f.Fuzz(func(t *testing.T, file, config []byte, which byte, other []byte, text string) {
		fsys := fstest.MapFS{
			"tokenizer.json":             {Data: file},
			"tokenizer_config.json":      {Data: config},
			names[int(which)%len(names)]: {Data: other},
		}
		fuzztest.Bounded(t, 1<<30, func() {
			tok, err := LoadFS(fsys, "tokenizer.json")
			fuzztest.Says(t, err, string(file), string(config), string(other))
			if err != nil {
				return
			}
			checkTokenizer(t, tok, text)
			_, err = tok.Template()
			fuzztest.Says(t, err, string(file))
			dir := t.TempDir()
			if err := tok.Save(dir); err != nil {
				t.Fatalf("a tokenizer that was read cannot be written: %v", err)
			}
			again, err := Load(dir)
			if err != nil {
				t.Fatalf("a tokenizer that was written cannot be read: %v", err)
			}
			if want := tok.Encode(text); !slices.Equal(again.Encode(text), want) || !slices.Equal(again.Ends(), tok.Ends()) {
				t.Errorf("written and read again, %q is %v with the ends %v, not %v with %v", text, again.Encode(text), again.Ends(), want, tok.Ends())
			}
		})
	})
}

// checkTokenizer encodes a text, and decodes what becomes of it.
func checkTokenizer(t *testing.T, tok *Tokenizer, text string) {
	t.Helper()
	ids := tok.Encode(text)
	for _, id := range ids {
		if tok.Token(id) == "" {
			t.Errorf("%q has the id %d, which is no token of %d", text, id, tok.VocabSize())
		}
	}
	for _, id := range tok.Ends() {
		if tok.Token(id) == "" {
			t.Errorf("an end is the id %d, which is no token of %d", id, tok.VocabSize())
		}
	}
	if got := tok.Encode(text); !slices.Equal(got, ids) {
		t.Errorf("%q is first %v, then %v", text, ids, got)
	}
	tok.Decode(ids)
	if got := tok.Text(ids); !utf8.ValidString(got) {
		t.Errorf("the text of %v is not UTF-8: %q", ids, got)
	}
	tok.Text([]int{-1, tok.VocabSize(), 0, tok.VocabSize() - 1})
}

// FuzzPieces loads the files of an encoder's tokenizer, and encodes a text.
func FuzzPieces(f *testing.F) {
	names := []string{"tokenizer.json", "vocab.txt", "spiece.model"}
	for _, dir := range []string{"wordpiece-uncased", "unigram", "unigram-deberta5", "wordpiece-vocab-txt", "sentencepiece", "sentencepiece-spaces"} {
		for _, name := range []string{"tokenizer.json", "vocab.txt", "spiece.model", "spm.model"} {
			file, err := os.ReadFile(filepath.Join("testdata/pieces", dir, name))
			if err != nil {
				continue
			}
			config, _ := os.ReadFile(filepath.Join("testdata/pieces", dir, "tokenizer_config.json"))
			for _, text := range texts {
				f.Add(file, config, byte(max(0, slices.Index(names, strings.Replace(name, "spm", "spiece", 1)))), text)
			}
		}
	}
	const around = `"added_tokens": [{"id": 0, "content": "[CLS]", "rstrip": true}, {"id": 1, "content": "[SEP]"}, {"id": 2, "content": "[PAD]"}, {"id": 5, "content": "  ", "normalized": false}],`
	f.Add([]byte(`{`+around+`"normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "lowercase": true}, "pre_tokenizer": {"type": "BertPreTokenizer"},
		"model": {"type": "WordPiece", "unk_token": "[PAD]", "vocab": {"a": 3, "##b": 4}}}`), []byte(`{}`), byte(0), "[CLS]  ab")
	f.Add([]byte(`{`+around+`"normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"},
		"model": {"type": "Unigram", "unk_id": 0, "vocab": [["[CLS]", 0], ["[SEP]", 0], ["[PAD]", 0], ["▁", -1.5], ["a", -2]]}}`), []byte(`{"cls_token": {"content": "a"}}`), byte(0), "[CLS]  ab")
	f.Add([]byte("[PAD]\n[CLS]\r\n[SEP]\n[UNK]\na\n##b\n"), []byte(`{"do_lower_case": false, "unk_token": "[UNK]"}`), byte(1), "ab É")
	f.Fuzz(func(t *testing.T, file, config []byte, which byte, text string) {
		dir := t.TempDir()
		name := names[int(which)%len(names)]
		for name, content := range map[string][]byte{name: file, "tokenizer_config.json": config} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		fuzztest.Bounded(t, 1<<30, func() {
			_, err := ModelType(dir)
			fuzztest.Says(t, err, string(file))
			_, err = MaxLength(dir)
			fuzztest.Says(t, err, string(config))
			p, err := LoadPieces(dir)
			fuzztest.Says(t, err, string(file), string(config))
			if err == nil {
				checkPieces(t, p, text)
			}
		})
	})
}

// checkPieces encodes a text.
func checkPieces(t *testing.T, p *Pieces, text string) {
	t.Helper()
	ids := p.Encode(text)
	for _, id := range append([]int{p.CLS(), p.SEP(), p.Pad()}, ids...) {
		if token, ok := p.ID(p.Token(id)); !ok || token != id {
			t.Errorf("%q has the id %d, which is no token of %d", text, id, p.VocabSize())
		}
		p.Word(id)
	}
	if got := p.Encode(text); !slices.Equal(got, ids) {
		t.Errorf("%q is first %v, then %v", text, ids, got)
	}
}

// FuzzEncode encodes a text with each tokenizer of testdata.
func FuzzEncode(f *testing.F) {
	for _, text := range texts {
		f.Add(text)
	}
	golden, _ := filepath.Glob("testdata/golden/*.json")
	pieces, _ := filepath.Glob("testdata/pieces/*")
	if len(golden) == 0 || len(pieces) == 0 {
		f.Fatal("testdata has no tokenizers")
	}
	var tokenizers []*Tokenizer
	for _, name := range golden {
		text, err := os.ReadFile(name)
		var file struct{ Tokenizer json.RawMessage }
		if err == nil {
			err = json.Unmarshal(text, &file)
		}
		if err != nil {
			f.Fatal(err)
		}
		tok, err := LoadFS(fstest.MapFS{"tokenizer.json": {Data: file.Tokenizer}, "config.json": {Data: []byte(`{"eos_token_id": 0}`)}}, "tokenizer.json")
		if err != nil {
			f.Fatal(name, err)
		}
		tokenizers = append(tokenizers, tok)
	}
	var encoders []*Pieces
	for _, dir := range pieces {
		p, err := LoadPieces(dir)
		if err != nil {
			f.Fatal(dir, err)
		}
		encoders = append(encoders, p)
	}
	f.Fuzz(func(t *testing.T, text string) {
		// A character becomes at most 18 (NFKC), each of which is at most its bytes.
		most := 18*4*len(text) + 4
		for i, tok := range tokenizers {
			if n := len(tok.Encode(text)); n > most {
				t.Errorf("%s: %d tokens of %d bytes", golden[i], n, len(text))
			}
			checkTokenizer(t, tok, text)
		}
		for i, p := range encoders {
			if n := len(p.Encode(text)); n > most {
				t.Errorf("%s: %d tokens of %d bytes", pieces[i], n, len(text))
			}
			checkPieces(t, p, text)
		}
	})
}
