package model

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lastmile/harness/foreign"
	"lastmile/harness/random"
	"lastmile/harness/safetensors"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
)

// linear is a projection, with an adapter where it has one.
type linear struct {
	weight, bias *torch.Tensor // bias may be nil
	adapter      *adapter
}

// adapter is a low-rank change of a projection's weight, scale · b · a (Hu et
// al. 2022, "LoRA"). Where a checkpoint holds several projections in one, they share
// its adapter: a is common to them, and each has rows of b.
type adapter struct {
	name  string        // of the weight that it changes, as a checkpoint has it
	a, b  *torch.Tensor // [r, in], [out of all projections, r]
	of    source        // says which rows of b are the projection's own
	scale float64       // alpha / r
	drop  float64       // the share of the input's elements that training leaves out
	*dropping
}

// own are the rows of b that change the projection, [out, r].
func (d *adapter) own() *torch.Tensor {
	if d.of.parts == nil {
		return d.b
	}
	groups, r := d.of.parts.groups, d.b.Size(1)
	start, rows := d.of.parts.place(d.of.part)
	return d.b.Reshape(groups, -1, r).Narrow(1, start, rows).Reshape(groups*rows, r)
}

// dropping is what the adapters of a model leave out in one step.
type dropping struct {
	key uint64 // of the random numbers; 0 leaves nothing out
	// recorded passes leave out though gradients are off: they come later.
	recorded bool
}

// apply projects x, [..., in], to [..., out].
func (l linear) apply(x *torch.Tensor) *torch.Tensor {
	d := l.adapter
	if d == nil {
		return x.Projection(l.weight, l.bias)
	}
	if d.drop > 0 && d.key != 0 && (d.recorded || x.Session().Grad()) {
		dropped := x.Dropout(d.drop, random.New(int(d.key), d.name).Uint64())
		return x.Projection(l.weight, l.bias).Add(dropped.Projection(d.a, nil).MulScalar(d.scale).Projection(d.own(), nil))
	}
	return x.LoRALinear(l.weight, l.bias, d.a, d.own(), d.scale)
}

// The names of an adapter's files and tensors are PEFT's.
const (
	adapterFile       = "adapter_model.safetensors"
	adapterConfigFile = "adapter_config.json"
	adapterPrefix     = "base_model.model."
)

// AdapterConfig is PEFT's adapter_config.json.
type AdapterConfig struct {
	PEFTType      string   `json:"peft_type"`
	TaskType      string   `json:"task_type"`
	BaseModel     string   `json:"base_model_name_or_path"`
	R             int      `json:"r"`
	Alpha         float64  `json:"lora_alpha"`
	Dropout       float64  `json:"lora_dropout"`
	TargetModules []string `json:"target_modules"`
	Bias          string   `json:"bias"`
	FanInFanOut   bool     `json:"fan_in_fan_out"` // the weights are stored as [in, out]
	InferenceMode bool     `json:"inference_mode"`
	// ScorePooling is that of a scalar head, as in [Config].
	ScorePooling string `json:"score_pooling,omitempty"`
}

// Adapt returns a model that computes with m's parameters, which stay as they
// are, and adapters of its own, whose parameters are all that it trains. The
// adapters start without effect: a is drawn as PEFT draws it, from streams named
// by the seed, the stage and the parameter, and b is zero. m serves as the reference policy
// beside it.
func (m *Model) Adapt(c LoRA, seed int, stage string) (*Model, error) {
	return m.adapt(c, func(name string, shape ...int) (*torch.Tensor, error) {
		if strings.Contains(name, "lora_B") {
			return m.s.Zeros(shape...), nil
		}
		values := make([]float32, shape[0]*shape[1])
		bound := 1 / math.Sqrt(float64(shape[1]))
		stream := random.New(seed, stage, "lora", name)
		for i := range values {
			values[i] = float32((2*stream.Float64() - 1) * bound)
		}
		return m.s.Floats(values, shape...), nil
	})
}

