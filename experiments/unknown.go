package experiments

import (
	"fmt"
	"slices"
	"strings"
)

// scope is where in a sweep file a key stands, as far as it decides which keys
// there are.
type scope struct {
	ofRuns bool     // only what can differ between runs
	own    []string // keys and tables beside those of the schema
}

var (
	fileScope    = scope{own: []string{"grid", "variant", "exclude"}}
	gridScope    = scope{ofRuns: true}
	variantScope = scope{ofRuns: true, own: []string{"name"}}
	excludeScope = scope{ofRuns: true, own: []string{"variant"}}
	whereScope   = scope{ofRuns: true, own: []string{"variant", "label"}}
)

// locate looks a key up, and says what is wrong with it where it cannot stand
// in this scope.
func (x *index) locate(key string, in scope) (place, string) {
	p := x.find(key)
	switch {
	case p.kind == nowhere || p.kind == isNoElement:
		return p, x.unknownKey(p, key, in)
	case in.ofRuns && x.ofSweep(p, key):
		return p, "belongs to the sweep as a whole, and cannot differ between its runs"
	}
	return p, ""
}

// unknownKey says that a key does not exist, and which may have been meant.
func (x *index) unknownKey(p place, key string, in scope) string {
	if message := x.renamed(key); message != "" {
		return message
	}
	if p.kind == isNoElement {
		element := dotted(p.group.Key, p.name)
		if key != element {
			return p.unknownElement()
		}
		if p.group.List && p.name == listName {
			return fmt.Sprintf("expected [[%s]] above the name of %s", p.group.Key, article(p.group.Noun))
		}
	}
	if message := x.unknownWithin(key, "unknown key"); message != "" {
		return message
	}
	candidates := x.candidates(key, in)
	if near := nearest(key, append(candidates, tablesOf(candidates)...)); len(near) > 0 {
		return "unknown key" + meant(near)
	}
	if p.kind == isNoElement {
		return p.unknownElement()
	}
	for table := parent(key); table != ""; table = parent(table) {
		var inside []string
		for _, candidate := range candidates {
			if name, ok := strings.CutPrefix(candidate, table+"."); ok {
				inside = append(inside, name)
			}
		}
		if len(inside) > 0 {
			return "unknown key; " + table + " has " + strings.Join(inside, ", ")
		}
	}
	return "unknown key"
}

// unknownWithin says that an element does not have a key or a table, "" where
// the key lies in no element.
func (x *index) unknownWithin(key, unknown string) string {
	for _, g := range x.groups {
		below, ok := strings.CutPrefix(key, g.Key+".")
		name, rest, _ := strings.Cut(below, ".")
		if !ok || rest == "" {
			continue
		}
		t := x.element(g, name)
		if t == nil {
			continue
		}
		var within []string
		for _, f := range t.fields {
			within = append(within, f.key)
		}
		near := nearest(rest, append(slices.Clone(within), t.tables...))
		for i := range near {
			near[i] = dotted(t.key, near[i])
		}
		if len(near) > 0 {
			return unknown + meant(near)
		}
		return unknown + "; " + t.key + " has " + strings.Join(within, ", ")
	}
	return ""
}

// unknownElement says that a group cannot have an element of this name.
func (p place) unknownElement() string {
	switch {
	case p.group.Names != nil:
		return unknownName(p.group.Noun, p.name, p.group.Names)
	case !elementName.MatchString(p.name):
		return fmt.Sprintf("the name of %s is made of letters, digits, hyphens and underscores; found %s", article(p.group.Noun), quoteShort(p.name))
	}
	return fmt.Sprintf("there can be no %s %s", p.group.Noun, quoteShort(p.name))
}

// candidates lists the keys that may have been meant by another. Where elements
// have names of the user's, they have that in the key.
func (x *index) candidates(key string, in scope) []string {
	candidates := slices.Concat(in.own, x.keys(!in.ofRuns))
	parts := strings.Split(key, ".")
	for i, candidate := range candidates {
		before, _, found := strings.Cut(candidate, "*")
		if n := strings.Count(before, "."); found && n < len(parts)-1 {
			candidates[i] = strings.Replace(candidate, "*", parts[n], 1)
		}
	}
	return candidates
}

// unknownTable is unknownKey for the opening of a table.
func (x *index) unknownTable(p place, key string, in scope) string {
	if message := x.renamed(key); message != "" {
		return message
	}
	if p.kind == isNoElement {
		return p.unknownElement()
	}
	if message := x.unknownWithin(key, "unknown table"); message != "" {
		return message
	}
	keys := x.keys(!in.ofRuns)
	return "unknown table" + DidYouMean(key, slices.Concat(tablesOf(keys), in.own, keys))
}

// renamed says how a key of earlier versions is called now, "" where it is
// none.
func (x *index) renamed(key string) string {
	for old := key; old != ""; old = parent(old) {
		now, ok := x.schema.Renamed[old]
		switch rest := key[len(old):]; {
		case !ok:
		case strings.Contains(now, " "):
			return now
		case x.find(now+rest).kind == nowhere && x.find(old).kind != nowhere: // a new table of the old name
		case x.find(now+rest).kind == nowhere:
			return fmt.Sprintf("unknown key; %s is called %s now", old, now)
		default:
			return fmt.Sprintf("is called %s now", now+rest)
		}
	}
	return ""
}

// hasRenamed tells whether keys of earlier versions lie below a table.
func (x *index) hasRenamed(table string) bool {
	for old := range x.schema.Renamed {
		if strings.HasPrefix(old, table+".") {
			return true
		}
	}
	return false
}

// tablesOf lists the tables that a list of dotted keys lies in.
func tablesOf(keys []string) []string {
	var found []string
	seen := map[string]bool{}
	for _, key := range keys {
		for i, c := range key {
			if c == '.' && !seen[key[:i]] {
				seen[key[:i]] = true
				found = append(found, key[:i])
			}
		}
	}
	return found
}
