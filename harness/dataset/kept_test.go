package dataset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/data"
	"lastmile/harness/model"
)

// TestWarningsAreKeptWhileFilesStay writes other warnings into the work folder, to see
// when these are told, and when the data are read.
func TestWarningsAreKeptWhileFilesStay(t *testing.T) {
	dir := t.TempDir()
	work, train := filepath.Join(dir, "work"), filepath.Join(dir, "train.jsonl")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(train, `{"id":"a","input":"b","reference":"один"}`+"\n")
	task := data.Task{Data: data.UserFiles, Fields: data.Fields{ID: "id", Input: "input", References: []string{"reference"}}, Prompt: "{input}", Response: "{reference}", MaxPromptTokens: 32, MaxResponseTokens: 32}
	task.Files.Train, task.Files.Dev, task.Files.Test = train, train, train
	tell := func(tokenizer string) []string {
		t.Helper()
		lines, err := KeptWarnings(t.Context(), work, task, model.Builtin, tokenizer)
		if err != nil {
			t.Fatal(err)
		}
		return lines
	}
	want, err := Warnings(t.Context(), task, model.Builtin, "")
	if err != nil || len(want) != 3 {
		t.Fatalf("warnings %q, %v", want, err)
	}
	if got := tell(""); !slices.Equal(got, want) {
		t.Errorf("without a work folder: %q, want %q", got, want)
	}
	if err := os.Mkdir(work, 0o777); err != nil {
		t.Fatal(err)
	}
	tell("")
	kept := filepath.Join(work, keptName)
	text, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	write(kept, strings.ReplaceAll(string(text), "train", "other"))
	if got := tell(""); len(got) != 3 || !strings.HasPrefix(got[0], "other") {
		t.Errorf("the data were read again: %q", got)
	}
	if got := tell("unicode"); len(got) != 0 {
		t.Errorf("with another tokenizer: %q", got)
	}
	write(train, `{"id":"a","input":"b","reference":"wan"}`+"\n"+`{"id":"b","input":"b","reference":"два"}`+"\n")
	if got := tell(""); len(got) != 3 || !strings.HasPrefix(got[0], "train: 1 of 2") {
		t.Errorf("of a file that was changed: %q", got)
	}
	write(kept, "{")
	if got := tell(""); len(got) != 3 || !strings.HasPrefix(got[0], "train: 1 of 2") {
		t.Errorf("of a damaged file: %q", got)
	}
}
