package experiments

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Canonical returns the configuration as JSON with sorted keys and no
// whitespace: equal configurations give equal bytes, whatever order their
// fields are declared in. It fails on numbers that JSON does not have, which no
// loaded configuration contains.
func (c Config) Canonical() ([]byte, error) {
	declared, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write configuration as JSON: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(declared))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, fmt.Errorf("sort the keys of a configuration: %w", err)
	}
	return json.Marshal(tree)
}

// ID returns the identity of a run with this configuration: the first 12
// hexadecimal digits of the SHA-256 of [Config.Canonical]. Every value counts,
// also one that the run does not use. Paths count as they were resolved, that
// is absolute and not by the content of their files: the stages' keys see to
// content.
func (c Config) ID() (string, error) {
	text, err := c.Canonical()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])[:12], nil
}

// Flatten returns every value of a configuration under its dotted key.
// Numbers have their shortest form, lists are bracketed, and text is quoted
// only where it is empty or would not be seen whole.
func Flatten(c Config) map[string]string {
	flat := map[string]string{}
	flatten(reflect.ValueOf(c), "", flat)
	return flat
}

// Keys returns the dotted keys of a configuration, sorted.
func Keys(c Config) []string {
	return slices.Sorted(maps.Keys(Flatten(c)))
}

// Difference is a value in which two configurations differ. A side that lacks
// the key, as a decoding that only one of the two has, is empty.
type Difference struct {
	Key, A, B string
}

// Diff returns what differs between two configurations, sorted by key.
func Diff(a, b Config) []Difference {
	inA, inB := Flatten(a), Flatten(b)
	var differences []Difference
	for key, value := range inA {
		if inB[key] != value {
			differences = append(differences, Difference{key, value, inB[key]})
		}
	}
	for key, value := range inB {
		if _, both := inA[key]; !both {
			differences = append(differences, Difference{key, "", value})
		}
	}
	slices.SortFunc(differences, func(x, y Difference) int { return strings.Compare(x.Key, y.Key) })
	return differences
}

func flatten(v reflect.Value, key string, into map[string]string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			switch {
			case field.Anonymous:
				flatten(v.Field(i), key, into)
			case field.Tag.Get("json") != "-":
				flatten(v.Field(i), dotted(key, field.Tag.Get("toml")), into)
			}
		}
	case reflect.Map:
		for _, name := range v.MapKeys() {
			flatten(v.MapIndex(name), dotted(key, name.String()), into)
		}
	default:
		into[key] = render(v.Interface())
	}
}

func dotted(key, part string) string {
	if key == "" {
		return part
	}
	return key + "." + part
}

// render writes a value of a configuration for people.
func render(value any) string {
	switch v := value.(type) {
	case string:
		hidden := func(r rune) bool { return !unicode.IsPrint(r) }
		if v == "" || strings.TrimSpace(v) != v || strings.ContainsFunc(v, hidden) {
			return strconv.Quote(v)
		}
		return v
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []string:
		return renderList(v)
	case []float64:
		return renderList(v)
	}
	return fmt.Sprint(value)
}

func renderList[T any](list []T) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = render(v)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
