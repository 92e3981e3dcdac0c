// Package stage computes the stages of an experiment once and keeps them.
//
// A stage is a function from the folders of its inputs and a part of the
// configuration to a folder of files, its artifact. Its key is the hash of
// all that determines that artifact: the kind of stage and the version of its
// code, that part of the configuration, and the keys of its inputs. So two
// runs that agree up to some stage share it, and a changed setting changes
// the keys from its stage on and none before it.
//
// A [Store] is a folder that several processes may use at once:
//
//	stages/KIND/KEY/    a finished artifact, with stage.json; never changed again
//	partial/KIND-KEY/   an artifact on its way; what a crash leaves, the next try resumes from
//	locks/KIND-KEY      locked, by flock(2), by the process that computes the stage
//	logs/KIND-KEY.log   the stack of a stage that panicked
//
// An artifact appears by one rename after all its files have reached the disk,
// so a stage is either finished or it is not, whenever the machine stops. Only
// stage.json holds times: repeated, a stage gives the same bytes in every
// other file.
package stage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"lastmile/experiments"
)

// Func computes an artifact: it reads the folders job.Inputs and writes into
// job.Dir. It runs on an OS thread of its own, and must return within three
// seconds after ctx is done; job.Dir stays as it is then, for the next try.
type Func func(ctx context.Context, job *Job) error

// Stage is one node of the graph of an experiment.
type Stage struct {
	// Kind is the kind of stage, such as "mle".
	Kind string
	// Name says for a person which of its kind the stage is.
	Name string
	// Version is the version of the code of this kind.
	Version int
	// Part is, as canonical JSON, the part of the configuration that
	// determines the artifact.
	Part json.RawMessage
	// Config is what the function is given. It should hold no more than what
	// Part tells apart and what changes nothing but the cost.
	Config experiments.Config
	// Inputs are the stages that this one reads.
	Inputs []Input
	// Key is the SHA-256 of all that determines the artifact, in hexadecimal.
	Key string
	// Func computes the artifact.
	Func Func
}

// Input is a stage under the name by which another one knows it.
type Input struct {
	Name  string
	Stage *Stage
}

// New returns the stage of a kind, of a version of its code, which part (any
// value that marshals to JSON) and the inputs determine.
func New(kind string, version int, part any, inputs []Input, f Func) (*Stage, error) {
	canonical, err := Canonical(part)
	if err != nil {
		return nil, fmt.Errorf("the key of a stage %q: %w", kind, err)
	}
	keys := make(map[string]string, len(inputs))
	for _, input := range inputs {
		keys[input.Name] = input.Stage.Key
	}
	identity, err := json.Marshal(struct {
		Kind    string            `json:"kind"`
		Version int               `json:"version"`
		Part    json.RawMessage   `json:"part"`
		Inputs  map[string]string `json:"inputs"`
	}{kind, version, canonical, keys})
	if err != nil {
		return nil, fmt.Errorf("the key of a stage %q: %w", kind, err)
	}
	sum := sha256.Sum256(identity)
	return &Stage{
		Kind:    kind,
		Name:    kind,
		Version: version,
		Part:    canonical,
		Inputs:  inputs,
		Key:     hex.EncodeToString(sum[:]),
		Func:    f,
	}, nil
}

// ID returns the stage's kind and the first 16 digits of its key: the name of
// its folders and logs.
func (s *Stage) ID() string { return s.Kind + "-" + s.Key[:keyDigits] }

// keyDigits is how much of a key names folders: 64 bits.
const keyDigits = 16

// Canonical returns value as JSON that is equal for equal settings: object
// keys are sorted, and members that are zero, empty or null are left out, so
// that a new setting whose zero value means "as before" changes no key.
func Canonical(value any) (json.RawMessage, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, err
	}
	return json.Marshal(prune(tree))
}

// prune removes from the objects of a JSON tree the members that say nothing.
func prune(tree any) any {
	switch tree := tree.(type) {
	case map[string]any:
		for name, member := range tree {
			if member = prune(member); empty(member) {
				delete(tree, name)
			} else {
				tree[name] = member
			}
		}
	case []any:
		for i := range tree {
			tree[i] = prune(tree[i])
		}
	}
	return tree
}

func empty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case bool:
		return !value
	case string:
		return value == ""
	case json.Number:
		f, err := value.Float64()
		return err == nil && f == 0
	case map[string]any:
		return len(value) == 0
	case []any:
		return len(value) == 0
	}
	return false
}

// Order returns goals and all that they need, every stage after its inputs and
// otherwise as early as the order of goals wants it: working down the list
// finishes the first goal first. A stage stands in it once.
func Order(goals []*Stage) []*Stage {
	var ordered []*Stage
	seen := map[*Stage]bool{}
	var visit func(*Stage)
	visit = func(s *Stage) {
		if seen[s] {
			return
		}
		seen[s] = true
		for _, input := range s.Inputs {
			visit(input.Stage)
		}
		ordered = append(ordered, s)
	}
	for _, goal := range goals {
		visit(goal)
	}
	return ordered
}
