package encoder

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"lastmile/harness/foreign"
	"lastmile/harness/model"
)

// tokenizerFiles are what a folder's texts are read with, as far as it has them.
var tokenizerFiles = []string{"tokenizer.json", "tokenizer_config.json", "vocab.txt", "spiece.model", "spm.model", "sentencepiece.model"}

// Name names the encoder of a folder in signatures: by its type and the first 8 digits of
// the SHA-256 of its files, roberta-1a2b3c4d.
func Name(dir string, c Config) (string, error) {
	weights, err := model.WeightFiles(dir)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	add := func(name string) error {
		f, err := foreign.Open(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		defer f.Close()
		fmt.Fprintln(sum, name)
		_, err = io.Copy(sum, f)
		return err
	}
	for _, name := range append(weights, "config.json") {
		if err := add(name); err != nil {
			return "", err
		}
	}
	for _, name := range tokenizerFiles {
		if err := add(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return fmt.Sprintf("%s-%.4x", c.ModelType, sum.Sum(nil)), nil
}
