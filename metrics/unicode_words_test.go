package metrics

import (
	"slices"
	"strings"
	"testing"
)

func TestUnicodeWords(t *testing.T) {
	for text, want := range map[string]string{
		"The cat's 3.5 naïve CAFÉ-bars, e.g. U.S.A.!": "the|cat's|3.5|naïve|café|bars|e.g|u.s.a",
		"日本語のテキスト。":                                   "日|本|語|の|テ|キ|ス|ト",
		"他们在2024年去了Paris":                             "他|们|在|2024|年|去|了|paris",
		"هذا نص عربي، قصير":                           "هذا|نص|عربي|قصير",
		"한국어 문장입니다":                                   "한국어|문장입니다",
		"Привет, мир":                                 "привет|мир",
		" — ¿? \n":                                    "",
	} {
		var got []string
		eachUnicodeWord(text, func(word string) { got = append(got, word) })
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Texts in other scripts have no words by default, and all metrics of words are 0.
func TestTheTokenizerIsAnOption(t *testing.T) {
	input := []Input{{Hypothesis: "猫坐在垫子上", References: []string{"猫在垫子上"}}}
	names := []string{"rouge1", "rougeL", "la-rougeL", "length", "length_ratio", "length_distance"}
	for tokenizer, want := range map[string][]float64{
		"":         {0, 0, 0, 0, 0, 0},
		RougeScore: {0, 0, 0, 0, 0, 0},
		Unicode:    {10. / 11, 10. / 11, 10. / 11 * 5 / 6, 6, 6. / 5, 1},
	} {
		options := DefaultOptions()
		options.Tokenizer = tokenizer
		made, err := Select(names, options)
		if err != nil {
			t.Fatal(err)
		}
		scores, err := All(made, input, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range names {
			if diff := scores[i][0] - want[i]; diff > 1e-12 || diff < -1e-12 {
				t.Errorf("%s, tokenizer %q: %v, want %v", name, tokenizer, scores[i][0], want[i])
			}
			tok := "|tok:" + tokenizerName(tokenizer == Unicode) + "|"
			if !strings.Contains(made[i].Signature(), tok) {
				t.Errorf("%s: the signature %s lacks %s", name, made[i].Signature(), tok)
			}
		}
	}
	if _, err := New("rouge1", Options{Tokenizer: "spaces"}); err == nil || err.Error() != `unknown tokenizer "spaces"; one of rouge-score, unicode` {
		t.Errorf("an unknown tokenizer: %v", err)
	}
	if !slices.Equal(Tokenizers(), []string{"rouge-score", "unicode"}) {
		t.Error(Tokenizers())
	}
}
