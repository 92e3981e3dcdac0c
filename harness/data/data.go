// Package data turns a task of a sweep file into examples, and examples into
// tokens.
//
// An [Example] is an input and one or more references. [Read] takes those of a
// split from the data set that ships with lastmile or from the user's own
// files, whose fields the task names. The task's templates make a
// prompt of an input and a response of a reference ([Template]); a [Codec]
// puts both into tokens, within the lengths that the task allows, and a
// model's tokens back into the text that is scored.
//
// Between the stages, examples travel as JSON lines: [ReadExamples], [Write].
package data

import "lastmile/harness/chat"

// An Example is one input with what a good output would be.
type Example struct {
	// ID names the example within its split.
	ID string `json:"id"`
	// Input is the text that the output is about.
	Input string `json:"input"`
	// Messages are those of the conversation that Input is the text of, if it is
	// one, without the reference.
	Messages []chat.Message `json:"messages,omitempty"`
	// References are the true outputs: at least one. Training uses the first.
	References []string `json:"references"`
}

// A Split names a part of a task.
type Split = string

// The splits of a task: what models are trained on, what settings are chosen
// on, and what is reported.
const (
	Train Split = "train"
	Dev   Split = "dev"
	Test  Split = "test"
)

// Base is what a model from scratch is trained on. It shares no example with
// Train where the task keeps some apart (task.base_share).
const Base Split = "base"

// Splits returns the splits of a task in the order of their use.
func Splits() []Split { return []Split{Train, Dev, Test} }
