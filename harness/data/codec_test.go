package data

import (
	"slices"
	"strings"
	"testing"
)

// pieces is a tokenizer over bytes in which some pairs of bytes are one token,
// as merges make them.
type pieces []string

const endToken = 999

func (p pieces) Encode(text string) []int {
	var tokens []int
	for len(text) > 0 {
		n := slices.IndexFunc(p, func(piece string) bool { return strings.HasPrefix(text, piece) })
		if n >= 0 {
			tokens, text = append(tokens, 256+n), text[len(p[n]):]
		} else {
			tokens, text = append(tokens, int(text[0])), text[1:]
		}
	}
	return tokens
}

func (p pieces) Text(tokens []int) string { return strings.ToValidUTF8(p.Decode(tokens), "\ufffd") }

func (p pieces) PrependsSpace() bool { return false }

func (p pieces) Decode(tokens []int) string {
	var text []byte
	for _, token := range tokens {
		if token >= 256 {
			text = append(text, p[token-256]...)
		} else {
			text = append(text, byte(token))
		}
	}
	return string(text)
}

// seams merges the last letter of some inputs with the template after it.
var seams = pieces{"\n=", "a\n", "th", " f"}

func newCodec(t *testing.T, maxPrompt, maxResponse int) *Codec {
	t.Helper()
	task := Task{Prompt: "sum: {input}\n=>", Response: " {reference}", MaxPromptTokens: maxPrompt, MaxResponseTokens: maxResponse}
	c, err := NewCodec(task, seams, []int{endToken}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTemplate(t *testing.T) {
	template, err := NewTemplate("Q: {input}\nA:", " {reference}.")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := template.Prompt("why {reference}?"), "Q: why {reference}?\nA:"; got != want {
		t.Errorf("prompt %q, want %q", got, want)
	}
	if got, want := template.Response("{input}"), " {input}."; got != want {
		t.Errorf("response %q, want %q", got, want)
	}
	for _, text := range []string{"a thing", "", " two  spaces "} {
		if got := template.Text(template.Response(text)); got != text {
			t.Errorf("text %q came back as %q", text, got)
		}
	}
	if got := template.Text("no template"); got != "no template" {
		t.Errorf("a response without the template's parts came back as %q", got)
	}
}

func TestTemplateMistakes(t *testing.T) {
	tests := []struct{ prompt, response, want string }{
		{"=>", " {reference}", `task.prompt: "=>" holds {input} 0 times`},
		{"{input}{input}", " {reference}", "{input} 2 times"},
		{"{input}", "{ref}", `task.response: "{ref}" holds {reference} 0 times`},
	}
	for _, test := range tests {
		if _, err := NewTemplate(test.prompt, test.response); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q, %q: error %v, want %s", test.prompt, test.response, err, test.want)
		}
	}
}

func TestPromptIsCutInItsInputAlone(t *testing.T) {
	inputs := []string{
		"the path of the moth", "aaaaaaaaaaaaaaaaaaaaaa", "naïve café, naïve café", "日本語日本語日本語", "x", strings.Repeat("long ", 10000),
	}
	for limit := 9; limit < 40; limit++ {
		c := newCodec(t, limit, 8)
		for _, input := range inputs {
			tokens := c.Prompt(Example{Input: input})
			text := seams.Decode(tokens)
			if len(tokens) > limit {
				t.Fatalf("limit %d: %q has %d tokens", limit, text, len(tokens))
			}
			kept, ok := strings.CutPrefix(text, "sum: ")
			if !ok || !strings.HasSuffix(kept, "\n=>") {
				t.Fatalf("limit %d: the template is damaged in %q", limit, text)
			}
			kept = strings.TrimSuffix(kept, "\n=>")
			if !strings.HasPrefix(input, kept) || strings.ToValidUTF8(kept, "") != kept {
				t.Errorf("limit %d: %q is no beginning of %q in whole characters", limit, kept, input)
			}
			if !slices.Equal(tokens, seams.Encode(text)) {
				t.Errorf("limit %d: the tokens of %q are not those of its text", limit, text)
			}
			full := seams.Encode("sum: " + input + "\n=>")
			if len(full) <= limit && kept != input {
				t.Errorf("limit %d: %q was cut to %q although it fits", limit, input, kept)
			}
			if len(full) > limit && len(tokens) < limit-4 {
				t.Errorf("limit %d: %q was cut to %d tokens", limit, input, len(tokens))
			}
		}
	}
}

func TestResponseEndsWhereItFits(t *testing.T) {
	c := newCodec(t, 20, 6) // " f" is one token, the other letters one each
	tests := []struct {
		reference string
		tokens    int
		ended     bool
	}{
		{"four", 5, true},
		{"fours", 6, true},
		{"fourth", 6, true}, // "th" is one token
		{"fourty", 6, false},
		{"fourteenth floor", 6, false},
	}
	for _, test := range tests {
		tokens, ended := c.Response(test.reference)
		if len(tokens) != test.tokens || ended != test.ended || slices.Contains(tokens, endToken) != ended {
			t.Errorf("%q: tokens %v, ended %v; want %d tokens, ended %v", test.reference, tokens, ended, test.tokens, test.ended)
		}
		text := c.Text(tokens)
		if !strings.HasPrefix(test.reference, text) || ended && text != test.reference {
			t.Errorf("%q came back as %q", test.reference, text)
		}
	}
}

func TestTextStopsAtTheEndToken(t *testing.T) {
	c := newCodec(t, 20, 20)
	tokens, _ := c.Response("one")
	if got := c.Text(append(tokens, seams.Encode(" two")...)); got != "one" {
		t.Errorf("text %q, want %q", got, "one")
	}
	if got := c.Text([]int{' ', 'c', 0xc3}); got != "c\uFFFD" {
		t.Errorf("half a character came out as %q", got)
	}
	if got := c.Text([]int{endToken}); got != "" {
		t.Errorf("nothing but the end token came out as %q", got)
	}
}

func TestCodecNeedsRoom(t *testing.T) {
	task := Task{Prompt: "sum: {input}\n=>", Response: " {reference}", MaxPromptTokens: 7, MaxResponseTokens: 8}
	if _, err := NewCodec(task, seams, []int{endToken}, nil); err == nil || !strings.HasPrefix(err.Error(), "task.max_prompt_tokens: found 7, expected more than the 7") {
		t.Errorf("error %v", err)
	}
	task.MaxPromptTokens, task.MaxResponseTokens = 8, 2
	if _, err := NewCodec(task, seams, []int{endToken}, nil); err == nil || !strings.HasPrefix(err.Error(), "task.max_response_tokens: found 2") {
		t.Errorf("error %v", err)
	}
}

func TestFitSaysWhatIsCut(t *testing.T) {
	c := newCodec(t, 8, 8) // the template takes 7 tokens
	for _, test := range []struct {
		input, reference string
		want             Fit
	}{
		{"x", "one", Fit{Prompt: 8, Response: 5}},
		{"xy", "one", Fit{Prompt: 9, Response: 5, PromptCut: true}},
		{"日", "one two three", Fit{Prompt: 10, Response: 14, PromptCut: true, PromptEmpty: true, ResponseCut: true}},
	} {
		if got := c.Fit(Example{Input: test.input, References: []string{test.reference}}); got != test.want {
			t.Errorf("%q, %q: %+v, want %+v", test.input, test.reference, got, test.want)
		}
	}
}
