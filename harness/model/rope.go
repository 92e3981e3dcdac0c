package model

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"

	"lastmile/harness/foreign"
	"lastmile/harness/torch"
)

// rope says how the frequencies of rotary positions are changed for longer
// texts: rope_scaling of older config.json files, rope_parameters of newer ones.
type rope struct {
	// Type is "default", "linear" (Chen et al. 2023, "Extending Context Window
	// of Large Language Models via Positional Interpolation"), "dynamic", which is
	// as "default" up to max_position_embeddings, "llama3" or "yarn" (Peng et al.
	// 2023).
	Type string
	// Factor divides frequencies: all, or with llama3 those that turn less than
	// LowFreqFactor times in OriginalMaxPositionEmbeddings positions; those that
	// turn more than HighFreqFactor times stay, and between the two it blends.
	Factor                        float64 `json:"factor"`
	LowFreqFactor                 float64 `json:"low_freq_factor"`
	HighFreqFactor                float64 `json:"high_freq_factor"`
	OriginalMaxPositionEmbeddings float64 `json:"original_max_position_embeddings"`
	// With yarn, a pair that turns more than BetaFast times in that many positions
	// stays, one that turns less than BetaSlow times is divided, and between the
	// two it blends; Truncate makes whole pairs of these bounds. AttentionFactor
	// scales the rotations; where it is 0, it is made of Factor, or of the two that
	// follow.
	BetaFast        float64 `json:"beta_fast"`
	BetaSlow        float64 `json:"beta_slow"`
	Truncate        *bool   `json:"truncate"`
	AttentionFactor float64 `json:"attention_factor"`
	MScale          float64 `json:"mscale"`
	MScaleAllDim    float64 `json:"mscale_all_dim"`

	base float64 // of the frequencies
}

// of is r with a base.
func (r rope) of(base float64) rope {
	r.base = base
	return r
}

// readRotary reads what is rotated by which rotary positions: of layers with a window
// too, where these have their own.
func (c *Config) readRotary() error {
	if c.kind.learnedPositions {
		return nil
	}
	f := struct {
		Parameters map[string]json.RawMessage `json:"rope_parameters"`
		LocalBase  float64                    `json:"rope_local_base_freq"`
		// The names of GPT-NeoX's older files and of others'.
		RotaryPct           *float64 `json:"rotary_pct"`
		PartialRotaryFactor *float64 `json:"partial_rotary_factor"`
	}{LocalBase: 10000}
	if err := c.unmarshalFile(&f); err != nil {
		return err
	}
	share := cmp.Or(c.kind.rotaryShare, 1)
	for _, given := range []*float64{f.RotaryPct, f.PartialRotaryFactor} {
		if given != nil {
			share = *given
		}
	}
	raw, field := c.file["rope_parameters"], "rope_parameters"
	if len(f.Parameters) == 0 {
		raw, field = c.file["rope_scaling"], "rope_scaling"
	}
	if c.kind.localRope {
		local := rope{base: f.LocalBase}
		if len(f.Parameters) > 0 {
			if f.Parameters[fullAttention] == nil || f.Parameters[slidingAttention] == nil {
				return fmt.Errorf("rope_parameters: want those of %s and of %s", fullAttention, slidingAttention)
			}
			raw = f.Parameters[fullAttention]
			if err := c.readRope(f.Parameters[slidingAttention], field+"."+slidingAttention, &local, &share); err != nil {
				return err
			}
			field += "." + fullAttention
		}
		c.localRope = &local
	}
	c.rope.base = c.RopeTheta
	if err := c.readRope(raw, field, &c.rope, &share); err != nil {
		return err
	}
	c.RopeTheta = c.rope.base
	switch {
	case c.kind.rotaryShare == 0 && share != 1:
		return fmt.Errorf("partial_rotary_factor %g is not supported in %s; want 1", share, c.kind.causal)
	case !(share > 0 && share <= 1):
		return fmt.Errorf("partial_rotary_factor is %g, want a share of the head, above 0 and at most 1", share)
	}
	if share < 1 {
		c.rotated = max(1, int(share*float64(c.headDim())))
	}
	return nil
}

