package reports

import (
	"encoding/json"
	"path/filepath"
)

// told is a setting's value as the sweep file says it, so that a report does not depend
// on where its author keeps the files: a path, or each of a list, below options.Root
// starts at options.Folder. Other values are told as they are.
func (b *builder) told(value string) string {
	var list []string
	if json.Unmarshal([]byte(value), &list) != nil || len(list) == 0 {
		return b.toldPath(value)
	}
	for i := range list {
		list[i] = b.toldPath(list[i])
	}
	text, err := json.Marshal(list)
	if err != nil {
		return value
	}
	return string(text)
}

func (b *builder) toldPath(value string) string {
	if b.options.Root == "" || !filepath.IsAbs(value) {
		return value
	}
	if below, err := filepath.Rel(b.options.Root, value); err != nil || !filepath.IsLocal(below) {
		return value
	}
	relative, err := filepath.Rel(b.options.Folder, value)
	if err != nil {
		return value
	}
	return relative
}
