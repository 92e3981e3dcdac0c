package model

import (
	"fmt"
	"math"
)

// multipliers scale what passes through a network (Granite, Gemma); 0 leaves it as it
// is.
type multipliers struct {
	embedding, residual, attention, logits float64
}

// softCaps bound logits softly, by most · tanh(logits / most); 0 leaves them as they
// are (Gemma 2).
type softCaps struct {
	attention, logits float64
}

// readSoftCaps reads those of an architecture that has them.
func (c *Config) readSoftCaps() (err error) {
	caps := c.kind.softCaps
	if caps == nil {
		return nil
	}
	if c.caps.attention, err = c.orNull("attn_logit_softcapping", caps.attention); err != nil {
		return err
	}
	c.caps.logits, err = c.orNull("final_logit_softcapping", caps.logits)
	return err
}

// readMultipliers reads those of an architecture that has them.
func (c *Config) readMultipliers() error {
	if c.kind.scaledEmbedding {
		c.embedding = math.Sqrt(float64(c.HiddenSize))
	}
	if c.kind.queryScalar > 0 {
		scalar, err := c.orNull("query_pre_attn_scalar", c.kind.queryScalar)
		if err != nil {
			return err
		}
		if scalar == 0 {
			return fmt.Errorf("query_pre_attn_scalar is 0 or null, want a positive number")
		}
		c.attention = math.Sqrt(float64(c.headDim()) / scalar)
	}
	if !c.kind.multipliers {
		return nil
	}
	f := struct {
		Embedding float64 `json:"embedding_multiplier"`
		Residual  float64 `json:"residual_multiplier"`
		Attention float64 `json:"attention_multiplier"`
		Logits    float64 `json:"logits_scaling"`
	}{1, 1, 1, 1}
	if err := c.unmarshalFile(&f); err != nil {
		return err
	}
	for name, v := range map[string]float64{
		"embedding_multiplier": f.Embedding, "residual_multiplier": f.Residual, "attention_multiplier": f.Attention, "logits_scaling": f.Logits,
	} {
		if !(v > 0) || math.IsInf(v, 0) {
			return fmt.Errorf("%s is %g, want a positive number", name, v)
		}
	}
	// Attention divides by the root of the head's size in any case, and the last
	// hidden states are scaled in place of the logits.
	c.multipliers = multipliers{f.Embedding, f.Residual, f.Attention * math.Sqrt(float64(c.headDim())), 1 / f.Logits}
	return nil
}

// readUnrotated reads which layers do without positions, of an architecture that has
// such.
func (c *Config) readUnrotated() error {
	if !c.kind.someUnrotated {
		return nil
	}
	f := struct {
		Layers   []int `json:"no_rope_layers"` // 1 for those that have positions
		Interval int   `json:"no_rope_layer_interval"`
	}{nil, 4}
	if err := c.unmarshalFile(&f); err != nil {
		return err
	}
	if f.Interval < 1 || f.Layers != nil && len(f.Layers) != c.NumHiddenLayers {
		return fmt.Errorf("no_rope_layers has %d entries and no_rope_layer_interval is %d; want one for each of %d layers, or an interval of at least 1",
			len(f.Layers), f.Interval, c.NumHiddenLayers)
	}
	if c.NumHiddenLayers > maxLayers {
		return nil // check refuses it
	}
	for i := range c.NumHiddenLayers {
		without := (i+1)%f.Interval == 0
		if f.Layers != nil {
			without = f.Layers[i] == 0
		}
		c.unrotated = append(c.unrotated, without)
	}
	return nil
}
