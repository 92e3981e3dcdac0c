package stages

import (
	"fmt"
	"path/filepath"

	"lastmile/harness/data"
	"lastmile/runs"
)

// Output is a line of outputs.jsonl, which decode and postprocess stages
// write: the text for one test example.
type Output struct {
	// ID is that of the example.
	ID string `json:"id"`
	// Text is what the model, or a rule, wrote, or what post-processing made of it.
	Text string `json:"text"`
	// Tokens is the length of what the model wrote, without the end token, or the
	// number of words of what a rule did.
	Tokens int `json:"tokens"`
	// Ended says that the model ended it by itself; what a rule writes ends.
	Ended bool `json:"ended"`
}

// length is the number of tokens of a response without its end token.
func length(tokens []int, ended bool) int {
	if ended {
		return len(tokens) - 1
	}
	return len(tokens)
}

// outputsFile is the file of outputs in the artifact of a decode or
// postprocess stage.
func outputsFile(dir string) string { return filepath.Join(dir, "outputs.jsonl") }

// readOutputs reads the outputs in a folder, which must be those for the
// examples, in their order.
func readOutputs(dir string, examples []data.Example) ([]Output, error) {
	outputs, err := data.ReadLines[Output](outputsFile(dir))
	if err != nil {
		return nil, err
	}
	if len(outputs) != len(examples) {
		return nil, fmt.Errorf("%s has %d outputs, expected one for each of %d examples", outputsFile(dir), len(outputs), len(examples))
	}
	for i, o := range outputs {
		if o.ID != examples[i].ID {
			return nil, fmt.Errorf("%s:%d: the output is for example %q, expected %q", outputsFile(dir), i+1, o.ID, examples[i].ID)
		}
	}
	return outputs, nil
}

// ingestOutputs stores outputs of a form.
func ingestOutputs(dir, form string, w *runs.Writer) error {
	outputs, err := data.ReadLines[Output](outputsFile(dir))
	if err != nil {
		return err
	}
	stored := make([]runs.Output, len(outputs))
	for i, o := range outputs {
		stored[i] = runs.Output(o)
	}
	return w.Outputs(form, stored)
}
