// Package stage computes the stages of an experiment once and keeps them.
//
// A stage is a function from the folders of its inputs and a part of the
// configuration to a folder of files, its artifact. Its key is the hash of
// all that determines that artifact: the kind of stage and the version of its
// code, that part of the configuration, the content of the files that it reads
// besides its inputs, and the keys of its inputs. So two runs that agree up to
// some stage share it, and a changed setting changes the keys from its stage
// on and none before it.
//
// A [Stage] holds no code, so that it can be written down as a [Spec]: an
// [Executor] computes that in this process ([Local]), in a child process
// ([Process]), or elsewhere, where [Serve] reads it. [Store.Execute] decides
// what is computed and when.
//
// A [Store] is a folder that several processes may use at once:
//
//	stages/KIND/KEY/           a finished artifact, with stage.json; its other files are never changed again
//	partial/KIND-KEY/          an artifact on its way; what a crash leaves, the next try resumes from
//	partial/KIND-KEY/spec.json the stage written down
//	partial/KIND-KEY.json      what its unfinished tries have taken, and why the last one failed
//	locks/KIND-KEY             locked by the process that computes the stage; says which one that is
//	processes/HOST-PID         locked by a process that uses the folder
//	logs/KIND-KEY.log          the stack of a stage that panicked, or what its process wrote before it died
//
// An artifact appears by one rename after all its files have reached the disk,
// so a stage is either finished or it is not, whenever the machine stops. Only
// stage.json holds times: repeated, a stage gives the same bytes in every
// other file. It also holds the checksums of those: an artifact is looked at before it
// is read, and what is not as its stage wrote it is an unfinished stage. [Times] says what
// that look relies on.
package stage

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Stage is one node of the graph of an experiment.
type Stage struct {
	// Kind is the kind of stage, such as "mle".
	Kind string
	// Name says for a person which of its kind the stage is. It may be changed
	// at any time.
	Name string
	// Version is the version of the code of this kind.
	Version int
	// Identity is, as canonical JSON, the part of the configuration that
	// determines the artifact.
	Identity json.RawMessage
	// Settings are what the stage's function is given: Identity, and what
	// changes nothing but the cost.
	Settings json.RawMessage
	// Content is the hash of the files that the stage reads besides its inputs,
	// "" where there are none.
	Content string
	// Inputs are the stages that this one reads.
	Inputs []Input
	// Key is the SHA-256 of all that determines the artifact, in hexadecimal.
	Key string
}

// Input is a stage under the name by which another one knows it.
type Input struct {
	Name  string
	Stage *Stage
}

// New returns the stage of a kind, of a version of its code, that identity,
// content and the inputs determine. identity and settings must be compact JSON
// that is equal for equal settings; nil is null. The name is the kind at first.
func New(kind string, version int, identity, settings json.RawMessage, content string, inputs []Input) *Stage {
	keys := make([]inputKey, 0, len(inputs))
	for _, input := range inputs {
		keys = append(keys, inputKey{input.Name, input.Stage.Key})
	}
	return &Stage{
		Kind:     kind,
		Name:     kind,
		Version:  version,
		Identity: identity,
		Settings: settings,
		Content:  content,
		Inputs:   inputs,
		Key:      key(kind, version, identity, content, keys),
	}
}

// ID returns the stage's kind and the first 16 digits of its key: the name of
// its folders and logs.
func (s *Stage) ID() string { return id(s.Kind, s.Key) }

// keyDigits is how much of a key names folders: 64 bits.
const keyDigits = 16

func id(kind, key string) string { return kind + "-" + short(key) }

func short(key string) string { return key[:min(len(key), keyDigits)] }

// inputKey is the key of an input under its name.
type inputKey struct{ name, key string }

// key hashes all that determines an artifact; it sorts the inputs by name. What
// it hashes is put together by hand, because sweeps have many stages.
func key(kind string, version int, identity json.RawMessage, content string, inputs []inputKey) string {
	if len(identity) == 0 {
		identity = json.RawMessage("null")
	}
	slices.SortFunc(inputs, func(a, b inputKey) int { return strings.Compare(a.name, b.name) })
	text := make([]byte, 0, len(identity)+128*(2+len(inputs)))
	text = append(text, `{"kind":`...)
	text = strconv.AppendQuote(text, kind)
	text = append(text, `,"version":`...)
	text = strconv.AppendInt(text, int64(version), 10)
	text = append(text, `,"identity":`...)
	text = append(text, identity...)
	text = append(text, `,"content":`...)
	text = strconv.AppendQuote(text, content)
	text = append(text, `,"inputs":{`...)
	for i, input := range inputs {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendQuote(text, input.name)
		text = append(text, ':')
		text = strconv.AppendQuote(text, input.key)
	}
	text = append(text, "}}"...)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
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
