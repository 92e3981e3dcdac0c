package safetensors

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	values := []float32{1, -2.5, 3e-20, float32(math.Inf(1)), 0, 7}
	if err := Write(path, map[string]Tensor{"b": Float32(values, 2, 3), "a": BFloat16(values, 6)}); err != nil {
		t.Fatal(err)
	}
	tensors, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := tensors["b"].Float32s()
	if err != nil || !slices.Equal(got, values) || !slices.Equal(tensors["b"].Shape, []int{2, 3}) {
		t.Errorf("read %v of shape %v, %v", got, tensors["b"].Shape, err)
	}
	got, _ = tensors["a"].Float32s()
	for i, v := range got {
		if w := values[i]; v != w && math.Abs(float64(v-w)) > math.Abs(float64(w))/256 {
			t.Errorf("bfloat16 of %g is %g", w, v)
		}
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, want := range tensors {
		one, err := f.Read(name)
		if err != nil || one.DType != want.DType || !slices.Equal(one.Shape, want.Shape) || !bytes.Equal(one.Data, want.Data) {
			t.Errorf("alone, %s is another tensor: %v", name, err)
		}
	}
	if _, err := f.Read("c"); err == nil || !strings.Contains(err.Error(), `tensor "c" is missing`) {
		t.Errorf("a tensor that is not there: %v", err)
	}
	first, _ := os.ReadFile(path)
	if err := Write(path, tensors); err != nil {
		t.Fatal(err)
	}
	if second, _ := os.ReadFile(path); !bytes.Equal(first, second) {
		t.Error("the same tensors were written as other bytes")
	}
}

func TestHalf(t *testing.T) {
	for bits, want := range map[uint16]float32{0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0001: 1.0 / (1 << 24), 0x8400: -1.0 / (1 << 14), 0x3555: 0.33325195} {
		if got := half(bits); got != want {
			t.Errorf("half(%#x) = %g, want %g", bits, got, want)
		}
	}
}

func TestMalformedFilesAreRefused(t *testing.T) {
	file := func(header string, body int) []byte {
		raw := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
		return append(append(raw, header...), make([]byte, body)...)
	}
	for name, test := range map[string]struct {
		raw  []byte
		want string
	}{
		"too short":        {[]byte{1, 2}, "too few"},
		"header too long":  {append(binary.LittleEndian.AppendUint64(nil, 1<<60), "{}"...), "header of"},
		"no JSON":          {file("{", 0), "header"},
		"beyond the file":  {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 4), "bytes 0 to 8 of 4"},
		"other shape":      {file(`{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, 8), "takes 12"},
		"unknown type":     {file(`{"a":{"dtype":"Q4","shape":[3],"data_offsets":[0,8]}}`, 8), "Q4"},
		"overlap":          {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), `"a" and "b" overlap`},
		"hole":             {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), "bytes 0 to 4, before"},
		"too much":         {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 8), "bytes 4 to 8, at the end"},
		"no offsets":       {file(`{"a":{"dtype":"F32","shape":[0]}}`, 0), "0 data_offsets, want 2"},
		"three offsets":    {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}`, 4), "3 data_offsets, want 2"},
		"backwards":        {file(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[4,0]}}`, 4), "bytes 4 to 0"},
		"negative size":    {file(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}`, 8), "impossible"},
		"overflowing size": {file(`{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}`, 8), "impossible"},
	} {
		_, err := Parse(test.raw)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
		path := filepath.Join(t.TempDir(), "model.safetensors")
		if err := os.WriteFile(path, test.raw, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: opened with error %v, want one with the file and %q", name, err, test.want)
		}
	}
}
