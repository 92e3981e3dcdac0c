package stages

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lastmile/experiments"
	"lastmile/harness/chat"
	"lastmile/harness/data"
	"lastmile/harness/negatives"
	"lastmile/harness/tokenizer"
)

// chatFolder is the folder of a tokenizer of bytes with a chat template.
func chatFolder(t *testing.T, template string) string {
	t.Helper()
	dir := t.TempDir()
	tok, err := tokenizer.Train(slices.Values([]string(nil)), 257, []string{tokenizer.EndOfText})
	if err == nil {
		err = tok.Save(dir)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, chat.File), []byte(template), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// chatTask is a task in a chat template.
func chatTask(prompt string) data.Task {
	task := experiments.Get[data.Task](Default(), "task")
	task.Chat, task.Prompt, task.Response, task.MaxPromptTokens = true, prompt, "{reference}", 80
	return task
}

const turns = "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}</>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"

func TestAChatTemplateIsPutAroundThePrompt(t *testing.T) {
	conversation := []chat.Message{{Role: "system", Content: "Be brief."}, {Role: "user", Content: "Who?"}, {Role: "assistant", Content: "I."}, {Role: "user", Content: "And?"}}
	for _, test := range []struct {
		template, prompt string
		example          data.Example
		want, shown      string
	}{
		{turns, "Name {input}!\n", data.Example{Input: "a {thing}"}, "<user>Name a {thing}!</><assistant>", "a {thing}"},
		// The template sees each input itself, and can use it as often as it likes.
		{"{{ messages[0].content | length }}{{ messages[0].content.startswith('x') }}{{ messages[0].content[0] }}{{ messages[0].content }}", "{input}", data.Example{Input: "xyz"}, "3Truexxyz", "xyz"},
		{"{% if 'secret' not in messages[0].content %}no {% endif %}{{ messages[0].content }}", "{input}", data.Example{Input: "a secret"}, "a secret", "a secret"},
		{turns, "> {input}", data.Example{Input: "all of it", Messages: conversation}, "<system>Be brief.</><user>Who?</><assistant>I.</><user>> And?</><assistant>", "And?"},
		// Where it refuses a conversation, it gets it as one message.
		{"{% if messages | length > 1 %}{{ raise_exception('one only') }}{% endif %}" + turns, "{input}", data.Example{Input: "x", Messages: conversation[2:]}, "<user>I.\nAnd?</><assistant>", "And?"},
		// What is too long loses its oldest turns, and then its end.
		{turns, "{input}", data.Example{Messages: append(conversation[:1:1], chat.Message{Role: "user", Content: strings.Repeat("long ", 20)}, conversation[3])}, "<system>Be brief.</><user>And?</><assistant>", "And?"},
		{turns, "{input}", data.Example{Input: strings.Repeat("1234567890", 10)}, "<user>" + strings.Repeat("1234567890", 6)[:60] + "</><assistant>", strings.Repeat("1234567890", 6)[:60]},
	} {
		l, err := OpenLanguage(chatFolder(t, test.template), chatTask(test.prompt))
		if err != nil {
			t.Fatal(err)
		}
		if got := l.Decode(l.Codec.Prompt(test.example)); got != test.want {
			t.Errorf("%s: the prompt is %q, want %q", test.template, got, test.want)
		}
		if got := l.Codec.Shown(test.example); got != test.shown {
			t.Errorf("%s: %q is shown, want %q", test.template, got, test.shown)
		}
	}
}

// What a negative takes from the input is the input's own text.
func TestACopyHoldsNothingOfTheChatTemplate(t *testing.T) {
	l, err := OpenLanguage(chatFolder(t, "<|system|>Today you help.<|user|>{{ messages[0].content }}<|assistant|>"), chatTask("Short: {input}"))
	if err != nil {
		t.Fatal(err)
	}
	examples := []data.Example{{ID: "a", Input: "one two three four", References: []string{"one"}}, {ID: "b", Input: "five six", References: []string{"six"}}}
	var settings negatives.Settings
	if err := json.Unmarshal([]byte(`{"per_example":2,"copy":{"weight":1}}`), &settings); err != nil {
		t.Fatal(err)
	}
	maker, err := negatives.New(settings, l.Codec, l, examples)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range examples {
		if got := maker.Input(i); got != e.Input {
			t.Errorf("the input of %s is %q, want %q", e.ID, got, e.Input)
		}
	}
}

func TestAChatTemplateThatTellsTheDateNeedsOne(t *testing.T) {
	dir := chatFolder(t, "{{ strftime_now('%d %b %Y') }}: {{ messages[0].content }}")
	task := chatTask("{input}")
	if _, err := OpenLanguage(dir, task); err == nil || !strings.HasPrefix(err.Error(), "task.chat_date: the chat template in ") {
		t.Errorf("no date: error %v", err)
	}
	task.ChatDate = "2025-02-30"
	if _, err := OpenLanguage(dir, task); err == nil || !strings.HasPrefix(err.Error(), "task.chat_date: there is no 2025-02-30") {
		t.Errorf("no such date: error %v", err)
	}
	task.ChatDate = "2026-03-05"
	l, err := OpenLanguage(dir, task)
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Decode(l.Codec.Prompt(data.Example{Input: "x"})); got != "05 Mar 2026: x" {
		t.Errorf("the prompt is %q", got)
	}
}

// A tokenizer in the manner of SentencePiece begins each text with a space of its own.
func TestAResponseBeginsWithOneSpace(t *testing.T) {
	dir := t.TempDir()
	const file = `{"added_tokens": [{"id": 0, "content": "</s>", "special": true, "normalized": false}],
		"normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
		"decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
		"model": {"type": "BPE", "byte_fallback": false, "fuse_unk": true, "unk_token": "</s>", "vocab": {"</s>": 0, "▁": 1, "a": 2, "▁a": 3, "b": 4, ">": 5}, "merges": ["▁ a"]}}`
	os.WriteFile(filepath.Join(dir, "tokenizer.json"), []byte(file), 0o644)
	os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"eos_token_id": 0, "vocab_size": 6}`), 0o644)
	l, err := OpenLanguage(dir, experiments.Get[data.Task](Default(), "task"))
	if err != nil {
		t.Fatal(err)
	}
	tokens, ended := l.Codec.Response("ab")
	if want := []int{3, 4, 0}; !slices.Equal(tokens, want) || !ended || l.Codec.Text(tokens) != "ab" {
		t.Errorf("the response is %v, and then %q; want %v", tokens, l.Codec.Text(tokens), want)
	}
}
