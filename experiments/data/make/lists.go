package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// listsFolder is where apt keeps the package lists.
const listsFolder = "/var/lib/apt/lists"

// aptHelper reads a list whatever it is compressed with.
const aptHelper = "/usr/lib/apt/apt-helper"

// addition matches the suites that are added to a release after its day; they
// change every week and hold the same descriptions, so they are left out.
var addition = regexp.MustCompile(`_dists_[a-z]+-(security|updates|backports|proposed-updates)`)

// A stanza is a package's entry in a Translation-en list.
type stanza struct {
	name     string
	source   string   // the source package that it is built from
	synopsis string   // the first line of the description
	lines    []string // the others, without the space that each begins with
}

// updateLists has apt fetch the lists.
func updateLists() error {
	command := exec.Command("apt-get", "-o", "Acquire::Languages=en", "update")
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("running %s (as root?): %w", command, err)
	}
	return nil
}

// findLists returns the paths of the release's lists of one kind in folder,
// sorted. Only the section main is read: what is in the others is not free.
func findLists(folder, pattern string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(folder, pattern))
	if err != nil {
		return nil, err
	}
	paths = slices.DeleteFunc(paths, addition.MatchString)
	if len(paths) == 0 {
		return nil, fmt.Errorf("no list %s in %s: run with -update, or first, as root: apt-get -o Acquire::Languages=en update", pattern, folder)
	}
	slices.Sort(paths)
	return paths, nil
}

// readStanzas reads all the English descriptions in folder, each with its
// source package. The first of several entries of a package counts.
func readStanzas(folder string) ([]stanza, error) {
	translations, err := findLists(folder, "*_main_i18n_Translation-en*")
	if err != nil {
		return nil, err
	}
	packages, err := findLists(folder, "*_main_binary-*_Packages*")
	if err != nil {
		return nil, err
	}
	sources := map[string]string{}
	for _, path := range packages {
		err := readList(path, func(fields map[string][]string) {
			if source := fields["Source"]; source != nil {
				name, _, _ := strings.Cut(source[0], " ") // "gcc-12 (12.2.0-14)"
				sources[fields["Package"][0]] = name
			}
		})
		if err != nil {
			return nil, err
		}
	}
	var stanzas []stanza
	seen := map[string]bool{}
	for _, path := range translations {
		err := readList(path, func(fields map[string][]string) {
			name, description := fields["Package"][0], fields["Description-en"]
			if seen[name] || len(description) == 0 {
				return
			}
			seen[name] = true
			source, ok := sources[name]
			if !ok {
				source = name // a package of the same name has no Source field
			}
			stanzas = append(stanzas, stanza{name: name, source: source, synopsis: description[0], lines: description[1:]})
		})
		if err != nil {
			return nil, err
		}
	}
	return stanzas, nil
}

// readList calls use for each stanza of a list: by field, its first line and
// the continuation lines without their first space.
func readList(path string, use func(fields map[string][]string)) error {
	command := exec.Command(aptHelper, "cat-file", path)
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	parseErr := parseList(output, use)
	if err := errors.Join(parseErr, command.Wait()); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}

func parseList(r io.Reader, use func(fields map[string][]string)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<24)
	fields, field := map[string][]string{}, ""
	end := func() {
		if len(fields["Package"]) > 0 {
			use(fields)
		}
		fields, field = map[string][]string{}, ""
	}
	for lines.Scan() {
		line := lines.Text()
		switch {
		case line == "":
			end()
		case line[0] == ' ' || line[0] == '\t':
			fields[field] = append(fields[field], line[1:])
		default:
			name, value, _ := strings.Cut(line, ":")
			field = name
			fields[field] = append(fields[field], strings.TrimSpace(value))
		}
	}
	end()
	return lines.Err()
}
