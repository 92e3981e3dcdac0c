package model

import "lastmile/harness/torch"

// Cache holds the keys and values of the columns seen so far, in memory made
// once for the longest sequence.
type Cache struct {
	keys, values []*torch.Tensor // a layer each: [rows, groups, capacity, head_dim]
	length       int
}

// NewCache makes a cache for rows sequences of at most capacity tokens. It
// lives in the session's current scope.
func (m *Model) NewCache(rows, capacity int) *Cache {
	c := &Cache{}
	for range m.layers {
		c.keys = append(c.keys, m.s.Zeros(rows, m.Config.NumKeyValueHeads, capacity, m.Config.headDim()))
		c.values = append(c.values, m.s.Zeros(rows, m.Config.NumKeyValueHeads, capacity, m.Config.headDim()))
	}
	return c
}

// Length is the number of columns in use.
func (c *Cache) Length() int { return c.length }

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

// extend appends the new columns of a layer, [rows, groups, length, head_dim],
// and returns all columns of it.
func (c *Cache) extend(layer int, k, v *torch.Tensor) (keys, values *torch.Tensor) {
	n := k.Size(2)
	c.keys[layer].Narrow(2, c.length, n).CopyInPlace(k)
	c.values[layer].Narrow(2, c.length, n).CopyInPlace(v)
	return c.keys[layer].Narrow(2, 0, c.length+n), c.values[layer].Narrow(2, 0, c.length+n)
}

// Select returns a cache with the given rows of c, in that order; a row may
// come several times. The new cache lives in the session's current scope.
func (c *Cache) Select(rows *torch.Tensor) *Cache {
	out := &Cache{length: c.length}
	for i := range c.keys {
		out.keys = append(out.keys, c.keys[i].IndexSelect(0, rows))
		out.values = append(out.values, c.values[i].IndexSelect(0, rows))
	}
	return out
}
