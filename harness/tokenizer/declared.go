package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"lastmile/harness/jsonfile"
)

// declarations are what the files beside tokenizer.json say of tokens: some are
// named there only. They are read as transformers 5.24.0 does (from_pretrained of
// tokenization_utils_base.py, and the constructor of tokenization_utils_tokenizers.py).
type declarations struct {
	// listed have numbers of their own, by which they are put in order.
	listed []addedToken
	// named are eos_token and the like, and extra those without a name. They are
	// special.
	named, extra []addedToken
	// end is eos_token; empty where there is none.
	end string
	// older is true where nothing is listed in tokenizer_config.json.
	older bool
	// names is special_tokens_map.json where it counts; nil otherwise.
	names []byte
}

// namedTokens are the fields that name tokens, in the order of transformers.
var namedTokens = []string{"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"}

// declared reads the declarations in a folder, of which tokenizer_config.json is
// config, nil where there is none.
func declared(fsys fs.FS, dir string, config []byte) (d declarations, err error) {
	fields, err := orderedFields("tokenizer_config.json", config)
	if err != nil {
		return d, err
	}
	listed, hasListed := fields.get("added_tokens_decoder")
	if !hasListed {
		// Older folders have files of their own for what newer ones list.
		if d.names, err = readJSON(fsys, path.Join(dir, "special_tokens_map.json"), new(any)); err != nil {
			return d, err
		}
		others, err := orderedFields("special_tokens_map.json", d.names)
		if err != nil {
			return d, err
		}
		for _, f := range others {
			fields = fields.set(f)
		}
	}
	if err := d.readNames(fields); err != nil {
		return d, err
	}
	if hasListed {
		return d, d.readListed(listed)
	}
	d.older = true
	return d, d.readAdded(fsys, path.Join(dir, "added_tokens.json"))
}

