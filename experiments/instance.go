package experiments

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// instance is one content of a table. There is one instance of each content, so
// that equal pointers mean equal contents. It never changes.
type instance struct {
	id      uint32 // above 0
	table   *table
	value   any    // the struct
	text    string // as canonical JSON
	members []member
}

// member is one value at the top of an instance's JSON.
type member struct{ name, text string }

// pool has the instances of a table by their content.
type pool struct {
	mutex sync.Mutex
	known map[string]*instance
}

// intern returns the instance with the content of a struct.
func (x *index) intern(t *table, v reflect.Value) *instance {
	var buffer [1024]byte
	text, cuts := t.appendJSON(buffer[:0], v)
	content := text
	for _, f := range t.fields {
		if f.hidden {
			content = append(content, 0)
			content = appendValue(content, v.FieldByIndex(f.position))
		}
	}
	t.pool.mutex.Lock()
	defer t.pool.mutex.Unlock()
	if found := t.pool.known[string(content)]; found != nil {
		return found
	}
	key := string(content)
	made := &instance{id: x.ids.Add(1), table: t, value: v.Interface(), text: key[:len(text)]}
	if t.shared {
		for _, cut := range cuts {
			made.members = append(made.members, member{cut.name, made.text[cut.start:cut.end]})
		}
	}
	t.pool.known[key] = made
	return made
}

// with returns the instance that differs in one field. The value has the
// field's type.
func (x *index) with(i *instance, f *field, value any) *instance {
	v := reflect.New(i.table.typ).Elem()
	v.Set(reflect.ValueOf(i.value))
	v.FieldByIndex(f.position).Set(reflect.ValueOf(value))
	return x.intern(i.table, v)
}

// leaf is the value of a field.
func (i *instance) leaf(f *field) any {
	return reflect.ValueOf(i.value).FieldByIndex(f.position).Interface()
}

// span is where a value at the top lies in a table's JSON.
type span struct {
	name       string
	start, end int
}

// appendJSON writes a table's struct as JSON with sorted keys, lists never as
// null, and says where the values at the top are.
func (t *table) appendJSON(b []byte, v reflect.Value) ([]byte, []span) {
	var cuts []span
	b = append(b, '{')
	first := true
	for _, s := range t.shape {
		var written bool
		before := len(b)
		if b, written = s.appendJSON(b, v, first); written {
			start := before + len(s.name) + len(`"":`)
			if !first {
				start++
			}
			if t.shared {
				cuts = append(cuts, span{s.name, start, len(b)})
			}
			first = false
		}
	}
	return append(b, '}'), cuts
}

// appendJSON writes one key and its value, unless it is left out.
func (s *shape) appendJSON(b []byte, v reflect.Value, first bool) ([]byte, bool) {
	if s.field != nil && s.field.hidden {
		return b, false
	}
	var value reflect.Value
	if s.field != nil {
		value = v.FieldByIndex(s.field.position)
		if s.field.omitEmpty && isEmpty(value) {
			return b, false
		}
	}
	if !first {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, s.name...)
	b = append(b, '"', ':')
	if s.field != nil {
		return appendValue(b, value), true
	}
	b = append(b, '{')
	first = true
	for _, below := range s.below {
		var written bool
		if b, written = below.appendJSON(b, v, first); written {
			first = false
		}
	}
	return append(b, '}'), true
}

// isEmpty is what the option omitempty leaves out.
func isEmpty(v reflect.Value) bool {
	return v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0
}

// appendValue writes a value as encoding/json does, but an absent list as an
// empty one.
func appendValue(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Int:
		return strconv.AppendInt(b, v.Int(), 10)
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool())
	case reflect.Slice:
		if v.Len() == 0 {
			return append(b, "[]"...)
		}
	case reflect.String:
		if text := v.String(); isPlain(text) {
			b = append(b, '"')
			b = append(b, text...)
			return append(b, '"')
		}
	}
	text, err := json.Marshal(v.Interface())
	if err != nil {
		panic(fmt.Sprintf("experiments: a setting that JSON does not have: %v", err))
	}
	return append(b, text...)
}

// isPlain tells whether JSON writes a text as it is.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f || strings.IndexByte(`"\<>&`, c) >= 0 {
			return false
		}
	}
	return true
}

// zeroOf is the zero of a field: of lists, the empty one.
func zeroOf(f *field) any {
	if f.declared.Type.Kind() == reflect.Slice {
		return reflect.MakeSlice(f.declared.Type, 0, 0).Interface()
	}
	return reflect.Zero(f.declared.Type).Interface()
}

// fromJSON turns a value of the JSON decoder into one as the TOML decoder gives
// it.
func fromJSON(value any) any {
	switch v := value.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		n, _ := v.Float64()
		return n
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = fromJSON(element)
		}
		return list
	case nil:
		return []any{}
	}
	return value
}
