package tokenizer

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

func TestVocabularyIsNamedAsInTheFile(t *testing.T) {
	tok := trained(t)
	if n := tok.VocabSize(); n != 460 {
		t.Errorf("VocabSize() = %d, want 460", n)
	}
	id, ok := tok.ID("Ġthe")
	if !ok || tok.Token(id) != "Ġthe" || tok.Decode([]int{id}) != " the" {
		t.Errorf("Ġthe has the id %d (%v), which is %q and decodes to %q", id, ok, tok.Token(id), tok.Decode([]int{id}))
	}
	if _, ok := tok.ID("no such token"); ok {
		t.Error("a token that does not exist was found")
	}
	if eos := tok.EOS(); tok.Token(eos) != EndOfText || !tok.IsSpecial(eos) || tok.IsSpecial(id) || !tok.IsSpecial(-1) || !tok.IsSpecial(460) {
		t.Errorf("EOS() = %d, %q", eos, tok.Token(eos))
	}
	if got := tok.Decode([]int{-1, id, 1 << 40, tok.EOS()}); got != " the" {
		t.Errorf("Decode with unknown and special ids = %q, want \" the\"", got)
	}
	if tok.Token(-1) != "" || tok.Token(460) != "" {
		t.Error("ids outside the vocabulary have tokens")
	}
}

func TestSaveAndLoadKeepEverything(t *testing.T) {
	tok := trained(t)
	dir := t.TempDir()
	if err := tok.Save(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tokenizer.json", "tokenizer_config.json"} {
		got, _ := os.ReadFile(filepath.Join(dir, name))
		want, _ := os.ReadFile(filepath.Join("testdata/trained", name))
		if string(got) != string(want) {
			t.Errorf("%s changed when it was loaded and saved", name)
		}
	}
	if err := tok.Save(filepath.Join(dir, "missing")); err == nil || !strings.Contains(err.Error(), "saving tokenizer") {
		t.Errorf("saving into a missing folder: %v", err)
	}
}

