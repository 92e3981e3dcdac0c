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
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
)

// Tensor is one tensor of a file.
type Tensor struct {
	// DType is "F64", "F32", "F16" or "BF16", or a type of whole numbers.
	DType string
	// Shape is the size of each dimension.
	Shape []int
	// Data holds the elements, little-endian.
	Data []byte
}

// sizes are the bytes of one element.
var sizes = map[string]int{
	"F64": 8, "F32": 4, "F16": 2, "BF16": 2,
	"I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}

type entry struct {
	DType       string  `json:"dtype"`
	Shape       []int   `json:"shape"`
	DataOffsets []int64 `json:"data_offsets"`
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
	var places []place
	for name, text := range header {
		if name == "__metadata__" {
			continue
		}
		var e entry
		if err := json.Unmarshal(text, &e); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		from, to, err := e.place(len(body))
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		tensors[name] = Tensor{DType: e.DType, Shape: e.Shape, Data: body[from:to]}
		places = append(places, place{name, from, to})
	}
	if err := checkPlaces(places, len(body)); err != nil {
		return nil, err
	}
	return tensors, nil
}

// place checks where an entry says that its bytes are, of so many.
func (e entry) place(bytes int) (from, to int64, err error) {
	size, ok := sizes[e.DType]
	if !ok {
		return 0, 0, fmt.Errorf("type %q is not supported; one of %s", e.DType, strings.Join(slices.Sorted(maps.Keys(sizes)), ", "))
	}
	if len(e.DataOffsets) != 2 {
		return 0, 0, fmt.Errorf("%d data_offsets, want 2", len(e.DataOffsets))
	}
	takes := int64(size)
	for _, d := range e.Shape {
		if d < 0 || (d > 0 && takes > math.MaxInt64/int64(d)) {
			return 0, 0, fmt.Errorf("shape %v is impossible", e.Shape)
		}
		takes *= int64(d)
	}
	from, to = e.DataOffsets[0], e.DataOffsets[1]
	if from < 0 || to < from || to > int64(bytes) || to-from != takes {
		return 0, 0, fmt.Errorf("bytes %d to %d of %d, but shape %v of %s takes %d", from, to, bytes, e.Shape, e.DType, takes)
	}
	return from, to, nil
}

// place is where a tensor lies.
type place struct {
	name     string
	from, to int64
}

// checkPlaces refuses tensors that overlap or leave bytes over, as the reference
// implementation does.
func checkPlaces(places []place, bytes int) error {
	slices.SortFunc(places, func(a, b place) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	var before place
	for _, p := range places {
		switch {
		case p.from < before.to:
			return fmt.Errorf("tensors %q and %q overlap: bytes %d to %d and %d to %d", before.name, p.name, before.from, before.to, p.from, p.to)
		case p.from > before.to:
			return fmt.Errorf("bytes %d to %d, before tensor %q, belong to no tensor", before.to, p.from, p.name)
		}
		before = p
	}
	if before.to != int64(bytes) {
		return fmt.Errorf("bytes %d to %d, at the end, belong to no tensor", before.to, bytes)
	}
	return nil
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
		header[name] = entry{DType: t.DType, Shape: t.Shape, DataOffsets: []int64{at, end}}
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
