package data

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	embedded "lastmile/experiments/data"
	"lastmile/harness/random"
	"lastmile/harness/records"
)

// embeddedFields says where the records of the embedded data set hold what.
var embeddedFields = Fields{ID: "id", Input: "input", References: []string{"reference"}}

// Read returns the examples of a task's split: those of the embedded data set
// that task.Data names, or, where that is "files", of the user's files. Where
// the task limits the split, it returns a sample of that size, the same
// whatever a run's seed, in the order of the files; a larger limit's sample
// contains that of a smaller one.
//
// Of an embedded data set, Base is the share task.BaseShare of the training
// examples and Train the others; where that share is 0, both are all of them,
// as they are of files of the user's.
//
// A record that cannot be used is a [records.LineError]: one that lacks its
// input or all references, or has the id of an earlier one. So is a file
// without records.
func Read(task Task, split Split) ([]Example, error) {
	limit, err := task.limit(split)
	if err != nil {
		return nil, err
	}
	var r reader
	switch {
	case task.Data == UserFiles:
		r.fields = task.Fields
		files, err := task.Paths(split)
		if err != nil {
			return nil, err
		}
		r.several = len(files) > 1
		for i, file := range files {
			if err := r.file(i+1, file); err != nil {
				return nil, err
			}
		}
	case slices.Contains(embedded.Names(), task.Data):
		stored := split
		if split == Base {
			stored = Train
		}
		lines, err := embedded.Open(stored)
		if err != nil {
			return nil, err
		}
		defer lines.Close()
		r.fields, r.name = embeddedFields, task.Data+"/"+split
		if err := records.EachOf(lines, r.name, r.add); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("reading the task's %s split: unknown data set %q; one of %s, files", split, task.Data, strings.Join(embedded.Names(), ", "))
	}
	if task.Data != UserFiles && task.BaseShare > 0 && (split == Base || split == Train) {
		r.examples = slices.DeleteFunc(r.examples, func(e Example) bool { return inBase(e.ID, task.BaseShare) != (split == Base) })
	}
	return sample(r.examples, limit, split), nil
}

// inBase tells whether the training example of an id is the base model's.
func inBase(id string, share float64) bool {
	return random.New(0, "data", Base, id).Float64() < share
}

// limit returns how many examples a task uses of a split at most, 0 for all.
func (t Task) limit(split Split) (int, error) {
	switch split {
	case Base, Train:
		return t.Train, nil
	case Dev:
		return t.Dev, nil
	case Test:
		return t.Test, nil
	}
	return 0, fmt.Errorf("reading a task: unknown split %q; one of %s", split, strings.Join(Splits(), ", "))
}

// Check tells whether the user's files of all splits can be read.
func (t Task) Check() error {
	if t.Data != UserFiles {
		return nil
	}
	for _, split := range Splits() {
		if _, err := Read(t, split); err != nil {
			return err
		}
	}
	return nil
}

