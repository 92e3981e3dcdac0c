// Package safetensors reads and writes Hugging Face's safetensors files: an
// 8-byte length, a JSON header that says of each tensor its type, shape and
// place, and the bytes.
//
// The header is checked before anything is believed: a length beyond the file,
// places that overlap, overrun or disagree with the shape are errors. Nothing
// in a file is ever executed. The same tensors are written as the same bytes.
package safetensors

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
)

// Tensor is one tensor of a file.
type Tensor struct {
	// DType is "F32", "F64", "F16", "BF16" or "I64".
	DType string
	// Shape is the size of each dimension.
	Shape []int
	// Data holds the elements, little-endian.
	Data []byte
}

// sizes are the bytes of one element.
var sizes = map[string]int{"F64": 8, "I64": 8, "F32": 4, "F16": 2, "BF16": 2}

type entry struct {
	DType       string   `json:"dtype"`
	Shape       []int    `json:"shape"`
	DataOffsets [2]int64 `json:"data_offsets"`
}

// maxHeader is the limit of the reference implementation.
const maxHeader = 100_000_000

// Read reads all tensors of the file at path.
func Read(path string) (map[string]Tensor, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	tensors, err := Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return tensors, nil
}

// Parse reads all tensors of a file's bytes, which they share.
func Parse(raw []byte) (map[string]Tensor, error) {
	if len(raw) < 8 {
		return nil, fmt.Errorf("%d bytes are too few for a safetensors file", len(raw))
	}
	n := binary.LittleEndian.Uint64(raw)
	if n > maxHeader || n > uint64(len(raw)-8) {
		return nil, fmt.Errorf("safetensors header of %d bytes in a file of %d", n, len(raw))
	}
	var header map[string]json.RawMessage
	if err := json.Unmarshal(raw[8:8+n], &header); err != nil {
		return nil, fmt.Errorf("safetensors header: %w", err)
	}
	body := raw[8+n:]
	tensors := make(map[string]Tensor, len(header))
	for name, text := range header {
		if name == "__metadata__" {
			continue
		}
		var e entry
		if err := json.Unmarshal(text, &e); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		size, ok := sizes[e.DType]
		if !ok {
			return nil, fmt.Errorf("tensor %q: type %q is not supported; one of BF16, F16, F32, F64, I64", name, e.DType)
		}
		bytes := int64(size)
		for _, d := range e.Shape {
			if d < 0 || (d > 0 && bytes > math.MaxInt64/int64(d)) {
				return nil, fmt.Errorf("tensor %q: shape %v is impossible", name, e.Shape)
			}
			bytes *= int64(d)
		}
		from, to := e.DataOffsets[0], e.DataOffsets[1]
		if from < 0 || to < from || to > int64(len(body)) || to-from != bytes {
			return nil, fmt.Errorf("tensor %q: bytes %d to %d of %d, but shape %v of %s takes %d", name, from, to, len(body), e.Shape, e.DType, bytes)
		}
		tensors[name] = Tensor{DType: e.DType, Shape: e.Shape, Data: body[from:to]}
	}
	return tensors, nil
}

// Write writes the tensors to the file at path, in the order of their names,
// and syncs it.
func Write(path string, tensors map[string]Tensor) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	if err = encode(w, tensors); err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func encode(w io.Writer, tensors map[string]Tensor) error {
	names := make([]string, 0, len(tensors))
	for name := range tensors {
		names = append(names, name)
	}
	slices.Sort(names)
	header := map[string]any{"__metadata__": map[string]string{"format": "pt"}}
	var at int64
	for _, name := range names {
		t := tensors[name]
		end := at + int64(len(t.Data))
		header[name] = entry{DType: t.DType, Shape: t.Shape, DataOffsets: [2]int64{at, end}}
		at = end
	}
	text, err := json.Marshal(header)
	if err != nil {
		return err
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	if err := binary.Write(w, binary.LittleEndian, uint64(len(text))); err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	for _, name := range names {
		if _, err := w.Write(tensors[name].Data); err != nil {
			return err
		}
	}
	return nil
}
