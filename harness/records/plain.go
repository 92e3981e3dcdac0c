package records

import (
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"unicode/utf8"
)

// plain turns a value of a binary format into one of a [Record]. What is no
// number (NaN) is nil, bytes that are no text too, and a value of a type that
// JSON does not have, such as a date, is its text.
func plain(value any) any {
	switch v := value.(type) {
	case nil, string, bool, json.Number:
		return v
	case []byte:
		if !utf8.Valid(v) {
			return nil
		}
		return string(v)
	case float64:
		return number(v, 64)
	case float32:
		return number(float64(v), 32)
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		return json.Number(fmt.Sprint(v))
	case map[string]any:
		fields := make(map[string]any, len(v))
		for name, within := range v {
			fields[name] = plain(within)
		}
		return fields
	case []any:
		list := make([]any, len(v))
		for i, within := range v {
			list[i] = plain(within)
		}
		return list
	}
	return fmt.Sprint(value)
}

func number(v float64, bits int) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return json.Number(strconv.FormatFloat(v, 'g', -1, bits))
}

// recovered makes an error of a panic: the libraries that read binary formats
// meet some damaged files with one.
func (c *content) recovered(err *error) {
	switch found := recover().(type) {
	case nil:
	case runtime.Error:
		*err = fmt.Errorf("reading %s: the file is damaged", c.path)
	default:
		*err = fmt.Errorf("reading %s: the file is damaged: %v", c.path, found)
	}
}
