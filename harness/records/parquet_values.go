package records

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// unpacked is the content of a page, which may have so many bytes.
func unpacked(content []byte, codec format.CompressionCodec, most int64) ([]byte, error) {
	if len(content) == 0 {
		return content, nil
	}
	var r io.Reader
	var err error
	switch codec {
	case format.Uncompressed:
		return content, nil
	case format.Snappy:
		n, err := snappy.DecodedLen(content)
		if err != nil || int64(n) > most {
			return nil, errors.New("a page unfolds to more than it says")
		}
		return snappy.Decode(nil, content)
	case format.Lz4Raw:
		to := make([]byte, most)
		n, err := lz4.UncompressBlock(content, to)
		if err != nil {
			return nil, errors.New("a page of LZ4 cannot be unfolded")
		}
		return to[:n], nil
	case format.Gzip:
		r, err = gzip.NewReader(bytes.NewReader(content))
	case format.Brotli:
		r = brotli.NewReader(bytes.NewReader(content))
	case format.Zstd:
		if err := checkFrames(content, most); err != nil {
			return nil, err
		}
		var d *zstd.Decoder
		d, err = zstd.NewReader(bytes.NewReader(content), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err == nil {
			defer d.Close()
			r = d
		}
	default:
		return nil, fmt.Errorf("pages compressed by %v are not read", codec)
	}
	if err != nil {
		return nil, err
	}
	all, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(all)) > most {
		err = errors.New("a page unfolds to more than it says")
	}
	return all, err
}

// checkFrames looks whether the first frame of Zstandard says a size that may be: a
// decoder makes room for it at once.
func checkFrames(content []byte, most int64) error {
	var h zstd.Header
	if err := h.Decode(content); err != nil {
		return err
	}
	if h.HasFCS && h.FrameContentSize > uint64(most) {
		return errors.New("a page unfolds to more than it says")
	}
	return nil
}

// plainDictionary is the encoding of indices that older writers name.
const plainDictionary format.Encoding = 2

// checkValues looks whether a page's values are no more than it says, in the
// encodings in which a few bytes can be many. It returns how many bytes they are more
// than they take in the page.
func checkValues(text []byte, encoding format.Encoding, values int64) (more int64, err error) {
	switch encoding {
	case plainDictionary, format.RLEDictionary:
		if len(text) > 0 {
			err = checkRuns(text[1:], int(text[0]), values)
		}
	case format.RLE:
		runs, _, err := counted(text)
		if err != nil {
			return 0, err
		}
		return 0, checkRuns(runs, 1, values)
	case format.DeltaBinaryPacked, format.DeltaLengthByteArray:
		_, err = deltas(text, values)
	case format.DeltaByteArray:
		lengths, err := deltas(text, values)
		if err != nil {
			return 0, err
		}
		if _, err := deltas(lengths, values); err != nil {
			return 0, err
		}
		// Each value begins with so many bytes of the one before.
		prefixes, err := new(delta.BinaryPackedEncoding).DecodeInt32(nil, text[:len(text)-len(lengths)])
		for _, n := range prefixes {
			more += max(int64(n), 0)
		}
		return more, err
	}
	return 0, err
}

// deltas looks whether there are no more numbers in a part that is encoded as delta
// binary packed, and returns what stands behind it.
func deltas(text []byte, values int64) (rest []byte, err error) {
	var head [4]uint64 // block size, its parts, numbers, the first of them
	for i := range head {
		v, n := binary.Uvarint(text)
		if n <= 0 {
			return nil, errShort
		}
		head[i], text = v, text[n:]
	}
	block, parts, left := head[0], head[1], head[2]
	if parts == 0 || parts > block || block > 1<<20 || left > uint64(values) {
		return nil, fmt.Errorf("more values than the %d of the page", values)
	}
	each := block / parts
	for left = max(left, 1) - 1; left > 0; {
		_, n := binary.Uvarint(text) // the least difference
		if n <= 0 || uint64(len(text)-n) < parts {
			return nil, errShort
		}
		widths := text[n:][:parts]
		text = text[n+int(parts):]
		for _, width := range widths {
			if left == 0 {
				break
			}
			takes := each * uint64(width) / 8
			if takes > uint64(len(text)) {
				return nil, errShort
			}
			text, left = text[takes:], left-min(left, each)
		}
	}
	return text, nil
}

// checkRuns counts the values of the hybrid of run lengths and packed bits.
func checkRuns(text []byte, width int, values int64) error {
	if width > 32 {
		return fmt.Errorf("values of %d bits", width)
	}
	// The last run may be longer than what is left.
	left := values + 1024
	for len(text) > 0 {
		head, n := binary.Uvarint(text)
		if n <= 0 {
			return errShort
		}
		text = text[n:]
		count, takes := head>>1, uint64(width+7)/8
		if head&1 == 1 {
			if count > uint64(len(text)) && width > 0 {
				return errShort
			}
			takes = count * uint64(width)
			count = min(count, 1<<40) * 8
		}
		if takes > uint64(len(text)) {
			return errShort
		}
		text = text[takes:]
		if count > uint64(left) {
			return fmt.Errorf("more values than the %d of the page", values)
		}
		left -= int64(count)
	}
	return nil
}
