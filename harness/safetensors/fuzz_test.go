package safetensors

import (
	"bytes"
	"encoding/binary"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"lastmile/harness/fuzztest"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Add([]byte("version https://git-lfs.github.com/spec/v1\n"))
	for _, header := range []string{
		`{"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[1,2],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[],"data_offsets":[4,8]}}`,
		`{"a":{"dtype":"F16","shape":[0,9223372036854775807],"data_offsets":[0,0]},"b":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}`,
	} {
		f.Add(append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), 1, 2, 3, 4, 5, 6, 7, 8))
	}
	path := filepath.Join(f.TempDir(), "model.safetensors")
	f.Fuzz(func(t *testing.T, raw []byte) {
		fuzztest.Bounded(t, 256<<20, func() {
			tensors, err := Parse(raw)
			fuzztest.Says(t, err, string(raw))
			total := 0
			for _, tensor := range tensors {
				total += len(tensor.Data)
				values, err := tensor.Float32s()
				fuzztest.Says(t, err, string(raw))
				if elements := tensor.elements(); err == nil && len(values) != elements {
					t.Errorf("%d values of the shape %v", len(values), tensor.Shape)
				}
			}
			if total > len(raw) {
				t.Errorf("%d bytes of tensors in %d", total, len(raw))
			}
			// The same where it is read from a file, tensor by tensor.
			if err := os.WriteFile(path, raw, 0o600); err != nil {
				t.Fatal(err)
			}
			opened, fileErr := Open(path)
			fuzztest.Says(t, fileErr, string(raw))
			if (fileErr == nil) != (err == nil) {
				t.Fatalf("parsed with error %v, and opened with error %v", err, fileErr)
			}
			if err != nil {
				return
			}
			defer opened.Close()
			for name, tensor := range tensors {
				read, err := opened.Read(name)
				if err != nil || !bytes.Equal(read.Data, tensor.Data) || !slices.Equal(read.Shape, tensor.Shape) {
					t.Errorf("%q is parsed as %v and read as %v, %v", name, tensor, read, err)
				}
			}
			var written bytes.Buffer
			if err := encode(&written, tensors); err != nil {
				t.Fatal(err)
			}
			again, err := Parse(written.Bytes())
			if err != nil || !slices.Equal(slices.Sorted(maps.Keys(again)), slices.Sorted(maps.Keys(tensors))) {
				t.Fatalf("written and parsed again, %d tensors are %d: %v", len(tensors), len(again), err)
			}
			for name, tensor := range tensors {
				if got := again[name]; got.DType != tensor.DType || !bytes.Equal(got.Data, tensor.Data) || len(got.Shape)+len(tensor.Shape) > 0 && !reflect.DeepEqual(got.Shape, tensor.Shape) {
					t.Errorf("%q is %v, and then %v", name, tensor, got)
				}
			}
		})
	})
}

// elements is the number of a tensor's elements.
func (t Tensor) elements() int {
	n := 1
	for _, size := range t.Shape {
		n *= size
	}
	return n
}
