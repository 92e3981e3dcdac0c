package records

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/klauspost/compress/zstd"

	"lastmile/harness/foreign"
)

// What a file may unfold to: text seldom shrinks to a tenth, and what is said to
// be a hundred times its file's size is no text.
const (
	mostExpansion = 100
	freely        = 64 << 20 // bytes that any file may have, however small
)

// content is what stands in an open file, unpacked.
type content struct {
	*bufio.Reader
	path  string
	plain *os.File // nil where the file is compressed
	most  int64    // bytes that it may unfold to
	taken int64    // bytes of its records so far, see take
	close func() error
}

// contentOf is what a reader reads, by a name for messages.
func contentOf(r io.Reader, name string) *content {
	return &content{Reader: bufio.NewReaderSize(r, 1<<16), path: name, close: func() error { return nil }}
}

func (c *content) Close() error { return c.close() }

// mostValues is how many rows a binary file may have: few bytes can be a great many
// that are all the same, which no rows of texts are.
func (c *content) mostValues() int64 { return c.most / 64 }

func (c *content) beginsWith(magic string) bool {
	found, _ := c.Peek(len(magic))
	return string(found) == magic
}

// compression is a way to pack a file.
type compression struct {
	name, extension, magic string
	unpack                 func(io.Reader) (io.ReadCloser, error)
}

func compressions() []compression {
	return []compression{
		{"gzip", ".gz", "\x1f\x8b", func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }},
		{"Zstandard", ".zst", "\x28\xb5\x2f\xfd", func(r io.Reader) (io.ReadCloser, error) {
			d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
			if err != nil {
				return nil, err
			}
			return d.IOReadCloser(), nil
		}},
	}
}

// open opens a file and unpacks it as it is read.
func open(path string) (*content, error) {
	file, err := foreign.Open(path)
	if err != nil {
		return nil, err
	}
	c := &content{Reader: bufio.NewReaderSize(file, 1<<16), path: path, plain: file, close: file.Close}
	if c.beginsWith(foreign.PointerStart) {
		return nil, errors.Join(fmt.Errorf("%s is %w", path, foreign.ErrPointer), file.Close())
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	c.most = max(freely, mostExpansion*info.Size())
	for _, way := range compressions() {
		if !c.beginsWith(way.magic) {
			continue
		}
		unpacked, err := way.unpack(c.Reader)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("reading %s, which begins like a file of %s: %w", path, way.name, err), file.Close())
		}
		limited := &limited{r: unpacked, path: path, left: c.most}
		return &content{
			Reader: bufio.NewReaderSize(limited, 1<<16),
			path:   path,
			most:   c.most,
			close:  func() error { return errors.Join(unpacked.Close(), file.Close()) },
		}, nil
	}
	return c, nil
}

// limited fails where more is read than may be.
type limited struct {
	r    io.Reader
	path string
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the packed file ends too early")
	}
	if l.left -= int64(n); l.left < 0 {
		return 0, tooMuch(l.path)
	}
	return n, err
}

// tooMuch is the error for a file that unfolds beyond measure.
func tooMuch(path string) error {
	return fmt.Errorf("%s unfolds to more than %d times its size; no text does", path, mostExpansion)
}

// take counts the bytes of a record of a format in which many records can share a value:
// whoever reads them has a copy of each.
func (c *content) take(fields map[string]any) error {
	if c.taken += bytesOf(fields); c.taken > c.most {
		return tooMuch(c.path)
	}
	return nil
}

// bytesOf is how many bytes a value takes at least.
func bytesOf(value any) int64 {
	n := int64(16) // the interface
	switch v := value.(type) {
	case string:
		n += int64(len(v))
	case map[string]any:
		for _, within := range v {
			n += bytesOf(within)
		}
	case []any:
		for _, within := range v {
			n += bytesOf(within)
		}
	}
	return n
}

// random is the content as formats read it whose directory is at the end.
func (c *content) random() (r io.ReaderAt, size int64, err error) {
	if c.plain != nil {
		info, err := c.plain.Stat()
		if err != nil {
			return nil, 0, err
		}
		r, size = c.plain, info.Size()
	} else {
		all, err := io.ReadAll(c)
		if err != nil {
			return nil, 0, err
		}
		r, size = bytes.NewReader(all), int64(len(all))
	}
	if size == 0 {
		return nil, 0, errors.New("the file is empty")
	}
	return r, size, nil
}

// longest is the most bytes that a line may have.
const longest = 16 << 20

// line reads a line with its end, as bufio.Reader.ReadBytes does.
func (c *content) line() ([]byte, error) {
	var line []byte
	for {
		part, err := c.ReadSlice('\n')
		if len(line)+len(part) > longest {
			return nil, fmt.Errorf("the line has more than %s, which no text has", strings.ReplaceAll(humanize.IBytes(longest), " ", " "))
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}
