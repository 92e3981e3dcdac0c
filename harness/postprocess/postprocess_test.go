package postprocess

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// config asks for one processor, with numbers that are easy to count to.
func config(chain ...string) Settings {
	return Settings{Chain: chain, MaxWords: 5, NGram: 3, EchoWords: 4}
}

func TestProcessors(t *testing.T) {
	const input = "The old library reads and writes archives, in many formats.\nIt is fast."
	for _, c := range []struct {
		name, text string
		ended      bool
		want       string
	}{
		{"first-line", "one line", true, "one line"},
		{"first-line", "\n \n first \nsecond", true, "first"},
		{"first-line", "first\r\nsecond", true, "first"},
		{"first-line", " \n ", true, ""},

		{"first-sentence", "One. Two.", true, "One."},
		{"first-sentence", "no full stop", true, "no full stop"},
		{"first-sentence", "a tool, e.g. for you. Another.", true, "a tool, e.g. for you."},
		{"first-sentence", "\"Yes!\" she said. Then", true, "\"Yes!\" she said."},

		{"drop-unfinished", "One. Two is cut o", false, "One."},
		{"drop-unfinished", "One. Two has ended without a stop", true, "One. Two has ended without a stop"},
		{"drop-unfinished", "One. Two.", false, "One. Two."},
		{"drop-unfinished", "One! Really? Two is c", false, "One! Really?"},
		{"drop-unfinished", "a tool, fast and small, for sere", false, "a tool, fast and small"},
		{"drop-unfinished", "a tool - for ser", false, "a tool"},
		{"drop-unfinished", "state-of-the-art at 1,000 x", false, "state-of-the-art at 1,000 x"},
		{"drop-unfinished", "no sign anywhere at a", false, "no sign anywhere at a"},
		{"drop-unfinished", ". no sentence", false, ". no sentence"},
		{"drop-unfinished", ", no clause", false, ", no clause"},
		{"drop-unfinished", "道具です。日本", false, "道具です。"},
		{"drop-unfinished", "小さな、道具", false, "小さな"},
		{"drop-unfinished", "", false, ""},

		{"remove-repeated-ngrams", "the the tool", true, "the tool"},
		{"remove-repeated-ngrams", "in the in the in the end", true, "in the end"},
		{"remove-repeated-ngrams", "a b c d a b c e", true, "a b c d e"},
		{"remove-repeated-ngrams", "web server for files, web server for files, web ser", false, "web server for files, ser"},
		{"remove-repeated-ngrams", "He sees Tom. Tom runs.", true, "He sees Tom. Tom runs."},
		{"remove-repeated-ngrams", "version 0 0 and 1 1", true, "version 0 0 and 1 1"},
		{"remove-repeated-ngrams", "C, C++ and C# - bindings", true, "C, C++ and C# - bindings"},
		{"remove-repeated-ngrams", "- - - - - - -", true, "- - - - - - -"},
		{"remove-repeated-ngrams", "nothing  is\nrepeated here", true, "nothing  is\nrepeated here"},

		{"remove-repeated-sentences", "It is fast. It is fast. It is small.", true, "It is fast. It is small."},
		{"remove-repeated-sentences", "It is fast. IT IS FAST! It", true, "It is fast. It"},
		{"remove-repeated-sentences", "It is fast. It is fast", false, "It is fast."},
		{"remove-repeated-sentences", "one\none\ntwo\n", true, "one\ntwo"},
		{"remove-repeated-sentences", "One. Two. ", true, "One. Two. "},

		{"strip-echo", "See: the old library reads and writes, well", true, "See: well"},
		{"strip-echo", "The Old Library Reads more", true, "more"},
		{"strip-echo", "the old library and more", true, "the old library and more"},
		{"strip-echo", "many formats. It is fast", true, "many formats. It is fast"},
		{"strip-echo", "", true, ""},

		{"cap-words", "one two three four five six", true, "one two three four five"},
		{"cap-words", "one  two three\nfour five", true, "one  two three\nfour five"},
		{"cap-words", "", true, ""},
	} {
		chain, err := New(config(c.name))
		if err != nil {
			t.Fatal(err)
		}
		if got := chain.Apply(Text{c.text, input, c.ended}); got != c.want {
			t.Errorf("%s of %q, ended %v: got %q, want %q", c.name, c.text, c.ended, got, c.want)
		}
	}
}

