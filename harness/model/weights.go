package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

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
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(raw, &index); err != nil {
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

// readWeights reads all tensors of a folder, and returns the file to name in
// errors about them.
func readWeights(dir string) (path string, tensors map[string]safetensors.Tensor, err error) {
	files, err := WeightFiles(dir)
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, files[0])
	if files[0] == weightsFile {
		tensors, err = safetensors.Read(path)
		return path, tensors, err
	}
	index, err := readIndex(dir)
	if err != nil {
		return "", nil, err
	}
	tensors = make(map[string]safetensors.Tensor, len(index))
	for _, name := range files[1:] {
		part, err := safetensors.Read(filepath.Join(dir, name))
		if err != nil {
			return "", nil, err
		}
		for tensor, file := range index {
			if file != name {
				continue
			}
			t, ok := part[tensor]
			if !ok {
				return "", nil, fmt.Errorf("reading %s: tensor %q is missing, which %s puts there", filepath.Join(dir, name), tensor, indexFile)
			}
			tensors[tensor] = t
		}
	}
	return path, tensors, nil
}
