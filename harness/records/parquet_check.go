package records

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// parquetCheck looks whether what a Parquet file says of sizes and numbers is so.
// The library that reads it believes a damaged one, and asks the system for more
// memory than there is, from which no program recovers.
//
// See https://parquet.apache.org/docs/file-format/.
type parquetCheck struct {
	r    io.ReaderAt
	size int64
	// most is how many bytes all pages together may unfold to, and mostValues how
	// many rows the file may have, and values a page.
	most, mostValues int64
}

// leaf is what a column's pages are read by: how deep lists and nulls lie in it.
type leaf struct{ repetition, definition int }

func (p *parquetCheck) file() error {
	const magic = "PAR1"
	if p.size < 12 {
		return fmt.Errorf("%d bytes are too few for a Parquet file", p.size)
	}
	head, err := part(p.r, 0, 4, p.size)
	if err != nil {
		return err
	}
	tail, err := part(p.r, p.size-8, 8, p.size)
	if err != nil {
		return err
	}
	length := int64(binary.LittleEndian.Uint32(tail))
	switch end := string(tail[4:]); {
	case end == "PARE":
		return errors.New("the file is encrypted")
	case string(head) != magic:
		return fmt.Errorf("it is no Parquet file: it begins with %q, expected %q", head, magic)
	case end != magic:
		return fmt.Errorf("the file is damaged, or its end is missing: it ends with %q, expected %q", end, magic)
	case length > p.size-12:
		return fmt.Errorf("the file is damaged: %d bytes of metadata in a file of %d", length, p.size)
	}
	footer, err := part(p.r, p.size-8-length, length, p.size-8)
	if err != nil {
		return err
	}
	if err := (&compact{text: footer}).structure(0); err != nil {
		return damaged(err)
	}
	var meta format.FileMetaData
	var protocol thrift.CompactProtocol
	if err := thrift.NewDecoder(protocol.NewReaderFromBytes(footer)).Decode(&meta); err != nil {
		return damaged(err)
	}
	leaves, rest, err := leavesOf(meta.Schema, leaf{}, 0)
	if err != nil || len(rest) > 0 {
		return damaged(cmp.Or(err, errors.New("its schema is no tree")))
	}
	rows := int64(0)
	for _, group := range meta.RowGroups {
		if rows += group.NumRows; group.NumRows < 0 || rows > p.mostValues {
			return damaged(fmt.Errorf("it says that it has %d rows", rows))
		}
		if len(group.Columns) != len(leaves) {
			return damaged(fmt.Errorf("%d columns, of which a part has %d", len(leaves), len(group.Columns)))
		}
		for i, column := range group.Columns {
			if err := p.column(column.MetaData, leaves[i]); err != nil {
				return fmt.Errorf("column %d: %w", i+1, damaged(err))
			}
		}
	}
	if meta.NumRows < 0 || meta.NumRows > p.mostValues {
		return damaged(fmt.Errorf("it says that it has %d rows", meta.NumRows))
	}
	return nil
}

func damaged(err error) error { return fmt.Errorf("the file is damaged: %w", err) }

// leavesOf returns the columns of a schema whose first element is their root, and
// the elements behind that.
func leavesOf(schema []format.SchemaElement, at leaf, depth int) (
	leaves []leaf, rest []format.SchemaElement, err error,
) {
	if len(schema) == 0 || depth > deepestField {
		return nil, nil, errors.New("columns lie too deep, or lack")
	}
	element := schema[0]
	if depth > 0 && element.RepetitionType.Valid {
		switch element.RepetitionType.V {
		case format.Optional:
			at.definition++
		case format.Repeated:
			at.definition++
			at.repetition++
		}
	}
	rest = schema[1:]
	children := int(element.NumChildren.V)
	if element.Type.Valid && children <= 0 {
		return []leaf{at}, rest, nil
	}
	if children < 0 || children > len(rest) {
		return nil, nil, errors.New("columns are announced that are not there")
	}
	for range children {
		var below []leaf
		if below, rest, err = leavesOf(rest, at, depth+1); err != nil {
			return nil, nil, err
		}
		leaves = append(leaves, below...)
	}
	return leaves, rest, nil
}

