package encoder

import (
	"fmt"
	"strings"

	"lastmile/harness/model"
	"lastmile/harness/torch"
)

// Load reads the parameters of a folder, of any floating-point type, into the session's:
// the encoder's, and where head is set those of its pooler and head. made gives the
// values of one that the folder lacks, or nil, which makes that an error. Values that it
// gives for the head count in any case.
func Load(s *torch.Session, dir string, c Config, head bool, made func(Parameter) []float32) (*Encoder, error) {
	stored, err := model.OpenWeights(dir)
	if err != nil {
		return nil, err
	}
	defer stored.Close()
	tensors := make(map[string]*torch.Tensor)
	for _, want := range c.Parameters(head) {
		var values []float32
		if c.IsHead(want) {
			values = made(want)
		}
		name, found := c.find(stored, want.Name)
		if values == nil && !found {
			values = made(want)
		}
		if values == nil {
			if values, err = stored.Read(name, want.Size); err != nil {
				return nil, err
			}
		}
		tensors[want.Name] = s.Floats(values, want.Size...)
	}
	e, err := New(s, c, head, tensors)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", dir, err)
	}
	return e, nil
}

// CheckFolder tells whether [Load] would find all parameters of a folder, by the headers
// of its files. optional names parameters that may be missing, and the head where it is
// made anew.
func CheckFolder(dir string, c Config, head bool, optional func(Parameter) bool) error {
	stored, err := model.OpenWeights(dir)
	if err != nil {
		return err
	}
	defer stored.Close()
	for _, want := range c.Parameters(head) {
		name, found := c.find(stored, want.Name)
		if optional(want) && (!found || c.IsHead(want)) {
			continue
		}
		if err := stored.Check(name, want.Size); err != nil {
			return err
		}
	}
	return nil
}

// Needed says that no parameter may be missing.
func Needed(Parameter) bool { return false }

// Stored makes up no parameter.
func Stored(Parameter) []float32 { return nil }

// IsHead tells whether a parameter is the head's.
func (c Config) IsHead(p Parameter) bool { return strings.HasPrefix(p.Name, c.Head()+".") }

// find is the name under which a folder has a parameter: its own, without that of the
// family in front, or with the names that the first BERT gave to the parameters of a
// LayerNorm. Where there is none it is the parameter's own.
func (c Config) find(stored *model.Weights, name string) (string, bool) {
	old := strings.NewReplacer("LayerNorm.weight", "LayerNorm.gamma", "LayerNorm.bias", "LayerNorm.beta")
	for _, candidate := range []string{name, old.Replace(name)} {
		for _, candidate := range []string{candidate, strings.TrimPrefix(candidate, c.family().prefix+".")} {
			if stored.Has(candidate) {
				return candidate, true
			}
		}
	}
	return name, false
}
