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

	"lastmile/harness/foreign"
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

// File is an open file, whose tensors are read one by one: a model need not be
// in memory twice.
type File struct {
	// Tensors are the file's, by name, without their data.
	Tensors map[string]Tensor

	file   *os.File
	body   int64 // where the data begins
	places map[string]place
}

// Open opens the file at path and checks its header.
func Open(path string) (*File, error) {
	f, err := foreign.Open(path)
	if err != nil {
		return nil, err
	}
	opened, err := open(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return opened, nil
}

func open(f *os.File) (*File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var first [8]byte
	if _, err := f.ReadAt(first[:min(8, info.Size())], 0); err != nil {
		return nil, err
	}
	if isPointer(f, info.Size()) {
		return nil, fmt.Errorf("it is %w", foreign.ErrPointer)
	}
	n, err := headerSize(first[:], info.Size())
	if err != nil {
		return nil, err
	}
	header := make([]byte, n)
	if _, err := f.ReadAt(header, 8); err != nil {
		return nil, err
	}
	opened := &File{file: f, body: 8 + n}
	opened.Tensors, opened.places, err = parseHeader(header, info.Size()-8-n)
	return opened, err
}

func isPointer(f *os.File, size int64) bool {
	start := make([]byte, min(int64(len(foreign.PointerStart)), size))
	_, err := f.ReadAt(start, 0)
	return err == nil && foreign.IsPointer(start)
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// Read reads a tensor.
func (f *File) Read(name string) (Tensor, error) {
	t, ok := f.Tensors[name]
	if !ok {
		return t, fmt.Errorf("reading %s: tensor %q is missing", f.file.Name(), name)
	}
	at := f.places[name]
	t.Data = make([]byte, at.to-at.from)
	if _, err := f.file.ReadAt(t.Data, f.body+at.from); err != nil && len(t.Data) > 0 {
		return t, fmt.Errorf("reading tensor %q: %w", name, err)
	}
	return t, nil
}

// Read reads all tensors of the file at path.
func Read(path string) (map[string]Tensor, error) {
	f, err := foreign.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(f)
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
	n, err := headerSize(raw, int64(len(raw)))
	if err != nil {
		return nil, err
	}
	body := raw[8+n:]
	tensors, places, err := parseHeader(raw[8:8+n], int64(len(body)))
	if err != nil {
		return nil, err
	}
	for name, t := range tensors {
		t.Data = body[places[name].from:places[name].to]
		tensors[name] = t
	}
	return tensors, nil
}

// headerSize reads the length of the header from the beginning of a file of so
// many bytes.
func headerSize(raw []byte, bytes int64) (int64, error) {
	if bytes < 8 {
		return 0, fmt.Errorf("%d bytes are too few for a safetensors file", bytes)
	}
	n := binary.LittleEndian.Uint64(raw)
	if n > maxHeader || n > uint64(bytes-8) {
		return 0, fmt.Errorf("safetensors header of %d bytes in a file of %d", n, bytes)
	}
	return int64(n), nil
}

// parseHeader reads what a header says of its tensors and of where they lie
// among the bytes behind it.
func parseHeader(header []byte, bytes int64) (map[string]Tensor, map[string]place, error) {
	var entries map[string]json.RawMessage
	if err := foreign.Decode(header, &entries); err != nil {
		return nil, nil, fmt.Errorf("safetensors header: %w", err)
	}
	tensors, places := make(map[string]Tensor, len(entries)), make(map[string]place, len(entries))
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if name == "__metadata__" {
			continue
		}
		text := entries[name]
		var e entry
		if err := foreign.Decode(text, &e); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		from, to, err := e.place(bytes)
		if err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		tensors[name] = Tensor{DType: e.DType, Shape: e.Shape}
		places[name] = place{name, from, to}
	}
	if err := checkPlaces(slices.Collect(maps.Values(places)), bytes); err != nil {
		return nil, nil, err
	}
	return tensors, places, nil
}

// place checks where an entry says that its bytes are, of so many.
func (e entry) place(bytes int64) (from, to int64, err error) {
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
	if from < 0 || to < from || to > bytes || to-from != takes {
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
func checkPlaces(places []place, bytes int64) error {
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
	if before.to != bytes {
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
