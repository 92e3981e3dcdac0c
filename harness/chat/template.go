// Package chat puts conversations into the form that a model was trained on: the
// chat template of its folder, rendered for each as transformers'
// apply_chat_template does.
package chat

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"lastmile/harness/foreign"
	"lastmile/harness/jinja"
	"lastmile/harness/jsonfile"
)

// A Message is what one side says in a conversation, with Hugging Face's names.
type Message struct {
	// Role is "system", "user" or "assistant", or another that a template knows.
	Role    string `json:"role"`
	Content string `json:"content"`
}

// File holds the chat template in newer folders; in older ones it is a field of
// tokenizer_config.json.
const File = "chat_template.jinja"

// Template is a folder's chat template: a program in Jinja's language, which
// computes a text from a conversation and has no access to anything else.
type Template struct {
	path     string
	template *jinja.Template
	values   jinja.Values // what it is given besides the messages
}

// Load reads the chat template of a Hugging Face folder, from chat_template.jinja or
// from tokenizer_config.json, of several the one called default. now tells a
// template the date that asks for it.
func Load(dir string, now func() time.Time) (*Template, error) {
	path := filepath.Join(dir, "tokenizer_config.json")
	fields, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	t := &Template{path: path, values: jinja.Values{
		"add_generation_prompt": true,
		"tools":                 nil,
		"documents":             nil,
		"raise_exception":       jinja.Raise(),
		"strftime_now":          jinja.Clock(now),
	}}
	for _, name := range []string{"bos_token", "eos_token", "unk_token", "pad_token", "cls_token", "sep_token", "mask_token"} {
		if raw, ok := fields[name]; ok && string(raw) != "null" {
			token, err := content(raw)
			if err != nil {
				return nil, fmt.Errorf("loading chat template: %s: %s: %w", path, name, err)
			}
			t.values[name] = token
		}
	}
	text, err := templateOf(fields["chat_template"])
	if err != nil {
		return nil, fmt.Errorf("loading chat template: %s: %w", path, err)
	}
	alone, err := foreign.Read(filepath.Join(dir, File))
	switch {
	case err == nil:
		t.path, text = filepath.Join(dir, File), string(alone)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("loading chat template: %w", err)
	case text == "":
		return nil, fmt.Errorf("%s has no chat template: neither %s nor chat_template in tokenizer_config.json", dir, File)
	}
	if t.template, err = jinja.Parse(text); err != nil {
		return nil, fmt.Errorf("loading chat template: %s: %w", t.path, err)
	}
	return t, nil
}

// readConfig reads the fields of a tokenizer_config.json, which may be missing.
func readConfig(path string) (fields map[string]json.RawMessage, err error) {
	text, err := foreign.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err == nil:
		err = jsonfile.Unmarshal(text, &fields)
	}
	if err != nil {
		return nil, fmt.Errorf("loading chat template: reading %s: %w", path, err)
	}
	return fields, nil
}

// content reads a token that is given as a string or as an object.
func content(raw json.RawMessage) (string, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var token struct{ Content string }
	if err := jsonfile.Unmarshal(raw, &token); err != nil || token.Content == "" {
		return "", fmt.Errorf("found %s; expected a string or an object with content", jsonfile.Excerpt(raw))
	}
	return token.Content, nil
}

// templateOf reads the field chat_template: a text, or a list of texts with names.
func templateOf(raw json.RawMessage) (string, error) {
	var text string
	if len(raw) == 0 || string(raw) == "null" || json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var list []struct{ Name, Template string }
	if err := jsonfile.Unmarshal(raw, &list); err != nil {
		return "", errors.New("chat_template: expected a text, or a list of objects with name and template")
	}
	for _, named := range list {
		if named.Name == "default" {
			return named.Template, nil
		}
	}
	return "", fmt.Errorf("chat_template: none of %d is called default", len(list))
}

// Prompt renders a conversation that the assistant is to answer, as transformers'
// apply_chat_template does with add_generation_prompt.
func (t *Template) Prompt(messages []Message) (string, error) {
	list := make([]any, len(messages))
	for i, m := range messages {
		list[i] = jinja.NewDict("role", m.Role, "content", m.Content)
	}
	values := jinja.Values{"messages": list}
	for name, v := range t.values {
		values[name] = v
	}
	prompt, err := t.template.Render(values)
	if err != nil {
		return "", fmt.Errorf("applying the chat template %s: %w", t.path, err)
	}
	return prompt, nil
}
