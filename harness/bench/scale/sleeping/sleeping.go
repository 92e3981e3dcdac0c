// Package sleeping computes stages that do nothing but sleep and leave an artifact that
// was made up beforehand. It imports nothing that has native code, so that a process
// for a stage costs what lastmile's part of it costs.
package sleeping

import (
	"context"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lastmile/harness/stage"
)

// durationName is the file of a kind's folder that says how long its stages sleep.
const durationName = "duration"

// Prepare makes the folder of the models of a kind's artifacts, one of which every stage
// of that kind leaves, and returns it. The stages sleep so long.
func Prepare(models, kind string, sleep time.Duration) (folder string, err error) {
	folder = filepath.Join(models, kind)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return "", err
	}
	return folder, os.WriteFile(filepath.Join(folder, durationName), []byte(sleep.String()), 0o666)
}

// Model returns the folder, of those for its kind, whose files a stage leaves.
func Model(models, id string) (folder string, err error) {
	kind := filepath.Join(models, id[:strings.LastIndexByte(id, '-')])
	entries, err := os.ReadDir(kind)
	if err != nil {
		return "", err
	}
	var folders []string
	for _, entry := range entries {
		if entry.IsDir() {
			folders = append(folders, entry.Name())
		}
	}
	if len(folders) == 0 {
		return "", fmt.Errorf("%s has no model of an artifact", kind)
	}
	hash := fnv.New32a()
	hash.Write([]byte(id))
	return filepath.Join(kind, folders[hash.Sum32()%uint32(len(folders))]), nil
}

// Stage is the code of a stage of any kind.
func Stage(models string) stage.Func {
	return func(ctx context.Context, job *stage.Job) error {
		model, err := Model(models, filepath.Base(job.Dir))
		if err != nil {
			return err
		}
		text, err := os.ReadFile(filepath.Join(filepath.Dir(model), durationName))
		if err != nil {
			return err
		}
		sleep, err := time.ParseDuration(string(text))
		if err != nil {
			return err
		}
		select {
		case <-time.After(sleep):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		// CopyFS makes no file anew that is there, such as one of spec.json's name.
		return os.CopyFS(job.Dir, os.DirFS(model))
	}
}
