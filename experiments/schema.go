package experiments

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The functions of this file know the keys of the configuration by the toml
// tags of its structs: so a new field there is a new key, with nothing else to
// write but its rule in the table of rules.

var (
	documentType = reflect.TypeFor[document]()
	configType   = reflect.TypeFor[Config]()
)

// typeOf returns the Go type of a dotted key under a struct type.
func typeOf(t reflect.Type, key string) (reflect.Type, bool) {
	for part := range strings.SplitSeq(key, ".") {
		switch t.Kind() {
		case reflect.Struct:
			field, ok := fieldOf(t, part)
			if !ok {
				return nil, false
			}
			t = field.Type
		case reflect.Map:
			if part == "" {
				return nil, false
			}
			t = t.Elem()
		default:
			return nil, false
		}
	}
	return t, true
}

// fieldOf finds the field of a key; its Index leads through embedded structs.
func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	for _, field := range reflect.VisibleFields(t) {
		if !field.Anonymous && field.Tag.Get("toml") == key {
			return field, true
		}
	}
	return reflect.StructField{}, false
}

func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct || t.Kind() == reflect.Map
}

// keysOf lists the dotted keys under a struct type, in their order there, with
// "*" for a name that the user chooses.
func keysOf(t reflect.Type, prefix string) []string {
	var keys []string
	switch t.Kind() {
	case reflect.Struct:
		for _, field := range reflect.VisibleFields(t) {
			if !field.Anonymous { // the fields of embedded structs are visible too
				keys = append(keys, keysOf(field.Type, dotted(prefix, field.Tag.Get("toml")))...)
			}
		}
	case reflect.Map:
		return keysOf(t.Elem(), dotted(prefix, "*"))
	default:
		return []string{prefix}
	}
	return keys
}

// sections lists the tables that a list of dotted keys lies in.
func sections(keys []string) []string {
	var found []string
	for _, key := range keys {
		for i, c := range key {
			if c == '.' && !slices.Contains(found, key[:i]) {
				found = append(found, key[:i])
			}
		}
	}
	return found
}

// valueAt returns the value under a dotted key.
func valueAt(c Config, key string) (any, bool) {
	v := reflect.ValueOf(c)
	for part := range strings.SplitSeq(key, ".") {
		switch v.Kind() {
		case reflect.Struct:
			field, ok := fieldOf(v.Type(), part)
			if !ok {
				return nil, false
			}
			v = v.FieldByIndex(field.Index)
		case reflect.Map:
			if v = v.MapIndex(reflect.ValueOf(part)); !v.IsValid() {
				return nil, false
			}
		default:
			return nil, false
		}
	}
	return v.Interface(), true
}

// assign puts a value, which convert made for this key, under a dotted key of
// the struct that v is. A decoding that is not there yet starts from its
// defaults; the key of the decoding itself, without a value, makes it be there.
func assign(v reflect.Value, key string, value any) {
	part, rest, deeper := strings.Cut(key, ".")
	if v.Kind() == reflect.Map {
		name := reflect.ValueOf(part)
		element := reflect.New(v.Type().Elem()).Elem()
		if old := v.MapIndex(name); old.IsValid() {
			element.Set(old)
		} else {
			element.Set(reflect.ValueOf(DefaultDecode(part)))
		}
		if deeper {
			assign(element, rest, value)
		}
		v.SetMapIndex(name, element)
		return
	}
	field, ok := fieldOf(v.Type(), part)
	if !ok {
		return
	}
	v = v.FieldByIndex(field.Index)
	if deeper {
		assign(v, rest, value)
		return
	}
	switch list := value.(type) {
	case []string:
		value = slices.Clone(list)
	case []float64:
		value = slices.Clone(list)
	}
	v.Set(reflect.ValueOf(value))
}

// convert turns a value of the TOML decoder into one of a configuration's
// types, and says why where it cannot.
func convert(value any, t reflect.Type) (any, error) {
	wrong := fmt.Errorf("expected %s, found %s", typeName(t, 1), describe(value))
	switch t.Kind() {
	case reflect.String, reflect.Bool:
		if reflect.TypeOf(value) == t {
			return value, nil
		}
	case reflect.Int:
		if n, ok := value.(int64); ok {
			return int(n), nil
		}
	case reflect.Float64:
		switch n := value.(type) {
		case int64:
			return float64(n), nil
		case float64:
			return n, nil
		}
	case reflect.Slice:
		list, ok := listOf(value)
		if !ok {
			return nil, wrong
		}
		converted := reflect.MakeSlice(t, 0, len(list))
		for _, element := range list {
			v, err := convert(element, t.Elem())
			if err != nil {
				return nil, fmt.Errorf("expected %s, found %s in it", typeName(t, 1), describe(element))
			}
			converted = reflect.Append(converted, reflect.ValueOf(v))
		}
		return converted.Interface(), nil
	}
	return nil, wrong
}

// listOf accepts both forms in which the decoder gives lists.
func listOf(value any) ([]any, bool) {
	switch list := value.(type) {
	case []any:
		return list, true
	case []map[string]any:
		elements := make([]any, len(list))
		for i, element := range list {
			elements[i] = element
		}
		return elements, true
	}
	return nil, false
}

// typeName names a type as TOML's users do, for one value or more.
func typeName(t reflect.Type, count int) string {
	one, many := "a table", "tables"
	switch t.Kind() {
	case reflect.String:
		one, many = "a string", "strings"
	case reflect.Bool:
		one, many = "true or false", "booleans"
	case reflect.Int:
		one, many = "an integer", "integers"
	case reflect.Float64:
		one, many = "a number", "numbers"
	case reflect.Slice:
		one, many = "a list of "+typeName(t.Elem(), 2), "lists"
	}
	if count == 1 {
		return one
	}
	return many
}

// describe names a value of the TOML decoder.
func describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "nothing"
	case string:
		return "the string " + quoteShort(v)
	case int64:
		return "the integer " + strconv.FormatInt(v, 10)
	case float64:
		text := render(v)
		if !strings.ContainsAny(text, ".enN") {
			text += ".0"
		}
		return "the number " + text
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		return "a date"
	case map[string]any:
		return "a table"
	case []map[string]any:
		return "a list of tables"
	}
	return "a list"
}

func quoteShort(s string) string {
	if runes := []rune(s); len(runes) > 60 {
		s = string(runes[:59]) + "…"
	}
	return strconv.Quote(s)
}
