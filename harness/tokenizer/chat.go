package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/nikolalohinski/gonja/v2"
	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"
)

// chatFile holds the chat template in newer folders; in older ones it is a
// field of tokenizer_config.json.
const chatFile = "chat_template.jinja"

// Chat is a folder's chat template: how a conversation is put to its model.
// It is a template in Jinja's language, which computes a text from the
// conversation, and has no access to anything else.
type Chat struct {
	path     string
	template *exec.Template
	tokens   map[string]string // such as bos_token
}

// LoadChat reads the chat template of a Hugging Face folder, from
// chat_template.jinja or from tokenizer_config.json, of several the one called
// default.
func LoadChat(dir string) (*Chat, error) {
	path := filepath.Join(dir, "tokenizer_config.json")
	var fields map[string]json.RawMessage
	if _, err := readJSON(os.DirFS(dir), "tokenizer_config.json", &fields); err != nil {
		return nil, fmt.Errorf("loading chat template: %w (in %s)", err, dir)
	}
	c := &Chat{path: path, tokens: map[string]string{}}
	for _, name := range []string{"bos_token", "eos_token", "unk_token", "pad_token", "cls_token", "sep_token", "mask_token"} {
		if raw, ok := fields[name]; ok && string(raw) != "null" {
			token, err := tokenContent(raw)
			if err != nil {
				return nil, fmt.Errorf("loading chat template: %s: %s: %w", path, name, err)
			}
			c.tokens[name] = token
		}
	}
	text, err := chatText(fields["chat_template"])
	if err != nil {
		return nil, fmt.Errorf("loading chat template: %s: %w", path, err)
	}
	alone, err := os.ReadFile(filepath.Join(dir, chatFile))
	switch {
	case err == nil:
		c.path, text = filepath.Join(dir, chatFile), string(alone)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("loading chat template: %w", err)
	case text == "":
		return nil, fmt.Errorf("%s has no chat template: neither %s nor chat_template in tokenizer_config.json", dir, chatFile)
	}
	// transformers' settings.
	settings := config.New()
	settings.TrimBlocks, settings.LeftStripBlocks = true, true
	// The only file that the template can name is itself.
	const name = "/" + chatFile
	loader, err := loaders.NewMemoryLoader(map[string]string{name: text})
	if err == nil {
		err = guarded(func() error {
			c.template, err = exec.NewTemplate(name, settings, loader, &chatEnvironment)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("loading chat template: %s: %w", c.path, err)
	}
	return c, nil
}

// chatText reads the field chat_template: a text, or a list of texts with names.
func chatText(raw json.RawMessage) (string, error) {
	var text string
	if len(raw) == 0 || string(raw) == "null" || json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var list []struct{ Name, Template string }
	if err := json.Unmarshal(raw, &list); err != nil {
		return "", fmt.Errorf("chat_template: expected a text, or a list of objects with name and template")
	}
	for _, named := range list {
		if named.Name == "default" {
			return named.Template, nil
		}
	}
	return "", fmt.Errorf("chat_template: none of %d is called default", len(list))
}

// Prompt renders a conversation in which the user has said content and the
// assistant is to answer, as transformers' apply_chat_template does with
// add_generation_prompt.
func (c *Chat) Prompt(content string) (prompt string, err error) {
	context := map[string]any{
		"messages":              chatList{map[string]any{"role": "user", "content": content}},
		"add_generation_prompt": true,
		"tools":                 nil,
		"documents":             nil,
		"raise_exception":       func(message string) (string, error) { return "", errors.New(message) },
		"strftime_now":          func(format string) string { return chatDate.Replace(format) },
	}
	for name, token := range c.tokens {
		context[name] = token
	}
	err = guarded(func() (err error) {
		prompt, err = c.template.ExecuteToString(exec.NewContext(context))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("applying the chat template %s: %w", c.path, err)
	}
	return prompt, nil
}

// chatDate is today for templates that tell the date, the 26th of July 2024 as in
// Llama 3.1's own: the same settings give the same prompts whenever they are
// used.
var chatDate = strings.NewReplacer("%d", "26", "%m", "07", "%b", "Jul", "%B", "July", "%Y", "2024", "%y", "24")

// chatEnvironment is gonja's, in which what a method of a string returns is a
// string again, with methods.
var chatEnvironment = func() exec.Environment {
	e := *gonja.DefaultEnvironment
	methods := map[string]exec.Method[string]{}
	for _, name := range []string{
		"capitalize", "count", "endswith", "find", "format", "isalnum", "isalpha", "isdigit", "islower", "isspace", "isupper", "join",
		"lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rpartition", "rsplit", "rstrip", "split",
		"splitlines", "startswith", "strip", "title", "upper",
	} {
		if method, ok := e.Methods.Str.Get(name); ok {
			methods[name] = func(self string, value *exec.Value, arguments *exec.VarArgs) (any, error) {
				result, err := method(self, value, arguments)
				return plainStrings(result), err
			}
		}
	}
	e.Methods.Str = exec.NewMethodSet(methods)
	return e
}()

// plainStrings makes Go's strings of named types of them.
func plainStrings(v any) any {
	r := reflect.ValueOf(v)
	switch {
	case !r.IsValid():
	case r.Kind() == reflect.String:
		return r.String()
	case r.Kind() == reflect.Slice && r.Type().Elem().Kind() == reflect.String:
		list := make(chatList, r.Len())
		for i := range list {
			list[i] = r.Index(i).String()
		}
		return list
	}
	return v
}

// chatList is a list that can be counted from its end; gonja's own loses the
// first item there.
type chatList []any

// GetItem returns the item at a place, the last at -1.
func (l chatList) GetItem(key any) (*exec.Value, bool) {
	i, ok := key.(int)
	if ok && i < 0 {
		i += len(l)
	}
	if !ok || i < 0 || i >= len(l) {
		return exec.AsValue(nil), false
	}
	return exec.ToValue(l[i]), true
}

// guarded calls f and makes of a panic in it an error.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return f()
}
