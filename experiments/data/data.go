// Package data holds the data set that ships with lastmile,
// "debian-descriptions": the long description of a Debian package in, its
// one-line synopsis out.
//
// It is three files of JSON lines, compressed with zstd and embedded, so that
// a program without a network still has a real task to learn. A line has the
// fields "id" (the package's name), "input" and "reference". The program in
// make made them from Debian's package lists; README.md says how, and what
// they hold.
package data

import (
	"embed"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// DebianDescriptions is the name of the data set.
const DebianDescriptions = "debian-descriptions"

// splits are the names of a data set's parts, in the order of their use.
var splits = []string{"train", "dev", "test"}

//go:embed debian-descriptions/*.jsonl.zst
var files embed.FS

// Names returns the names of the data sets.
func Names() []string { return []string{DebianDescriptions} }

// Open returns the JSON lines of a split, "train", "dev" or "test", of
// debian-descriptions. The caller closes the reader.
func Open(split string) (io.ReadCloser, error) {
	if !slices.Contains(splits, split) {
		return nil, fmt.Errorf("opening the data set %s: unknown split %q; one of %s", DebianDescriptions, split, strings.Join(splits, ", "))
	}
	file, err := files.Open(DebianDescriptions + "/" + split + ".jsonl.zst")
	if err != nil {
		return nil, fmt.Errorf("opening the data set %s: %w", DebianDescriptions, err)
	}
	// One goroutine decodes as fast as JSON is parsed, and holds less memory.
	decoder, err := zstd.NewReader(file, zstd.WithDecoderConcurrency(1))
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("opening the data set %s, split %s: %w", DebianDescriptions, split, err)
	}
	return decoder.IOReadCloser(), nil
}
