package jinja

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// method returns a method of a value, bound to it; nil where there is none. Those
// that would change it are none, as in a sandbox.
func method(of any, name string) function {
	switch v := of.(type) {
	case string:
		m := stringMethods[name]
		if m == nil {
			return nil
		}
		return func(r *renderer, a arguments) any {
			r.reads(v)
			made := m(r, v, a)
			r.spend(sizeOf(made))
			return made
		}
	case *Dict:
		return dictMethod(v, name)
	case []any:
		return listMethod(v, name)
	case tuple:
		return listMethod(v, name)
	}
	return nil
}

// sizeOf is about the memory that what a method made takes.
func sizeOf(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []any:
		n := 0
		for _, s := range v {
			n += 16 + sizeOf(s)
		}
		return n
	}
	return 16
}

func dictMethod(d *Dict, name string) function {
	switch name {
	case "items", "keys", "values", "copy":
		return func(r *renderer, a arguments) any {
			a.bind(name)
			return dictParts(r, d, name)
		}
	case "get":
		return func(_ *renderer, a arguments) any {
			bound := a.bind("get", "key", "default?")
			if v, ok := d.get(bound[0]); ok {
				return v
			}
			if bound[1] == missing {
				return nil
			}
			return bound[1]
		}
	}
	return nil
}

// dictParts are the items, the keys or the values of a mapping, or a copy.
func dictParts(r *renderer, d *Dict, name string) any {
	r.spend(64 * len(d.keys))
	var all []any
	for _, key := range d.keys {
		v, _ := d.get(key)
		switch name {
		case "items":
			all = append(all, tuple{key, v})
		case "keys":
			all = append(all, key)
		case "values":
			all = append(all, v)
		}
	}
	if name == "copy" {
		return dictOf(arguments{positional: []any{d}})
	}
	return all
}

func listMethod(list []any, name string) function {
	switch name {
	case "index", "count":
		return func(r *renderer, a arguments) any {
			v, n := a.bind(name, "value")[0], 0
			for i, each := range list {
				if !r.equal(each, v) {
					continue
				}
				if n++; name == "index" {
					return i
				}
			}
			if name == "index" {
				fail("%s is not in the list", repr(v))
			}
			return n
		}
	case "copy":
		return func(_ *renderer, a arguments) any { return list }
	}
	return nil
}

// stringMethods are those of str that templates use.
var stringMethods map[string]func(r *renderer, s string, a arguments) any

func init() {
	stringMethods = map[string]func(r *renderer, s string, a arguments) any{
		"strip":        trimming(true, true),
		"lstrip":       trimming(true, false),
		"rstrip":       trimming(false, true),
		"split":        func(r *renderer, s string, a arguments) any { return splitting(r, s, a, false) },
		"rsplit":       func(r *renderer, s string, a arguments) any { return splitting(r, s, a, true) },
		"splitlines":   splitLines,
		"partition":    func(_ *renderer, s string, a arguments) any { return partition(s, a, false) },
		"rpartition":   func(_ *renderer, s string, a arguments) any { return partition(s, a, true) },
		"startswith":   func(_ *renderer, s string, a arguments) any { return anyAffix(s, a, strings.HasPrefix) },
		"endswith":     func(_ *renderer, s string, a arguments) any { return anyAffix(s, a, strings.HasSuffix) },
		"replace":      replaceMethod,
		"join":         func(r *renderer, s string, a arguments) any { return joinAll(r, a.bind("join", "iterable")[0], s) },
		"format":       formatMethod,
		"lower":        func(_ *renderer, s string, _ arguments) any { return lower(s) },
		"upper":        func(_ *renderer, s string, _ arguments) any { return upper(s) },
		"casefold":     func(_ *renderer, s string, _ arguments) any { return cases.Fold().String(s) },
		"capitalize":   func(_ *renderer, s string, _ arguments) any { return capitalized(s) },
		"title":        func(_ *renderer, s string, _ arguments) any { return titled(s) },
		"swapcase":     swapCase,
		"find":         func(_ *renderer, s string, a arguments) any { return find(s, a, strings.Index) },
		"rfind":        func(_ *renderer, s string, a arguments) any { return find(s, a, strings.LastIndex) },
		"index":        indexMethod,
		"count":        countMethod,
		"removeprefix": func(_ *renderer, s string, a arguments) any { return strings.TrimPrefix(s, affix(a, "removeprefix")) },
		"removesuffix": func(_ *renderer, s string, a arguments) any { return strings.TrimSuffix(s, affix(a, "removesuffix")) },
		"isdigit":      every(func(r rune) bool { return unicode.Is(unicode.Nd, r) }),
		"isdecimal":    every(func(r rune) bool { return unicode.Is(unicode.Nd, r) }),
		"isnumeric":    every(unicode.IsNumber),
		"isalpha":      every(unicode.IsLetter),
		"isalnum":      every(func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }),
		"isspace":      every(isSpace),
		"isupper":      func(_ *renderer, s string, _ arguments) any { return s != lower(s) && s == upper(s) },
		"islower":      func(_ *renderer, s string, _ arguments) any { return s != upper(s) && s == lower(s) },
		"zfill":        zfill,
		"ljust":        padding(false),
		"rjust":        padding(true),
	}
}

func lower(s string) string { return cases.Lower(language.Und).String(s) }

func upper(s string) string { return cases.Upper(language.Und).String(s) }

// capitalized is s with its first letter large and the others small.
func capitalized(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToTitle(r)) + lower(s[n:])
}

