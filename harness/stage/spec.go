package stage

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"
)

// Spec is a stage written down, so that another process can compute it. It
// lies as spec.json in the stage's partial folder until the artifact is
// published.
type Spec struct {
	Kind string `json:"kind"`
	// Name says for a person which of its kind the stage is.
	Name string `json:"name"`
	Key  string `json:"key"`
	// Version is that of the kind's code.
	Version int `json:"version"`
	// Identity, Settings and Content are those of the [Stage].
	Identity json.RawMessage `json:"identity"`
	Settings json.RawMessage `json:"settings"`
	Content  string          `json:"content"`
	// Inputs are the artifacts that the stage reads, by name.
	Inputs map[string]InputSpec `json:"inputs"`
	// Threads is the number of threads to compute with.
	Threads int `json:"threads"`
	// Device is where models compute.
	Device string `json:"device"`
	// Lease and Grace are the seconds of [Store.Lease] and [Store.Grace], where
	// those are not the usual ones.
	Lease float64 `json:"lease,omitempty"`
	Grace float64 `json:"grace,omitempty"`

	store *Store
	lock  *lock // of the process that computes the stage
}

// InputSpec is an input of a stage that is written down.
type InputSpec struct {
	Key string `json:"key"`
	// Folder holds the artifact. In spec.json it is relative to the work
	// folder, which may be moved.
	Folder string `json:"folder"`
}

const specName = "spec.json"

// Spec returns the stage as it is written down for this store.
func (s *Store) Spec(st *Stage, threads int, device string) Spec {
	spec := Spec{
		Kind: st.Kind, Name: st.Name, Key: st.Key, Version: st.Version,
		Identity: st.Identity, Settings: st.Settings, Content: st.Content,
		Inputs:  make(map[string]InputSpec, len(st.Inputs)),
		Threads: threads, Device: device,
		Lease: s.Lease.Seconds(), Grace: s.Grace.Seconds(),
		store: s,
	}
	for _, input := range st.Inputs {
		spec.Inputs[input.Name] = InputSpec{Key: input.Stage.Key, Folder: s.Path(input.Stage)}
	}
	return spec
}

// ID returns the stage's kind and the first 16 digits of its key.
func (s Spec) ID() string { return id(s.Kind, s.Key) }

// Folder returns the partial folder, which spec.json lies in.
func (s Spec) Folder() string { return s.store.partial(s.ID()) }

// Write writes spec.json into the partial folder, which it makes. The stage
// must not be in computation meanwhile.
func (s Spec) Write() error {
	s.Identity, s.Settings = compact(s.Identity), compact(s.Settings)
	if err := s.check(); err != nil {
		return err
	}
	inputs := make(map[string]InputSpec, len(s.Inputs))
	for name, input := range s.Inputs {
		folder, err := filepath.Rel(s.store.Dir, input.Folder)
		if err != nil {
			return fmt.Errorf("stage %s: %w", s.ID(), err)
		}
		inputs[name] = InputSpec{Key: input.Key, Folder: filepath.ToSlash(folder)}
	}
	s.Inputs = inputs
	text, err := encode(s)
	if err == nil {
		err = os.MkdirAll(s.Folder(), 0o777)
	}
	if err == nil {
		// Lost with the power, it is written again.
		err = replaceFile(filepath.Join(s.Folder(), specName), text, false)
	}
	if err != nil {
		return fmt.Errorf("writing down stage %s: %w", s.ID(), err)
	}
	return nil
}

// ReadSpec reads the spec.json in a partial folder, and checks that it is of
// that folder and that its key is the hash of what it says.
func ReadSpec(folder string) (Spec, error) {
	store, name, err := partialFolder(folder)
	if err != nil {
		return Spec{}, err
	}
	path := filepath.Join(store.partial(name), specName)
	var spec Spec
	if err := ReadJSON(path, &spec); err != nil {
		return Spec{}, err
	}
	spec.store = store
	store.Lease, store.Grace = seconds(spec.Lease), seconds(spec.Grace)
	spec.Identity, spec.Settings = compact(spec.Identity), compact(spec.Settings)
	for name, input := range spec.Inputs {
		if !filepath.IsLocal(filepath.FromSlash(input.Folder)) {
			return Spec{}, fmt.Errorf("%s: the folder of the input %.80q is %.200q, expected one inside the work folder", path, name, input.Folder)
		}
		spec.Inputs[name] = InputSpec{Key: input.Key, Folder: filepath.Join(store.Dir, filepath.FromSlash(input.Folder))}
	}
	if spec.ID() != name {
		return Spec{}, fmt.Errorf("%s is of the stage %.80q, expected %s by the folder's name", path, spec.ID(), name)
	}
	if err := spec.check(); err != nil {
		return Spec{}, fmt.Errorf("%s: %w", path, err)
	}
	return spec, nil
}

// seconds is so many seconds, or as many as there can be.
func seconds(s float64) time.Duration {
	if s *= float64(time.Second); s < math.MaxInt64 {
		return time.Duration(max(s, 0))
	}
	return math.MaxInt64
}

// grace is how long the stage is waited for once it was told to stop.
func (s Spec) grace() time.Duration { return cmp.Or(seconds(s.Grace), grace) }

// check compares the key with what it is made of.
func (s Spec) check() error {
	var keys []inputKey
	for name, input := range s.Inputs {
		keys = append(keys, inputKey{name, input.Key})
	}
	if made := key(s.Kind, s.Version, s.Identity, s.Content, keys); made != s.Key {
		return fmt.Errorf("stage %s: the key is %.80q, but kind, version, identity, content and inputs give %s", s.ID(), s.Key, made)
	}
	return nil
}

// partialFolder returns the store that a partial folder belongs to, and the ID
// of the stage.
func partialFolder(folder string) (*Store, string, error) {
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return nil, "", err
	}
	parent, name := filepath.Split(absolute)
	parent = filepath.Clean(parent)
	if filepath.Base(parent) != partialDir || len(name) < keyDigits+2 {
		return nil, "", fmt.Errorf("%s is no folder of a stage; expected WORK/%s/KIND-KEY", folder, partialDir)
	}
	return &Store{Dir: filepath.Dir(parent)}, name, nil
}

// compact removes what indenting has added. What is no JSON stays as it is, to
// be found out by whoever decodes it.
func compact(text json.RawMessage) json.RawMessage {
	var out bytes.Buffer
	if len(text) == 0 || json.Compact(&out, text) != nil {
		return text
	}
	return out.Bytes()
}
