package chat

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"lastmile/harness/fuzztest"
)

// FuzzPrompt reads a folder's chat template and renders a conversation in it.
func FuzzPrompt(f *testing.F) {
	var rows []struct {
		Template string
		Messages json.RawMessage
	}
	text, err := os.ReadFile("testdata/chat.json")
	if err == nil {
		err = json.Unmarshal(text, &rows)
	}
	if err != nil || len(rows) == 0 {
		f.Fatal("testdata/chat.json: ", err)
	}
	for _, row := range rows {
		f.Add([]byte(`{"bos_token": "<s>", "eos_token": {"content": "</s>"}}`), row.Template, []byte(row.Messages))
	}
	f.Add([]byte(`{"chat_template": [{"name": "default", "template": "{{ messages[0].content }}{{ bos_token }}"}], "bos_token": 1}`), "", []byte(`[]`))
	f.Add([]byte(`{"chat_template": "{{ strftime_now('%d') }}{% for m in messages %}{{ m['role'] * 99 }}{% endfor %}"}`), "", []byte(`[{"role": "a\u0000", "content": "{{"}]`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, config []byte, template string, conversation []byte) {
		os.Remove(filepath.Join(dir, File))
		files := map[string][]byte{"tokenizer_config.json": config}
		if template != "" {
			files[File] = []byte(template)
		}
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var messages []Message
		if json.Unmarshal(conversation, &messages) != nil {
			return
		}
		given := []string{string(config), template, string(conversation)}
		// What a template makes may be 64 MiB, and is made of parts and copies.
		fuzztest.Bounded(t, 1<<30, func() {
			c, err := Load(dir, today)
			fuzztest.Says(t, err, given...)
			if err != nil {
				return
			}
			prompt, err := c.Prompt(messages)
			fuzztest.Says(t, err, given...)
			if again, second := c.Prompt(messages); again != prompt || (err == nil) != (second == nil) {
				t.Errorf("one conversation is %q, %v, and then %q, %v", prompt, err, again, second)
			}
		})
	})
}
