package data

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	embedded "lastmile/experiments/data"
	"lastmile/harness/random"
)

// embeddedFields says where the lines of the embedded data set hold what.
var embeddedFields = Fields{ID: "id", Input: "input", References: []string{"reference"}}

// Read returns the examples of a task's split: those of the embedded data set
// that task.Data names, or, where that is "files", of the user's file. Where
// the task limits the split, it returns a sample of that size, the same
// whatever a run's seed, in the order of the file; a larger limit's sample
// contains that of a smaller one.
//
// Of an embedded data set, Base is the share task.BaseShare of the training
// examples and Train the others; where that share is 0, both are all of them,
// as they are of files of the user's.
//
// A line that cannot be read is a [LineError]: one that is no JSON object or
// no UTF-8, lacks its input or all references, or has the id of an earlier
// one. So is a file without examples.
func Read(task Task, split Split) ([]Example, error) {
	path, limit, err := part(task, split)
	if err != nil {
		return nil, err
	}
	var r reader
	switch {
	case task.Data == "files":
		if path == "" {
			return nil, fmt.Errorf("reading the task's %s split: task.data is \"files\", but task.files.%s names no file", split, split)
		}
		r = reader{name: path, fields: task.Fields}
		err = scanFile(path, r.add)
	case slices.Contains(embedded.Names(), task.Data):
		r = reader{name: task.Data + "/" + split, fields: embeddedFields}
		stored := split
		if split == Base {
			stored = Train
		}
		lines, openErr := embedded.Open(stored)
		if openErr != nil {
			return nil, openErr
		}
		defer lines.Close()
		err = scan(lines, r.name, r.add)
	default:
		return nil, fmt.Errorf("reading the task's %s split: unknown data set %q; one of %s, files", split, task.Data, strings.Join(embedded.Names(), ", "))
	}
	if err != nil {
		return nil, err
	}
	if len(r.examples) == 0 {
		return nil, &LineError{File: r.name, Line: 1, Err: errors.New("the file holds no examples; expected one JSON object a line")}
	}
	if task.Data != "files" && task.BaseShare > 0 && (split == Base || split == Train) {
		r.examples = slices.DeleteFunc(r.examples, func(e Example) bool { return inBase(e.ID, task.BaseShare) != (split == Base) })
	}
	return sample(r.examples, limit, split), nil
}

// inBase tells whether the training example of an id is the base model's.
func inBase(id string, share float64) bool {
	return random.New(0, "data", Base, id).Float64() < share
}

// part returns the file and the limit that a task gives for a split.
func part(task Task, split Split) (path string, limit int, err error) {
	switch split {
	case Base, Train:
		return task.Files.Train, task.Train, nil
	case Dev:
		return task.Files.Dev, task.Dev, nil
	case Test:
		return task.Files.Test, task.Test, nil
	}
	return "", 0, fmt.Errorf("reading a task: unknown split %q; one of %s", split, strings.Join(Splits(), ", "))
}

// sample draws limit of the examples, or all where limit is 0 or there are no
// more.
func sample(examples []Example, limit int, split Split) []Example {
	if limit <= 0 || limit >= len(examples) {
		return examples
	}
	drawn := random.New(0, "data", split).Perm(len(examples))[:limit]
	slices.Sort(drawn)
	result := make([]Example, 0, limit)
	for _, i := range drawn {
		result = append(result, examples[i])
	}
	return result
}

// A reader collects the examples of one file.
type reader struct {
	name     string
	fields   Fields
	examples []Example
	seen     map[string]int // by id, the number of the line
}

// add reads the line of a number.
func (r *reader) add(number int, line []byte) error {
	var fields map[string]json.RawMessage
	if err := decode(line, &fields); err != nil {
		return err
	}
	if fields == nil {
		return errors.New("found a JSON null, expected an object")
	}
	example, err := r.example(number, fields)
	if err != nil {
		return err
	}
	if r.seen == nil {
		r.seen = map[string]int{}
	}
	if earlier, ok := r.seen[example.ID]; ok {
		return fmt.Errorf("field %q: the id %q is that of line %d already; ids must differ", r.fields.ID, example.ID, earlier)
	}
	r.seen[example.ID] = number
	r.examples = append(r.examples, example)
	return nil
}

// example takes an example from a line's fields.
func (r *reader) example(number int, fields map[string]json.RawMessage) (Example, error) {
	has := "the line has " + strings.Join(slices.Sorted(maps.Keys(fields)), ", ")
	if len(fields) == 0 {
		has = "the line has no fields"
	}
	example := Example{ID: strconv.Itoa(number)}
	if name := r.fields.ID; name != "" {
		id, ok := name, false
		if value, present := fields[name]; present {
			id, ok = identifier(value)
		}
		if !ok {
			return Example{}, fmt.Errorf("no id in field %q (task.fields.id), a string or a number; %s", name, has)
		}
		example.ID = id
	}
	input, present := fields[r.fields.Input]
	if !present {
		return Example{}, fmt.Errorf("no field %q (task.fields.input); %s", r.fields.Input, has)
	}
	if err := json.Unmarshal(input, &example.Input); err != nil || strings.TrimSpace(example.Input) == "" {
		return Example{}, fmt.Errorf("field %q is %s, expected a text that is not empty", r.fields.Input, excerpt(input))
	}
	for _, name := range r.fields.References {
		value, present := fields[name]
		if !present || string(value) == "null" {
			continue
		}
		references, ok := texts(value)
		if !ok {
			return Example{}, fmt.Errorf("field %q is %s, expected a text or a list of texts, none of them empty", name, excerpt(value))
		}
		example.References = append(example.References, references...)
	}
	if len(example.References) == 0 {
		return Example{}, fmt.Errorf("no reference in field %s (task.fields.references); %s", quoted(r.fields.References), has)
	}
	return example, nil
}

// identifier reads an id, which may be a number.
func identifier(value json.RawMessage) (string, bool) {
	var id string
	if json.Unmarshal(value, &id) == nil && id != "" {
		return id, true
	}
	var number json.Number
	if json.Unmarshal(value, &number) == nil && number != "" {
		return number.String(), true
	}
	return "", false
}

// texts reads a string or a list of strings, none of them empty.
func texts(value json.RawMessage) ([]string, bool) {
	var list []string
	if json.Unmarshal(value, &list) != nil {
		list = make([]string, 1)
		if json.Unmarshal(value, &list[0]) != nil {
			return nil, false
		}
	}
	empty := func(s string) bool { return strings.TrimSpace(s) == "" }
	return list, !slices.ContainsFunc(list, empty)
}

// excerpt shows a JSON value in an error, in few characters.
func excerpt(value json.RawMessage) string {
	runes := []rune(string(value))
	if len(runes) > 40 {
		return string(runes[:40]) + "..."
	}
	return string(value)
}

// quoted lists names: "a", "b" or "c".
func quoted(names []string) string {
	var b strings.Builder
	for i, name := range names {
		switch {
		case i > 0 && i == len(names)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(name))
	}
	return b.String()
}
