package harness

import (
	"context"

	"lastmile/harness/data"
	"lastmile/harness/postprocess"
	"lastmile/harness/stage"
)

// runPostprocess repairs the outputs of a decode stage by the chain of the
// configuration: outputs.jsonl. Whether and after how many tokens the model
// ended stays as it was.
func runPostprocess(ctx context.Context, job *stage.Job) error {
	chain, err := postprocess.New(job.Config.Postprocess)
	if err != nil {
		return err
	}
	examples, err := data.ReadExamples(splitFile(job.Inputs[prepareKind], data.Test))
	if err != nil {
		return err
	}
	outputs, err := readOutputs(job.Inputs[decodeKind], examples)
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
