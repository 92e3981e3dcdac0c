package model

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"lastmile/harness/random"
	"lastmile/harness/safetensors"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
)

// Load reads a model from a Hugging Face folder: config.json and
// model.safetensors, or the files of model.safetensors.index.json, of any
// floating-point type, into the session's. Nothing in the folder is executed.
func Load(s *torch.Session, dir string) (*Model, error) {
	c, stored, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	defer stored.Close()
	all := stored.sources(c)
	tensors := make(map[string]*torch.Tensor, len(all))
	for _, p := range all {
		values, err := stored.Read(p.name, p.from.size)
		if err != nil {
			return nil, err
		}
		tensors[p.want.name] = s.Floats(p.from.read(p.want, values), p.want.size...)
	}
	m, err := assemble(s, c, tensors)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", stored.path, err)
	}
	if head := tensors[headName]; head != nil {
		m.Head = head.KeepAll()
	}
	return m, nil
}

// Check tells whether [Load] could read the model of a folder: it reads all but the
// parameters' values.
func Check(dir string) (Config, error) {
	c, stored, err := openFolder(dir)
	if err != nil {
		return c, err
	}
	defer stored.Close()
	for _, p := range stored.sources(c) {
		if err := stored.Check(p.name, p.from.size); err != nil {
			return c, err
		}
	}
	return c, nil
}

// openFolder reads a folder's configuration and opens its parameters.
func openFolder(dir string) (Config, *Weights, error) {
	c, err := ReadConfig(filepath.Join(dir, "config.json"))
	if err != nil {
		return c, nil, err
	}
	stored, err := OpenWeights(dir)
	if err != nil {
		return c, nil, err
	}
	if slices.Contains(c.Architectures, c.arch().classification) && !stored.Has(c.OutputName()) {
		// transformers gives a classifier no output embeddings.
		c.TieWordEmbeddings = true
	}
	return c, stored, nil
}

// OutputName is the name of the projection to the vocabulary in the architecture's
// checkpoints.
func (c Config) OutputName() string {
	return c.arch().source(c, shape{outputName, []int{c.VocabSize, c.HiddenSize}}).name
}

// parameter is one of ours and where a folder has it.
type parameter struct {
	want shape
	from source
	name string // of the stored tensor
}

// sources lists the parameters of a configuration with where the folder has them.
func (w *Weights) sources(c Config) []parameter {
	a := c.arch()
	want := c.shapes()
	if slices.Contains(c.Architectures, a.classification) || w.Has(headName) {
		want = append(want, shape{headName, []int{c.heads(), c.HiddenSize}})
	}
	all := make([]parameter, len(want))
	for i, p := range want {
		from := a.source(c, p)
		name := from.name
		if _, bare, _ := strings.Cut(name, "."); !w.Has(name) && w.Has(bare) {
			// The network alone is stored without the name that it has in a
			// language model.
			name = bare
		}
		all[i] = parameter{p, from, name}
	}
	return all
}

// What a model from scratch starts with. An embedding must stand out of what
// the layers add to it, or a token can hardly be copied; and where the
// embedding also is the projection to the vocabulary, the final norm makes up
// for its size, so that the first logits are as small as usual.
const (
	embeddingDeviation = 0.5
	finalNorm          = 0.04
)

// New makes a model with random parameters, each from a stream named by the
// seed and the parameter: normal with the deviation of config.json's
// initializer_range, smaller by the root of twice the layers where a
// projection writes to the residual stream (Radford et al. 2019), one for norms
// and zero for biases; the embedding is larger and, where it also is the projection to the
// vocabulary, the final norm smaller.
func New(s *torch.Session, c Config, seed int) (*Model, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	tensors := make(map[string]*torch.Tensor)
	for _, shape := range c.shapes() {
		n := 1
		for _, d := range shape.size {
			n *= d
		}
		values := make([]float32, n)
		stream := random.New(seed, "init", shape.name)
		deviation, one := c.InitializerRange, float32(1)
		switch {
		case shape.name == embeddingName:
			deviation = embeddingDeviation
		case shape.name == finalNormName && c.TieWordEmbeddings:
			one = finalNorm
		case strings.HasSuffix(shape.name, ".o_proj.weight"), strings.HasSuffix(shape.name, ".down_proj.weight"):
			deviation /= math.Sqrt(2 * float64(c.NumHiddenLayers))
		}
		if c.arch().offsetNorm {
			one--
		}
		for i := range values {
			switch {
			case strings.HasSuffix(shape.name, ".bias"):
			case len(shape.size) == 1:
				values[i] = one
			default:
				values[i] = float32(stream.NormFloat64() * deviation)
			}
		}
		tensors[shape.name] = s.Floats(values, shape.size...)
	}
	return assemble(s, c, tensors)
}

// Tensors reads the parameters as float32.
func (m *Model) Tensors() (map[string]safetensors.Tensor, error) {
	return ReadParameters(m.Parameters())
}

// Set overwrites the parameters with tensors of the same names and shapes.
func (m *Model) Set(tensors map[string]safetensors.Tensor) error {
	return SetParameters(m.Parameters(), tensors)
}

// Save writes config.json and model.safetensors in float32 to the folder dir,
// as the architecture's classes in transformers read them. Adapters are merged
// into the weights that they change.
func (m *Model) Save(dir string) error {
	ours, err := m.whole()
	if err != nil {
		return err
	}
	c, a := m.Config, m.Config.arch()
	stored := make(map[string]safetensors.Tensor, len(ours))
	parts := make(map[string][]float32) // of tensors that hold several of ours
	for name, t := range ours {
		p := shape{name, t.Shape}
		to := a.source(c, p)
		if to.whole() {
			stored[to.name] = t
			continue
		}
		values, err := t.Float32s()
		if err != nil {
			return err
		}
		if parts[to.name] == nil {
			n := 1
			for _, d := range to.size {
				n *= d
			}
			parts[to.name] = make([]float32, n)
		}
		to.write(p, values, parts[to.name])
		stored[to.name] = safetensors.Float32(parts[to.name], to.size...)
	}
	c.TorchDType = "float32"
	c.Architectures, c.NumLabels = []string{a.causal}, 0
	if m.Head != nil {
		// transformers has no classifier of some architectures.
		c.Architectures, c.NumLabels = []string{cmp.Or(a.classification, a.causal)}, c.heads()
	} else {
		c.ScorePooling = ""
	}
	return Write(dir, c, stored)
}

// Write writes a Hugging Face folder's config.json and model.safetensors; the
// tensors have the names of the checkpoint.
func Write(dir string, c Config, tensors map[string]safetensors.Tensor) error {
	if err := stage.WriteJSON(filepath.Join(dir, "config.json"), c); err != nil {
		return err
	}
	return safetensors.Write(filepath.Join(dir, "model.safetensors"), tensors)
}