func TestEndToken(t *testing.T) {
	file, err := os.ReadFile("testdata/trained/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	without := []byte(strings.ReplaceAll(string(file), "endoftext", "other"))
	for _, c := range []struct {
		name                          string
		tokenizer                     []byte
		tokenizerConfig, config, want string
	}{
		{"default", file, "", "", EndOfText},
		{"tokenizer_config", file, `{"eos_token": "<|pad|>"}`, `{"eos_token_id": 0}`, "<|pad|>"},
		{"tokenizer_config object", file, `{"eos_token": {"content": "<|pad|>", "lstrip": false}}`, "", "<|pad|>"},
		{"config", file, `{"eos_token": null}`, `{"eos_token_id": 1}`, "<|pad|>"},
		{"config list", file, "", `{"eos_token_id": [1, 0]}`, "<|pad|>"},
		{"config null", file, "", `{"eos_token_id": null}`, EndOfText},
		{"unknown token", file, `{"eos_token": "</s>"}`, "", "</s>"}, // as with transformers, it is one then
		{"unknown id", file, "", `{"eos_token_id": 460}`, "error: config.json: eos_token_id 460 is not in the vocabulary of 460 tokens"},
		{"wrong type", file, `{"eos_token": 5}`, "", "error: tokenizer_config.json: eos_token: found 5; expected a string"},
		{"wrong id", file, "", `{"eos_token_id": "x"}`, `error: config.json: eos_token_id: found "x"; expected a number`},
		{"not JSON", file, "{", "", "error: tokenizer_config.json: malformed JSON in line 1: unexpected end of JSON input"},
		{"none", without, "", "", "error: no end token: expected eos_token in"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := fstest.MapFS{"tokenizer.json": {Data: c.tokenizer}}
			if c.tokenizerConfig != "" {
				fsys["tokenizer_config.json"] = &fstest.MapFile{Data: []byte(c.tokenizerConfig)}
			}
			if c.config != "" {
				fsys["config.json"] = &fstest.MapFile{Data: []byte(c.config)}
			}
			tok, err := LoadFS(fsys, "tokenizer.json")
			got := ""
			if err != nil {
				got = "error: " + strings.TrimPrefix(err.Error(), "loading tokenizer tokenizer.json: ")
			} else {
				got = tok.Token(tok.EOS())
			}
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestMalformedAndUnsupportedFiles(t *testing.T) {
	raw, err := os.ReadFile("testdata/trained/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	file := string(raw)
	for _, c := range []struct{ name, old, new, want string }{
		{"not JSON", `"version"`, `version`, "not a tokenizer.json: malformed JSON in line 1: invalid character"},
		{"wrong type", `"merges":[`, `"merges":[7,`, "not a tokenizer.json"},
		{"merge of one", `"merges":[`, `"merges":["ab",`, `merge "ab": expected two tokens`},
		{"merge of three", `"merges":[`, `"merges":[["a","b","c"],`, "expected two tokens, found 3"},
		{"merge of strangers", `"merges":[`, `"merges":["qq a",`, `merge 0: "qq" is not in the vocabulary`},
		{"merge of strangers", `"merges":[`, `"merges":["a qq",`, `merge 0: "qq" is not in the vocabulary`},
		{"merge into a stranger", `"merges":[`, `"merges":["q q",`, `merge 0: "qq", which "q" and "q" become, is not in the vocabulary`},
		{"negative id", `"!":2`, `"!":-2`, `token "!" has the id -2`},
		{"huge id", `"!":2`, `"!":2000000000`, `token "!" has the id 2000000000`},
		{"two tokens with one id", `"!":2`, `"!":3`, "id 3 belongs to both"},
		{"model", `"type":"BPE"`, `"type":"WordPiece"`, `model "WordPiece" is not supported: supported are model BPE`},
		{"dropout", `"dropout":null`, `"dropout":0.1`, "model BPE with dropout is not supported"},
		{"prefix", `"continuing_subword_prefix":null`, `"continuing_subword_prefix":"##"`, "with continuing_subword_prefix is not"},
		{"suffix", `"end_of_word_suffix":null`, `"end_of_word_suffix":"</w>"`, "with end_of_word_suffix is not supported"},
		{"unknown token", `"unk_token":null`, `"unk_token":"<unk>"`, `unk_token "<unk>" is not in the vocabulary`},
		{"normalizer", `"normalizer":null`, `"normalizer":{"type":"Nmt"}`, `normalizer "Nmt" is not supported`},
		{"normalizer", `"normalizer":null`, `"normalizer":7`, "normalizer: found a number, expected an object"},
		{"decoder", `"decoder":{"type":"ByteLevel"`, `"decoder":{"type":"CTC"`, `decoder "CTC" is not supported`},
		{"no decoder", `"decoder":{"type":"ByteLevel"`, `"decoder":{"type":"Sequence","decoders":[]`, `decoder without`},
		{"strip without fuse", `"decoder":{"type":"ByteLevel"`, `"decoder":{"type":"Sequence","decoders":[{"type":"Strip","content":" ","start":1}]`, `decoder "Strip" is not supported there`},
		{"pre_tokenizer", `"type":"Digits"`, `"type":"Split","pattern":{"Regex":"x+"},"behavior":"Isolated"`, `pre_tokenizer Split by the pattern "x+" is not supported; supported are`},
		{"behavior", `"type":"Digits"`, `"type":"Split","pattern":{"Regex":"` + `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+` + `"},"behavior":"Removed"`, `with the behavior "Removed"`},
		{"pre_tokenizer", `"type":"Sequence"`, `"type":"Whitespace"`, `pre_tokenizer "Whitespace" at place 1 of 1`},
		{"prepend scheme", `"type":"Digits"`, `"type":"Metaspace","prepend_scheme":"last"`, `prepend_scheme "last" is not known`},
		{"something after ByteLevel", `"type":"Digits"`, `"type":"ByteLevel"`, `after ByteLevel is not supported`},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := strings.Replace(file, c.old, c.new, 1)
			if changed == file {
				t.Fatalf("the file does not contain %q", c.old)
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), []byte(changed), 0o666); err != nil {
				t.Fatal(err)
			}
			_, err := Load(dir)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("got %v, want %q and the folder", err, c.want)
			}
		})
	}
	if _, err := Load(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a missing folder was loaded")
	}
}

func TestTrainRefusesWhatCannotBe(t *testing.T) {
	none := slices.Values([]string(nil))
	for _, c := range []struct {
		size     int
		specials []string
		want     string
	}{
		{256, []string{EndOfText}, "at least 257"},
		{1 << 30, []string{EndOfText}, "at most"},
		{600, nil, "is not among the special tokens"},
		{600, []string{EndOfText, EndOfText}, "expected different ones"},
		{600, []string{EndOfText, "a"}, "expected different ones"},
	} {
		if _, err := Train(none, c.size, c.specials); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Train(size %d, specials %q): %v, want %q", c.size, c.specials, err, c.want)
		}
	}
	tok, err := Train(none, 600, []string{EndOfText})
	if err != nil || tok.VocabSize() != 257 {
		t.Fatalf("training without texts: %v; want a vocabulary of 257", err)
	}
	if got := tok.Encode("ab"); len(got) != 2 || tok.Decode(got) != "ab" {
		t.Errorf("without merges, ab becomes %v", got)
	}
}

