package records

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/klauspost/compress/snappy"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/format"

	"lastmile/harness/fuzztest"
)

// A few bytes that announce a great deal cost nothing.
func TestWhatParquetAnnouncesIsNotBelieved(t *testing.T) {
	file := func(footer ...byte) []byte {
		text := append([]byte("PAR1"), footer...)
		return append(binary.LittleEndian.AppendUint32(text, uint32(len(footer))), "PAR1"...)
	}
	for name, test := range map[string]struct {
		file []byte
		want string
	}{
		"a list of 2^31 columns":     {file(0x15, 2, 0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 7, 0), "ends too early"},
		"a footer of 4 GB":           {[]byte("PAR1\xf0\xff\xff\xffPAR1"), "bytes of metadata in a file of 12"},
		"structs without end":        {file(append([]byte{0x15, 2}, strings.Repeat("\x1c", 1000)...)...), "lie too deep"},
		"a schema that is no tree":   {file(0x15, 2, 0x19, 0x1c, 0x48, 1, 'r', 0x15, 0x80, 1, 0, 0x16, 0, 0x19, 0x0c, 0), "announced that are not there"},
		"an encrypted one":           {[]byte("PAR1\x00\x00\x00\x00PARE"), "encrypted"},
		"2^40 rows without a column": {file(0x15, 2, 0x19, 0x1c, 0x48, 1, 'r', 0x15, 0, 0, 0x16, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 0x19, 0x0c, 0), "rows"},
	} {
		path := write(t, "a.parquet", test.file)
		fuzztest.Bounded(t, 1<<20, func() {
			_, err := all(path)
			fuzztest.Says(t, err)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: error %v, want one with the file and %q", name, err, test.want)
			}
		})
	}
}

func TestAPageHasNoMoreThanItSays(t *testing.T) {
	run := func(n uint64) []byte { return append(binary.AppendUvarint(nil, n<<1), 1) }
	delta := func(n uint64) []byte { return append(binary.AppendUvarint([]byte{0x80, 1, 4}, n), 0) }
	flat := strings.Repeat("a", 1000)
	for name, test := range map[string]struct {
		header  pageHeader
		codec   format.CompressionCodec
		content []byte
		want    string // "" where it is a sound page
	}{
		"levels":            {pageHeader{values: 10, uncompressed: 100}, 0, append([]byte{2, 0, 0, 0}, run(10)...), ""},
		"too many levels":   {pageHeader{values: 10, uncompressed: 100}, 0, append([]byte{6, 0, 0, 0}, run(1<<31)...), "more values"},
		"too many indices":  {pageHeader{kind: format.DataPageV2, values: 10, encoding: format.RLEDictionary}, 0, append([]byte{8}, run(1<<31)...), "more values"},
		"too many numbers":  {pageHeader{kind: format.DataPageV2, values: 10, encoding: format.DeltaBinaryPacked}, 0, delta(1 << 31), "more values"},
		"too many lengths":  {pageHeader{kind: format.DataPageV2, values: 10, encoding: format.DeltaLengthByteArray}, 0, delta(11), "more values"},
		"no suffixes":       {pageHeader{kind: format.DataPageV2, values: 10, encoding: format.DeltaByteArray}, 0, delta(1), "too early"},
		"unfolds":           {pageHeader{kind: format.DictionaryPage, uncompressed: 1000}, format.Snappy, snappy.Encode(nil, []byte(flat)), ""},
		"unfolds to more":   {pageHeader{kind: format.DictionaryPage, uncompressed: 999}, format.Snappy, snappy.Encode(nil, []byte(flat)), "more than it says"},
		"more of Zstandard": {pageHeader{kind: format.DictionaryPage, uncompressed: 999}, format.Zstd, zstandard([]byte(flat)), "more than it says"},
		"more of gzip":      {pageHeader{kind: format.DictionaryPage, uncompressed: 999}, format.Gzip, gzipped([]byte(flat)), "more than it says"},
		"no LZ4":            {pageHeader{kind: format.DictionaryPage, uncompressed: 999}, format.Lz4Raw, []byte{0xff}, "cannot be unfolded"},
	} {
		fuzztest.Bounded(t, 16<<20, func() {
			_, err := test.header.check(test.content, test.codec, leaf{definition: 1})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: error %v, want %q", name, err, test.want)
			}
		})
	}
}

// What the check of sizes lets through is all that writers write.
func TestParquetInAllItsForms(t *testing.T) {
	type inner struct {
		Content string `parquet:"content,dict"`
		Role    string `parquet:"role,delta"`
	}
	type row struct {
		ID    int64   `parquet:"id,delta"`
		Text  string  `parquet:"text,delta"`
		Name  *string `parquet:"name,optional,dict"`
		Flag  bool    `parquet:"flag"`
		Score float64 `parquet:"score,split"`
		Lists []int32 `parquet:"lists,list"`
		Turns []inner `parquet:"turns"`
	}
	var written []row
	for i := range 3000 {
		r := row{ID: int64(i * i), Text: strings.Repeat("some text ", i%7), Flag: i%3 == 0, Score: float64(i) / 4}
		if i%5 > 0 {
			name := "name" + strings.Repeat("x", i%4)
			r.Name = &name
		}
		for k := range i % 4 {
			r.Lists = append(r.Lists, int32(k))
			r.Turns = append(r.Turns, inner{"said", "user"})
		}
		written = append(written, r)
	}
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Brotli, &parquet.Zstd, &parquet.Lz4Raw} {
		for version := 1; version <= 2; version++ {
			var b bytes.Buffer
			w := parquet.NewGenericWriter[row](&b, parquet.Compression(codec), parquet.DataPageVersion(version), parquet.PageBufferSize(4<<10))
			if _, err := w.Write(written); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			found, err := all(write(t, "a.parquet", b.Bytes()))
			if err != nil || len(found) != len(written) || found[2999].Fields["text"] != written[2999].Text {
				t.Errorf("%v, pages of version %d: error %v, read %d of %d records", codec, version, err, len(found), len(written))
			}
		}
	}
}
