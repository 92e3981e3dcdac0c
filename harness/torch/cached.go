package torch

import (
	"math"
	"slices"

	"lastmile/harness/torch/fused"
)

// Places say where the rows of a batch go in a cache whose layers are [slots,
// groups, capacity, n]: each in a slot of its own.
type Places struct {
	// Slots are the rows' slots. Lengths are the tokens that each holds before a
	// step, or that a prompt brings.
	Slots, Lengths []int64
	slots, lengths *Tensor // the same on a device
}

// Places makes the places of a batch, which serve all layers of a cache like this
// one. They live in the current scope. A step puts one token behind those that
// lengths counts, so more is 1; lengths counts a prompt's own, so more is 0.
func (layer *Tensor) Places(slots, lengths []int64, more int) *Places {
	p := &Places{Slots: slots, Lengths: lengths}
	s := layer.s
	if !s.usable("places", layer) || !s.fit(layer, slots, lengths, more) {
		return p
	}
	if s.device >= 0 {
		p.slots, p.lengths = s.Ints(slots, len(slots)), s.Ints(lengths, len(lengths))
	}
	return p
}

// fit reports whether a cache has the slots, and room in each for its length and
// more tokens.
func (s *Session) fit(layer *Tensor, slots, lengths []int64, more int) bool {
	if len(slots) == 0 || len(lengths) != len(slots) {
		s.fail("torch: places: %d lengths for %d slots, want one each", len(lengths), len(slots))
		return false
	}
	for row, slot := range slots {
		if size := layer.Size(0); slot < 0 || int(slot) >= size {
			s.fail("torch: places: slot %d of a cache of %d", slot, size)
			return false
		}
		if capacity := layer.Size(2); lengths[row] < 0 || int(lengths[row])+more > capacity {
			s.fail("torch: places: %d tokens in a slot that has room for %d", int(lengths[row])+more, capacity)
			return false
		}
	}
	return true
}

// AttendCached lets one token a row attend to a cached sequence of its own: its
// key and value, [rows, groups, 1, n], go to its place in a layer's keys and
// values, [slots, groups, capacity, n]; then its queries, [rows, heads, 1, n],
// attend to all that its slot holds: [rows, 1, heads · n]. Gradients must be off.
func AttendCached(queries, key, value, keys, values *Tensor, p *Places) *Tensor {
	return AttendCachedWithin(queries, key, value, keys, values, p, 0, 0)
}

// AttendCachedWithin is [AttendCached] to the last window tokens of the slot alone, the
// new one included, with logits that most bounds as in [CappedAttention]. With 0 there
// is no window, and no bound.
func AttendCachedWithin(queries, key, value, keys, values *Tensor, p *Places, window int, most float64) *Tensor {
	s := queries.s
	if !s.usable("attend", queries, key, value, keys, values) {
		return &Tensor{s: s}
	}
	if window >= int(slices.Max(p.Lengths))+1 {
		window = 0 // all is in it
	}
	// The kernel for a device has neither window nor bound.
	if keys.fusible() && (s.device < 0 || window == 0 && most == 0) {
		return s.fusedOp("attend", func() fused.Tensor {
			if s.device >= 0 {
				return fused.AttendOn(queries.raw(), key.raw(), value.raw(), keys.raw(), values.raw(), p.slots.raw(), p.lengths.raw())
			}
			return fused.Attend(queries.raw(), key.raw(), value.raw(), keys.raw(), values.raw(), p.Slots, p.Lengths, window, most)
		})
	}
	rows, columns := len(p.Slots), int(slices.Max(p.Lengths))+1
	mask := make([]float32, rows*columns)
	for row, length := range p.Lengths {
		keys.put(p, row, int(length), key.Narrow(0, row, 1))
		values.put(p, row, int(length), value.Narrow(0, row, 1))
		for j := range columns {
			if j > int(length) || window > 0 && j <= int(length)-window {
				mask[row*columns+j] = float32(math.Inf(-1))
			}
		}
	}
	index := s.Ints(p.Slots, rows)
	attended := func(all *Tensor) *Tensor { return all.IndexSelect(0, index).Narrow(2, 0, columns) }
	return CappedAttention(queries, attended(keys), attended(values), s.Floats(mask, rows, 1, 1, 1, columns), most)
}

// Store copies the first tokens of each row of x, [rows, groups, length, n], as
// many as the places' lengths say, to the start of its slot of t, [slots,
// groups, capacity, n].
func (t *Tensor) Store(x *Tensor, p *Places) {
	s := t.s
	if !s.usable("store", t, x) {
		return
	}
	if len(p.Slots) != x.Size(0) {
		s.fail("torch: store: %d rows of tokens in %d slots", x.Size(0), len(p.Slots))
		return
	}
	if t.fusible() {
		if s.device >= 0 {
			fused.StoreOn(t.raw(), x.raw(), p.slots.raw(), p.lengths.raw())
		} else {
			fused.Store(t.raw(), x.raw(), p.Slots, p.Lengths)
		}
		if err := fused.Err(); err != nil {
			s.failed("store", err)
		}
		return
	}
	for row, n := range p.Lengths {
		t.put(p, row, 0, x.Narrow(0, row, 1).Narrow(2, 0, int(n)))
	}
}

// put copies tokens, [1, groups, any number, n], to the place of a row, from the
// token start of its slot on.
func (t *Tensor) put(p *Places, row, start int, tokens *Tensor) {
	t.Narrow(0, int(p.Slots[row]), 1).Narrow(2, start, tokens.Size(2)).CopyInPlace(tokens)
}
