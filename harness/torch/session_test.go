package torch

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func open(t testing.TB, dtype DType) *Session {
	t.Helper()
	return openWith(t, Options{Threads: 1, DType: dtype})
}

func openWith(t testing.TB, options Options) *Session {
	t.Helper()
	options.Device = os.Getenv("LASTMILE_DEVICE")
	s, err := Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// onCPU leaves out a test of what only a CPU's operations do.
func onCPU(t *testing.T) {
	t.Helper()
	if device := os.Getenv("LASTMILE_DEVICE"); !OnCPU(device) {
		t.Skipf("LASTMILE_DEVICE is %s", device)
	}
}

func values(t testing.TB, tensor *Tensor) []float32 {
	t.Helper()
	v, err := tensor.Values()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAScopeFreesWhatItMade(t *testing.T) {
	s := open(t, Float32)
	weight := s.Floats([]float32{1, 2, 3, 4}, 2, 2).RequireGrad()
	before := s.Live()
	for range 200 {
		err := s.Scope(func() error {
			x := s.Floats([]float32{1, 1}, 1, 2)
			kept := s.Only(func() *Tensor { return x.MatMul(weight).Sum() })
			kept.Mul(kept).Backward()
			s.NoGrad(func() error {
				weight.Grad().ZeroInPlace()
				return nil
			})
			_, err := kept.Item()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if s.Live() != before {
		t.Errorf("%d tensors live after 200 rounds, %d before them", s.Live(), before)
	}
}

func TestReadingLeavesNothingBehind(t *testing.T) {
	s := open(t, Float64)
	x := s.Float64s([]float64{1, 2}, 2)
	before := s.Live()
	for range 3 {
		values(t, x)
		if _, err := x.Narrow(0, 1, 1).Item(); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Live() - before; got != 3 {
		t.Errorf("reading three narrowed tensors left %d tensors, want those 3", got)
	}
}

func TestMakingATensorMakesOne(t *testing.T) {
	s := open(t, Float64)
	s.Floats([]float32{1}, 1)
	s.Float64s([]float64{1}, 1)
	s.Ints([]int64{1}, 1)
	s.Zeros(3)
	if s.Live() != 4 {
		t.Errorf("%d tensors live, want 4", s.Live())
	}
}

func TestKeepHandsOverOneScopeAndKeepAllAll(t *testing.T) {
	s := open(t, Float32)
	var once, all, twice *Tensor
	s.Scope(func() error {
		s.Scope(func() error {
			s.Scope(func() error {
				once = s.Zeros(1).Keep()
				twice = s.Zeros(1).Keep().Keep()
				all = s.Zeros(1).KeepAll()
				return nil
			})
			if once.Shape() == nil || twice.Shape() == nil || all.Shape() == nil {
				t.Error("a kept tensor was freed by its own scope")
			}
			return nil
		})
		if once.Shape() != nil {
			t.Error("a tensor kept once outlived two scopes")
		}
		if twice.Shape() == nil || all.Shape() == nil {
			t.Error("a tensor kept twice or for good did not outlive two scopes")
		}
		return nil
	})
	if twice.Shape() != nil || all.Shape() == nil || s.Live() != 1 {
		t.Errorf("%d tensors live at the end, want the one kept for good", s.Live())
	}
	all.Free()
	all.Free()
	if s.Live() != 0 {
		t.Errorf("%d tensors live after the last was freed", s.Live())
	}
}

func TestUseAfterFreeIsAnError(t *testing.T) {
	for name, use := range map[string]func(x, ok *Tensor){
		"unary":    func(x, _ *Tensor) { x.Exp() },
		"binary":   func(x, ok *Tensor) { ok.Add(x) },
		"in place": func(x, ok *Tensor) { ok.AddInPlace(x) },
		"copy":     func(x, ok *Tensor) { ok.CopyInPlace(x) },
		"values":   func(x, _ *Tensor) { x.Values() },
		"ints":     func(x, _ *Tensor) { x.IntValues() },
		"item":     func(x, _ *Tensor) { x.Item() },
		"cat":      func(x, ok *Tensor) { Cat(0, ok, x) },
		"softmax":  func(x, _ *Tensor) { x.Softmax(-1) },
		"norm":     func(x, ok *Tensor) { ok.LayerNorm(x, ok, 1e-5) },
		"grad":     func(x, _ *Tensor) { x.Grad() },
		"backward": func(x, _ *Tensor) { x.Backward() },
		"linear":   func(x, ok *Tensor) { ok.Linear(x, nil) },
	} {
		s := open(t, Float32)
		var x *Tensor
		s.Scope(func() error {
			x = s.Zeros(2)
			return nil
		})
		use(x, s.Zeros(2))
		if err := s.Err(); err == nil || !strings.Contains(err.Error(), "freed") {
			t.Errorf("%s: error %v, want one that says that the tensor was freed", name, err)
		}
		s.Close()
	}
}

func TestAClosedSessionIsAnError(t *testing.T) {
	s := open(t, Float32)
	x := s.Zeros(2)
	s.Close()
	if _, err := x.Values(); err == nil {
		t.Error("values of a closed session were read")
	}
	s = open(t, Float32)
	s.Close()
	s.Only(func() *Tensor { return s.Floats([]float32{1}, 1) })
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("error %v, want one that says that the session is closed", err)
	}
	s.Close()
}

func TestErrorsStick(t *testing.T) {
	s := open(t, Float32)
	var after *Tensor
	err := s.Scope(func() error {
		bad := s.Zeros(2, 3).MatMul(s.Zeros(2, 3))
		after = bad.Exp().Sum()
		s.Zeros(4).Reshape(5)
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "matmul") {
		t.Fatalf("error %v, want the first one, of matmul", err)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("the error has several lines: %q", err)
	}
	if _, got := after.Item(); got != err {
		t.Errorf("reading gave %v, want %v", got, err)
	}
	if s.Err() != err || after.Shape() != nil || after.Size(0) != 1 {
		t.Errorf("after the error: session's error %v, shape %v", s.Err(), after.Shape())
	}
	if live := s.Live(); live != 0 {
		t.Errorf("%d tensors live after the scope of the error", live)
	}
}

func TestScopesReturnBothErrors(t *testing.T) {
	ours := errors.New("ours")
	for _, scope := range []func(*Session, func() error) error{(*Session).Scope, (*Session).NoGrad} {
		s := open(t, Float32)
		if err := scope(s, func() error { return nil }); err != nil {
			t.Errorf("without an error: %v", err)
		}
		if err := scope(s, func() error { return ours }); err != ours || s.Err() != nil {
			t.Errorf("of f alone: %v, and the session's is %v", err, s.Err())
		}
		err := scope(s, func() error {
			s.Zeros(2).Reshape(3)
			return ours
		})
		if !errors.Is(err, ours) || !errors.Is(err, s.Err()) {
			t.Errorf("of both: %v", err)
		}
		if err := scope(s, func() error { return nil }); err != s.Err() {
			t.Errorf("of the session alone: %v", err)
		}
		wrapped := fmt.Errorf("a step: %w", s.Err())
		if err := scope(s, func() error { return wrapped }); err != wrapped {
			t.Errorf("of f, which has the session's: %v", err)
		}
	}
}

func TestOnlyTheResultOutlivesOnly(t *testing.T) {
	s := open(t, Float32)
	x := s.Only(func() *Tensor { return s.Zeros(2).AddScalar(1).AddScalar(2) })
	if got := values(t, x); s.Live() != 1 || got[0] != 3 {
		t.Errorf("%d tensors live, the result is %v", s.Live(), got)
	}
}

func TestWrongNumberOfValues(t *testing.T) {
	s := open(t, Float32)
	s.Floats([]float32{1, 2, 3}, 2, 2)
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), "[2 2] from 3 values") {
		t.Errorf("error %v, want shape and number", err)
	}
}

func TestNoGradRestoresTheMode(t *testing.T) {
	s := open(t, Float32)
	w := s.Floats([]float32{3}, 1).RequireGrad()
	gradient := func() (g float32, ok bool) {
		y := w.Mul(w)
		if err := s.Err(); err != nil {
			t.Fatal(err)
		}
		y.Backward()
		if s.Err() != nil {
			return 0, false
		}
		g = values(t, w.Grad())[0]
		w.Grad().ZeroInPlace()
		return g, true
	}
	s.NoGrad(func() error {
		s.NoGrad(func() error { return nil })
		w.AddInPlace(s.Floats([]float32{1}, 1)) // fails where gradients flow to a leaf
		return nil
	})
	if g, ok := gradient(); !ok || g != 8 {
		t.Errorf("after NoGrad: gradient %g, %v, want 8", g, s.Err())
	}
	func() {
		defer func() { recover() }()
		s.NoGrad(func() error { panic("inside") })
	}()
	if g, ok := gradient(); !ok || g != 8 {
		t.Errorf("after a panic in NoGrad: gradient %g, %v, want 8", g, s.Err())
	}
	s.NoGrad(func() error {
		if _, ok := gradient(); ok {
			t.Error("inside NoGrad a gradient flowed")
		}
		return nil
	})
}

func TestSessionsOfTwoThreads(t *testing.T) {
	var wait sync.WaitGroup
	results := make([]float32, 8)
	errs := make([]error, 8)
	for i := range results {
		wait.Go(func() {
			s, err := Open(Options{})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			w := s.Floats([]float32{float32(i)}, 1).RequireGrad()
			for range 50 {
				if i%2 == 0 { // its mode and its error are not the others'
					s.NoGrad(func() error {
						w.Mul(w)
						return nil
					})
					s.Zeros(2).MatMul(s.Zeros(3))
					continue
				}
				s.Scope(func() error {
					w.Mul(w).Backward()
					return nil
				})
			}
			if errs[i] = s.Err(); errs[i] == nil {
				v, _ := w.Grad().Values()
				results[i] = v[0]
			}
		})
	}
	wait.Wait()
	for i := range results {
		if i%2 == 0 && errs[i] == nil {
			t.Errorf("session %d lost its error", i)
		}
		if i%2 == 1 && (errs[i] != nil || results[i] != float32(100*i)) {
			t.Errorf("session %d: gradient %g, %v, want %d", i, results[i], errs[i], 100*i)
		}
	}
}

func TestATensorOfAnotherSessionIsAnError(t *testing.T) {
	a := open(t, Float32)
	var err error
	done := make(chan bool)
	go func() {
		defer close(done)
		b, failed := Open(Options{})
		if failed != nil {
			err = failed
			return
		}
		defer b.Close()
		b.Zeros(1).Add(a.Zeros(1))
		err = b.Err()
	}()
	<-done
	if err == nil || !strings.Contains(err.Error(), "another session") {
		t.Errorf("error %v, want one that names another session", err)
	}
}

func TestUnknownDevices(t *testing.T) {
	for _, device := range []string{"gpu", "cuda", "cuda:x", "cuda:-1", "cuda:99"} {
		if _, err := Open(Options{Device: device}); err == nil || !strings.Contains(err.Error(), device) {
			t.Errorf("%s: error %v, want one that names it", device, err)
		}
	}
}

func TestMemoryIsFlat(t *testing.T) {
	s := open(t, Float32)
	const n = 1 << 20 // 4 MB
	data := make([]float32, n)
	weight := s.Zeros(n).RequireGrad()
	round := func() {
		err := s.Scope(func() error {
			x := s.Floats(data, n)
			s.NoGrad(func() error {
				x.AddInPlace(x)
				x.MulScalarInPlace(2)
				x.LerpInPlace(weight, 0.5)
				x.ZeroInPlace()
				x.Narrow(0, 0, n/2).CopyInPlace(x.Narrow(0, n/2, n/2))
				return nil
			})
			weight.Mul(x).Sum().Backward()
			weight.Grad().ZeroInPlace()
			_, err := x.IntValues() // an error must not leak either, but this one sticks
			return err
		})
		if err == nil {
			t.Fatal("float32 was read as int64")
		}
		s.err = nil
	}
	for range 5 {
		round()
	}
	before, live := resident(t), s.Live()
	for range 40 {
		round()
	}
	// A leak of one handle a round would be 160 MB.
	if grown := resident(t) - before; grown > 40<<20 || s.Live() != live {
		t.Errorf("memory grew by %d MB and %d tensors in 40 rounds of 4 MB tensors", grown>>20, s.Live()-live)
	}
}

// resident is the process's memory in bytes.
func resident(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

func TestTypes(t *testing.T) {
	s := open(t, Float64)
	x := s.Float64s([]float64{1, -2.5, math.Pi}, 3)
	if got, err := x.Value64s(); err != nil || !slices.Equal(got, []float64{1, -2.5, math.Pi}) {
		t.Errorf("float64 %v, %v", got, err)
	}
	if got := values(t, x); !slices.Equal(got, []float32{1, -2.5, math.Pi}) {
		t.Errorf("as float32 %v", got)
	}
	if x.To(Float64) != x {
		t.Error("a conversion to the same type made a tensor")
	}
	if got, err := x.To(Int64).IntValues(); err != nil || !slices.Equal(got, []int64{1, -2, 3}) {
		t.Errorf("as integers %v, %v", got, err)
	}
	if got := s.Ints([]int64{-1 << 60, 7}, 2, 1); got.DType() != Int64 || !slices.Equal(got.Shape(), []int{2, 1}) {
		t.Errorf("integers have type %d and shape %v", got.DType(), got.Shape())
	}
	if low := x.To(BFloat16); low.DType() != BFloat16 || !slices.Equal(values(t, low), []float32{1, -2.5, 3.140625}) {
		t.Errorf("as bf16 type %d, %v", low.DType(), values(t, low))
	}
	if got := s.Floats(nil, 0, 3); got.Elements() != 0 || len(values(t, got)) != 0 {
		t.Errorf("an empty tensor has shape %v", got.Shape())
	}
	if got, err := s.Floats([]float32{4}).Item(); err != nil || got != 4 {
		t.Errorf("a scalar is %g, %v", got, err)
	}
}

func TestReadingAsAnotherTypeIsAnError(t *testing.T) {
	for name, read := range map[string]func(s *Session) error{
		"floats as integers": func(s *Session) error { _, err := s.Zeros(3).IntValues(); return err },
		"two as one":         func(s *Session) error { _, err := s.Zeros(2).Item(); return err },
	} {
		s := open(t, Float32)
		if err := read(s); err == nil {
			t.Errorf("%s: no error", name)
		}
		s.Close()
	}
}
