package scorer

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"lastmile/harness/encoder"
	"lastmile/harness/model"
	"lastmile/harness/random"
	"lastmile/harness/safetensors"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
)

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
	for _, p := range c.Parameters(true) {
		values := make([]float32, p.Elements())
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
		case p.Name == c.WordEmbeddings():
			draw(p.Name, 0.05)
		case p.Name == c.PositionEmbeddings():
			waves(values, c.HiddenSize)
		case p.Name == c.TypeEmbeddings():
			draw(p.Name, 0.02)
		case strings.HasSuffix(p.Name, "LayerNorm.weight"):
			fill(1)
		case p.Name == c.Head()+".weight":
			draw(p.Name, 0.02)
		case p.Name == c.Head()+".bias":
			fill(0.5)
		case strings.HasSuffix(p.Name, ".weight"):
			draw(strings.Replace(p.Name, ".self.key.", ".self.query.", 1), 1/math.Sqrt(float64(p.Size[1])))
		}
		tensors[p.Name] = s.Floats(values, p.Size...)
	}
	e, err := encoder.New(s, c.Config, true, tensors)
	if err != nil {
		return nil, err
	}
	return withScore(e, c)
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

// Load reads a scorer's encoder and head from a folder: config.json and
// model.safetensors, of any floating-point type, into the session's. Nothing
// is made up: what is missing or has another shape is an error.
func Load(s *torch.Session, dir string) (*Encoder, error) {
	c, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	return load(s, dir, c, encoder.Stored)
}

// load reads the parameters of a folder, but for those that are made.
func load(s *torch.Session, dir string, c Config, made func(encoder.Parameter) []float32) (*Encoder, error) {
	e, err := encoder.Load(s, dir, c.Config, true, made)
	if err != nil {
		return nil, err
	}
	return withScore(e, c)
}

// Start reads an encoder to train from: a BERT, RoBERTa or DeBERTa-v3 of Hugging
// Face's, with or without a head of any kind, its parameters named with or without
// "bert." or the like in front. It gets a new head with outputs of the given names,
// whose weights are drawn like BERT's; so are those of a pooler that the folder lacks,
// as those of BertForMaskedLM do. Anything else that is missing is an error.
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
	c.Architectures, c.ProblemType, c.TorchDType = []string{c.Classifier()}, "regression", "float32"
	c.SetOutputs(outputs)
	c.Score = nil
	return load(s, dir, c, func(want encoder.Parameter) []float32 {
		if !drawn(c, want) {
			return nil
		}
		values := make([]float32, want.Elements())
		stream := random.New(seed, "scorer", "init", want.Name)
		for i := range values {
			if len(want.Size) > 1 { // biases are 0
				values[i] = float32(stream.NormFloat64() * 0.02)
			} else if c.IsHead(want) {
				values[i] = 0.5 // the middle of the targets
			}
		}
		return values
	})
}

// drawn tells whether a parameter is one that [Start] draws.
func drawn(c Config, p encoder.Parameter) bool {
	return c.IsHead(p) || strings.HasPrefix(p.Name, c.Pooler()+".")
}

// startConfig reads the config.json of what [Start] reads; keep says that the folder
// holds a scorer whose head has these outputs.
func startConfig(dir string, outputs []string) (c Config, keep bool, err error) {
	if c, err = readConfig(dir); err != nil {
		return c, false, err
	}
	keep = c.IsClassifier() && slices.Equal(c.Outputs(), outputs)
	if err = c.Check(); err == nil && c.ModelType == encoder.BLEURT && !keep {
		err = fmt.Errorf("a BLEURT checkpoint has the outputs %q, not %q; expected an encoder", c.Outputs(), outputs)
	}
	if err != nil {
		return c, false, fmt.Errorf("reading %s: %w", encoder.ConfigFile(dir), err)
	}
	return c, keep, nil
}

// Save writes config.json and model.safetensors in float32 to the folder dir.
func (e *Encoder) Save(dir string) error {
	tensors, err := model.ReadParameters(e.Parameters())
	if err != nil {
		return err
	}
	if err := stage.WriteJSON(encoder.ConfigFile(dir), e.Config); err != nil {
		return err
	}
	return safetensors.Write(weightsFile(dir), tensors)
}
