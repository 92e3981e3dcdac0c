package reports

import (
	"encoding/json"
	"path/filepath"
	"strings"
)

// told is a setting's value as the sweep file says it, so that a report does not depend
// on where its author keeps the files: a path, or each of a list, starts at
// options.Folder, unless the two have nothing but the file system's root in common. Other
// values are told as they are.
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
	folder := b.options.Folder
	if folder == "" || !filepath.IsAbs(value) {
		return value
	}
	first := func(path string) string {
		name, _, _ := strings.Cut(strings.TrimPrefix(filepath.ToSlash(path), "/"), "/")
		return name
	}
	relative, err := filepath.Rel(folder, value)
	if err != nil || first(folder) != first(value) {
		return value
	}
	return relative
}
