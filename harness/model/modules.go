package model

import (
	"fmt"
	"slices"
	"strings"
)

// projections are those of a layer, which can have an adapter, by their names in Llama's
// checkpoints.
var projections = []string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}

// projection finds one of a layer.
func (l *layer) projection(name string) *linear {
	return map[string]*linear{
		"q_proj": &l.q, "k_proj": &l.k, "v_proj": &l.v, "o_proj": &l.o,
		"gate_proj": &l.gate, "up_proj": &l.up, "down_proj": &l.down,
	}[name]
}

// projectionName is our name of a projection's weight.
func projectionName(layer int, projection string) string {
	block := "self_attn"
	if slices.Contains([]string{"gate_proj", "up_proj", "down_proj"}, projection) {
		block = "mlp"
	}
	return fmt.Sprintf("model.layers.%d.%s.%s.weight", layer, block, projection)
}

// projectionSource is where the weight of a projection lies in a checkpoint.
func (c Config) projectionSource(layer int, projection string) source {
	// The sizes are not asked for.
	return c.arch().source(c, shape{projectionName(layer, projection), []int{0, 0}})
}

// fanInFanOut tells whether checkpoints hold projections as [in, out] (Conv1D).
func (c Config) fanInFanOut() bool { return c.projectionSource(0, "o_proj").transposed }

// module is a projection as a checkpoint holds it: one of ours, or several in one tensor.
type module struct {
	name        string // in a layer of the checkpoint, such as "attn.c_attn"
	projections []string
}

// modules are those of a layer.
func (c Config) modules() []module {
	var all []module
	for _, projection := range projections {
		if projection == "gate_proj" && c.arch().plainMLP {
			continue
		}
		_, name, _ := strings.Cut(c.projectionSource(0, projection).name, ".0.")
		name = strings.TrimSuffix(name, ".weight")
		i := slices.IndexFunc(all, func(m module) bool { return m.name == name })
		if i < 0 {
			i, all = len(all), append(all, module{name: name})
		}
		all[i].projections = append(all[i].projections, projection)
	}
	return all
}

// adaptable are the modules that target_modules names, in its order: by the names that
// the architecture's checkpoints give them, or their ends, as in PEFT, or by those of
// the projections that they hold. What names the MLP's gate is passed over where there
// is none and the MLP's other projections are named.
func (c Config) adaptable(targets []string) ([]module, error) {
	all := c.modules()
	var chosen []module
	for _, target := range targets {
		found := false
		for _, m := range all {
			if target != m.name && !strings.HasSuffix(m.name, "."+target) && !slices.Contains(m.projections, target) {
				continue
			}
			found = true
			if !slices.ContainsFunc(chosen, func(other module) bool { return other.name == m.name }) {
				chosen = append(chosen, m)
			}
		}
		if !found && !(target == "gate_proj" && c.arch().plainMLP && slices.Contains(targets, "up_proj")) {
			return nil, fmt.Errorf("lora.target_modules: the model has no %q; it has %s", target, strings.Join(c.moduleNames(), ", "))
		}
	}
	return chosen, nil
}

// CheckLoRA tells whether a model of the configuration has the modules that are to have
// an adapter.
func (c Config) CheckLoRA(l LoRA) error {
	_, err := c.adaptable(l.TargetModules)
	return err
}

// moduleNames are the last parts of the modules' names, each once.
func (c Config) moduleNames() []string {
	var names []string
	for _, m := range c.modules() {
		if name := m.name[strings.LastIndex(m.name, ".")+1:]; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// targetModules are the names that target_modules may have for any architecture: those
// of our projections, and the others in the order of the alphabet.
func targetModules() []string {
	var others []string
	for _, a := range architectures {
		for _, name := range (Config{kind: &a, NumAttentionHeads: 1}).moduleNames() {
			if !slices.Contains(projections, name) {
				others = append(others, name)
			}
		}
	}
	slices.Sort(others)
	return append(slices.Clone(projections), slices.Compact(others)...)
}