func (m *Model) adapt(c LoRA, tensor func(name string, shape ...int) (*torch.Tensor, error)) (*Model, error) {
	modules, err := m.Config.adaptable(c.TargetModules)
	if err != nil {
		return nil, err
	}
	adapted := *m
	adapted.Head, adapted.parameters, adapted.base = nil, nil, m
	adapted.lora, adapted.dropping = c, new(dropping)
	adapted.layers = slices.Clone(m.layers)
	for i := range adapted.layers {
		for _, module := range modules {
			of, size := m.Config.projectionSource(i, module.projections[0]), adapted.layers[i].projection(module.projections[0]).weight.Shape()
			if of.parts != nil {
				size[0] = of.parts.total()
			}
			parameter := func(name string, shape ...int) (*torch.Tensor, error) {
				name = adapterPrefix + strings.TrimSuffix(of.name, "weight") + name + ".weight"
				t, err := tensor(name, shape...)
				if err == nil {
					adapted.parameters = append(adapted.parameters, Parameter{name, t.KeepAll()})
				}
				return t, err
			}
			a, err := parameter("lora_A", c.R, size[1])
			if err != nil {
				return nil, err
			}
			b, err := parameter("lora_B", size[0], c.R)
			if err != nil {
				return nil, err
			}
			for _, projection := range module.projections {
				adapted.layers[i].projection(projection).adapter = &adapter{
					name: of.name, a: a, b: b, of: m.Config.projectionSource(i, projection),
					scale: c.Alpha / float64(c.R), drop: c.Dropout, dropping: adapted.dropping,
				}
			}
		}
	}
	return &adapted, m.s.Err()
}

// Dropout lets the passes with gradients that follow leave out a part of what
// adapters see, if the configuration says so, with the random numbers that key
// names; 0 ends it.
func (m *Model) Dropout(key uint64) {
	m.dropping.key = key
}

// Adapted reports whether the model has adapters.
func (m *Model) Adapted() bool { return m.base != nil }

// whole reads all parameters, those of adapters merged into what they change.
func (m *Model) whole() (map[string]safetensors.Tensor, error) {
	if m.base == nil {
		return m.Tensors()
	}
	out, err := m.base.Tensors()
	if err != nil {
		return nil, err
	}
	delete(out, headName)
	if m.Head != nil {
		values, err := m.Head.Values()
		if err != nil {
			return nil, err
		}
		out[headName] = safetensors.Float32(values, m.Head.Shape()...)
	}
	for i := range m.layers {
		for _, projection := range projections {
			l := m.layers[i].projection(projection)
			d := l.adapter
			if d == nil {
				continue
			}
			name := projectionName(i, projection)
			var values []float32
			err := m.s.NoGrad(func() (err error) {
				values, err = l.weight.Add(d.own().MatMul(d.a).MulScalar(d.scale)).Values()
				return err
			})
			if err != nil {
				return nil, fmt.Errorf("merging the adapter of %s: %w", name, err)
			}
			out[name] = safetensors.Float32(values, l.weight.Shape()...)
		}
	}
	return out, nil
}

// SaveAdapter writes the adapters in PEFT's layout, adapter_config.json and
// adapter_model.safetensors, and beside them a scalar head. base names the model
// that they change.
func (m *Model) SaveAdapter(dir, base string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	c := m.adapterConfig(base)
	tensors, err := m.Tensors()
	if err != nil {
		return err
	}
	if head, ok := tensors[headName]; ok {
		delete(tensors, headName)
		tensors[adapterPrefix+headName] = head
		c.TaskType, c.ScorePooling = "SEQ_CLS", m.Config.ScorePooling
	}
	return WriteAdapter(dir, c, tensors)
}

func (m *Model) adapterConfig(base string) AdapterConfig {
	c := AdapterConfig{
		PEFTType: "LORA", TaskType: "CAUSAL_LM", BaseModel: base, R: m.lora.R, Alpha: m.lora.Alpha, Dropout: m.lora.Dropout,
		TargetModules: m.lora.TargetModules, Bias: "none", FanInFanOut: m.Config.fanInFanOut(), InferenceMode: true,
	}
	if modules, err := m.Config.adaptable(m.lora.TargetModules); err == nil && len(m.Config.arch().checkpoint) > 0 {
		c.TargetModules = nil
		for _, module := range modules {
			c.TargetModules = append(c.TargetModules, module.name)
		}
	}
	return c
}

