package data

import (
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/chat"
	"lastmile/harness/records"
)

// dialogues is a task over a file of the test's, with one reference field in
// train and three in test, as dialogue corpora have them.
func dialogues(path string) Task {
	task := DefaultTask()
	task.Data = "files"
	task.Files = Files{Train: path, Dev: path, Test: path}
	task.Fields = Fields{ID: "fname", Input: "dialogue", References: []string{"summary", "summary1", "summary2", "summary3"}}
	return task
}

func TestReadTakesTheFieldsThatALineHas(t *testing.T) {
	examples, err := Read(dialogues("testdata/dialogues.jsonl"), Test)
	if err != nil {
		t.Fatal(err)
	}
	if len(examples) != 3 {
		t.Fatalf("read %d examples, want 3", len(examples))
	}
	var references []int
	for _, e := range examples {
		references = append(references, len(e.References))
	}
	if want := []int{3, 3, 1}; !slices.Equal(references, want) {
		t.Errorf("numbers of references %v, want %v", references, want)
	}
	want := Example{
		ID:         "test_2",
		Input:      "#Person1#: Your café is lovely.\n#Person2#: Thank you! We opened in May.",
		References: []string{"#Person1# likes #Person2#'s café."},
	}
	if !reflect.DeepEqual(examples[2], want) {
		t.Errorf("read %+v, want %+v", examples[2], want)
	}
}

func TestReadGzip(t *testing.T) {
	text, err := os.ReadFile("testdata/dialogues.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "dialogues.jsonl.gz")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	zipped := gzip.NewWriter(file)
	zipped.Write(text)
	if err := errors.Join(zipped.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	plain, err := Read(dialogues("testdata/dialogues.jsonl"), Dev)
	if err != nil {
		t.Fatal(err)
	}
	examples, err := Read(dialogues(path), Dev)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(examples, plain) {
		t.Errorf("from gzip: %+v\nplain: %+v", examples, plain)
	}

	compressed, _ := os.ReadFile(path)
	os.WriteFile(path, compressed[:len(compressed)/2], 0o644)
	if _, err := Read(dialogues(path), Dev); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a file cut short: error %v, want one that names the file", err)
	}
}

func TestReadListsAndNumberedLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e2e.jsonl")
	os.WriteFile(path, []byte("\ufeff{\"mr\":\"name[Mill]\",\"refs\":[\"The Mill.\",\"It is the Mill.\"]}\r\n{\"mr\":\"name[Inn]\",\"ref\":\"The Inn.\"}"), 0o644)
	task := dialogues(path)
	task.Fields = Fields{Input: "mr", References: []string{"ref", "refs"}}
	examples, err := Read(task, Train)
	if err != nil {
		t.Fatal(err)
	}
	want := []Example{
		{ID: "1", Input: "name[Mill]", References: []string{"The Mill.", "It is the Mill."}},
		{ID: "2", Input: "name[Inn]", References: []string{"The Inn."}},
	}
	if !reflect.DeepEqual(examples, want) {
		t.Errorf("read %+v, want %+v", examples, want)
	}
}

func TestReadSaysWhereAMistakeIs(t *testing.T) {
	const good = `{"fname":"a","dialogue":"A: Hi.","summary":"A greets."}` + "\n"
	tests := []struct{ name, text, want string }{
		{"empty", "", ":1: the file holds no examples"},
		{"blank lines only", "\n \n", ":1: the file holds no examples"},
		{"malformed", good + `{"fname":"b",`, ":2: malformed JSON at byte 13"},
		{"no object", good + "\n[1]", ":3: found a JSON array, expected an object"},
		{"null", "null", ":1: found null, expected an object"},
		{"not UTF-8", good + "{\"fname\":\"b\",\"dialogue\":\"caf\xe9\",\"summary\":\"x\"}", ":2: byte 29 of the line is not UTF-8"},
		{"no references", `{"fname":"a","dialogue":"Hi.","text":"x"}`, `:1: no reference in field "summary", "summary1", "summary2" or "summary3" (task.fields.references); the line has dialogue, fname, text`},
		{"no input", `{"fname":"a","summary":"x"}`, `:1: no field "dialogue" (task.fields.input); the line has fname, summary`},
		{"empty input", `{"fname":"a","dialogue":" ","summary":"x"}`, `:1: field "dialogue" is " ", expected a text that is not empty`},
		{"a number for a reference", `{"fname":"a","dialogue":"Hi.","summary":7}`, `:1: field "summary" is 7, expected a text or a list of texts`},
		{"no id", `{"dialogue":"Hi.","summary":"x"}`, `:1: no id in field "fname" (task.fields.id), a string or a number; the line has dialogue, summary`},
		{"an id twice", good + "\n" + good, `:3: field "fname": the id "a" is that of line 1 already`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "task.jsonl")
			if err := os.WriteFile(path, []byte(test.text), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := Read(dialogues(path), Train)
			if err == nil || !strings.HasPrefix(err.Error(), path+test.want) {
				t.Errorf("error %v\nwant it to begin with FILE%s", err, test.want)
			}
			var line *records.LineError
			if !errors.As(err, &line) || line.File != path {
				t.Errorf("the error %T is no LineError of the file", err)
			}
		})
	}
}

