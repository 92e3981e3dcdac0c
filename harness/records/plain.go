package records

import (
	"encoding/json"
	"errors"
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

// damage is the error that a panic becomes.
func damage(found any) error {
	if err, is := found.(error); is && errors.As(err, new(runtime.Error)) {
		return errors.New("the file is damaged: a part of it ends behind another")
	}
	return fmt.Errorf("the file is damaged: %v", found)
}

// plainDamage is an error of a library that has made it of a panic, without the
// words of that.
func plainDamage(err error) error {
	if errors.As(err, new(runtime.Error)) {
		return damage(err)
	}
	return err
}

// recovered makes an error of a panic: the libraries that read binary formats
// meet some damaged files with one.
func (c *content) recovered(err *error) {
	if found := recover(); found != nil {
		*err = fmt.Errorf("reading %s: %w", c.path, damage(found))
	}
}