// column checks the pages of a column's part in a group of rows.
func (p *parquetCheck) column(meta format.ColumnMetaData, of leaf) error {
	at := meta.DataPageOffset
	if meta.DictionaryPageOffset != 0 {
		at = meta.DictionaryPageOffset
	}
	if at < 0 || meta.TotalCompressedSize < 0 || at > p.size || meta.TotalCompressedSize > p.size-at {
		return fmt.Errorf("its %d bytes from byte %d on lie behind the end of the file", meta.TotalCompressedSize, at)
	}
	end := at + meta.TotalCompressedSize
	for at < end {
		header, taken, err := p.header(at, end)
		if err != nil {
			return err
		}
		at += taken
		if header.compressed > end-at {
			return fmt.Errorf("a page of %d bytes where %d are left", header.compressed, end-at)
		}
		// What has no bytes takes time all the same.
		if p.most -= max(header.uncompressed, 64); p.most < 0 {
			return errors.New("its pages unfold to more than any text does")
		}
		if header.values > p.mostValues {
			return fmt.Errorf("a page of %d values", header.values)
		}
		content := make([]byte, header.compressed)
		if _, err := p.r.ReadAt(content, at); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		more, err := header.check(content, meta.Codec, of)
		if err != nil {
			return err
		}
		if p.most -= more; p.most < 0 {
			return errors.New("its pages unfold to more than any text does")
		}
		at += header.compressed
	}
	return nil
}

// pageHeader is what a page says of itself.
type pageHeader struct {
	kind                     format.PageType
	uncompressed, compressed int64
	values                   int64
	encoding                 format.Encoding
	// levels of the second version are not compressed, and stand in front.
	repetitionLength, definitionLength int64
	plain                              bool // the second version's, where nothing is
}

// header reads the header of the page at a place, and how long it is.
func (p *parquetCheck) header(at, end int64) (header pageHeader, taken int64, err error) {
	for window := int64(4 << 10); ; window *= 16 {
		text := make([]byte, min(window, end-at))
		if _, err := p.r.ReadAt(text, at); err != nil && !errors.Is(err, io.EOF) {
			return header, 0, err
		}
		header = pageHeader{}
		c := &compact{text: text, number: header.take}
		err := c.structure(0)
		if errors.Is(err, errShort) && window < end-at {
			continue
		}
		least := min(header.uncompressed, header.compressed, header.values, header.repetitionLength, header.definitionLength)
		if err == nil && least < 0 {
			err = errors.New("a page of less than nothing")
		}
		return header, int64(c.at), err
	}
}

// take sets what a field of PageHeader says, by the numbers of the fields in
// parquet.thrift.
func (h *pageHeader) take(path []int, v int64) {
	is := func(fields ...int) bool { return slices.Equal(path, fields) }
	switch {
	case is(1):
		h.kind = format.PageType(v)
	case is(2):
		h.uncompressed = v
	case is(3):
		h.compressed = v
	case is(5, 1), is(7, 1), is(8, 1):
		h.values = max(h.values, v)
	case is(8, 3): // rows
		h.values = max(h.values, v)
	case is(5, 2), is(7, 2), is(8, 4):
		h.encoding = format.Encoding(v)
	case is(8, 5):
		h.definitionLength = v
	case is(8, 6):
		h.repetitionLength = v
	case is(8, 7):
		h.plain = v == 0
	}
}

// check looks into the page's content. It returns how many bytes its values are more
// than it says.
func (h pageHeader) check(content []byte, codec format.CompressionCodec, of leaf) (more int64, err error) {
	var repetition, definition []byte
	if h.kind == format.DataPageV2 {
		if h.repetitionLength+h.definitionLength > int64(len(content)) {
			return 0, errShort
		}
		repetition, content = content[:h.repetitionLength], content[h.repetitionLength:]
		definition, content = content[:h.definitionLength], content[h.definitionLength:]
	}
	if h.kind != format.DataPageV2 || !h.plain {
		if content, err = unpacked(content, codec, h.uncompressed); err != nil {
			return 0, err
		}
	}
	if h.kind == format.DataPage {
		for _, levels := range []struct {
			text *[]byte
			most int
		}{{&repetition, of.repetition}, {&definition, of.definition}} {
			if levels.most > 0 {
				if *levels.text, content, err = counted(content); err != nil {
					return 0, err
				}
			}
		}
	}
	for _, levels := range []struct {
		text []byte
		most int
	}{{repetition, of.repetition}, {definition, of.definition}} {
		if levels.most > 0 {
			if err := checkRuns(levels.text, bits.Len(uint(levels.most)), h.values); err != nil {
				return 0, err
			}
		}
	}
	if h.kind == format.DictionaryPage {
		return 0, nil // its encoding is plain whatever it says
	}
	return checkValues(content, h.encoding, h.values)
}

// counted splits text behind a part whose length stands in front.
func counted(text []byte) (first, rest []byte, err error) {
	if len(text) < 4 {
		return nil, nil, errShort
	}
	n := int64(binary.LittleEndian.Uint32(text))
	if n > int64(len(text)-4) {
		return nil, nil, errShort
	}
	return text[4 : 4+n], text[4+n:], nil
}