// readNames takes the tokens that have names, and those that are listed without.
func (d *declarations) readNames(fields fieldList) error {
	for _, name := range namedTokens {
		value, ok := fields.get(name)
		if !ok || string(value) == "null" {
			continue
		}
		t, err := declaredToken(value)
		if err != nil {
			return fmt.Errorf("tokenizer_config.json: %s: %w", name, err)
		}
		if name == "eos_token" {
			d.end = t.Content
		}
		d.named = append(d.named, t)
	}
	for _, f := range fields {
		// Other names are the model's own. A value of another type is a setting.
		if strings.HasSuffix(f.name, "_token") && !slices.Contains(namedTokens, f.name) {
			if t, err := declaredToken(f.value); err == nil && t.Content != "" {
				d.named = append(d.named, t)
			}
		}
	}
	extra, ok := fields.get("extra_special_tokens")
	if !ok || string(extra) == "null" || string(extra) == "[]" {
		extra, ok = fields.get("additional_special_tokens")
	}
	if !ok || string(extra) == "null" {
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(extra, &list) != nil {
		within, err := orderedFields("extra_special_tokens", extra)
		if err != nil {
			return err
		}
		for _, f := range within {
			t, err := declaredToken(f.value)
			if err != nil {
				return fmt.Errorf("extra_special_tokens: %s: %w", f.name, err)
			}
			d.named = append(d.named, t)
		}
		return nil
	}
	for _, raw := range list {
		t, err := declaredToken(raw)
		if err != nil {
			return fmt.Errorf("extra_special_tokens: %w", err)
		}
		d.extra = append(d.extra, t)
	}
	return nil
}

// readListed reads added_tokens_decoder.
func (d *declarations) readListed(raw json.RawMessage) error {
	var byID map[string]struct {
		addedToken
		Normalized *bool `json:"normalized"`
	}
	if err := jsonfile.Unmarshal(raw, &byID); err != nil {
		return fmt.Errorf("tokenizer_config.json: added_tokens_decoder: %w", err)
	}
	for id, entry := range byID {
		t := entry.addedToken
		n, err := strconv.Atoi(id)
		if err != nil || n < 0 || n >= maxID {
			return fmt.Errorf("tokenizer_config.json: added_tokens_decoder: found the id %q, expected a number below %d", id, maxID)
		}
		if t.ID = n; entry.Normalized == nil {
			t.Normalized = !t.Special
		} else {
			t.Normalized = *entry.Normalized
		}
		d.listed = append(d.listed, t)
	}
	d.sort()
	return nil
}

// readAdded reads added_tokens.json of older folders.
func (d *declarations) readAdded(fsys fs.FS, name string) error {
	var ids map[string]int
	if _, err := readJSON(fsys, name, &ids); err != nil {
		return err
	}
	special := contents(slices.Concat(d.named, d.extra))
	for content, id := range ids {
		is := special[content]
		d.listed = append(d.listed, addedToken{ID: id, Content: content, Special: is, Normalized: !is})
	}
	d.sort()
	return nil
}

func (d *declarations) sort() {
	slices.SortFunc(d.listed, func(a, b addedToken) int { return a.ID - b.ID })
}

// addTo adds to a file what it lacks. As with Hugging Face's tokenizers, a token gets
// the id that the vocabulary has for it, or else the next; the number that it is
// listed under says no more than its place among the others.
func (d declarations) addTo(f *file) {
	added := newAdding(f)
	named := contents(d.named)
	for _, t := range f.AddedTokens {
		t.Special = t.Special || d.older && named[t.Content]
		added.add(t)
	}
	var others []addedToken
	for _, t := range d.listed {
		t.Special = t.Special || named[t.Content]
		if i, ok := added.places[t.Content]; ok {
			t.ID = added.tokens[i].ID
			if t == added.tokens[i] {
				continue
			}
		}
		others = append(others, t)
	}
	pending := contents(others)
	for _, t := range slices.Concat(d.named, d.extra) {
		if _, ok := added.places[t.Content]; !ok && !pending[t.Content] {
			others = append(others, t)
			pending[t.Content] = true
		}
	}
	for _, t := range others {
		added.add(t)
	}
	f.AddedTokens = added.all()
}

// contents are what tokens are written as.
func contents(tokens []addedToken) map[string]bool {
	all := make(map[string]bool, len(tokens))
	for _, t := range tokens {
		all[t.Content] = true
	}
	return all
}

// adding are tokens that are added to a vocabulary one after the other.
type adding struct {
	vocabulary map[string]int
	tokens     []addedToken
	places     map[string]int // of the last of each content
	next       int            // the id of one that the vocabulary lacks
}

func newAdding(f *file) *adding {
	return &adding{vocabulary: f.Model.Vocab, places: make(map[string]int), next: len(f.Model.Vocab)}
}

// add adds a token, in place of one with its content.
func (a *adding) add(t addedToken) {
	if t.Content == "" {
		return
	}
	id, ok := a.vocabulary[t.Content]
	if i, before := a.places[t.Content]; before {
		id, ok = a.tokens[i].ID, true
	}
	if !ok {
		id = a.next
	}
	t.ID, a.next = id, max(a.next, id+1)
	a.places[t.Content] = len(a.tokens)
	a.tokens = append(a.tokens, t)
}

// all are the tokens, without those in whose place others came.
func (a *adding) all() []addedToken {
	all := make([]addedToken, 0, len(a.places))
	for i, t := range a.tokens {
		if a.places[t.Content] == i {
			all = append(all, t)
		}
	}
	return all
}

// declaredToken reads a special token, which is a string or an object.
func declaredToken(raw json.RawMessage) (addedToken, error) {
	content, err := tokenContent(raw)
	if err != nil {
		return addedToken{}, err
	}
	t := addedToken{Content: content, Special: true}
	if len(raw) > 0 && raw[0] == '{' {
		if err := jsonfile.Unmarshal(raw, &t); err != nil {
			return t, err
		}
		t.ID, t.Special = 0, true
	}
	return t, nil
}

// field is a field of a JSON object, and fieldList all of them in their order.
type field struct {
	name  string
	value json.RawMessage
}

type fieldList []field

func (l fieldList) get(name string) (json.RawMessage, bool) {
	for _, f := range l {
		if f.name == name {
			return f.value, true
		}
	}
	return nil, false
}

func (l fieldList) set(f field) fieldList {
	for i := range l {
		if l[i].name == f.name {
			l[i].value = f.value
			return l
		}
	}
	return append(l, f)
}

// orderedFields reads the fields of an object; none where text is empty or null.
func orderedFields(name string, text []byte) (all fieldList, err error) {
	if len(text) == 0 || string(text) == "null" {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("%s: expected a JSON object", name)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		f := field{name: key.(string)}
		if err := d.Decode(&f.value); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = all.set(f)
	}
	return all, nil
}
