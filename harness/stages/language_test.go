package stages

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/tokenizer"
)

func TestAChatTemplateIsPutAroundThePrompt(t *testing.T) {
	dir := t.TempDir()
	tok, err := tokenizer.Train(slices.Values([]string(nil)), 257, []string{tokenizer.EndOfText})
	if err == nil {
		err = tok.Save(dir)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "chat_template.jinja"), []byte("{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}</>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	task := experiments.Get[data.Task](Default(), "task")
	task.Chat, task.Prompt, task.Response = true, "Name {input}!\n", "{reference}"
	l, err := OpenLanguage(dir, task)
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Decode(l.Codec.Prompt(data.Example{Input: "a {thing}"})); got != "<user>Name a {thing}!</><assistant>" {
		t.Errorf("the prompt is %q", got)
	}
}
