package data

import (
	"fmt"

	"lastmile/experiments"
	embedded "lastmile/experiments/data"
)

// Task says which texts are to be learned: pairs of an input and one or more
// references, in three splits.
type Task struct {
	// Data is the name of an embedded data set ("debian-descriptions"), or
	// "files" for those of the user's.
	Data string `toml:"data" json:"data"`
	// Files are the files when Data is "files": JSON lines, JSON, CSV, TSV,
	// Parquet or Arrow, plain, .gz or .zst. Each split can be a pattern such as
	// "train-*.parquet", a list, or a folder of Hugging Face's datasets. Relative
	// paths start at the folder of the sweep file.
	Files Files `toml:"files" json:"files"`
	// Fields says where a line of Files holds what.
	Fields Fields `toml:"fields" json:"fields"`
	// Prompt is the template of the prompt; {input} stands for the input.
	Prompt string `toml:"prompt" json:"prompt"`
	// Chat makes the prompt what the user says in the chat template of the
	// model's folder, behind which the response follows as the assistant's.
	Chat bool `toml:"chat" json:"chat,omitempty"`
	// ChatDate is the date ("2024-07-26") that a chat template is told which asks
	// for today's, so that its prompts are the same on any day. Such a template
	// needs it.
	ChatDate string `toml:"chat_date" json:"chat_date,omitempty"`
	// Response is the template of the response; {reference} stands for the
	// reference. The end token follows it. A tokenizer that puts a space in front of
	// each text itself, as Llama 2's does, saves the one that the template begins
	// with.
	Response string `toml:"response" json:"response"`
	// MaxPromptTokens cuts the input, from its end, until the rendered prompt
	// has at most so many tokens.
	MaxPromptTokens int `toml:"max_prompt_tokens" json:"max_prompt_tokens"`
	// MaxResponseTokens is the longest response, in tokens, the end token
	// included: training references are cut there without an end token, and
	// decoding stops there.
	MaxResponseTokens int `toml:"max_response_tokens" json:"max_response_tokens"`
	// BaseShare is the share of an embedded data set's training examples that
	// only a model from scratch learns from; all later stages use the others.
	// A model learns nothing more from an example that it has memorised, and
	// neither does the reward model that is made from it.
	// The built-in model was trained with 0.7 of debian-descriptions. With 0
	// all stages use all examples.
	BaseShare float64 `toml:"base_share" json:"base_share"`
	// Train, Dev and Test are the most examples that are used of each split,
	// drawn by seed 0 whatever the run's seed; 0 means all.
	Train int `toml:"train" json:"train"`
	Dev   int `toml:"dev" json:"dev"`
	Test  int `toml:"test" json:"test"`
}

// Files are the paths of a task's three splits.
type Files struct {
	Train string `toml:"train" json:"train"`
	Dev   string `toml:"dev" json:"dev"`
	Test  string `toml:"test" json:"test"`
}

// Fields names the fields of a record. A dotted name leads into nested ones, as
// "translation.en" or "messages.0.content" does.
type Fields struct {
	// ID is the field with the example's name; records are numbered where it
	// is empty.
	ID string `toml:"id" json:"id"`
	// Input is the field with the input: a text, a list of texts, which become lines,
	// or the messages of a conversation, of which those before the assistant's last
	// one count.
	Input string `toml:"input" json:"input"`
	// References are the fields with references, each a text, a list of texts,
	// or the messages of a conversation, whose last one of the assistant's is
	// the reference; those that a record has are used, and it must have one.
	References []string `toml:"references" json:"references"`
}

// UserFiles is the value of task.data that stands for files of the user's.
const UserFiles = "files"

// DefaultTask is the task of which nothing is said.
func DefaultTask() Task {
	return Task{
		Data:              embedded.DebianDescriptions,
		Fields:            Fields{Input: "input", References: []string{"reference", "references"}},
		Prompt:            "{input}\n=>",
		Response:          " {reference}",
		BaseShare:         0.7,
		MaxPromptTokens:   128,
		MaxResponseTokens: 32,
	}
}

// TaskSection is the section [task] of a sweep file.
func TaskSection() experiments.Section {
	return experiments.Section{
		Key:     "task",
		Default: DefaultTask(),
		Rules: experiments.Rules{
			"data":                experiments.Choice("data set", append(embedded.Names(), UserFiles)...),
			"files.train":         experiments.Anything,
			"files.dev":           experiments.Anything,
			"files.test":          experiments.Anything,
			"fields.id":           experiments.Anything,
			"fields.input":        experiments.NonEmpty,
			"fields.references":   experiments.List(experiments.NonEmpty, 1),
			"prompt":              experiments.Containing("{input}"),
			"chat":                experiments.Anything,
			"chat_date":           experiments.Matching("a date such as 2024-07-26, or nothing", `^(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))?$`),
			"response":            experiments.Containing("{reference}"),
			"max_prompt_tokens":   experiments.Whole(1, 1<<24),
			"max_response_tokens": experiments.Whole(1, 1<<24),
			"base_share":          experiments.FromBelow(0, 1),
			"train":               experiments.AtLeast(0),
			"dev":                 experiments.AtLeast(0),
			"test":                experiments.AtLeast(0),
		},
		Paths: []experiments.Path{{Key: "files.train", Many: true}, {Key: "files.dev", Many: true}, {Key: "files.test", Many: true}},
		Check: func(c experiments.Config) []experiments.Complaint {
			t := experiments.Get[Task](c, "task")
			var found []experiments.Complaint
			for _, file := range []struct{ split, path string }{
				{Train, t.Files.Train}, {Dev, t.Files.Dev}, {Test, t.Files.Test},
			} {
				if message := t.brokenFile(file.split, file.path); message != "" {
					found = append(found, experiments.Complaint{Keys: []string{"task.files." + file.split, "task.data"}, Message: message})
				}
			}
			return found
		},
	}
}

// brokenFile checks the path of one split against the name of the data set.
func (t Task) brokenFile(split, path string) string {
	switch {
	case t.Data == UserFiles && path == "":
		return `task.data = "files" needs task.files.` + split
	case t.Data != UserFiles && path != "":
		return fmt.Sprintf(`task.files.%s is not read, since task.data is %q; set task.data = "files"`, split, t.Data)
	}
	return ""
}
