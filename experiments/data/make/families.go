package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
)

// perFamily is the most pairs of a family that go into train.
const perFamily = 3

// order returns a number that puts names in a fixed, seemingly random order.
func order(purpose, name string) uint64 {
	sum := sha256.Sum256([]byte("debian-descriptions/" + purpose + "/" + name))
	return binary.LittleEndian.Uint64(sum[:])
}

// families groups pairs that come from one source package, begin with the same
// paragraph or the same 12 words, or have the same synopsis and the same first
// 4 words; and, transitively, those that have such a pair between them. Each
// family and the list of families are in a fixed order.
func families(pairs []pair) [][]pair {
	parent := make([]int, len(pairs))
	for i := range parent {
		parent[i] = i
	}
	root := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	first := map[string]int{}
	join := func(key string, i int) {
		if j, ok := first[key]; ok {
			parent[root(i)] = root(j)
		} else {
			first[key] = i
		}
	}
	for i, p := range pairs {
		ws := words(p.Input)
		join("source "+p.source, i)
		join("paragraph "+p.first, i)
		join("start "+strings.Join(ws[:min(12, len(ws))], " "), i)
		join("synopsis "+normal(p.Reference)+" / "+strings.Join(ws[:min(4, len(ws))], " "), i)
	}
	groups := map[int][]pair{}
	for i, p := range pairs {
		groups[root(i)] = append(groups[root(i)], p)
	}
	result := make([][]pair, 0, len(groups))
	for _, group := range groups {
		// Main packages before their companions.
		slices.SortFunc(group, func(a, b pair) int {
			return cmp.Or(cmp.Compare(a.role, b.role), cmp.Compare(order("pair", a.ID), order("pair", b.ID)), cmp.Compare(a.ID, b.ID))
		})
		result = append(result, group)
	}
	slices.SortFunc(result, func(a, b []pair) int {
		return cmp.Or(cmp.Compare(order("family", a[0].ID), order("family", b[0].ID)), cmp.Compare(a[0].ID, b[0].ID))
	})
	return result
}

// members returns the pairs of a family that go into train: at most perFamily,
// with inputs that differ by more than a few words.
func members(family []pair) []pair {
	var chosen []pair
	for _, p := range family {
		near := slices.ContainsFunc(chosen, func(q pair) bool {
			return jaccard(p.Input, q.Input, 3) > 0.5 || normal(p.Reference) == normal(q.Reference)
		})
		if !near && len(chosen) < perFamily {
			chosen = append(chosen, p)
		}
	}
	return chosen
}