// Paths returns the files of a split of a task over files, in their order.
func (t Task) Paths(split Split) ([]string, error) {
	named := map[Split]string{Base: t.Files.Train, Train: t.Files.Train, Dev: t.Files.Dev, Test: t.Files.Test}[split]
	if split == Base {
		split = Train
	}
	if named == "" {
		return nil, fmt.Errorf("reading the task's %s split: task.data is \"files\", but task.files.%s names no file", split, split)
	}
	var files []string
	for path := range strings.SplitSeq(named, "\n") {
		found, err := records.Files(path, split)
		if err != nil {
			return nil, fmt.Errorf("task.files.%s: %w", split, err)
		}
		files = append(files, found...)
	}
	return files, nil
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

// A reader collects the examples of a split's files.
type reader struct {
	fields   Fields
	several  bool // files
	place    int  // of the file, from 1
	name     string
	examples []Example
	seen     map[string]place // by id
}

// place is where a record stands.
type place struct {
	file   string
	number int
}

// file reads the file that is the split's number-th.
func (r *reader) file(number int, path string) error {
	r.place, r.name = number, path
	before := len(r.examples)
	if err := records.Each(path, r.add); err != nil {
		return err
	}
	if len(r.examples) == before {
		return &records.LineError{File: path, Line: 1, Err: errors.New("the file holds no examples")}
	}
	return nil
}

// add takes an example from a record.
func (r *reader) add(record records.Record) error {
	example, err := r.example(record)
	if err != nil {
		return err
	}
	if r.seen == nil {
		r.seen = map[string]place{}
	}
	if earlier, ok := r.seen[example.ID]; ok {
		where := fmt.Sprintf("line %d", earlier.number)
		if earlier.file != r.name {
			where = fmt.Sprintf("%s:%d", earlier.file, earlier.number)
		}
		return fmt.Errorf("field %q: the id %q is that of %s already; ids must differ", r.fields.ID, example.ID, where)
	}
	r.seen[example.ID] = place{r.name, record.Number}
	r.examples = append(r.examples, example)
	return nil
}

func (r *reader) example(record records.Record) (Example, error) {
	has := "the line has " + few(record.Names())
	if len(record.Fields) == 0 {
		has = "the line has no fields"
	}
	example := Example{ID: strconv.Itoa(record.Number)}
	if r.several {
		example.ID = fmt.Sprintf("%d:%d", r.place, record.Number)
	}
	if name := r.fields.ID; name != "" {
		value, _ := record.Field(name)
		id, ok := records.ID(value)
		if !ok {
			return Example{}, fmt.Errorf("no id in field %q (task.fields.id), a string or a number; %s", name, has)
		}
		example.ID = id
	}
	input, present := record.Field(r.fields.Input)
	if !present {
		return Example{}, fmt.Errorf("no field %q (task.fields.input); %s", r.fields.Input, has)
	}
	var ok bool
	if example.Messages, ok = conversation(input); ok {
		example.Messages = asked(example.Messages)
		example.Input = transcript(example.Messages)
	} else if lines, isList := input.([]any); isList {
		var texts []string
		texts, ok = records.Texts(lines)
		example.Input = strings.Join(texts, "\n")
	} else {
		example.Input, ok = input.(string)
	}
	if !ok || blank(example.Input) {
		return Example{}, fmt.Errorf("field %q is %s, expected a text that is not empty, or the messages of a conversation", r.fields.Input, records.Excerpt(input))
	}
	for _, name := range r.fields.References {
		value, present := record.Field(name)
		if list, isList := value.([]any); !present || value == nil || isList && len(list) == 0 {
			continue
		}
		references, ok := records.Texts(value)
		if messages, is := conversation(value); is && answer(messages) >= 0 {
			references, ok = []string{messages[answer(messages)].Content}, true
		}
		if !ok || slices.ContainsFunc(references, blank) {
			return Example{}, fmt.Errorf("field %q is %s, expected a text or a list of texts, none of them empty", name, records.Excerpt(value))
		}
		for _, reference := range references {
			// What two fields have is one reference.
			if !slices.Contains(example.References, reference) {
				example.References = append(example.References, reference)
			}
		}
	}
	if len(example.References) == 0 {
		return Example{}, fmt.Errorf("no reference in field %s (task.fields.references); %s", quoted(r.fields.References), has)
	}
	return example, nil
}

// few lists the first of names, of which a record may have any number, each of any
// length.
func few(names []string) string {
	const most, longest = 20, 60
	var shown []string
	for _, name := range names[:min(len(names), most)] {
		if runes := []rune(name); len(runes) > longest {
			name = string(runes[:longest]) + "..."
		}
		shown = append(shown, strings.Join(strings.Fields(name), " "))
	}
	if more := len(names) - most; more > 0 {
		shown = append(shown, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(shown, ", ")
}

func blank(text string) bool { return strings.TrimSpace(text) == "" }

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
