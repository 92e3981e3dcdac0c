package runs

import (
	"encoding/json"
	"slices"
)

// Setting is one value of a configuration.
type Setting struct {
	Key   string // dotted, as in a sweep file
	Value string // JSON, but for strings, which are without quotes
}

// Settings flattens a configuration in JSON to its settings, sorted by key.
func Settings(config json.RawMessage) ([]Setting, error) {
	var root map[string]json.RawMessage
	if err := json.Unmarshal(config, &root); err != nil {
		return nil, err
	}
	var settings []Setting
	var walk func(prefix string, values map[string]json.RawMessage) error
	walk = func(prefix string, values map[string]json.RawMessage) error {
		for key, raw := range values {
			var inner map[string]json.RawMessage
			var text string
			switch {
			case raw[0] == '{':
				if err := json.Unmarshal(raw, &inner); err != nil {
					return err
				}
				if err := walk(prefix+key+".", inner); err != nil {
					return err
				}
			case raw[0] == '"':
				if err := json.Unmarshal(raw, &text); err != nil {
					return err
				}
				settings = append(settings, Setting{prefix + key, text})
			default:
				settings = append(settings, Setting{prefix + key, string(raw)})
			}
		}
		return nil
	}
	if err := walk("", root); err != nil {
		return nil, err
	}
	slices.SortFunc(settings, func(a, b Setting) int {
		if a.Key < b.Key {
			return -1
		}
		return 1
	})
	return settings, nil
}
