package reports

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"lastmile/runs"
)

// dataset is the labels of a sweep whose outputs are for the same data. Scores of
// different examples cannot be paired, so only these are compared with each other.
type dataset struct {
	name   string // also that of its report's folder
	labels []label
}

// datasets groups the labels that are shown by the data that they are tested on, in
// the order of the sweep.
func (e *evidence) datasets() []dataset {
	var all []dataset
	place := map[[2]string]int{}
	for _, l := range e.labels {
		key := [2]string{l.settings["task.data"], l.settings["task.files.test"]}
		i, ok := place[key]
		if !ok {
			i = len(all)
			place[key] = i
			all = append(all, dataset{name: unusedName(key[0], key[1], all)})
		}
		all[i].labels = append(all[i].labels, l)
	}
	return all
}

// unusedName calls data by the name of what is embedded, or by that of the file with the
// test examples, or of its folder where the file is called no more than test.
func unusedName(data, file string, taken []dataset) string {
	name := data
	if file != "" {
		stem, _, _ := strings.Cut(filepath.Base(file), ".")
		if stem == "test" {
			stem = filepath.Base(filepath.Dir(file))
		}
		if strings.Trim(stem, ".") != "" && filepath.IsLocal(stem) {
			name = stem
		}
	}
	own := name
	for n := 2; slices.ContainsFunc(taken, func(d dataset) bool { return d.name == own }); n++ {
		own = fmt.Sprintf("%s-%d", name, n)
	}
	return own
}

// of is what the evidence has of a data set, as if the sweep had no other.
func (e *evidence) of(ctx context.Context, store *runs.Store, d dataset) (*evidence, error) {
	part := *e
	part.data, part.labels, part.elsewhere = d.name, d.labels, nil
	shown := part.shown()
	for _, l := range e.labels {
		if !shown[l.name] {
			part.elsewhere = append(part.elsewhere, l)
		}
	}
	part.sweep.Runs = kept(e.sweep.Runs, func(r runs.ListedRun) bool { return shown[r.Label] })
	part.narrow()
	part.decodings = nil
	part.orderDecodings()
	var err error
	part.metrics, err = store.Metrics(ctx, e.sweep.Name, part.only()...)
	return &part, err
}

// only are the labels that are asked for in the store: none, which means all, where
// the sweep has one data set.
func (e *evidence) only() []string {
	if e.data == "" {
		return nil
	}
	names := make([]string, len(e.labels))
	for i, l := range e.labels {
		names[i] = l.name
	}
	return names
}

// title is what a report of the evidence is called.
func (e *evidence) title() string {
	if e.data == "" {
		return e.sweep.Name
	}
	return e.sweep.Name + ": " + e.data
}

// within keeps of the options what is meant for a data set: names of variants and
// labels that only other data sets have say nothing of this one.
func (o Options) within(e *evidence) Options {
	for _, name := range []*string{&o.Baseline, &o.Treatment, &o.Primary.Treatment, &o.Primary.Control} {
		if len(matching(e.labels, *name)) == 0 && len(matching(e.elsewhere, *name)) > 0 {
			*name = ""
		}
	}
	has := func(l label) bool { _, ok := l.decode[o.Primary.Decode]; return ok }
	if !slices.ContainsFunc(e.labels, has) && slices.ContainsFunc(e.elsewhere, has) {
		o.Primary.Decode = ""
	}
	return o
}
