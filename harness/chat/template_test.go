package chat

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// today is the day on which chat.py says it was.
func today() time.Time { return time.Date(2024, 7, 26, 0, 0, 0, 0, time.UTC) }

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func inConfig(t *testing.T, template any) map[string]string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"bos_token": "<s>", "eos_token": map[string]any{"content": "</s>"}, "chat_template": template})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"tokenizer_config.json": string(text)}
}

func TestChatPromptsEqualTransformers(t *testing.T) {
	var rows []struct {
		Name, Template, Prompt string
		Messages               []Message
	}
	text, err := os.ReadFile("testdata/chat.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		alone := inConfig(t, "another")
		alone[File] = row.Template
		for where, files := range map[string]map[string]string{
			"a text":       inConfig(t, row.Template),
			"of several":   inConfig(t, []map[string]string{{"name": "tool_use", "template": "x"}, {"name": "default", "template": row.Template}}),
			"its own file": alone,
		} {
			c, err := Load(folder(t, files), today)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := c.Prompt(row.Messages); err != nil || got != row.Prompt {
				t.Errorf("%s, %s: %v\n got %q, %v\nwant %q", row.Name, where, row.Messages, got, err, row.Prompt)
			}
		}
	}
}

func TestChatTemplatesThatCannotBeUsed(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"has no chat template: neither chat_template.jinja": {"tokenizer_config.json": `{}`},
		"expected a text, or a list":                        inConfig(t, 5),
		"none of 1 is called default":                       inConfig(t, []map[string]string{{"name": "rag", "template": "x"}}),
		"chat_template.jinja: ":                             {File: "{% for %}"},
		"only system messages":                              {File: "{{ raise_exception('only system messages') }}"},
		"reads another file":                                {File: "{% include '/etc/passwd' %}"},
		"unexpected end of JSON input":                      {"tokenizer_config.json": `{`},
	} {
		c, err := Load(folder(t, files), today)
		if err == nil {
			_, err = c.Prompt([]Message{{Role: "user", Content: "x"}})
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
