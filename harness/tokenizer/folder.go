package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Load reads the tokenizer of a Hugging Face folder, or a tokenizer.json of any
// name. Its end token is eos_token of the tokenizer_config.json beside it,
// otherwise eos_token_id (of several the first) of the config.json there,
// otherwise <|endoftext|>; without any it is an error. What would be encoded
// in another way than Hugging Face does is refused.
func Load(name string) (*Tokenizer, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("loading tokenizer: %w", err)
	}
	if info.IsDir() {
		name = filepath.Join(name, "tokenizer.json")
	}
	t, err := LoadFS(os.DirFS(filepath.Dir(name)), filepath.Base(name))
	if err != nil {
		return nil, fmt.Errorf("%w (in %s)", err, filepath.Dir(name))
	}
	return t, nil
}

// LoadFS is Load for the tokenizer.json called name in fsys.
func LoadFS(fsys fs.FS, name string) (*Tokenizer, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("loading tokenizer: %w", err)
	}
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("loading tokenizer %s: not a tokenizer.json: %w", name, err)
	}
	t, err := compile(f)
	if err != nil {
		return nil, fmt.Errorf("loading tokenizer %s: %w", name, err)
	}
	if t.chat, err = fs.ReadFile(fsys, path.Join(path.Dir(name), chatFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("loading tokenizer %s: %w", name, err)
	}
	if err := t.findEnd(fsys, path.Dir(name)); err != nil {
		return nil, fmt.Errorf("loading tokenizer %s: %w", name, err)
	}
	return t, nil
}

// findEnd looks for the end token in the files beside tokenizer.json.
func (t *Tokenizer) findEnd(fsys fs.FS, dir string) error {
	var tokenizerConfig struct {
		EOSToken json.RawMessage `json:"eos_token"`
	}
	raw, err := readJSON(fsys, path.Join(dir, "tokenizer_config.json"), &tokenizerConfig)
	if err != nil {
		return err
	}
	t.config = raw
	if len(tokenizerConfig.EOSToken) > 0 && string(tokenizerConfig.EOSToken) != "null" {
		token, err := tokenContent(tokenizerConfig.EOSToken)
		if err != nil {
			return fmt.Errorf("tokenizer_config.json: eos_token: %w", err)
		}
		id, ok := t.ids[token]
		if !ok {
			return fmt.Errorf("tokenizer_config.json: eos_token %q is not in the vocabulary", token)
		}
		t.eos = id
		return nil
	}
	var config struct {
		EOSTokenID json.RawMessage `json:"eos_token_id"`
	}
	if _, err := readJSON(fsys, path.Join(dir, "config.json"), &config); err != nil {
		return err
	}
	if len(config.EOSTokenID) > 0 && string(config.EOSTokenID) != "null" {
		id, err := firstID(config.EOSTokenID)
		if err != nil {
			return fmt.Errorf("config.json: eos_token_id: %w", err)
		}
		if id < 0 || id >= len(t.tokens) || t.tokens[id] == "" {
			return fmt.Errorf("config.json: eos_token_id %d is not in the vocabulary of %d tokens", id, len(t.tokens))
		}
		t.eos = id
		return nil
	}
	id, ok := t.ids[EndOfText]
	if !ok {
		return fmt.Errorf("no end token: expected eos_token in tokenizer_config.json, eos_token_id in config.json or a token %s", EndOfText)
	}
	t.eos = id
	return nil
}

// readJSON decodes a file into v and returns its bytes; a file that is not
// there leaves v as it was.
func readJSON(fsys fs.FS, name string, v any) ([]byte, error) {
	data, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

// chatFile holds the chat template of newer folders, which goes with the tokenizer.
const chatFile = "chat_template.jinja"

// tokenContent reads a token that is given as a string or as an added token.
func tokenContent(raw json.RawMessage) (string, error) {
	var content string
	if json.Unmarshal(raw, &content) == nil {
		return content, nil
	}
	var token addedToken
	if err := json.Unmarshal(raw, &token); err != nil || token.Content == "" {
		return "", fmt.Errorf("found %s; expected a string or an object with content", raw)
	}
	return token.Content, nil
}

// firstID reads a number, or the first of a list of numbers.
func firstID(raw json.RawMessage) (int, error) {
	var id int
	if json.Unmarshal(raw, &id) == nil {
		return id, nil
	}
	var list []int
	if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 {
		return 0, fmt.Errorf("found %s; expected a number or a list of numbers", raw)
	}
	return list[0], nil
}

// Save writes tokenizer.json, tokenizer_config.json and, where there was one,
// chat_template.jinja into the folder dir, which exists. Both Hugging Face's tokenizers and transformers read them, with equal
// ids; Load finds the same end token again. The bytes depend on the tokenizer
// alone.
func (t *Tokenizer) Save(dir string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(t.file); err != nil {
		return fmt.Errorf("saving tokenizer: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), b.Bytes(), 0o666); err != nil {
		return fmt.Errorf("saving tokenizer: %w", err)
	}
	config := t.config
	if config == nil {
		b.Reset()
		e.SetIndent("", "  ")
		err := e.Encode(map[string]any{
			"tokenizer_class":              "PreTrainedTokenizerFast",
			"eos_token":                    t.tokens[t.eos],
			"clean_up_tokenization_spaces": false,
		})
		if err != nil {
			return fmt.Errorf("saving tokenizer: %w", err)
		}
		config = b.Bytes()
	}
	if err := os.WriteFile(filepath.Join(dir, "tokenizer_config.json"), config, 0o666); err != nil {
		return fmt.Errorf("saving tokenizer: %w", err)
	}
	if t.chat != nil {
		if err := os.WriteFile(filepath.Join(dir, chatFile), t.chat, 0o666); err != nil {
			return fmt.Errorf("saving tokenizer: %w", err)
		}
	}
	return nil
}
