package jinja

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// filters are those of Jinja2 that chat templates use.
var filters map[string]func(r *renderer, v any, a arguments) any

func init() {
	filters = map[string]func(r *renderer, v any, a arguments) any{
		"abs": absolute,
		"attr": func(_ *renderer, v any, a arguments) any {
			return attrFilter(v, stringOf(a.bind("attr", "name")[0], "attr"))
		},
		"capitalize": func(_ *renderer, v any, _ arguments) any { return capitalized(text(v)) },
		"default":    defaultFilter,
		"dictsort":   dictSort,
		"escape":     func(_ *renderer, v any, _ arguments) any { return htmlEscapes.Replace(text(v)) },
		"first":      func(r *renderer, v any, _ arguments) any { return firstOf(items(r, v)) },
		"float":      floatFilter,
		"format":     func(r *renderer, v any, a arguments) any { return formatFilter(r, text(v), a) },
		"indent":     indent,
		"int":        intFilter,
		"items":      itemsFilter,
		"join":       joinFilter,
		"last":       func(r *renderer, v any, _ arguments) any { return lastOf(items(r, v)) },
		"length":     func(_ *renderer, v any, _ arguments) any { return length(v) },
		"list":       func(r *renderer, v any, _ arguments) any { return slices.Clone(items(r, v)) },
		"lower":      func(_ *renderer, v any, _ arguments) any { return lower(text(v)) },
		"map":        mapFilter,
		"max":        func(r *renderer, v any, a arguments) any { return extreme(r, v, a, 1) },
		"min":        func(r *renderer, v any, a arguments) any { return extreme(r, v, a, -1) },
		"reject":     func(r *renderer, v any, a arguments) any { return selected(r, v, a, false, false) },
		"rejectattr": func(r *renderer, v any, a arguments) any { return selected(r, v, a, true, false) },
		"replace":    replaceFilter,
		"reverse":    reverse,
		"round":      round,
		"safe":       func(_ *renderer, v any, _ arguments) any { return text(v) },
		"select":     func(r *renderer, v any, a arguments) any { return selected(r, v, a, false, true) },
		"selectattr": func(r *renderer, v any, a arguments) any { return selected(r, v, a, true, true) },
		"sort":       sortFilter,
		"string":     func(_ *renderer, v any, _ arguments) any { return text(v) },
		"sum":        sum,
		"title":      func(_ *renderer, v any, _ arguments) any { return titleFilter(text(v)) },
		"tojson":     tojson,
		"trim": func(_ *renderer, v any, a arguments) any {
			return trimmed(text(v), a.bind("trim", "chars?")[0], true, true)
		},
		"unique":    unique,
		"upper":     func(_ *renderer, v any, _ arguments) any { return upper(text(v)) },
		"wordcount": func(_ *renderer, v any, _ arguments) any { return len(strings.FieldsFunc(text(v), notInWord)) },
	}
	for alias, of := range map[string]string{"count": "length", "d": "default", "e": "escape"} {
		filters[alias] = filters[of]
	}
}

// filter applies a filter.
func (r *renderer) filter(name string, v any, a arguments) any {
	f := filters[name]
	if f == nil {
		fail("unknown filter %q", name)
	}
	r.reads(v)
	made := f(r, v, a)
	if s, ok := made.(string); ok {
		r.spend(len(s))
	}
	return made
}

var htmlEscapes = strings.NewReplacer("&", "&amp;", ">", "&gt;", "<", "&lt;", "'", "&#39;", `"`, "&#34;")

func notInWord(c rune) bool { return c != '_' && !unicode.IsLetter(c) && !unicode.IsNumber(c) }

func attrFilter(v any, name string) any {
	if found, ok := attributeOf(defined(v), name); ok && (!isDict(v) || method(v, name) != nil) {
		return found
	}
	return undefined{"'" + kindOf(v) + " object' has no attribute '" + name + "'"}
}

