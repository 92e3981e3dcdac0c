package model

import (
	"testing"

	"lastmile/harness/torch"
)

// TestCachedStatesEqualUncached decodes three sequences of different lengths
// together, one of which enters later, in a slot that another one left.
func TestCachedStatesEqualUncached(t *testing.T) {
	for name, c := range windows() {
		t.Run(name, func(t *testing.T) { cachedStatesEqualUncached(t, c) })
	}
}

// windows are configurations without a sliding window, and with one in a layer or in all.
func windows() map[string]Config {
	one, all := tiny(), tiny()
	one.window, one.windowed = 3, []bool{true, false}
	all.window, all.windowed = 2, []bool{true, true}
	return map[string]Config{"no window": tiny(), "a window in one layer": one, "a window in all layers": all}
}

func cachedStatesEqualUncached(t *testing.T, c Config) {
	s := open(t, torch.Float32)
	m := newModel(t, s, c)
	sequences := [][]int64{{1, 2, 3, 4, 5, 6, 7}, {9, 8, 7}, {5, 5, 1, 2, 9}}
	want := func(sequence []int64) []float64 {
		n := len(sequence)
		v, err := m.Hidden(Input{Tokens: sequence, Rows: 1, Length: n}).Narrow(1, n-1, 1).Value64s()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	s.NoGrad(func() error {
		cache := m.NewCache(3, 9)
		// The second slot held something else before.
		m.Hidden(Input{Tokens: []int64{4, 4, 4, 4, 4}, Rows: 1, Length: 5, Cache: cache, Slots: []int{1}})
		cache.Clear(1)
		// Two prompts, the shorter one padded.
		first := m.HiddenAt(Input{
			Tokens: []int64{1, 2, 3, 4, 9, 8, 0, 0}, Rows: 2, Length: 4, Counts: []int{4, 2}, Cache: cache, Slots: []int{2, 1},
		}, []int64{3, 5})
		near(t, "the first prompt", first.Narrow(0, 0, 1), want(sequences[0][:4]), 1e-5)
		near(t, "the second prompt", first.Narrow(0, 1, 1), want(sequences[1][:2]), 1e-5)
		both := m.Hidden(Input{Tokens: []int64{7, 5}, Rows: 2, Length: 1, Cache: cache, Slots: []int{1, 2}})
		near(t, "the second after a step", both.Narrow(0, 0, 1), want(sequences[1]), 1e-5)
		near(t, "the first after a step", both.Narrow(0, 1, 1), want(sequences[0][:5]), 1e-5)
		cache.Clear(1)
		third := m.Hidden(Input{Tokens: []int64{5, 5, 1, 2}, Rows: 1, Length: 4, Cache: cache, Slots: []int{1}})
		near(t, "a prompt in a slot that was left", third.Narrow(1, 3, 1), want(sequences[2][:4]), 1e-5)
		both = m.Hidden(Input{Tokens: []int64{9, 6}, Rows: 2, Length: 1, Cache: cache, Slots: []int{1, 2}})
		near(t, "the third after a step", both.Narrow(0, 0, 1), want(sequences[2]), 1e-5)
		near(t, "the first after two steps", both.Narrow(0, 1, 1), want(sequences[0][:6]), 1e-5)
		// A copy, and slots turned round, go on as themselves.
		cache.Copy(2, 0)
		turned := cache.Select([]int{2, 1, 0})
		for slot, length := range []int{6, 5, 6} {
			if turned.Length(slot) != length {
				t.Errorf("slot %d holds %d tokens, want %d", slot, turned.Length(slot), length)
			}
		}
		next := m.Hidden(Input{Tokens: []int64{7, 3, 7}, Rows: 3, Length: 1, Cache: turned})
		near(t, "the first, turned", next.Narrow(0, 0, 1), want(sequences[0]), 1e-5)
		near(t, "the third, turned", next.Narrow(0, 1, 1), want(append(sequences[2][:5:5], 3)), 1e-5)
		near(t, "a copy", next.Narrow(0, 2, 1), want(sequences[0]), 1e-5)
		return nil
	})
}

func TestACacheOfATooSmallCapacityIsAnError(t *testing.T) {
	for name, use := range map[string]func(m *Model, c *Cache){
		"a prompt": func(m *Model, c *Cache) { m.Hidden(Input{Tokens: []int64{1, 2, 3}, Rows: 1, Length: 3, Cache: c}) },
		"a step": func(m *Model, c *Cache) {
			for range 3 {
				m.Hidden(Input{Tokens: []int64{1}, Rows: 1, Length: 1, Cache: c})
			}
		},
	} {
		s := open(t, torch.Float32)
		m := newModel(t, s, tiny())
		err := s.NoGrad(func() error {
			use(m, m.NewCache(1, 2))
			return nil
		})
		if err == nil {
			t.Errorf("%s that a cache of two tokens has no room for is no error", name)
		}
	}
}

func TestLeftPaddingChangesNothing(t *testing.T) {
	for name, c := range windows() {
		t.Run(name, func(t *testing.T) { leftPaddingChangesNothing(t, c) })
	}
}

func leftPaddingChangesNothing(t *testing.T, c Config) {
	s := open(t, torch.Float32)
	m := newModel(t, s, c)
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
		Mask:      causalMask(s, padding+4, 0).Add(s.Floats(mask, 1, 1, 1, 1, padding+4)),
	})
	near(t, "hidden states", got.Narrow(1, padding, 4), want, 1e-5)
}

