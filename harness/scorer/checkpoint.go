package scorer

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"lastmile/harness/model"
	"lastmile/harness/random"
	"lastmile/harness/safetensors"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
)

func configFile(dir string) string  { return filepath.Join(dir, "config.json") }
func weightsFile(dir string) string { return filepath.Join(dir, "model.safetensors") }

// New makes an encoder with random parameters, each from a stream named by the
// seed and the parameter. It differs from BERT's initialisation in what a
// short training on few pairs needs:
//
//   - A matrix has the deviation 1/√(width of its input), which keeps the size
//     of what passes through it.
//   - Keys start equal to queries, so that at first a token attends to those
//     that are like it: the same word in the other text.
//   - Positions start as sines and cosines (Vaswani et al. 2017), of
//     wavelengths from 2π to about 600, so that neighbours are alike from the
//     first step, and positions that no training pair reaches mean something.
//   - The head starts near ½, the middle of the targets.
func New(s *torch.Session, c Config, seed int) (*Encoder, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	tensors := make(map[string]*torch.Tensor)
	for _, shape := range c.shapes() {
		values := make([]float32, elements(shape.size))
		fill := func(value float32) {
			for i := range values {
				values[i] = value
			}
		}
		draw := func(name string, deviation float64) {
			stream := random.New(seed, "scorer", "init", name)
			for i := range values {
				values[i] = float32(stream.NormFloat64() * deviation)
			}
		}
		switch {
		case shape.name == c.wordEmbeddings():
			draw(shape.name, 0.05)
		case shape.name == c.positionEmbeddings():
			waves(values, c.embeddingSize())
		case shape.name == c.typeEmbeddings():
			draw(shape.name, 0.02)
		case strings.HasSuffix(shape.name, "LayerNorm.weight"):
			fill(1)
		case shape.name == head+".weight":
			draw(shape.name, 0.02)
		case shape.name == head+".bias":
			fill(0.5)
		case strings.HasSuffix(shape.name, ".weight"):
			draw(strings.Replace(shape.name, ".self.key.", ".self.query.", 1), 1/math.Sqrt(float64(shape.size[1])))
		}
		tensors[shape.name] = s.Floats(values, shape.size...)
	}
	return assemble(s, c, tensors)
}

// waves fills a table of positions: row p is sin(p·f), cos(p·f) for
// frequencies f from 1 down to 1/100.
func waves(values []float32, hidden int) {
	for i := range values {
		position, d := i/hidden, i%hidden
		angle := float64(position) * math.Pow(100, -float64(d-d%2)/float64(hidden))
		if d%2 == 0 {
			values[i] = float32(0.05 * math.Sin(angle))
		} else {
			values[i] = float32(0.05 * math.Cos(angle))
		}
	}
}

func elements(size []int) int {
	n := 1
	for _, d := range size {
		n *= d
	}
	return n
}

// Load reads a scorer's encoder and head from a folder: config.json and
// model.safetensors, of any floating-point type, into the session's. Nothing
// is made up: what is missing or has another shape is an error.
func Load(s *torch.Session, dir string) (*Encoder, error) {
	c, err := ReadConfig(configFile(dir))
	if err != nil {
		return nil, err
	}
	return load(s, dir, c, func(shape) []float32 { return nil })
}

// Start reads an encoder to train from: a BERT of Hugging Face's, with or
// without a head of any kind, its parameters named with or without "bert." in
// front. It gets a new head with outputs of the given names, whose weights are
// drawn like BERT's; so are those of a pooler that the folder lacks, as those
// of BertForMaskedLM do. Anything else that is missing is an error.
//
// A folder that holds a scorer whose head has these outputs keeps it.
func Start(s *torch.Session, dir string, outputs []string, seed int) (*Encoder, error) {
	c, keep, err := startConfig(dir, outputs)
	if err != nil {
		return nil, err
	}
	if keep {
		return Load(s, dir)
	}
	c.Architectures, c.ProblemType, c.TorchDType = []string{architecture}, "regression", "float32"
	c.setOutputs(outputs)
	c.Score = nil
	return load(s, dir, c, func(want shape) []float32 {
		if !strings.HasPrefix(want.name, head) && !strings.HasPrefix(want.name, c.pooler()) {
			return nil
		}
		values := make([]float32, elements(want.size))
		stream := random.New(seed, "scorer", "init", want.name)
		for i := range values {
			if len(want.size) > 1 { // biases are 0
				values[i] = float32(stream.NormFloat64() * 0.02)
			} else if strings.HasPrefix(want.name, head) {
				values[i] = 0.5 // the middle of the targets
			}
		}
		return values
	})
}

// startConfig reads the config.json of what [Start] reads; keep says that the folder
// holds a scorer whose head has these outputs.
func startConfig(dir string, outputs []string) (c Config, keep bool, err error) {
	path := configFile(dir)
	if c, err = readConfig(path); err != nil {
		return c, false, err
	}
	keep = c.isScorer() && slices.Equal(c.outputs(), outputs)
	if c.ModelType != bertType && !keep {
		return c, false, fmt.Errorf("reading %s: model_type is %q; expected %q", path, c.ModelType, bertType)
	}
	if err := c.checkEncoder(); err != nil {
		return c, false, fmt.Errorf("reading %s: %w", path, err)
	}
	return c, keep, nil
}

// load reads the parameters of a folder. made gives the values of one that the
// folder lacks; nil makes that an error. A head that it gives
// values for is never read.
func load(s *torch.Session, dir string, c Config, made func(shape) []float32) (*Encoder, error) {
	path := weightsFile(dir)
	stored, err := safetensors.Read(path)
	if err != nil {
		return nil, err
	}
	tensors := make(map[string]*torch.Tensor)
	for _, want := range c.shapes() {
		var values []float32
		if strings.HasPrefix(want.name, head) {
			values = made(want)
		}
		if values == nil {
			t, ok := find(stored, c, want.name)
			if !ok {
				if values = made(want); values == nil {
					return nil, fmt.Errorf("reading %s: tensor %q is missing", path, want.name)
				}
			} else if !slices.Equal(t.Shape, want.size) {
				return nil, fmt.Errorf("reading %s: tensor %q has shape %v, but config.json makes it %v", path, want.name, t.Shape, want.size)
			} else if values, err = t.Float32s(); err != nil {
				return nil, fmt.Errorf("reading %s: tensor %q: %w", path, want.name, err)
			}
		}
		tensors[want.name] = s.Floats(values, want.size...)
	}
	e, err := assemble(s, c, tensors)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return e, nil
}

// find finds a tensor by its name, without the model's type in front, or with
// the names that the first BERT gave to the parameters of a LayerNorm.
func find(stored map[string]safetensors.Tensor, c Config, name string) (safetensors.Tensor, bool) {
	old := strings.NewReplacer("LayerNorm.weight", "LayerNorm.gamma", "LayerNorm.bias", "LayerNorm.beta")
	for _, candidate := range []string{name, old.Replace(name)} {
		for _, candidate := range []string{candidate, strings.TrimPrefix(candidate, c.ModelType+".")} {
			if t, ok := stored[candidate]; ok {
				return t, true
			}
		}
	}
	return safetensors.Tensor{}, false
}

// Save writes config.json and model.safetensors in float32 to the folder dir.
func (e *Encoder) Save(dir string) error {
	tensors, err := model.ReadParameters(e.parameters)
	if err != nil {
		return err
	}
	if err := stage.WriteJSON(configFile(dir), e.Config); err != nil {
		return err
	}
	return safetensors.Write(weightsFile(dir), tensors)
}
