package experiments

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// node is a table of the whole configuration's JSON: what of sections and
// groups lies in it.
type node struct {
	name     string
	sections []*table
	group    *group
	below    []*node
}

// newLayout nests the sections and groups by their keys, and notes which
// sections do not have their table to themselves.
func newLayout(x *index) *node {
	root := &node{}
	for _, t := range x.sections {
		n := root.at(t.key)
		n.sections = append(n.sections, t)
	}
	for _, g := range x.groups {
		root.at(g.Key).group = g
	}
	var share func(n *node)
	share = func(n *node) {
		for _, t := range n.sections {
			t.shared = n.isShared()
		}
		for _, below := range n.below {
			share(below)
		}
	}
	share(root)
	return root
}

// at returns the node of a dotted key, and makes it where it is not there.
func (n *node) at(key string) *node {
	if key == "" {
		return n
	}
	name, rest, _ := strings.Cut(key, ".")
	i := slices.IndexFunc(n.below, func(below *node) bool { return below.name == name })
	if i < 0 {
		i = len(n.below)
		n.below = append(n.below, &node{name: name})
	}
	return n.below[i].at(rest)
}

func (n *node) isShared() bool { return len(n.sections) != 1 || n.group != nil || len(n.below) > 0 }

// part is a named piece of a node: JSON, or a node below.
type part struct {
	name string
	text string
	node *node
}

// appendJSON writes a node, and returns false where nothing of it is there.
func (n *node) appendJSON(b []byte, from *body) ([]byte, bool) {
	if !n.isShared() {
		i := from.sections[n.sections[0].slot]
		if i == nil {
			return b, false
		}
		return append(b, i.text...), true
	}
	var room [48]part // so that it need not grow
	parts := room[:0]
	there := false
	for _, t := range n.sections {
		if i := from.sections[t.slot]; i != nil {
			there = true
			for _, m := range i.members {
				parts = append(parts, part{name: m.name, text: m.text})
			}
		}
	}
	if n.group != nil {
		for _, i := range from.groups[n.group.number] {
			parts = append(parts, part{name: i.table.name, text: i.text})
		}
	}
	for _, below := range n.below {
		parts = append(parts, part{name: below.name, node: below})
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.name, b.name) })
	start := len(b)
	b = append(b, '{')
	for _, p := range parts {
		before, written := len(b), true
		if before > start+1 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, p.name...)
		b = append(b, '"', ':')
		if p.node == nil {
			b = append(b, p.text...)
		} else if b, written = p.node.appendJSON(b, from); !written {
			b = b[:before]
		}
	}
	if !there && len(b) == start+1 {
		return b[:start], false
	}
	return append(b, '}'), true
}

// errEmpty is what goes wrong with a Config that no schema made.
var errEmpty = errors.New("the configuration is empty: it comes from no schema")

// Canonical returns the configuration as JSON with sorted keys and no
// whitespace: equal configurations give equal bytes, whatever order their
// fields are declared in. It holds only what the run uses. It fails on a Config
// that comes from no schema.
func (c Config) Canonical() ([]byte, error) {
	if c.index == nil {
		return nil, errEmpty
	}
	return c.appendJSON(nil), nil
}

func (c Config) appendJSON(b []byte) []byte {
	b, _ = c.index.layout.appendJSON(b, c.used)
	return b
}

// MarshalJSON is [Config.Canonical].
func (c Config) MarshalJSON() ([]byte, error) { return c.Canonical() }

// ID returns the identity of a run with this configuration: the first 12
// hexadecimal digits of the SHA-256 of [Config.Canonical]. Paths count as they
// were resolved, that is absolute and not by the content of their files: the
// stages' keys see to content.
func (c Config) ID() (string, error) {
	text, err := c.Canonical()
	if err != nil {
		return "", err
	}
	return idOf(text), nil
}

func idOf(canonical []byte) string {
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:6])
}

// Decode reads what [Config.Canonical] wrote. Sections and elements that it
// lacks are none of the configuration; fields that have come since have their
// defaults, or are zero where omitempty leaves zeros out. It fails on keys that
// the schema does not have and on values of another type.
func (s *Schema) Decode(canonical []byte) (Config, error) {
	x := s.compiled()
	decoder := json.NewDecoder(bytes.NewReader(canonical))
	decoder.UseNumber()
	var root map[string]any
	if err := decoder.Decode(&root); err != nil {
		return Config{}, fmt.Errorf("read a stored configuration: %w", err)
	}
	used := &body{make([]*instance, len(x.sections)), make([][]*instance, len(x.groups))}
	if err := x.decode(x.layout, "", root, used); err != nil {
		return Config{}, fmt.Errorf("read a stored configuration: %w", err)
	}
	full := x.defaults(false)
	for _, i := range used.sections {
		if i != nil {
			full.put(i)
		}
	}
	for n, elements := range used.groups {
		if len(elements) > 0 {
			full.groups[n] = elements
		}
	}
	return Config{x, full, used}, nil
}

// decode reads the table of a node into a body, and fails on what is left over.
func (x *index) decode(n *node, key string, tree map[string]any, into *body) error {
	left := maps.Clone(tree)
	for _, below := range n.below {
		if content, ok := tree[below.name].(map[string]any); ok {
			if err := x.decode(below, dotted(key, below.name), content, into); err != nil {
				return err
			}
			delete(left, below.name)
		}
	}
	for _, t := range n.sections {
		own := map[string]any{}
		for _, s := range t.shape {
			if value, ok := left[s.name]; ok {
				own[s.name] = value
				delete(left, s.name)
			}
		}
		if t.OfSweep || len(own) == 0 && len(n.below)+len(n.sections) > 1 && key != "" {
			continue
		}
		i, err := x.decodeTable(t, own)
		if err != nil {
			return err
		}
		into.put(i)
	}
	if n.group != nil {
		for name, value := range left {
			content, ok := value.(map[string]any)
			t := x.element(n.group, name)
			if !ok || t == nil {
				continue
			}
			i, err := x.decodeTable(t, content)
			if err != nil {
				return err
			}
			into.put(i)
			delete(left, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		return fmt.Errorf("%s: there is no such key", dotted(key, name))
	}
	return nil
}

// decodeTable reads the content of a section or an element.
func (x *index) decodeTable(t *table, content map[string]any) (*instance, error) {
	i := t.first
	for _, f := range t.fields {
		if f.omitEmpty {
			i = x.with(i, f, zeroOf(f))
		}
	}
	var walk func(tree map[string]any, prefix string) error
	walk = func(tree map[string]any, prefix string) error {
		for _, name := range slices.Sorted(maps.Keys(tree)) {
			key, value := dotted(prefix, name), tree[name]
			f := t.byKey[key]
			below, isTable := value.(map[string]any)
			switch {
			case isTable && slices.Contains(t.tables, key):
				if err := walk(below, key); err != nil {
					return err
				}
			case f == nil || f.hidden:
				return fmt.Errorf("%s: there is no such key", dotted(t.key, key))
			default:
				converted, err := convert(fromJSON(value), f.declared.Type)
				if err != nil {
					return fmt.Errorf("%s: %w", f.full, err)
				}
				i = x.with(i, f, converted)
			}
		}
		return nil
	}
	err := walk(content, "")
	return i, err
}
