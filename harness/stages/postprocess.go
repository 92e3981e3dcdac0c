package stages

import (
	"context"

	"lastmile/harness/data"
	"lastmile/harness/postprocess"
	"lastmile/harness/stage"
	"lastmile/runs"
)

// Postprocess is the kind that repairs outputs.
const Postprocess = "postprocess"

var postprocessKind = Kind{
	Name:    Postprocess,
	Version: 1,
	Each:    "decode",
	Reads:   reads("postprocess"),
	Inputs:  needs(in(Prepare), in(Decode)),
	Pure:    true,
	Run:     postprocessOutputs,
	Ingest:  func(dir string, w *runs.Writer) error { return ingestOutputs(dir, runs.Post, w) },
	Split:   data.Test,
}

// postprocessOutputs repairs the outputs of a decode stage by the chain of the
// configuration: outputs.jsonl. Whether and after how many tokens the model
// ended stays as it was.
func postprocessOutputs(ctx context.Context, job *stage.Job) error {
	var settings postprocess.Settings
	if err := job.Read("postprocess", &settings); err != nil {
		return err
	}
	chain, err := postprocess.New(settings)
	if err != nil {
		return err
	}
	examples, err := data.ReadExamples(splitFile(job.Inputs[Prepare], data.Test))
	if err != nil {
		return err
	}
	outputs, err := readOutputs(job.Inputs[Decode], examples)
	if err != nil {
		return err
	}
	for i, o := range outputs {
		if err := ctx.Err(); err != nil {
			return err
		}
		outputs[i].Text = chain.Apply(postprocess.Text{Text: o.Text, Input: examples[i].Input, Ended: o.Ended})
	}
	return data.WriteLines(outputsFile(job.Dir), outputs)
}