// WriteAdapter writes a folder of PEFT's.
func WriteAdapter(dir string, c AdapterConfig, tensors map[string]safetensors.Tensor) error {
	if err := stage.WriteJSON(filepath.Join(dir, adapterConfigFile), c); err != nil {
		return err
	}
	return safetensors.Write(filepath.Join(dir, adapterFile), tensors)
}

// AddAdapters makes one adapter of two that are added up: the rows of their a
// and the columns of their b stand beside each other. Both scale by the same
// alpha / r and have the same modules.
func AddAdapters(c AdapterConfig, first map[string]safetensors.Tensor, d AdapterConfig, second map[string]safetensors.Tensor) (AdapterConfig, map[string]safetensors.Tensor, error) {
	if c.Alpha*float64(d.R) != d.Alpha*float64(c.R) || len(first) != len(second) {
		return c, nil, fmt.Errorf("adding adapters: alpha / r is %g / %d and %g / %d, of %d and %d tensors; they must be alike", c.Alpha, c.R, d.Alpha, d.R, len(first), len(second))
	}
	out := make(map[string]safetensors.Tensor)
	for name, t := range first {
		x, err := t.Float32s()
		if err != nil {
			return c, nil, err
		}
		y, err := second[name].Float32s()
		if err != nil {
			return c, nil, fmt.Errorf("adding adapters: %s: %w", name, err)
		}
		if strings.Contains(name, "lora_A") {
			out[name] = safetensors.Float32(append(x, y...), c.R+d.R, t.Shape[1])
			continue
		}
		var joined []float32
		for row := range t.Shape[0] {
			joined = append(joined, x[row*c.R:][:c.R]...)
			joined = append(joined, y[row*d.R:][:d.R]...)
		}
		out[name] = safetensors.Float32(joined, t.Shape[0], c.R+d.R)
	}
	c.R, c.Alpha = c.R+d.R, c.Alpha+d.Alpha
	return c, out, nil
}

// ReadAdapter reads a folder that SaveAdapter or PEFT wrote.
func ReadAdapter(dir string) (c AdapterConfig, tensors map[string]safetensors.Tensor, err error) {
	path := filepath.Join(dir, adapterConfigFile)
	if err := foreign.ReadJSON(path, &c); err != nil {
		return c, nil, err
	}
	if c.PEFTType != "LORA" || c.R < 1 || len(c.TargetModules) == 0 || c.Bias != "none" {
		return c, nil, fmt.Errorf("reading %s: want a LORA of rank 1 or more for named modules, without biases", path)
	}
	tensors, err = safetensors.Read(filepath.Join(dir, adapterFile))
	return c, tensors, err
}

// LoadAdapter returns a model with m's parameters and the adapters of a folder,
// and its scalar head if it has one.
func (m *Model) LoadAdapter(dir string) (*Model, error) {
	c, tensors, err := ReadAdapter(dir)
	if err != nil {
		return nil, err
	}
	if c.FanInFanOut && !m.Config.fanInFanOut() {
		return nil, fmt.Errorf("reading %s: fan_in_fan_out is true, but the model's weights are not stored as [in, out]", filepath.Join(dir, adapterConfigFile))
	}
	read := func(name string, shape ...int) (*torch.Tensor, error) {
		t, ok := tensors[name]
		if !ok {
			return nil, fmt.Errorf("reading %s: tensor %q is missing", filepath.Join(dir, adapterFile), name)
		}
		if !slices.Equal(t.Shape, shape) {
			return nil, fmt.Errorf("reading %s: tensor %q has shape %v, want %v", filepath.Join(dir, adapterFile), name, t.Shape, shape)
		}
		values, err := t.Float32s()
		if err != nil {
			return nil, fmt.Errorf("reading %s: tensor %q: %w", filepath.Join(dir, adapterFile), name, err)
		}
		return m.s.Floats(values, shape...), nil
	}
	adapted, err := m.adapt(LoRA{R: c.R, Alpha: c.Alpha, Dropout: c.Dropout, TargetModules: c.TargetModules}, read)
	if err != nil {
		return nil, err
	}
	if _, ok := tensors[adapterPrefix+headName]; ok {
		adapted.Config.ScorePooling = c.ScorePooling
		head, err := read(adapterPrefix+headName, adapted.Config.heads(), m.Config.HiddenSize)
		if err != nil {
			return nil, err
		}
		adapted.Head = head.KeepAll()
	}
	return adapted, nil
}