// titled is Python's str.title: each run of letters begins large.
func titled(s string) string {
	inWord := false
	return strings.Map(func(r rune) rune {
		was := inWord
		if inWord = unicode.IsLetter(r); inWord && !was {
			return unicode.ToTitle(r)
		}
		return unicode.ToLower(r)
	}, s)
}

func swapCase(_ *renderer, s string, _ arguments) any {
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, s)
}

func trimming(left, right bool) func(*renderer, string, arguments) any {
	return func(_ *renderer, s string, a arguments) any {
		return trimmed(s, a.bind("strip", "chars?")[0], left, right)
	}
}

// trimmed is s without blanks, or other characters, at its ends.
func trimmed(s string, chars any, left, right bool) string {
	cut := isSpace
	if chars != missing && chars != nil {
		set := stringOf(chars, "strip")
		cut = func(r rune) bool { return strings.ContainsRune(set, r) }
	}
	if left {
		s = strings.TrimLeftFunc(s, cut)
	}
	if right {
		s = strings.TrimRightFunc(s, cut)
	}
	return s
}

// anyAffix tells whether s has a prefix or a suffix, or one of several.
func anyAffix(s string, a arguments, has func(s, affix string) bool) any {
	switch v := a.bind("startswith", "prefix")[0].(type) {
	case tuple:
		for _, each := range v {
			if has(s, stringOf(each, "startswith")) {
				return true
			}
		}
		return false
	default:
		return has(s, stringOf(v, "startswith"))
	}
}

func affix(a arguments, of string) string { return stringOf(a.bind(of, "affix")[0], of) }

func replaceMethod(r *renderer, s string, a arguments) any {
	bound := a.bind("replace", "old", "new", "count?")
	return replaced(r, s, stringOf(bound[0], "replace"), stringOf(bound[1], "replace"), or(bound[2], -1, "replace"))
}

func replaced(r *renderer, s, old, by string, count int) string {
	n := strings.Count(s, old)
	if count >= 0 {
		n = min(n, count)
	}
	if grow := len(by) - len(old); grow > 0 && n > mostMemory/grow {
		panic(failure{err: errTooLong})
	} else if grow > 0 {
		r.spend(n * grow)
	}
	return strings.Replace(s, old, by, count)
}

// joinAll joins the items of a value, which Python takes only if they are strings.
func joinAll(r *renderer, v any, by string) string {
	var parts []string
	size := 0
	for _, each := range items(r, v) {
		s := stringOf(each, "join")
		size += len(s) + len(by)
		r.spend(len(s) + len(by))
		parts = append(parts, s)
	}
	return strings.Join(parts, by)
}

// formatMethod is Python's str.format with the fields {}, {0} and {name}.
func formatMethod(r *renderer, s string, a arguments) any {
	var b strings.Builder
	next := 0
	for s != "" {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		if strings.HasPrefix(s[i:], "{{") || strings.HasPrefix(s[i:], "}}") {
			b.WriteByte(s[i])
			s = s[i+2:]
			continue
		}
		end := strings.IndexByte(s[i:], '}')
		if s[i] == '}' || end < 0 {
			fail("format: a bracket stands alone")
		}
		field := s[i+1 : i+end]
		s = s[i+end+1:]
		n, err := strconv.Atoi(field)
		if field == "" {
			n, err = next, nil
			next++
		}
		v, ok := a.named[field]
		if err == nil {
			if ok = n >= 0 && n < len(a.positional); ok {
				v = a.positional[n]
			}
		}
		if !ok {
			fail("format: there is nothing for the field {%s}", field)
		}
		t := text(defined(v))
		r.spend(len(t))
		b.WriteString(t)
	}
	return b.String()
}

// find is the place of a part, in characters; -1 where it is not there.
func find(s string, a arguments, index func(s, part string) int) any {
	i := index(s, stringOf(a.bind("find", "sub")[0], "find"))
	if i < 0 {
		return -1
	}
	return utf8.RuneCountInString(s[:i])
}

func indexMethod(_ *renderer, s string, a arguments) any {
	i := find(s, a, strings.Index)
	if i == -1 {
		fail("index: the part is not there")
	}
	return i
}

func countMethod(_ *renderer, s string, a arguments) any {
	return strings.Count(s, stringOf(a.bind("count", "sub")[0], "count"))
}

// every makes a method that tells whether a string has characters, all of a kind.
func every(is func(rune) bool) func(*renderer, string, arguments) any {
	return func(_ *renderer, s string, _ arguments) any {
		return s != "" && strings.IndexFunc(s, func(r rune) bool { return !is(r) }) < 0
	}
}

func zfill(_ *renderer, s string, a arguments) any {
	n := integerOf(a.bind("zfill", "width")[0], "zfill")
	missing := min(n, widest) - utf8.RuneCountInString(s)
	if missing <= 0 {
		return s
	}
	sign := ""
	if strings.HasPrefix(s, "-") || strings.HasPrefix(s, "+") {
		sign, s = s[:1], s[1:]
	}
	return sign + strings.Repeat("0", missing) + s
}

func padding(left bool) func(*renderer, string, arguments) any {
	return func(_ *renderer, s string, a arguments) any {
		bound := a.bind("just", "width", "fillchar?")
		n := min(integerOf(bound[0], "just"), widest) - utf8.RuneCountInString(s)
		pad := strings.Repeat(or(bound[1], " ", "just"), max(n, 0))
		if left {
			return pad + s
		}
		return s + pad
	}
}