// TestTrainNeverMergesASpecialToken: a text that spells the end token out must not
// make it a piece of ordinary text.
func TestTrainNeverMergesASpecialToken(t *testing.T) {
	tok, err := Train(slices.Values([]string{strings.Repeat("eos eos eos\n", 50)}), 300, []string{EndOfText, "eos", "Ġeos"})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range tok.file.Model.Merges {
		if m[0]+m[1] == "eos" || m[0]+m[1] == "Ġeos" {
			t.Errorf("the pair %q was merged into a special token", m)
		}
	}
}

// TestMergeFollowsDefinition compares the queue with the definition: as long as
// there is one, merge the leftmost pair of the lowest rank.
func TestMergeFollowsDefinition(t *testing.T) {
	tok := trained(t)
	naive := func(word string) []int {
		var ids []int
		for i := range len(word) {
			ids = append(ids, int(tok.bpe.bytes[word[i]]))
		}
		for {
			best, at := product{rank: 1 << 30}, -1
			for i := 1; i < len(ids); i++ {
				if p, ok := tok.bpe.merges[pair{int32(ids[i-1]), int32(ids[i])}]; ok && p.rank < best.rank {
					best, at = p, i-1
				}
			}
			if at < 0 {
				return ids
			}
			ids = slices.Replace(ids, at, at+2, int(best.id))
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	text := strings.Join(corpus(t), "")
	for range 500 {
		start := r.IntN(len(text) - 100)
		word := text[start : start+1+r.IntN(100)]
		if got, want := tok.bpe.appendMerged(nil, word), naive(word); !slices.Equal(got, want) {
			t.Fatalf("%q: got %v, want %v", word, got, want)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	tok, lines := trained(t), corpus(t)
	var want [][]int
	for _, line := range lines {
		want = append(want, tok.Encode(line))
	}
	tok = trained(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i, line := range lines {
				if got := tok.Encode(line); !slices.Equal(got, want[i]) {
					t.Errorf("%q: got %v, want %v", line, got, want[i])
				}
			}
		})
	}
	wg.Wait()
}

func TestKnownWordsAllocateNothing(t *testing.T) {
	tok := trained(t)
	text := "The library reads and writes images, <|endoftext|> 24 levels and 日本語\n"
	ids := tok.Append(nil, text)
	if n := testing.AllocsPerRun(20, func() { ids = tok.Append(ids[:0], text) }); n != 0 {
		t.Errorf("%g allocations, want none", n)
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, seed := range []string{"", " a  b\n\n c", "日本語 12٣½ don't", "\xff\xc3(\xf0\x9f\x98", "<|endoftext|>", strings.Repeat("ab", 70)} {
		f.Add(seed)
	}
	tok := trained(f)
	f.Fuzz(func(t *testing.T, text string) {
		ids := tok.Encode(text)
		want := strings.NewReplacer(EndOfText, "", "<|pad|>", "").Replace(text)
		if got := tok.Decode(ids); got != want {
			t.Errorf("Decode(Encode(%q)) = %q", text, got)
		}
		for _, id := range ids {
			if id < 0 || id >= tok.VocabSize() {
				t.Errorf("%q has the id %d", text, id)
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	tok, text := trained(b), strings.Join(corpus(b), "")
	ids := tok.Append(nil, text)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		ids = tok.Append(ids[:0], text)
	}
}

func TestAChatTemplateStaysWithItsTokenizer(t *testing.T) {
	tok := trained(t)
	dir := t.TempDir()
	if err := tok.Save(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "chat_template.jinja"), []byte("{{ messages[0].content }}!"), 0o666); err != nil {
		t.Fatal(err)
	}
	again, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	if err := again.Save(to); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(to, "chat_template.jinja")); err != nil || string(got) != "{{ messages[0].content }}!" {
		t.Errorf("got %q, %v", got, err)
	}
}
