package model

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lastmile/harness/foreign"
	"lastmile/harness/jsonfile"
	"lastmile/harness/safetensors"
)

// The files that hold a model's parameters.
const (
	weightsFile = "model.safetensors"
	indexFile   = "model.safetensors.index.json" // of parameters in several files
)

// WeightFiles lists the files of a Hugging Face folder that hold its
// parameters, by their names in it: model.safetensors, or else
// model.safetensors.index.json and those that it names. An index that names a
// file elsewhere is refused.
func WeightFiles(dir string) ([]string, error) {
	if _, err := os.Stat(filepath.Join(dir, weightsFile)); err == nil {
		return []string{weightsFile}, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	index, err := readIndex(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has neither %s nor %s; other formats are not read, "+
			"and those that are programs, such as pytorch_model.bin, never", dir, weightsFile, indexFile)
	}
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Values(index))
	return append([]string{indexFile}, slices.Compact(names)...), nil
}

// readIndex reads which file holds each parameter.
func readIndex(dir string) (map[string]string, error) {
	path := filepath.Join(dir, indexFile)
	raw, err := foreign.Read(path)
	if err != nil {
		return nil, err
	}
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := jsonfile.Unmarshal(raw, &index); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if len(index.WeightMap) == 0 {
		return nil, fmt.Errorf("reading %s: weight_map is empty; expected the file of each tensor", path)
	}
	for _, tensor := range slices.Sorted(maps.Keys(index.WeightMap)) {
		name := index.WeightMap[tensor]
		if !filepath.IsLocal(name) || filepath.Base(name) != name || filepath.Ext(name) != ".safetensors" {
			return nil, fmt.Errorf("reading %s: tensor %q lies in %q; expected a .safetensors file in the folder itself", path, tensor, name)
		}
	}
	return index.WeightMap, nil
}

// Weights are the open files of a folder's parameters.
type Weights struct {
	path  string                       // the file to name in errors
	files map[string]*safetensors.File // by the name of each tensor
	open  []*safetensors.File
}

// OpenWeights opens a folder's parameters, and checks that all are there which
// its index lists.
func OpenWeights(dir string) (_ *Weights, err error) {
	files, err := WeightFiles(dir)
	if err != nil {
		return nil, err
	}
	w := &Weights{path: filepath.Join(dir, files[0]), files: map[string]*safetensors.File{}}
	defer func() {
		if err != nil {
			w.Close()
		}
	}()
	var index map[string]string
	if files[0] == indexFile {
		if index, err = readIndex(dir); err != nil {
			return nil, err
		}
		files = files[1:]
	}
	for _, name := range files {
		path := filepath.Join(dir, name)
		f, err := safetensors.Open(path)
		if err != nil {
			return nil, err
		}
		w.open = append(w.open, f)
		if index == nil {
			for tensor := range f.Tensors {
				w.files[tensor] = f
			}
		}
		for tensor, file := range index {
			if file != name {
				continue
			}
			if _, ok := f.Tensors[tensor]; !ok {
				return nil, fmt.Errorf("reading %s: tensor %q is missing, which %s puts there", path, tensor, indexFile)
			}
			w.files[tensor] = f
		}
	}
	return w, w.checkQuantised()
}

// quantised are parts of names of tensors by which weights are known that are stored in
// fewer bits, and by what.
var quantised = []struct{ part, by string }{
	{".bitsandbytes__", "bitsandbytes, in 4 bits"},
	{".SCB", "bitsandbytes, in 8 bits"},
	{".qweight", "GPTQ or AWQ"},
}

// checkQuantised refuses weights that are no longer what they were trained as.
func (w *Weights) checkQuantised() error {
	for _, name := range slices.Sorted(maps.Keys(w.files)) {
		for _, q := range quantised {
			if strings.Contains(name, q.part) {
				return fmt.Errorf("reading %s: the weights are quantised by %s (%s), which is not read; save them in f32, f16 or bf16", w.path, q.by, name)
			}
		}
	}
	return nil
}

// Has tells whether there is a tensor of that name.
func (w *Weights) Has(tensor string) bool { return w.files[tensor] != nil }

// Check tells whether a tensor is there, with the given shape and a type that can be
// read.
func (w *Weights) Check(tensor string, size []int) error {
	f := w.files[tensor]
	if f == nil {
		return fmt.Errorf("reading %s: tensor %q is missing", w.path, tensor)
	}
	t := f.Tensors[tensor]
	if !t.IsFloat() {
		return fmt.Errorf("reading %s: tensor %q is of type %s; quantised weights are not read, expected F32, F16, BF16 or F64", w.path, tensor, t.DType)
	}
	if !slices.Equal(t.Shape, size) {
		return fmt.Errorf("reading %s: tensor %q has shape %v, but config.json makes it %v", w.path, tensor, t.Shape, size)
	}
	return nil
}

// Read reads a tensor of the given shape as float32.
func (w *Weights) Read(tensor string, size []int) ([]float32, error) {
	if err := w.Check(tensor, size); err != nil {
		return nil, err
	}
	t, err := w.files[tensor].Read(tensor)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", w.path, err)
	}
	values, err := t.Float32s()
	if err != nil {
		return nil, fmt.Errorf("reading %s: tensor %q: %w", w.path, tensor, err)
	}
	return values, nil
}

// Close closes the files.
func (w *Weights) Close() {
	for _, f := range w.open {
		f.Close()
	}
}
