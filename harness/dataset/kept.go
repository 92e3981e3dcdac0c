package dataset

import (
	"context"
	"os"
	"path/filepath"

	"lastmile/harness/data"
	"lastmile/harness/model"
	"lastmile/harness/stage"
)

// keptName is the file of a work folder in which warnings are kept.
const keptName = "warnings.json"

// KeptWarnings are [Warnings], kept in a work folder until a file that they depend on has
// another size or time: to read large data again for each command takes long.
func KeptWarnings(ctx context.Context, work string, task data.Task, folder, tokenizer string) ([]string, error) {
	key, ok := keyOf(task, folder, tokenizer)
	if !ok {
		return Warnings(ctx, task, folder, tokenizer)
	}
	path := filepath.Join(work, keptName)
	var kept map[string][]string
	// Without the file, or with a damaged one, the data are read.
	if stage.ReadJSON(path, &kept) == nil {
		if lines, ok := kept[key]; ok {
			return lines, nil
		}
	}
	lines, err := Warnings(ctx, task, folder, tokenizer)
	if err != nil {
		return nil, err
	}
	if kept == nil || len(kept) >= mostKept {
		kept = map[string][]string{}
	}
	kept[key] = lines
	// A folder that cannot be written to only makes the next time slower.
	_ = stage.WriteJSON(path, kept)
	return lines, nil
}

// mostKept bounds what is kept of files that were changed again and again.
const mostKept = 100

// keyOf tells apart what warnings depend on: the settings, and path, size and times of
// this program and of the files of data and tokenizer. It is false where a file cannot be
// looked at.
func keyOf(task data.Task, folder, tokenizer string) (string, bool) {
	program, err := os.Executable()
	if err != nil {
		return "", false
	}
	paths := []string{program}
	if task.Data == data.UserFiles {
		for _, split := range data.Splits() {
			of, err := task.Paths(split)
			if err != nil {
				return "", false
			}
			paths = append(paths, of...)
		}
	}
	if folder != model.Builtin {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return "", false
		}
		for _, e := range entries {
			paths = append(paths, filepath.Join(folder, e.Name()))
		}
	}
	type file struct {
		Path  string
		Size  int64
		Times stage.Times
	}
	of := struct {
		Task              data.Task
		Folder, Tokenizer string
		Files             []file
	}{task, folder, tokenizer, nil}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return "", false
		}
		of.Files = append(of.Files, file{path, info.Size(), stage.TimesOf(info)})
	}
	key, err := stage.Sum(of)
	return key, err == nil
}
