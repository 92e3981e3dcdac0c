package stage

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"lastmile/harness/jsonfile"
)

// Func computes an artifact: it reads the folders job.Inputs and writes into
// job.Dir. It runs on an OS thread of its own, and must return within two
// seconds after ctx is done; job.Dir stays as it is then, for the next try.
type Func func(ctx context.Context, job *Job) error

// Funcs returns the code of a kind of stage, and its version; ok is false
// where there is no such kind.
type Funcs func(kind string) (f Func, version int, ok bool)

// of returns the code that computes a stage as it is written down.
func (fs Funcs) of(spec Spec) (Func, error) {
	f, version, ok := fs(spec.Kind)
	switch {
	case !ok:
		return nil, fmt.Errorf("stage %s: this program knows no kind of stage %q", spec.ID(), spec.Kind)
	case version != spec.Version:
		return nil, fmt.Errorf("stage %s was planned for version %d of %s, and this program has version %d: another build planned it", spec.ID(), spec.Version, spec.Kind, version)
	}
	return f, nil
}

// Checkpoint is the folder inside [Job.Dir] that outlives a try: what an
// interrupted try left there, the next one finds. The engine removes it from a
// finished artifact. A stage sees to it that what it writes there is whole
// whenever the process may be killed. Where it is not all the same, on a disk that
// lost some of it, the stage says so by a [CheckpointError].
const Checkpoint = "checkpoint"

// CheckpointError says that a stage cannot go on from its checkpoint. The stage then
// begins anew, without it.
type CheckpointError struct {
	// Err names the file and says what is wrong with it.
	Err error
}

// Error is that of Err.
func (e *CheckpointError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *CheckpointError) Unwrap() error { return e.Err }

// Job is what a stage's function is given.
type Job struct {
	// Dir is the folder to write into. It is empty but for spec.json, which is
	// the engine's, and the [Checkpoint] of an earlier try.
	Dir string
	// Inputs are the artifact folders of the stage's inputs, by name.
	Inputs map[string]string
	// Settings hold, as JSON, what the stage's key tells apart and what changes
	// nothing but the cost. See [Job.Read].
	Settings json.RawMessage
	// Threads is the number of threads to compute with.
	Threads int
	// Device is where models compute.
	Device string
	// Content is the hash of the files that the stage reads besides its inputs, "" for
	// none: a stage sees to it that what it reads has that hash.
	Content string
	// Progress tells how much of the work is done; note is a few words, such
	// as "loss 2.31". A total of 0 means unknown.
	Progress func(done, total int, note string)
	// Say shows the user a line of another program that the stage has begun, and keeps
	// it in the stage's log until the stage is finished.
	Say func(line string)
	// Tokens adds to the number of tokens that the stage has worked through.
	Tokens func(n int)
}

// Read decodes the settings under a dotted key, such as "mle" or
// "decode.greedy", into a value; "" means all. Where there are none under the
// key, the value stays as it is.
func (j *Job) Read(key string, into any) error {
	text := j.Settings
	if key != "" {
		for name := range strings.SplitSeq(key, ".") {
			if len(text) == 0 {
				return nil
			}
			var members map[string]json.RawMessage
			if err := jsonfile.Unmarshal(text, &members); err != nil {
				return fmt.Errorf("the stage's settings: looking for %s in %s: %w", name, key, err)
			}
			text = members[name]
		}
	}
	if len(text) == 0 {
		return nil
	}
	if err := jsonfile.Unmarshal(text, into); err != nil {
		if key == "" {
			return fmt.Errorf("the stage's settings: %w", err)
		}
		return fmt.Errorf("the stage's settings %s: %w", key, err)
	}
	return nil
}
