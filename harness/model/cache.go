package model

import "lastmile/harness/torch"

// Cache holds the keys and values of sequences in slots, a sequence each, in
// memory made once for the longest. A slot is as long as its own sequence, so
// sequences of any lengths are decoded together, and one may leave and another
// take its slot at any step.
type Cache struct {
	keys, values []*torch.Tensor // a layer each: [slots, groups, capacity, head_dim]
	lengths      []int           // tokens in each slot
}

// NewCache makes a cache for sequences of at most capacity tokens. It lives in
// the session's current scope.
func (m *Model) NewCache(slots, capacity int) *Cache {
	c := &Cache{lengths: make([]int, slots)}
	for range m.layers {
		c.keys = append(c.keys, m.s.Zeros(slots, m.Config.NumKeyValueHeads, capacity, m.Config.headDim()))
		c.values = append(c.values, m.s.Zeros(slots, m.Config.NumKeyValueHeads, capacity, m.Config.headDim()))
	}
	return c
}

// Length is the number of tokens in a slot.
func (c *Cache) Length(slot int) int { return c.lengths[slot] }

// Clear empties a slot.
func (c *Cache) Clear(slot int) { c.lengths[slot] = 0 }

// Copy lets the slot to hold what the slot from does.
func (c *Cache) Copy(from, to int) {
	n := c.lengths[from]
	for _, layer := range [][]*torch.Tensor{c.keys, c.values} {
		for _, t := range layer {
			t.Narrow(0, to, 1).Narrow(2, 0, n).CopyInPlace(t.Narrow(0, from, 1).Narrow(2, 0, n))
		}
	}
	c.lengths[to] = n
}

// Keep hands the cache to the scope around the current one, and returns it.
func (c *Cache) Keep() *Cache {
	for i := range c.keys {
		c.keys[i].Keep()
		c.values[i].Keep()
	}
	return c
}

// Free frees the cache's memory.
func (c *Cache) Free() {
	for i := range c.keys {
		c.keys[i].Free()
		c.values[i].Free()
	}
}

// Select returns a cache with the given slots of c, in that order; a slot may
// come several times. The new cache lives in the session's current scope.
func (c *Cache) Select(slots []int) *Cache {
	out := &Cache{lengths: make([]int, len(slots))}
	index := make([]int64, len(slots))
	for i, slot := range slots {
		index[i], out.lengths[i] = int64(slot), c.lengths[slot]
	}
	for i := range c.keys {
		rows := c.keys[i].Session().Ints(index, len(index))
		out.keys = append(out.keys, c.keys[i].IndexSelect(0, rows))
		out.values = append(out.values, c.values[i].IndexSelect(0, rows))
	}
	return out
}

// slots are the cache's slots of the rows.
func (in Input) slots() []int64 {
	slots := make([]int64, in.Rows)
	for row := range slots {
		slots[row] = int64(row)
		if in.Slots != nil {
			slots[row] = int64(in.Slots[row])
		}
	}
	return slots
}

// counts are the real tokens of each row, those of the prefix included.
func (in Input) counts() []int64 {
	counts := make([]int64, in.Rows)
	for row := range counts {
		counts[row] = int64(in.Length)
		if in.Counts != nil {
			counts[row] = int64(in.Counts[row])
		}
		counts[row] += int64(in.Prefix.Length())
	}
	return counts
}

// steps reports whether the input is one more token for each slot.
func (in Input) steps() bool { return in.Cache != nil && in.Length == 1 && in.Prefix == nil }

// attendCached is a layer's attention through the input's cache. One token a row goes
// behind its slot's tokens and attends to them; more are a slot's first, behind the
// prefix, and attend to each other.
func (m *Model) attendCached(layer int, q, k, v *torch.Tensor, of queries, in Input) *torch.Tensor {
	keys, values, most := in.Cache.keys[layer], in.Cache.values[layer], m.Config.caps.attention
	if in.steps() {
		return torch.AttendCachedWithin(q, k, v, keys, values, of.places, m.Config.windowOf(layer), most)
	}
	k, v = in.Prefix.before(layer, k, v)
	keys.Store(k, of.places)
	values.Store(v, of.places)
	return torch.CappedAttention(q, k, v, m.sight(of, layer).mask, most)
}

// places are the rows' own in all layers.
func (c *Cache) places(in Input) *torch.Places {
	if in.steps() {
		return c.keys[0].Places(in.slots(), c.before(in), 1)
	}
	return c.keys[0].Places(in.slots(), in.counts(), 0)
}

// before is what each row's slot holds before the input.
func (c *Cache) before(in Input) []int64 {
	lengths := in.slots()
	for row, slot := range lengths {
		lengths[row] = int64(c.lengths[slot])
	}
	return lengths
}

// advance counts the input's tokens.
func (c *Cache) advance(in Input) {
	for row, slot := range in.slots() {
		if in.steps() {
			c.lengths[slot]++
		} else {
			c.lengths[slot] = int(in.counts()[row])
		}
	}
}
