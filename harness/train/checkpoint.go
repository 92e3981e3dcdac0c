package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"lastmile/harness/jsonfile"
	"lastmile/harness/model"
	"lastmile/harness/safetensors"
	"lastmile/harness/stage"
)

// checkpoint is the small part of the state, and names the files of the large.
type checkpoint struct {
	Done    int             `json:"done"`
	Steps   int             `json:"steps"`
	Tensors string          `json:"tensors"`
	Keep    []string        `json:"keep"`
	Curves  []Point         `json:"curves"`
	Extra   json.RawMessage `json:"extra"`
	// Sums are the SHA-256 of the files, and Sum is that of all else here. A
	// checkpoint of lastmile before it kept them has none, and is believed.
	Sums map[string]string `json:"sums,omitempty"`
	Sum  string            `json:"sum,omitempty"`
}

const stateFile = "state.json"

// sum is the checksum of all but the sum itself.
func (c checkpoint) sum() (string, error) {
	c.Sum = ""
	return stage.Sum(c)
}

func (t *Trainer) folder() string { return filepath.Join(t.hooks.Dir, "checkpoint") }

// Checkpoints are at most this far apart where updates are slow, so that no more is
// lost by a process that is killed, but take no more than this share of the time.
const (
	checkpointWithin = 3 * time.Minute
	checkpointShare  = 0.05
)

// Due reports whether a checkpoint is due after the update just made: by the number of
// updates, by the time since the last one, or because ctx is done, so that what was
// learned is not lost if there is time to write it.
func (t *Trainer) Due(ctx context.Context) bool {
	apart := max(checkpointWithin, time.Duration(float64(t.checkpoint.took)/checkpointShare))
	return t.everyFew() || t.config.CheckpointEvery > 0 && (ctx.Err() != nil || time.Since(t.checkpoint.last) > apart)
}

// everyFew reports whether the updates made are a multiple of those between two
// checkpoints, which does not depend on time as [Trainer.Due] does.
func (t *Trainer) everyFew() bool {
	return t.config.CheckpointEvery > 0 && t.Done%t.config.CheckpointEvery == 0
}

// Checkpoint stores the whole state; extra is the algorithm's own. Files of
// the folder that neither the checkpoint nor keep names are removed.
func (t *Trainer) Checkpoint(extra any, keep ...string) error {
	begin := time.Now()
	defer func() { t.checkpoint.last, t.checkpoint.took = time.Now(), time.Since(begin) }()
	if err := os.MkdirAll(t.folder(), 0o755); err != nil {
		return err
	}
	tensors, err := model.ReadParameters(t.network.Parameters())
	if err != nil {
		return err
	}
	moments, err := t.Optimizer.State()
	if err != nil {
		return err
	}
	for name, m := range moments {
		tensors[name] = m
	}
	c := checkpoint{Done: t.Done, Steps: t.Steps, Tensors: fmt.Sprintf("%d.safetensors", t.Done), Keep: keep, Curves: t.curves}
	if c.Extra, err = json.Marshal(extra); err != nil {
		return err
	}
	// A training from scratch that goes on from a checkpoint stores it again, so
	// the file that the old state names must stay whole until it is replaced.
	path := filepath.Join(t.folder(), c.Tensors)
	if err := safetensors.Write(path+".new", tensors); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	if err := t.seal(&c); err != nil {
		return err
	}
	if err := stage.WriteJSON(filepath.Join(t.folder(), stateFile), c); err != nil {
		return err
	}
	return t.removeOthers(append(keep, c.Tensors, stateFile))
}

func (t *Trainer) removeOthers(keep []string) error {
	entries, err := os.ReadDir(t.folder())
	if err != nil {
		return err
	}
	named := make(map[string]bool)
	for _, name := range keep {
		named[name] = true
	}
	for _, e := range entries {
		if !named[e.Name()] {
			if err := os.Remove(filepath.Join(t.folder(), e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// seal gives a checkpoint its checksums. A file under a name is never written again,
// but for the tensors.
func (t *Trainer) seal(c *checkpoint) (err error) {
	sums := map[string]string{}
	for _, name := range append(slices.Clone(c.Keep), c.Tensors) {
		if name == "" {
			continue
		}
		known, ok := t.sums[name]
		if !ok || name == c.Tensors {
			if known, _, err = stage.HashFile(context.Background(), filepath.Join(t.folder(), name)); err != nil {
				return err
			}
		}
		sums[name] = known
	}
	t.sums, c.Sums = sums, sums
	c.Sum, err = c.sum()
	return err
}

// verify looks whether a checkpoint and its files are as they were written.
func (t *Trainer) verify(c checkpoint) error {
	if c.Sum == "" {
		return nil
	}
	switch sum, err := c.sum(); {
	case err != nil:
		return err
	case sum != c.Sum:
		return fmt.Errorf("%s is not as it was written: its checksum is wrong", filepath.Join(t.folder(), stateFile))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Sums)) {
		path := filepath.Join(t.folder(), name)
		switch sum, _, err := stage.HashFile(context.Background(), path); {
		case err != nil:
			return err
		case sum != c.Sums[name]:
			return fmt.Errorf("%s is not as it was written: its checksum is wrong", path)
		}
	}
	return nil
}

// Resume goes back to the last checkpoint, if there is one, and reads the
// algorithm's own state into extra. One that cannot be used is a
// [stage.CheckpointError]; the trainer is of no use then.
func (t *Trainer) Resume(extra any) error {
	var c checkpoint
	err := stage.ReadJSON(filepath.Join(t.folder(), stateFile), &c)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = t.resume(c, extra)
	}
	if err != nil {
		return &stage.CheckpointError{Err: err}
	}
	return nil
}

func (t *Trainer) resume(c checkpoint, extra any) error {
	if err := t.verify(c); err != nil {
		return err
	}
	if err := jsonfile.Unmarshal(c.Extra, extra); err != nil {
		return fmt.Errorf("reading checkpoint %s: %w", filepath.Join(t.folder(), stateFile), err)
	}
	tensors, err := safetensors.Read(filepath.Join(t.folder(), c.Tensors))
	if err != nil {
		return err
	}
	if err := model.SetParameters(t.network.Parameters(), tensors); err != nil {
		return err
	}
	if err := t.Optimizer.SetState(tensors); err != nil {
		return err
	}
	t.Done, t.Steps, t.curves, t.sums = c.Done, c.Steps, c.Curves, c.Sums
	return nil
}

// SaveBest stores the parameters beside the checkpoints and returns the
// file's name, which the next Checkpoint must keep.
func (t *Trainer) SaveBest() (string, error) {
	if err := os.MkdirAll(t.folder(), 0o755); err != nil {
		return "", err
	}
	tensors, err := model.ReadParameters(t.network.Parameters())
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("best-%d.safetensors", t.Done)
	return name, safetensors.Write(filepath.Join(t.folder(), name), tensors)
}

// LoadBest goes back to the parameters that SaveBest stored under name.
func (t *Trainer) LoadBest(name string) error {
	tensors, err := safetensors.Read(filepath.Join(t.folder(), name))
	if err != nil {
		return err
	}
	return model.SetParameters(t.network.Parameters(), tensors)
}
