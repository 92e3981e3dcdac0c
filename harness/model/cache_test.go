package model

import (
	"testing"

	"lastmile/harness/torch"
)

func TestCachedStatesEqualUncached(t *testing.T) {
	s := open(t, torch.Float32)
	m := newModel(t, s, tiny())
	tokens := [][]int64{{1, 2, 3, 4, 5, 6, 7}, {9, 8, 7, 6, 5, 4, 3}}
	all := Input{Tokens: append(append([]int64{}, tokens[0]...), tokens[1]...), Rows: 2, Length: 7}
	whole := m.Hidden(all)
	s.NoGrad(func() {
		cache := m.NewCache(2, 10)
		at := 0
		for _, n := range []int{3, 1, 1, 2} {
			var part []int64
			for _, row := range tokens {
				part = append(part, row[at:at+n]...)
			}
			got := m.Hidden(Input{Tokens: part, Rows: 2, Length: n, Cache: cache})
			want, _ := whole.Narrow(1, at, n).Value64s()
			near(t, "hidden states", got, want, 1e-5)
			at += n
		}
		if cache.Length() != 7 {
			t.Errorf("%d columns, want 7", cache.Length())
		}
		// The rows, turned round, go on as themselves.
		turned := cache.Select(s.Ints([]int64{1, 0, 1}, 3))
		got := m.Hidden(Input{Tokens: []int64{1, 2, 3}, Rows: 3, Length: 1, Cache: turned})
		next := Input{Rows: 3, Length: 8}
		for i, row := range []int{1, 0, 1} {
			next.Tokens = append(append(next.Tokens, tokens[row]...), int64(i+1))
		}
		want, _ := m.Hidden(next).Narrow(1, 7, 1).Value64s()
		near(t, "states of selected rows", got, want, 1e-5)
	})
}

func TestACacheOfATooSmallCapacityIsAnError(t *testing.T) {
	s := open(t, torch.Float32)
	m := newModel(t, s, tiny())
	s.NoGrad(func() { m.Hidden(Input{Tokens: []int64{1, 2, 3}, Rows: 1, Length: 3, Cache: m.NewCache(1, 2)}) })
	if s.Err() == nil {
		t.Error("three columns went into a cache of two")
	}
}

func TestLeftPaddingChangesNothing(t *testing.T) {
	s := open(t, torch.Float32)
	m := newModel(t, s, tiny())
	tokens := []int64{4, 3, 2, 1}
	want, _ := m.Hidden(Input{Tokens: tokens, Rows: 1, Length: 4}).Value64s()
	const padding = 3
	mask := make([]float32, padding+4)
	for i := range padding {
		mask[i] = Masked
	}
	got := m.Hidden(Input{
		Tokens: append([]int64{0, 7, 0}, tokens...), Rows: 1, Length: padding + 4,
		Positions: []int64{0, 0, 0, 0, 1, 2, 3},
		Mask:      Causal(s, padding+4, 0).Add(s.Floats(mask, 1, 1, 1, 1, padding+4)),
	})
	near(t, "hidden states", got.Narrow(1, padding, 4), want, 1e-5)
}

func TestTheFutureChangesNothing(t *testing.T) {
	s := open(t, torch.Float32)
	m := newModel(t, s, tiny())
	want, _ := m.Hidden(Input{Tokens: []int64{4, 3, 2}, Rows: 1, Length: 3}).Value64s()
	near(t, "hidden states", m.Hidden(Input{Tokens: []int64{4, 3, 2, 9, 9}, Rows: 1, Length: 5}).Narrow(1, 0, 3), want, 1e-5)
}
