package model

import (
	"fmt"

	"lastmile/harness/torch"
)

// windowFields are what config.json says of sliding windows (Beltagy et al. 2020).
type windowFields struct {
	Use       bool     `json:"use_sliding_window"`
	FromLayer int      `json:"max_window_layers"`
	Pattern   int      `json:"sliding_window_pattern"`
	Types     []string `json:"layer_types"`
}

// The names of layer_types: of layers without a window, and with one.
const (
	fullAttention    = "full_attention"
	slidingAttention = "sliding_attention"
)

// Which layers have a window, as transformers' configurations say where layer_types is
// missing.

func everyLayer(*Config, windowFields, int) bool { return true }

func lastLayers(_ *Config, w windowFields, layer int) bool { return layer >= w.FromLayer }

func unrotatedLayers(c *Config, _ windowFields, layer int) bool {
	return c.unrotated != nil && c.unrotated[layer]
}

func everySecond(_ *Config, _ windowFields, layer int) bool { return layer%2 == 0 }

func allButEach(_ *Config, w windowFields, layer int) bool { return (layer+1)%w.Pattern != 0 }

// typed are the layers that layer_types names, or those of otherwise.
func typed(otherwise func(*Config, windowFields, int) bool) func(*Config, windowFields, int) bool {
	return func(c *Config, w windowFields, layer int) bool {
		if w.Types != nil {
			return w.Types[layer] == slidingAttention
		}
		return otherwise(c, w, layer)
	}
}

// readWindows reads which layers have a sliding window, and its size.
func (c *Config) readWindows() error {
	a := c.arch()
	if a.window == nil || c.NumHiddenLayers > maxLayers { // which check refuses
		return nil
	}
	w := windowFields{FromLayer: 28, Pattern: 6}
	if err := c.unmarshalFile(&w); err != nil {
		return err
	}
	size, err := c.orNull("sliding_window", float64(a.slidingWindow))
	switch {
	case err != nil:
		return err
	case w.Pattern < 1:
		return fmt.Errorf("sliding_window_pattern is %d, want at least 1", w.Pattern)
	case w.Types != nil && len(w.Types) != c.NumHiddenLayers:
		return fmt.Errorf("layer_types has %d entries, want one for each of %d layers", len(w.Types), c.NumHiddenLayers)
	}
	for _, kind := range w.Types {
		if kind != fullAttention && kind != slidingAttention {
			return fmt.Errorf("layer_types: %q is not supported; want %s or %s", kind, fullAttention, slidingAttention)
		}
	}
	if a.useWindow && !w.Use {
		size = 0
	}
	if size == 0 && c.localRope == nil {
		return nil
	}
	c.window = int(min(size, maxSize))
	for i := range c.NumHiddenLayers {
		c.windowed = append(c.windowed, a.window(c, w, i))
	}
	return nil
}

// local tells whether a layer has a window, or rotary positions of its own.
func (c Config) local(layer int) bool { return c.windowed != nil && c.windowed[layer] }

// windowOf is how many tokens one sees in a layer, itself included; 0 where it sees all.
func (c Config) windowOf(layer int) int {
	if !c.local(layer) {
		return 0
	}
	return c.window
}

// windowMask is what a mask needs besides so that no token sees what is a window or more
// before it: [length, prefix + length] or, where positions are given, [rows, 1, 1,
// length, length]. Nil where all tokens see each other in the window.
func (in Input) windowMask(s *torch.Session, window int) *torch.Tensor {
	if window == 0 || in.Length == 1 && in.Prefix == nil || in.lastPosition() < window {
		return nil
	}
	rows, positions, before := in.Rows, in.Positions, in.Prefix.Length()
	if positions == nil {
		rows = 1
		for i := range before + in.Length {
			positions = append(positions, int64(i))
		}
	}
	n, columns := in.Length, before+in.Length
	values := make([]float32, rows*n*columns)
	for row := range rows {
		of := positions[row*columns:][:columns]
		for i := range n {
			for j := range columns {
				if of[before+i]-of[j] >= int64(window) {
					values[(row*n+i)*columns+j] = Masked
				}
			}
		}
	}
	if in.Positions == nil {
		return s.Floats(values, n, columns)
	}
	return s.Floats(values, rows, 1, 1, n, n)
}
