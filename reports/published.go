package reports

import (
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"lastmile/runs"
)

// Published is a value that somebody else reports.
type Published struct {
	Value  float64 `json:"value"`
	Source string  `json:"source"`
}

// publishedFile is a TOML file of published values:
//
//	source = "Somebody (2024), table 2"
//
//	[[value]]
//	system = "mle"
//	form   = "raw"
//	metric = "rougeL"
//	value  = 0.31
//
// It holds what somebody copied from a paper. Nothing is ever filled in.
type publishedFile struct {
	// Source is where the values are from, unless a value says otherwise.
	Source string
	Value  []publishedValue
}

type publishedValue struct {
	System string   // a label of the sweep, or the name of a variant
	Decode string   // the name of a decoding; "" means every one
	Form   string   // raw or post
	Metric string   // as the sweep file calls it
	Value  *float64 // on the scale of ours: ROUGE from 0 to 1
	Source string
}

// CheckPublished tells whether a file of published values can be shown in a report. The
// path may be empty.
func CheckPublished(path string) error {
	_, err := readPublished(path)
	return err
}

// readPublished reads a file of published values. The path may be empty.
func readPublished(path string) ([]publishedValue, error) {
	if path == "" {
		return nil, nil
	}
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		// A pipe or a device could be read without end.
		err = fmt.Errorf("%s is no regular file", path)
	}
	var raw []byte
	if err == nil {
		raw, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading published values: %w", err)
	}
	var file publishedFile
	meta, err := toml.Decode(string(raw), &file)
	if err != nil {
		return nil, fmt.Errorf("reading published values from %s: %w", path, plainTOML(err))
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("reading published values from %s: unknown key %q; a value has system, decode, form, metric, value and source", path, unknown[0].String())
	}
	for i := range file.Value {
		v := &file.Value[i]
		switch {
		case v.System == "" || v.Metric == "" || v.Value == nil:
			return nil, fmt.Errorf("reading published values from %s: value %d needs system, metric and value", path, i+1)
		case math.IsNaN(*v.Value) || math.IsInf(*v.Value, 0):
			return nil, fmt.Errorf("reading published values from %s: value %d is %g, expected a number", path, i+1, *v.Value)
		case v.Form != "raw" && v.Form != "post":
			return nil, fmt.Errorf("reading published values from %s: value %d has the form %q; one of raw, post", path, i+1, v.Form)
		}
		if v.Source == "" {
			v.Source = file.Source
		}
		if v.Source == "" {
			return nil, fmt.Errorf("reading published values from %s: value %d has no source, and neither has the file", path, i+1)
		}
	}
	return file.Value, nil
}

// typed matches the end of an error of the decoder's that names types of Go.
var typed = regexp.MustCompile(`incompatible types: TOML value has type .*$`)

// plainTOML is an error of the decoder's without its types, and with no more of what it
// quotes than a person reads.
func plainTOML(err error) error {
	const most = 300
	said := err.Error()
	if runes := []rune(said); len(runes) > most {
		return errors.New(string(runes[:most]) + "...")
	}
	if typed.MatchString(said) {
		return errors.New(typed.ReplaceAllString(said,
			"a value of another type was expected: [[value]] are tables with a number as value, and texts"))
	}
	return err
}

// resolve replaces names of variants by the labels of their runs, and returns
// notes on values that have no place in the table.
func (b *builder) resolve(values []publishedValue, metrics []string) ([]publishedValue, []string) {
	var resolved []publishedValue
	var notes []string
	for _, v := range values {
		labels := b.matching(v.System)
		if len(labels) == 0 && len(matching(b.elsewhere, v.System)) > 0 {
			continue // it has its place in the table of another data set
		}
		known := v.Decode == "" || slices.ContainsFunc(b.decodings, func(d decoding) bool { return d.name == v.Decode })
		if len(labels) == 0 || !known || !slices.Contains(metrics, v.Metric) {
			notes = append(notes, fmt.Sprintf("A published value has no place in the table: %s.",
				strings.Join(slices.DeleteFunc([]string{v.System, v.Decode, v.Form, v.Metric}, func(s string) bool { return s == "" }), ", ")))
			continue
		}
		for _, label := range labels {
			v.System = label
			resolved = append(resolved, v)
		}
	}
	return resolved, notes
}

// publishedFor returns the published values for a cell.
func publishedFor(values []publishedValue, system runs.System, metric string) []Published {
	var found []Published
	for _, v := range values {
		if v.System == system.Label && v.Form == system.Form && v.Metric == metric && (v.Decode == "" || v.Decode == system.Decode) {
			found = append(found, Published{Value: *v.Value, Source: v.Source})
		}
	}
	return found
}
