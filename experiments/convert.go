package experiments

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

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
