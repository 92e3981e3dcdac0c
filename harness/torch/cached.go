package torch

import (
	"math"
	"slices"

	"github.com/sugarme/gotch/fused"
	"github.com/sugarme/gotch/libtch"
)

// Places say where the rows of a batch go in a cache whose layers are [slots,
// groups, capacity, n]: each in a slot of its own.
type Places struct {
	// Slots are the rows' slots. Lengths are the tokens that each holds before a
	// step, or that a prompt brings.
	Slots, Lengths []int64
	// On a device the same for its fused operations, and for others the rows'
	// vectors in a layer as [slots · groups · capacity, n] and the mask of what
	// each row attends to, [rows, 1, 1, 1, columns].
	slots, lengths, at, mask *Tensor
}

// Places makes, in the current scope, the places of a batch in all layers that
// are such as this one. Each row comes with more tokens behind its lengths: 1 in
// a step, 0 where lengths counts a prompt's own.
func (layer *Tensor) Places(slots, lengths []int64, more int) *Places {
	p := &Places{Slots: slots, Lengths: lengths}
	s := layer.s
	if !s.usable("places", layer) || !s.fit(layer, slots, lengths, more) {
		return p
	}
	if s.device >= 0 {
		p.slots, p.lengths = s.Ints(slots, len(slots)), s.Ints(lengths, len(lengths))
	}
	if layer.attendsFused() || more == 0 {
		return p
	}
	groups, capacity := int64(layer.Size(1)), int64(layer.Size(2))
	var at []int64
	columns := int(slices.Max(lengths)) + 1
	mask := make([]float32, len(slots)*columns)
	for row, slot := range slots {
		for g := range groups {
			at = append(at, (slot*groups+g)*capacity+lengths[row])
		}
		for j := int(lengths[row]) + 1; j < columns; j++ {
			mask[row*columns+j] = float32(math.Inf(-1))
		}
	}
	p.slots, p.at = s.Ints(slots, len(slots)), s.Ints(at, len(at))
	p.mask = s.Floats(mask, len(slots), 1, 1, 1, columns)
	return p
}

// fit reports whether a cache has the slots, and in each room for lengths and
// more tokens.
func (s *Session) fit(layer *Tensor, slots, lengths []int64, more int) bool {
	for row, slot := range slots {
		if size := layer.Size(0); slot < 0 || int(slot) >= size {
			s.fail("torch: places: slot %d of a cache of %d", slot, size)
			return false
		}
		if capacity := layer.Size(2); int(lengths[row])+more > capacity {
			s.fail("torch: places: %d tokens in a slot that has room for %d", int(lengths[row])+more, capacity)
			return false
		}
	}
	return len(slots) > 0
}

// attendsFused reports whether AttendCached is one operation on a cache such as
// this layer.
func (layer *Tensor) attendsFused() bool {
	return layer.fusible() && (layer.s.device < 0 || layer.Size(-1) <= fused.MaxHead)
}

// AttendCached lets one token a row attend to a cached sequence of its own: its
// key and value, [rows, groups, 1, n], go to its place in a layer's keys and
// values, [slots, groups, capacity, n]; then its queries, [rows, heads, 1, n],
// attend to all that its slot holds: [rows, 1, heads · n]. Gradients are
// switched off.
func AttendCached(queries, key, value, keys, values *Tensor, p *Places) *Tensor {
	s := queries.s
	if !s.usable("attend", queries, key, value, keys, values) {
		return queries
	}
	if keys.attendsFused() {
		return s.fusedOp("attend", func() libtch.Ctensor {
			if s.device >= 0 {
				return fused.AttendOn(queries.c, key.c, value.c, keys.c, values.c, p.slots.c, p.lengths.c)
			}
			return fused.Attend(queries.c, key.c, value.c, keys.c, values.c, p.Slots, p.Lengths)
		})
	}
	n := keys.Size(3)
	attended := func(all, new *Tensor) *Tensor {
		all.Reshape(-1, n).indexCopyInPlace(p.at, new.Reshape(-1, n))
		return all.Narrow(2, 0, p.mask.Size(-1)).IndexSelect(0, p.slots)
	}
	return Attention(queries, attended(keys, key), attended(values, value), p.mask)
}

// Store copies the first tokens of each row of x, [rows, groups, length, n], as
// many as the places' lengths say, to the start of its slot of t, [slots,
// groups, capacity, n].
func (t *Tensor) Store(x *Tensor, p *Places) {
	s := t.s
	if !s.usable("store", t, x) {
		return
	}
	if t.fusible() {
		if s.device >= 0 {
			fused.StoreOn(t.c, x.c, p.slots.c, p.lengths.c)
		} else {
			fused.Store(t.c, x.c, p.Slots, p.Lengths)
		}
		if err := fused.Err(); err != nil {
			s.failed("store", err)
		}
		return
	}
	for row, slot := range p.Slots {
		n := int(p.Lengths[row])
		t.Narrow(0, int(slot), 1).Narrow(2, 0, n).CopyInPlace(x.Narrow(0, row, 1).Narrow(2, 0, n))
	}
}