func TestReadWhatIsNotThere(t *testing.T) {
	task := dialogues("")
	if _, err := Read(task, Dev); err == nil || !strings.Contains(err.Error(), "task.files.dev names no file") {
		t.Errorf("no file named: %v", err)
	}
	task = dialogues(filepath.Join(t.TempDir(), "missing.jsonl"))
	if _, err := Read(task, Dev); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that does not exist: %v", err)
	}
	if _, err := Read(task, "validation"); err == nil || !strings.Contains(err.Error(), "one of train, dev, test") {
		t.Errorf("an unknown split: %v", err)
	}
	task.Data = "debian"
	if _, err := Read(task, Dev); err == nil || !strings.Contains(err.Error(), "debian-descriptions, files") {
		t.Errorf("an unknown data set: %v", err)
	}
}

func TestReadEmbeddedWithLimits(t *testing.T) {
	task := DefaultTask()
	all, err := Read(task, Test)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1000 {
		t.Errorf("%d test examples, want 1000", len(all))
	}
	task.Test = 100
	large, err := Read(task, Test)
	if err != nil {
		t.Fatal(err)
	}
	task.Test = 10
	small, err := Read(task, Test)
	if err != nil {
		t.Fatal(err)
	}
	if len(large) != 100 || len(small) != 10 {
		t.Fatalf("limits 100 and 10 gave %d and %d examples", len(large), len(small))
	}
	within := func(part, whole []Example) bool {
		at := 0
		for _, e := range whole {
			if at < len(part) && e.ID == part[at].ID {
				at++
			}
		}
		return at == len(part)
	}
	if !within(large, all) || !within(small, large) {
		t.Error("a sample is not a part, in order, of a larger one")
	}
	if slices.EqualFunc(small, all[:10], func(a, b Example) bool { return a.ID == b.ID }) {
		t.Error("the sample is the beginning of the file, not drawn")
	}
}

func TestExamplesSurviveTheirFile(t *testing.T) {
	examples := []Example{
		{ID: "1", Input: "<b> & \u2028 é\n\"q\"", References: []string{"x", "y"}},
		{ID: "2", Input: strings.Repeat("long ", 50000), References: []string{"z"}},
	}
	path := filepath.Join(t.TempDir(), "train.jsonl")
	if err := Write(path, examples); err != nil {
		t.Fatal(err)
	}
	again, err := ReadExamples(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again, examples) {
		t.Error("what was read is not what was written")
	}
	os.WriteFile(path, []byte("{\"id\":\"1\",\"input\":\"x\",\"references\":\"y\"}\n"), 0o644)
	if _, err := ReadExamples(path); err == nil || !strings.HasPrefix(err.Error(), path+`:1: field "references" is a JSON string, expected a list`) {
		t.Errorf("a wrong type: %v", err)
	}
}