func defaultFilter(_ *renderer, v any, a arguments) any {
	bound := a.bind("default", "default_value?", "boolean?")
	otherwise := bound[0]
	if otherwise == missing {
		otherwise = ""
	}
	_, isUndefined := v.(undefined)
	if isUndefined || bound[1] != missing && truth(bound[1]) && !truth(v) {
		return otherwise
	}
	return v
}

// folded is what values are sorted by where case does not count.
func folded(v any, sensitive bool) any {
	if s, ok := v.(string); ok && !sensitive {
		return lower(s)
	}
	return v
}

func dictSort(r *renderer, v any, a arguments) any {
	bound := a.bind("dictsort", "case_sensitive?", "by?", "reverse?")
	d, ok := v.(*Dict)
	if !ok {
		fail("dictsort: expected a dict, found %s", kindOf(v))
	}
	by := map[string]int{"key": 0, "value": 1}
	place, ok := by[or(bound[1], "key", "dictsort")]
	if !ok {
		fail("dictsort: by is key or value")
	}
	pairs := dictParts(r, d, "items").([]any)
	return r.sorted(pairs, func(pair any) any { return pair.(tuple)[place] }, or(bound[0], false, "dictsort"), or(bound[2], false, "dictsort"))
}

// sorted sorts values by what key makes of each, keeping the order of those that
// are alike.
func (r *renderer) sorted(values []any, key func(any) any, sensitive, backwards bool) []any {
	all := slices.Clone(values)
	slices.SortStableFunc(all, func(x, y any) int {
		order := r.compare(folded(key(x), sensitive), folded(key(y), sensitive))
		if backwards {
			return -order
		}
		return order
	})
	return all
}

// attributed returns what takes an attribute, or a dotted path of them, of a
// value; what leaves it as it is where no attribute is given.
func attributed(attribute any) func(any) any {
	if attribute == missing || attribute == nil {
		return func(v any) any { return v }
	}
	return func(v any) any {
		for part := range strings.SplitSeq(text(attribute), ".") {
			var key any = part
			if n, err := strconv.Atoi(part); err == nil {
				key = n
			}
			v = itemOf(defined(v), key)
		}
		return v
	}
}

func sortFilter(r *renderer, v any, a arguments) any {
	bound := a.bind("sort", "reverse?", "case_sensitive?", "attribute?")
	r.spend(16 * length(v))
	return r.sorted(items(r, v), attributed(bound[2]), or(bound[1], false, "sort"), or(bound[0], false, "sort"))
}

func unique(r *renderer, v any, a arguments) any {
	bound := a.bind("unique", "case_sensitive?", "attribute?")
	key := attributed(bound[1])
	seen := NewDict()
	var all []any
	for _, each := range items(r, v) {
		k := folded(key(each), or(bound[0], false, "unique"))
		if _, twice := seen.get(k); !twice {
			seen.set(k, true)
			all = append(all, each)
		}
	}
	return all
}

func firstOf(all []any) any {
	if len(all) == 0 {
		return undefined{"the sequence is empty"}
	}
	return all[0]
}

func lastOf(all []any) any {
	if len(all) == 0 {
		return undefined{"the sequence is empty"}
	}
	return all[len(all)-1]
}

func formatFilter(r *renderer, format string, a arguments) any {
	if len(a.names) > 0 {
		return printf(r, format, []any{dictOf(arguments{names: a.names, named: a.named})})
	}
	return printf(r, format, a.positional)
}

func indent(r *renderer, v any, a arguments) any {
	bound := a.bind("indent", "width?", "first?", "blank?")
	by := ""
	if s, ok := bound[0].(string); ok {
		by = s
	} else {
		by = strings.Repeat(" ", min(max(or(bound[0], 4, "indent"), 0), widest))
	}
	all := lines(text(v)+"\n", false)
	r.spend((len(by) + 1) * len(all))
	for i, line := range all {
		first := i == 0
		if !first && (line != "" || truth(or(bound[2], false, "indent"))) || first && or(bound[1], false, "indent") {
			all[i] = by + line
		}
	}
	return strings.Join(all, "\n")
}

