package records

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"lastmile/harness/foreign"
	"lastmile/harness/jsonfile"
)

// splitNames are the words by which files and folders say which split they are,
// as Hugging Face's datasets has them.
var splitNames = map[string][]string{
	"train": {"train", "training"},
	"dev":   {"validation", "valid", "dev", "val"},
	"test":  {"test", "testing", "eval", "evaluation"},
}

// Files returns the files of records that a path stands for, sorted: a file; all
// that a pattern of filepath.Match finds; or those of a split ("train", "dev" or
// "test") in a folder. That may be a data set as it is cloned from Hugging
// Face's hub, or as datasets' save_to_disk leaves it. Where a folder has the
// split in several forms, the error names them.
func Files(path, split string) ([]string, error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return folder(path, split)
	}
	if err == nil || !strings.ContainsAny(path, "*?[") {
		return []string{path}, nil
	}
	found, err := filepath.Glob(path)
	if err != nil {
		return nil, fmt.Errorf("%s: the pattern is malformed: %w", path, err)
	}
	if len(found) == 0 {
		return nil, notThere(fmt.Sprintf("%s: no file matches the pattern", path))
	}
	return found, nil
}

func folder(dir, split string) ([]string, error) {
	if saved, err := saved(dir); len(saved) > 0 || err != nil {
		return saved, err
	}
	for _, name := range splitNames[split] {
		if saved, err := saved(filepath.Join(dir, name)); len(saved) > 0 || err != nil {
			return saved, err
		}
	}
	all, err := within(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range splitNames[split] {
		if found := named(dir, all, name); len(found) > 0 {
			return found, oneForm(found)
		}
	}
	return nil, notThere(fmt.Sprintf("%s: no file of the %s split in the folder, whose name would have one of the words %s; it has %s",
		dir, split, strings.Join(splitNames[split], ", "), few(all)))
}

// notThere says that there is no such file, as [fs.ErrNotExist] does, in words of its own.
type notThere string

func (e notThere) Error() string { return string(e) }

func (e notThere) Is(target error) bool { return target == fs.ErrNotExist }

// saved returns the files of a folder that save_to_disk made; none where it is
// no such folder.
func saved(dir string) ([]string, error) {
	text, err := foreign.Read(filepath.Join(dir, "state.json"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var state struct {
		Files []struct {
			Name string `json:"filename"`
		} `json:"_data_files"`
	}
	if err := jsonfile.Unmarshal(text, &state); err != nil {
		return nil, fmt.Errorf("reading %s: %w", filepath.Join(dir, "state.json"), err)
	}
	var found []string
	for _, f := range state.Files {
		if !filepath.IsLocal(f.Name) {
			return nil, fmt.Errorf("%s: the file %q lies elsewhere, expected one in the folder", filepath.Join(dir, "state.json"), f.Name)
		}
		found = append(found, filepath.Join(dir, f.Name))
	}
	return found, nil
}

// deepest is how many folders below a data set's its files may be.
const deepest = 3

// within returns the files of records in a folder and those below it, hidden ones
// aside, relative to it.
func within(dir string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(d.Name(), ".") && name != ".":
			if d.IsDir() {
				return filepath.SkipDir
			}
		case d.IsDir() && strings.Count(name, string(filepath.Separator)) >= deepest:
			return filepath.SkipDir
		case !d.IsDir() && Is(path):
			found = append(found, name)
		}
		return nil
	})
	return found, err
}

// named returns those of a folder's files in whose path a word stands alone.
func named(dir string, files []string, word string) []string {
	alone := regexp.MustCompile(`(?i)(^|[^a-z0-9])` + word + `([^a-z]|$)`)
	var found []string
	for _, file := range files {
		if alone.MatchString(file) {
			found = append(found, filepath.Join(dir, file))
		}
	}
	return found
}

// oneForm fails where files lie in several folders or formats: they are the
// same split several times.
func oneForm(files []string) error {
	form := func(file string) string { return filepath.Join(filepath.Dir(file), "*"+Extension(file)) }
	forms := map[string]bool{}
	for _, file := range files {
		forms[form(file)] = true
	}
	if len(forms) == 1 {
		return nil
	}
	var all []string
	for f := range forms {
		all = append(all, f)
	}
	slices.Sort(all)
	return fmt.Errorf("the split is there in several forms; name one of %s", few(all))
}

// few lists the first of names.
func few(names []string) string {
	const most = 6
	switch {
	case len(names) == 0:
		return "no file of records"
	case len(names) > most:
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
