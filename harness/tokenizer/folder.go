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
	"slices"

	"lastmile/harness/foreign"
	"lastmile/harness/jsonfile"
)

// Load reads the tokenizer of a Hugging Face folder, or a tokenizer.json of any
// name, with the tokens that only the files beside it name. Its end token is eos_token
// of the tokenizer_config.json there, or of an older folder's special_tokens_map.json,
// otherwise eos_token_id (of several the first) of generation_config.json or
// config.json, otherwise <|endoftext|>; without any it is an error. The other
// eos_token_ids end a response too. What would be encoded in another way than Hugging
// Face does is refused.
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
	data, err := foreign.ReadFS(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("loading tokenizer: %w", err)
	}
	var f file
	if err := jsonfile.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("loading tokenizer %s: not a tokenizer.json: %w", name, err)
	}
	dir := path.Dir(name)
	config, err := readJSON(fsys, path.Join(dir, "tokenizer_config.json"), new(any))
	if err != nil {
		return nil, fmt.Errorf("loading tokenizer %s: %w", name, err)
	}
	others, err := declared(fsys, dir, config)
	if err != nil {
		return nil, fmt.Errorf("loading tokenizer %s: %w", name, err)
	}
	others.addTo(&f)
	t, err := compile(f)
	if err != nil {
		return nil, fmt.Errorf("loading tokenizer %s: %w", name, err)
	}
	t.config, t.names = config, others.names
	if t.chat, err = foreign.ReadFS(fsys, path.Join(dir, chatFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("loading tokenizer %s: %w", name, err)
	}
	if err := t.findEnds(fsys, dir, others.end); err != nil {
		return nil, fmt.Errorf("loading tokenizer %s: %w", name, err)
	}
	return t, nil
}

// findEnds looks for the end tokens in the files beside tokenizer.json: the one that
// the tokenizer is said to have, in whose place config.json's first stands, and the
// others that end a response.
func (t *Tokenizer) findEnds(fsys fs.FS, dir, declared string) error {
	generation, err := endIDs(fsys, path.Join(dir, "generation_config.json"))
	if err != nil {
		return err
	}
	config, err := endIDs(fsys, path.Join(dir, "config.json"))
	if err != nil {
		return err
	}
	from := "generation_config.json"
	if len(generation) == 0 {
		from, generation = "config.json", config
	}
	for _, id := range generation {
		if t.Token(id) == "" {
			return fmt.Errorf("%s: eos_token_id %d is not in the vocabulary of %d tokens", from, id, len(t.tokens))
		}
	}
	var ok bool
	switch {
	case declared != "":
		if t.eos, ok = t.ids[declared]; !ok {
			return fmt.Errorf("eos_token %q is not in the vocabulary", declared)
		}
	case len(generation) > 0:
		t.eos = generation[0]
	default:
		if t.eos, ok = t.ids[EndOfText]; !ok {
			return fmt.Errorf("no end token: expected eos_token in tokenizer_config.json, eos_token_id in config.json or a token %s", EndOfText)
		}
	}
	t.ends = []int{t.eos}
	for _, id := range generation {
		if !slices.Contains(t.ends, id) {
			t.ends = append(t.ends, id)
		}
	}
	return nil
}

// endIDs reads eos_token_id of a configuration: none, one or several.
func endIDs(fsys fs.FS, name string) ([]int, error) {
	var config struct {
		EOSTokenID json.RawMessage `json:"eos_token_id"`
	}
	if _, err := readJSON(fsys, name, &config); err != nil {
		return nil, err
	}
	raw := config.EOSTokenID
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var one int
	if json.Unmarshal(raw, &one) == nil {
		return []int{one}, nil
	}
	var several []int
	if err := jsonfile.Unmarshal(raw, &several); err != nil {
		return nil, fmt.Errorf("%s: eos_token_id: found %s; expected a number or a list of numbers", path.Base(name), jsonfile.Excerpt(raw))
	}
	return several, nil
}

// readJSON decodes a file into v and returns its bytes; a file that is not
// there leaves v as it was.
func readJSON(fsys fs.FS, name string, v any) ([]byte, error) {
	data, err := foreign.ReadFS(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := jsonfile.Unmarshal(data, v); err != nil {
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
	if err := jsonfile.Unmarshal(raw, &token); err != nil || token.Content == "" {
		return "", fmt.Errorf("found %s; expected a string or an object with content", jsonfile.Excerpt(raw))
	}
	return token.Content, nil
}

// Save writes tokenizer.json, tokenizer_config.json and, where they are needed,
// chat_template.jinja and generation_config.json into the folder dir, which exists. Both
// Hugging Face's tokenizers and transformers read them, with equal ids; Load finds the
// same end tokens again. The bytes depend on the tokenizer alone.
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
	if t.names != nil {
		if err := os.WriteFile(filepath.Join(dir, "special_tokens_map.json"), t.names, 0o666); err != nil {
			return fmt.Errorf("saving tokenizer: %w", err)
		}
	}
	if t.chat != nil {
		if err := os.WriteFile(filepath.Join(dir, chatFile), t.chat, 0o666); err != nil {
			return fmt.Errorf("saving tokenizer: %w", err)
		}
	}
	if len(t.ends) < 2 {
		return nil
	}
	text, err := json.Marshal(map[string]any{"eos_token_id": t.ends, "pad_token_id": t.eos})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "generation_config.json"), append(text, '\n'), 0o666)
	}
	if err != nil {
		return fmt.Errorf("saving tokenizer: %w", err)
	}
	return nil
}
