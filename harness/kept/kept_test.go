package kept

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/fuzztest"
)

// open opens a file and closes it with the test.
func open(t testing.TB, path string) *File {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// TestOnceComputesOnce has a process end, and others go on though a byte of the file
// changes or its end is lost.
func TestOnceComputesOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder", "kept.jsonl")
	numbers := func(i int) []float64 { return []float64{float64(i), 1 / float64(i+3)} }
	change := func(f func(text []byte) []byte) func() {
		return func() {
			text, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, f(text), 0o666)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, step := range []struct {
		what     string
		before   func()
		asked    int
		computed []int
	}{
		{"with nothing", func() {}, 2, []int{0, 1}},
		{"after its end", func() {}, 4, []int{2, 3}},
		{"the end is lost", change(func(text []byte) []byte { return text[:len(text)-3] }), 4, []int{3}},
		{"after that", func() {}, 4, nil},
		{"another number", change(func(text []byte) []byte {
			return bytes.Replace(text, []byte(`"numbers":[1,`), []byte(`"numbers":[7,`), 1)
		}), 4, []int{1}},
	} {
		step.before()
		f := open(t, path)
		var computed []int
		for i := range step.asked {
			got, err := f.Once([]string{"what", strings.Repeat("x", i)}, 2, func() ([]float64, error) {
				computed = append(computed, i)
				return numbers(i), nil
			})
			if err != nil || !slices.Equal(got, numbers(i)) {
				t.Errorf("%s: %d is %v, %v", step.what, i, got, err)
			}
		}
		if !slices.Equal(computed, step.computed) {
			t.Errorf("%s: computed %v, want %v", step.what, computed, step.computed)
		}
	}
}

func TestWhatIsNotKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kept.jsonl")
	f := open(t, path)
	failed := errors.New("failed")
	if _, err := f.Once("a", 1, func() ([]float64, error) { return nil, failed }); !errors.Is(err, failed) {
		t.Errorf("error %v", err)
	}
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		got, err := f.Once("a", 1, func() ([]float64, error) { return []float64{x}, nil })
		if err != nil || len(got) != 1 || math.Float64bits(got[0]) != math.Float64bits(x) {
			t.Errorf("%v is %v, %v", x, got, err)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file, %v", err)
	}
	if err := f.Add("a", []float64{1}); err != nil {
		t.Fatal(err)
	}
	if got, ok := f.Numbers("a", 2); ok {
		t.Errorf("of one number there are two: %v", got)
	}
	var none *File
	for range 2 {
		called := false
		if got, err := none.Once("a", 1, func() ([]float64, error) { called = true; return []float64{2}, nil }); err != nil || !called || got[0] != 2 {
			t.Errorf("without a file: %v, %v, computed %v", got, err, called)
		}
	}
	if err := none.Close(); err != nil {
		t.Error(err)
	}
}

func TestAFolderIsNoFile(t *testing.T) {
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("a folder was opened")
	}
}

// FuzzFile reads what a process left when it was killed, and adds some.
func FuzzFile(f *testing.F) {
	sound, err := line{Of: strings.Repeat("ab", 32), Numbers: []float64{1, -0.5}}.text()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sound)
	f.Add(append(bytes.Repeat(sound, 2), sound[:20]...))
	f.Add(bytes.Replace(sound, []byte("0.5"), []byte("0.6"), 1))
	f.Add([]byte("null\n{\"numbers\":[1,2]}\n{\"of\":\"ab\",\"numbers\":[1,2],\"sum\":1e99}\n\xff"))
	path := filepath.Join(f.TempDir(), "kept.jsonl")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		fuzztest.Bounded(t, 64<<20, func() {
			before := open(t, path)
			if err := before.Add("more", []float64{3, 4}); err != nil {
				t.Fatal(err)
			}
			if after := open(t, path); !reflect.DeepEqual(after.known, before.known) {
				t.Errorf("after one more there are %v; want %v", after.known, before.known)
			}
		})
	})
}