// readRope reads rotary positions' parameters, of the field of config.json that holds
// them, in either spelling. What they do not say of their base and of the share of a
// head that they turn stays.
func (c *Config) readRope(raw json.RawMessage, field string, to *rope, share *float64) error {
	var none map[string]any
	if len(raw) == 0 || json.Unmarshal(raw, &none) == nil && len(none) == 0 {
		return nil
	}
	var f struct {
		RopeTheta           *float64 `json:"rope_theta"`
		RopeType            string   `json:"rope_type"`
		Type                string   `json:"type"` // rope_type in the oldest
		PartialRotaryFactor *float64 `json:"partial_rotary_factor"`
		rope
	}
	if err := foreign.Decode(raw, &f); err != nil {
		return fmt.Errorf("%s: %w", field, err)
	}
	r := f.rope
	if r.Type = f.RopeType; r.Type == "" {
		r.Type = f.Type
	}
	r.base = to.base
	if f.RopeTheta != nil {
		r.base = *f.RopeTheta
	}
	if f.PartialRotaryFactor != nil {
		*share = *f.PartialRotaryFactor
	}
	switch {
	case r.Type == "default", r.Type == "" && field != "rope_scaling" && f.RopeTheta != nil:
	case r.Type != "linear" && r.Type != "llama3" && r.Type != "dynamic" && r.Type != "yarn":
		return fmt.Errorf("%s: rope_type %q is not supported; want default, linear, dynamic, llama3 or yarn", field, r.Type)
	case !(r.Factor >= 1):
		return fmt.Errorf("%s: factor is %g, want at least 1", field, r.Factor)
	case r.Type == "llama3" && !(r.LowFreqFactor > 0 && r.HighFreqFactor > r.LowFreqFactor && r.OriginalMaxPositionEmbeddings > 0):
		return fmt.Errorf("%s: low_freq_factor %g, high_freq_factor %g, original_max_position_embeddings %g: "+
			"want positive numbers, the second larger than the first", field, r.LowFreqFactor, r.HighFreqFactor, r.OriginalMaxPositionEmbeddings)
	}
	if r.OriginalMaxPositionEmbeddings <= 0 {
		r.OriginalMaxPositionEmbeddings = float64(c.MaxPositionEmbeddings)
	}
	r.BetaFast, r.BetaSlow = cmp.Or(r.BetaFast, 32), cmp.Or(r.BetaSlow, 1)
	if r.Type == "yarn" && !(r.BetaFast > 0 && r.BetaSlow > 0 && r.AttentionFactor >= 0) {
		return fmt.Errorf("%s: beta_fast %g, beta_slow %g, attention_factor %g: want positive numbers", field, r.BetaFast, r.BetaSlow, r.AttentionFactor)
	}
	*to = r
	return nil
}

// frequency is that of the i-th of so many pairs, in radians a position.
func (r rope) frequency(i, pairs int) float64 {
	f := math.Pow(r.base, -float64(i)/float64(pairs))
	switch r.Type {
	case "linear":
		return f / r.Factor
	case "llama3":
		turns := r.OriginalMaxPositionEmbeddings * f / (2 * math.Pi)
		stays := (turns - r.LowFreqFactor) / (r.HighFreqFactor - r.LowFreqFactor)
		stays = min(max(stays, 0), 1)
		return stays*f + (1-stays)*f/r.Factor
	case "yarn":
		low, high := r.pair(r.BetaFast, pairs), r.pair(r.BetaSlow, pairs)
		if r.Truncate == nil || *r.Truncate {
			low, high = math.Floor(low), math.Ceil(high)
		}
		low, high = max(low, 0), min(high, float64(2*pairs-1))
		if low == high {
			high += 0.001
		}
		divided := min(max((float64(i)-low)/(high-low), 0), 1)
		return divided*f/r.Factor + (1-divided)*f
	}
	return f
}

// pair is the place among so many pairs of the one that turns so often in the original
// positions.
func (r rope) pair(turns float64, pairs int) float64 {
	return float64(pairs) * math.Log(r.OriginalMaxPositionEmbeddings/(turns*2*math.Pi)) / math.Log(r.base)
}

// scale is what rotations are multiplied by.
func (r rope) scale() float64 {
	if r.Type != "yarn" {
		return 1
	}
	of := func(by float64) float64 { return 0.1*by*math.Log(r.Factor) + 1 }
	switch {
	case r.AttentionFactor > 0:
		return r.AttentionFactor
	case r.MScale != 0 && r.MScaleAllDim != 0:
		return of(r.MScale) / of(r.MScaleAllDim)
	}
	return of(1)
}

// firstPositions is the number of positions whose rotations are tabulated to
// begin with; the table doubles when it must.
const firstPositions = 1024

// rotary tabulates the rotations of at least so many positions.
func (m *Model) rotary(positions int) {
	if m.Config.arch().learnedPositions {
		return
	}
	m.rotations.tabulate(m.s, m.Config, positions)
	if m.local != nil {
		m.local.tabulate(m.s, m.Config, positions)
	}
}

// tabulate makes a table of at least so many positions: [positions, of a head what is
// rotated]. The sine has the sign of rotate_half in it.
func (t *rotations) tabulate(s *torch.Session, c Config, positions int) {
	limit := c.MaxPositionEmbeddings
	if t.tabulated > 0 && positions <= t.tabulated || t.tabulated == limit {
		return
	}
	n := firstPositions
	for n < positions {
		n *= 2
	}
	n = min(n, limit)
	half := c.rotaryDim() / 2
	cos, sin := make([]float64, 2*n*half), make([]float64, 2*n*half)
	scale := t.rope.scale()
	for i := range half {
		frequency := t.rope.frequency(i, half)
		for position := range n {
			angle := float64(position) * frequency
			at := position*2*half + i
			cos[at], cos[at+half] = scale*math.Cos(angle), scale*math.Cos(angle)
			sin[at], sin[at+half] = -scale*math.Sin(angle), scale*math.Sin(angle)
		}
	}
	if t.cos != nil {
		t.cos.Free()
		t.sin.Free()
	}
	t.tabulated = n
	t.cos = s.Float64s(cos, n, 2*half).KeepAll()
	t.sin = s.Float64s(sin, n, 2*half).KeepAll()
}