func TestTheFutureChangesNothing(t *testing.T) {
	s := open(t, torch.Float32)
	m := newModel(t, s, tiny())
	want, _ := m.Hidden(Input{Tokens: []int64{4, 3, 2}, Rows: 1, Length: 3}).Value64s()
	near(t, "hidden states", m.Hidden(Input{Tokens: []int64{4, 3, 2, 9, 9}, Rows: 1, Length: 5}).Narrow(1, 0, 3), want, 1e-5)
}

// TestAPrefixIsComputedOnce begins sequences behind tokens that all have, padded and of a
// single token too, and goes on with them.
func TestAPrefixIsComputedOnce(t *testing.T) {
	models := map[string]func(*testing.T, *torch.Session) *Model{}
	for name, c := range windows() {
		models[name] = func(t *testing.T, s *torch.Session) *Model { return newModel(t, s, c) }
	}
	for _, name := range []string{"gpt2", "gemma3"} { // positions that are learned, and two kinds of rotations
		models[name] = func(t *testing.T, s *torch.Session) *Model { return load(t, s, "testdata/architectures/"+name) }
	}
	for name, make := range models {
		t.Run(name, func(t *testing.T) {
			s := open(t, torch.Float32)
			m := make(t, s)
			sequences := [][]int64{{1, 2, 3, 4, 5, 6, 7}, {1, 2, 3, 9}, {1, 2, 3, 8, 5}}
			want := func(sequence []int64) []float64 {
				n := len(sequence)
				v, err := m.Hidden(Input{Tokens: sequence, Rows: 1, Length: n}).Narrow(1, n-1, 1).Value64s()
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
			s.NoGrad(func() error {
				prefix := m.Prefix(sequences[0][:3])
				cache := m.NewCache(3, 9)
				first := m.HiddenAt(Input{Tokens: []int64{4, 5, 6, 8, 5, 0}, Rows: 2, Length: 3, Counts: []int{3, 2}, Cache: cache, Slots: []int{2, 0}, Prefix: prefix}, []int64{2, 4})
				near(t, "the longer", first.Narrow(0, 0, 1), want(sequences[0][:6]), 1e-5)
				near(t, "the padded one", first.Narrow(0, 1, 1), want(sequences[2]), 1e-5)
				single := m.Hidden(Input{Tokens: []int64{9}, Rows: 1, Length: 1, Cache: cache, Slots: []int{1}, Prefix: prefix})
				near(t, "that of one token more", single, want(sequences[1]), 1e-5)
				next := m.Hidden(Input{Tokens: []int64{7, 5}, Rows: 2, Length: 1, Cache: cache, Slots: []int{2, 1}})
				near(t, "the longer after a step", next.Narrow(0, 0, 1), want(sequences[0]), 1e-5)
				near(t, "the shorter after a step", next.Narrow(0, 1, 1), want([]int64{1, 2, 3, 9, 5}), 1e-5)
				return nil
			})
		})
	}
}