func itemsFilter(r *renderer, v any, _ arguments) any {
	if _, ok := v.(undefined); ok {
		return []any{}
	}
	d, ok := v.(*Dict)
	if !ok {
		fail("items: expected a dict, found %s", kindOf(v))
	}
	return dictParts(r, d, "items")
}

func joinFilter(r *renderer, v any, a arguments) any {
	bound := a.bind("join", "d?", "attribute?")
	key := attributed(bound[1])
	by := text(or(bound[0], "", "join"))
	var parts []string
	for _, each := range items(r, v) {
		part := text(key(each))
		r.spend(len(part) + len(by))
		parts = append(parts, part)
	}
	return strings.Join(parts, by)
}

func mapFilter(r *renderer, v any, a arguments) any {
	if attribute, ok := a.named["attribute"]; ok {
		key := attributed(attribute)
		otherwise, hasDefault := a.named["default"]
		return mapped(r, v, func(each any) any {
			found := key(each)
			if _, ok := found.(undefined); ok && hasDefault {
				return otherwise
			}
			return found
		})
	}
	if len(a.positional) == 0 {
		fail("map: expected the name of a filter, or attribute")
	}
	name := stringOf(a.positional[0], "map")
	rest := arguments{positional: a.positional[1:], names: a.names, named: a.named}
	return mapped(r, v, func(each any) any { return r.filter(name, each, rest) })
}

func mapped(r *renderer, v any, f func(any) any) any {
	all := items(r, v)
	r.spend(16 * len(all))
	out := make([]any, len(all))
	for i, each := range all {
		r.step()
		out[i] = f(each)
	}
	return out
}

// selected are the items that a test, of an attribute of theirs, takes or not.
func selected(r *renderer, v any, a arguments, ofAttribute, want bool) any {
	key := attributed(missing)
	rest := a.positional
	if ofAttribute {
		if len(rest) == 0 {
			fail("selectattr: expected the name of an attribute")
		}
		key, rest = attributed(rest[0]), rest[1:]
	}
	is := truth
	if len(rest) > 0 {
		name := stringOf(rest[0], "select")
		given := arguments{positional: rest[1:], names: a.names, named: a.named}
		is = func(v any) bool { return r.test(name, v, given) }
	}
	all := []any{}
	for _, each := range items(r, v) {
		r.step()
		if is(key(each)) == want {
			all = append(all, each)
		}
	}
	r.spend(16 * len(all))
	return all
}

func replaceFilter(r *renderer, v any, a arguments) any {
	bound := a.bind("replace", "old", "new", "count?")
	count := -1
	if bound[2] != missing && bound[2] != nil {
		count = integerOf(bound[2], "replace")
	}
	return replaced(r, text(v), text(bound[0]), text(bound[1]), count)
}

func reverse(r *renderer, v any, _ arguments) any {
	if s, ok := v.(string); ok {
		runes := []rune(s)
		slices.Reverse(runes)
		return string(runes)
	}
	all := slices.Clone(items(r, v))
	slices.Reverse(all)
	return all
}

// titleFilter is Jinja2's own title: each part between blanks, hyphens and opening
// brackets begins large and goes on small.
func titleFilter(s string) string {
	var b strings.Builder
	for s != "" {
		end := strings.IndexFunc(s, betweenWords)
		switch {
		case end < 0:
			end = len(s)
		case end == 0:
			end = strings.IndexFunc(s, func(c rune) bool { return !betweenWords(c) })
			if end < 0 {
				end = len(s)
			}
			b.WriteString(s[:end])
			s = s[end:]
			continue
		}
		part := []rune(s[:end])
		b.WriteString(upper(string(part[:1])) + lower(string(part[1:])))
		s = s[end:]
	}
	return b.String()
}

func betweenWords(c rune) bool { return isSpace(c) || strings.ContainsRune("-({[<", c) }
