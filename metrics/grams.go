package metrics

import "slices"

// grams counts n-grams that two texts share. An n-gram of numbers is itself
// given a number, that of the pair of its first n−1 words, which have one, and
// its last word: exact for any n, without strings.
type grams struct {
	// A hash table with open addressing from pairs to numbers from 1; 0 is a
	// free slot.
	pairs []uint64
	ids   []int32
	slots []int // taken ones
	count int32

	a, b         []int32   // numbers of the n-grams of the two texts
	others       [][]int32 // the same of more texts
	counts, most []int32   // by number; 0 between calls
}

// hits returns the number of n-grams that both texts have, each as often as
// both have it.
func (g *grams) hits(a, b []int32, n int) int {
	if len(a) < n || len(b) < n {
		return 0
	}
	if n == 1 {
		return g.common(a, b)
	}
	g.number(a, b, n)
	return g.common(g.a, g.b)
}

// number leaves the n-grams of two texts, by their numbers, in g.a and g.b.
func (g *grams) number(a, b []int32, n int) {
	g.a = append(g.a[:0], a...)
	g.b = append(g.b[:0], b...)
	for size := 2; size <= n; size++ {
		g.reset(len(a) + len(b))
		g.a = g.extend(g.a, a, size)
		g.b = g.extend(g.b, b, size)
	}
}

// shared returns in hits[n-1] the number of n-grams that both texts have, each
// as often as both have it.
func (g *grams) shared(a, b []int32, hits []int) {
	g.a = append(g.a[:0], a...)
	g.b = append(g.b[:0], b...)
	for i := range hits {
		n := i + 1
		if len(a) < n || len(b) < n {
			return
		}
		if n > 1 {
			g.reset(len(a) + len(b))
			g.a = g.extend(g.a, a, n)
			g.b = g.extend(g.b, b, n)
		}
		hits[i] = g.common(g.a, g.b)
	}
}

// clipped returns in hits[n-1] the number of a text's n-grams that others
// have, each at most as often as the one of them that has it most.
func (g *grams) clipped(text []int32, others [][]int32, hits []int) {
	size := len(text)
	for len(g.others) < len(others) {
		g.others = append(g.others, nil)
	}
	for i, other := range others {
		g.others[i] = append(g.others[i][:0], other...)
		size += len(other)
	}
	g.a = append(g.a[:0], text...)
	for i := range hits {
		n := i + 1
		if len(text) < n {
			return
		}
		if n > 1 {
			g.reset(size)
			g.a = g.extend(g.a, text, n)
		}
		highest := slices.Max(g.a)
		for k, other := range others {
			if len(other) < n {
				g.others[k] = g.others[k][:0]
				continue
			}
			if n > 1 {
				g.others[k] = g.extend(g.others[k], other, n)
			}
			highest = max(highest, slices.Max(g.others[k]))
		}
		g.counts = zeros(g.counts, int(highest)+1)
		g.most = zeros(g.most, int(highest)+1)
		for _, other := range g.others[:len(others)] {
			for _, id := range other {
				g.counts[id]++
				g.most[id] = max(g.most[id], g.counts[id])
			}
			for _, id := range other {
				g.counts[id] = 0
			}
		}
		for _, id := range g.a {
			if g.most[id] > 0 {
				g.most[id]--
				hits[i]++
			}
		}
		for _, other := range g.others[:len(others)] {
			for _, id := range other {
				g.most[id] = 0
			}
		}
	}
}

// unseen returns the number of a text's n-grams that another does not have.
func (g *grams) unseen(text, other []int32, n int) int {
	g.number(text, other, n)
	seen := make(map[int32]bool, len(g.b))
	for _, id := range g.b {
		seen[id] = true
	}
	count := 0
	for _, id := range g.a {
		if !seen[id] {
			count++
		}
	}
	return count
}

// distinct returns the number of different n-grams of a text, for each n from
// 1 to longest.
func (g *grams) distinct(text []int32, longest int) []int {
	result := make([]int, longest)
	g.a = append(g.a[:0], text...)
	for n := 1; n <= longest && n <= len(text); n++ {
		g.reset(len(text))
		if n == 1 {
			for _, id := range g.a {
				g.id(0, id)
			}
		} else {
			g.a = g.extend(g.a, text, n)
		}
		result[n-1] = int(g.count)
	}
	return result
}

// extend turns the numbers of n−1-grams into those of n-grams, in place.
func (g *grams) extend(shorter, text []int32, n int) []int32 {
	longer := shorter[:max(len(text)-n+1, 0)]
	for i := range longer {
		longer[i] = g.id(shorter[i], text[i+n-1])
	}
	return longer
}

// common returns the size of the intersection of two bags of numbers.
func (g *grams) common(a, b []int32) int {
	g.counts = zeros(g.counts, int(max(slices.Max(a), slices.Max(b)))+1)
	for _, id := range a {
		g.counts[id]++
	}
	hits := 0
	for _, id := range b {
		if g.counts[id] > 0 {
			g.counts[id]--
			hits++
		}
	}
	for _, id := range a {
		g.counts[id] = 0
	}
	return hits
}

// zeros returns counts, which are all 0, with room for at least n.
func zeros(counts []int32, n int) []int32 {
	if n > len(counts) {
		return make([]int32, 2*n)
	}
	return counts
}

// reset forgets all pairs and makes room for so many new ones.
func (g *grams) reset(pairs int) {
	size := 64
	for size < 2*pairs {
		size *= 2
	}
	if size > len(g.ids) {
		g.pairs = make([]uint64, size)
		g.ids = make([]int32, size)
	} else {
		for _, slot := range g.slots {
			g.ids[slot] = 0
		}
	}
	g.slots = g.slots[:0]
	g.count = 0
}

// id returns the number of a pair.
func (g *grams) id(first, last int32) int32 {
	pair := uint64(uint32(first))<<32 | uint64(uint32(last))
	mask := len(g.ids) - 1
	hash := pair * 0x9E3779B97F4A7C15 // Fibonacci hashing; the high bits are mixed best
	for slot := int(hash>>32) & mask; ; slot = (slot + 1) & mask {
		if g.ids[slot] == 0 {
			g.count++
			g.ids[slot] = g.count
			g.pairs[slot] = pair
			g.slots = append(g.slots, slot)
			return g.count
		}
		if g.pairs[slot] == pair {
			return g.ids[slot]
		}
	}
}
