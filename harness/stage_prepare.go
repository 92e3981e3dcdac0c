package harness

import (
	"context"
	"fmt"
	"path/filepath"

	"lastmile/harness/data"
	"lastmile/harness/stage"
)

// runPrepare reads the task's examples: base.jsonl, train.jsonl, dev.jsonl,
// test.jsonl.
func runPrepare(ctx context.Context, job *stage.Job) error {
	splits := append([]data.Split{data.Base}, data.Splits()...)
	for i, split := range splits {
		if err := ctx.Err(); err != nil {
			return err
		}
		examples, err := data.Read(job.Config.Task, split)
		if err != nil {
			return err
		}
		if err := data.Write(splitFile(job.Dir, split), examples); err != nil {
			return err
		}
		job.Progress(i+1, len(splits), fmt.Sprintf("%d examples of %s", len(examples), split))
	}
	return nil
}

// splitFile is the file of a split in the artifact of a prepare or negatives
// stage.
func splitFile(dir string, split data.Split) string { return filepath.Join(dir, split+".jsonl") }
