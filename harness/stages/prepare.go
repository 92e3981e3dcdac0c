package stages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"sync"

	"lastmile/experiments"
	embedded "lastmile/experiments/data"
	"lastmile/harness/data"
	"lastmile/harness/records"
	"lastmile/harness/stage"
	"lastmile/runs"
)

// Prepare is the kind that reads the task's examples.
const Prepare = "prepare"

var prepareKind = Kind{
	Name:    Prepare,
	Version: 2,
	Reads: func(c experiments.Config) []string {
		keys := []string{"task.data", "task.train", "task.dev", "task.test"}
		if experiments.Get[data.Task](c, "task").Data == data.UserFiles {
			return append(keys, "task.files", "task.fields")
		}
		return append(keys, "task.base_share")
	},
	Cost: []string{"task.files"},
	Check: &Check{Reads: []string{"task.data", "task.files", "task.fields"}, Do: func(c experiments.Config) error {
		if err := experiments.Get[data.Task](c, "task").Check(); err != nil {
			return Mistake{err}
		}
		return nil
	}},
	Content: func(ctx context.Context, c experiments.Config, files Hasher) (string, error) {
		return taskContent(ctx, experiments.Get[data.Task](c, "task"), files)
	},
	Pure:     true,
	Run:      prepare,
	Ingest:   ingestExamples,
	Examples: true,
}

// prepare reads the task's examples: base.jsonl, train.jsonl, dev.jsonl,
// test.jsonl.
func prepare(ctx context.Context, job *stage.Job) error {
	var task data.Task
	if err := job.Read("task", &task); err != nil {
		return err
	}
	return unchanged(ctx, job, "the task's data", func(files Hasher) (string, error) {
		return taskContent(ctx, task, files)
	}, func() error { return readTask(ctx, job, task) })
}

func readTask(ctx context.Context, job *stage.Job, task data.Task) error {
	splits := append([]data.Split{data.Base}, data.Splits()...)
	for i, split := range splits {
		if err := ctx.Err(); err != nil {
			return err
		}
		examples, err := data.Read(task, split)
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

// taskContent is the hash of a task's data.
func taskContent(ctx context.Context, task data.Task, files Hasher) (string, error) {
	if task.Data != data.UserFiles {
		return embeddedHash()
	}
	sum := sha256.New()
	for _, split := range data.Splits() {
		paths, err := task.Paths(split)
		if err != nil {
			return "", Mistake{err}
		}
		fmt.Fprintln(sum, split)
		for _, path := range paths {
			hash, err := files.File(ctx, path)
			if err != nil {
				return "", fmt.Errorf("reading the task's data: %w", err)
			}
			fmt.Fprintln(sum, records.Extension(path), hash)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// embeddedHash is the hash of the data set that ships with lastmile.
var embeddedHash = sync.OnceValues(func() (string, error) {
	sum := sha256.New()
	for _, split := range data.Splits() {
		r, err := embedded.Open(split)
		if err != nil {
			return "", err
		}
		defer r.Close()
		fmt.Fprintln(sum, split)
		if _, err := io.Copy(sum, r); err != nil {
			return "", fmt.Errorf("reading the data set %s: %w", embedded.DebianDescriptions, err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
})

func ingestExamples(dir string, w *runs.Writer) error {
	for _, split := range data.Splits() {
		examples, err := data.ReadExamples(splitFile(dir, split))
		if err != nil {
			return err
		}
		stored := make([]runs.Example, len(examples))
		for i, e := range examples {
			stored[i] = runs.Example{Split: split, ID: e.ID, Input: e.Input, References: e.References}
		}
		w.Examples(stored)
	}
	return nil
}