func TestSentences(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"One", []string{"One"}},
		{"One. Two", []string{"One. ", "Two"}},
		{"Dr. Smith met Mr. T. Jones vs. Acme Inc. Today. Fine.", []string{"Dr. Smith met Mr. T. Jones vs. Acme Inc. Today. ", "Fine."}},
		{"Version 2.10.3 is out. Get it at x.org now.", []string{"Version 2.10.3 is out. ", "Get it at x.org now."}},
		{"Tools, e.g. Python. Others, i.e. these.", []string{"Tools, e.g. Python. ", "Others, i.e. these."}},
		{"Really?! Yes... maybe. (Or not.) \"So.\" End", []string{"Really?! ", "Yes... maybe. ", "(Or not.) ", "\"So.\" ", "End"}},
		{"1. First thing. 2. Second.", []string{"1. First thing. ", "2. Second."}},
		{"line one\nline two\n\nline three", []string{"line one\n", "line two\n\n", "line three"}},
		{"一。二！三", []string{"一。", "二！", "三"}},
	} {
		if got := Sentences(c.text); !slices.Equal(got, c.want) {
			t.Errorf("Sentences(%q):\n got %q\nwant %q", c.text, got, c.want)
		}
	}
}

func TestChainAppliesInOrder(t *testing.T) {
	text := Text{Text: "a tool tool for files. a tool for files. Another and anoth", Ended: false}
	for _, c := range []struct {
		chain []string
		want  string
	}{
		{nil, text.Text},
		{[]string{"drop-unfinished", "remove-repeated-ngrams"}, "a tool for files."},
		{[]string{"cap-words", "drop-unfinished"}, "a tool tool for files."},
		{Default().Chain, "a tool for files."},
	} {
		chain, err := New(config(c.chain...))
		if err != nil {
			t.Fatal(err)
		}
		if got := chain.Apply(text); got != c.want {
			t.Errorf("%q: got %q, want %q", c.chain, got, c.want)
		}
	}
}

func TestMistakes(t *testing.T) {
	if _, err := New(Default()); err != nil {
		t.Errorf("the default chain: %v", err)
	}
	for _, c := range []struct {
		config Settings
		want   string
	}{
		{config("first-lime"), `postprocess.chain: unknown processor "first-lime"; one of first-line, first-sentence, drop-unfinished`},
		{Settings{Chain: []string{"cap-words"}}, "postprocess.max_words: found 0, expected at least 1"},
		{Settings{Chain: []string{"strip-echo"}}, "postprocess.echo_words: found 0"},
		{Settings{Chain: []string{"remove-repeated-ngrams"}, EchoWords: 1}, "postprocess.ngram: found 0"},
	} {
		if _, err := New(c.config); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

// FuzzProcessors tests what every processor promises: it takes away only, leaves
// something of what says something, and has nothing left to do after it.
func FuzzProcessors(f *testing.F) {
	f.Add("a tool tool. a tool. A tool, cut", "a tool for a tool", false)
	f.Add("1. Dr. X said \"so.\" \n\n「日本。」 ... - a, b", "日本", true)
	f.Add("\xff a\xc3 \xff a\xc3. \u2028x", "\xff", false)
	f.Add("a. a a. a b c a b c. 1. 1.", "", true)
	f.Fuzz(func(t *testing.T, text, input string, ended bool) {
		for _, name := range Names() {
			chain, err := New(config(name))
			if err != nil {
				t.Fatal(err)
			}
			once := chain.Apply(Text{text, input, ended})
			if len(once) > len(text) {
				t.Errorf("%s made %q longer: %q", name, text, once)
			}
			if key(strings.TrimSpace(text)) != "" && strings.TrimSpace(once) == "" {
				t.Errorf("%s left nothing of %q", name, text)
			}
			if utf8.ValidString(text) && !utf8.ValidString(once) {
				t.Errorf("%s of %q is not UTF-8: %q", name, text, once)
			}
			// Cut at a clause, a text has one clause less to be cut at again.
			if name == "drop-unfinished" && clauseEnd(text) > 0 {
				continue
			}
			if twice := chain.Apply(Text{once, input, ended}); twice != once {
				t.Errorf("%s of %q: %q, and then %q", name, text, once, twice)
			}
		}
	})
}

func BenchmarkDefaultChain(b *testing.B) {
	chain, err := New(Default())
	if err != nil {
		b.Fatal(err)
	}
	text := Text{strings.Repeat("a small library that reads and writes archives in several formats ", 3), strings.Repeat("The library reads and writes archives. ", 20), false}
	for b.Loop() {
		chain.Apply(text)
	}
}