func TestTheBaseModelsShare(t *testing.T) {
	task := DefaultTask()
	all := map[string]int{}
	share := func(split Split, share float64) int {
		task.BaseShare = share
		examples, err := Read(task, split)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range examples {
			all[e.ID]++
		}
		return len(examples)
	}
	base, rest := share(Base, 0.7), share(Train, 0.7)
	if got := float64(base) / float64(base+rest); got < 0.69 || got > 0.71 {
		t.Errorf("the base model has %.3f of the examples, want 0.7", got)
	}
	for id, n := range all {
		if n != 1 {
			t.Fatalf("%s is in both parts", id)
		}
	}
	if n := share(Base, 0); n != base+rest || n != share(Train, 0) || len(all) != n {
		t.Errorf("without a share %d examples are the base model's, want all of %d", n, base+rest)
	}
	task = dialogues("testdata/dialogues.jsonl")
	if n := share(Base, 0.7); n != 3 || share(Train, 0.7) != 3 {
		t.Errorf("the base model has %d of 3 examples in the user's file, want all", n)
	}
}

// in writes files into a folder.
func in(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadManyFiles(t *testing.T) {
	dir := in(t, map[string]string{
		"train-0.csv": "dialogue,summary\nA: Hi.,A greets.\n",
		"train-1.csv": "dialogue,summary\nB: Bye.,\"B leaves,\nhappily.\"\n",
		"dev.jsonl":   `{"dialogue": "C", "summary": "c"}`,
	})
	task := dialogues("")
	task.Fields.ID = ""
	want := []Example{{ID: "1:2", Input: "A: Hi.", References: []string{"A greets."}}, {ID: "2:2", Input: "B: Bye.", References: []string{"B leaves,\nhappily."}}}
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, path := range []string{at("train-*.csv"), at("train-0.csv") + "\n" + at("train-1.csv"), dir} {
		task.Files.Train = path
		examples, err := Read(task, Train)
		if err != nil || !reflect.DeepEqual(examples, want) {
			t.Errorf("%q: error %v, read %+v, want %+v", path, err, examples, want)
		}
	}
	task.Fields.ID = "summary"
	task.Files.Train = at("train-0.csv") + "\n" + at("train-0.csv")
	if _, err := Read(task, Train); err == nil || !strings.Contains(err.Error(), `train-0.csv:2: field "summary": the id "A greets." is that of line 2 already`) {
		t.Errorf("a file twice: %v", err)
	}
}

func TestReadNestedFieldsAndConversations(t *testing.T) {
	dir := in(t, map[string]string{"a.jsonl": `{"id": 7, "translation": {"en": "a house", "de": ["ein Haus", "das Haus"]}, "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who?"}, {"role": "assistant", "content": "I."}, {"role": "user", "content": "And?"}, {"role": "assistant", "content": "You."}], "conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}], "score": NaN}`})
	task := dialogues(filepath.Join(dir, "a.jsonl"))
	for _, test := range []struct {
		fields Fields
		want   Example
	}{
		{Fields{"id", "translation.en", []string{"translation.de"}}, Example{ID: "7", Input: "a house", References: []string{"ein Haus", "das Haus"}}},
		{Fields{"id", "messages", []string{"messages"}}, Example{
			ID: "7", Input: "system: Be brief.\nuser: Who?\nassistant: I.\nuser: And?", References: []string{"You."},
			Messages: []chat.Message{{Role: "system", Content: "Be brief."}, {Role: "user", Content: "Who?"}, {Role: "assistant", Content: "I."}, {Role: "user", Content: "And?"}},
		}},
		{Fields{"id", "messages.1.content", []string{"messages.-1.content"}}, Example{ID: "7", Input: "Who?", References: []string{"You."}}},
		{Fields{"id", "conversations", []string{"conversations"}}, Example{ID: "7", Input: "Why?", References: []string{"So."}, Messages: []chat.Message{{Role: "user", Content: "Why?"}}}},
	} {
		task.Fields = test.fields
		if examples, err := Read(task, Test); err != nil || len(examples) != 1 || !reflect.DeepEqual(examples[0], test.want) {
			t.Errorf("%v: error %v, read %+v, want %+v", test.fields, err, examples, test.want)
		}
	}
	task.Fields = Fields{"id", "translation", []string{"score"}}
	if _, err := Read(task, Test); err == nil || !strings.Contains(err.Error(), `field "translation" is {"de":["ein Haus","das Haus"],"en":"a ho..., expected a text`) {
		t.Errorf("a table for a text: %v", err)
	}
	task.Fields = Fields{"id", "translation.en", []string{"score"}}
	if _, err := Read(task, Test); err == nil || !strings.Contains(err.Error(), `no reference in field "score"`) {
		t.Errorf("no number for a reference: %v", err)
	}
}
