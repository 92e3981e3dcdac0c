package trackers

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// FuzzCurves writes a curve of any name, as an event file and as a table.
func FuzzCurves(f *testing.F) {
	f.Add("rloo, seed 1", "policy/train/reward", 3, 1.5)
	f.Add("=cmd|' /C calc'!A0", "\xff\n\"", -1, math.Inf(1))
	f.Add("\r", "", math.MaxInt, math.NaN())
	f.Fuzz(func(t *testing.T, name, tag string, step int, value float64) {
		var b bytes.Buffer
		if err := writeEvents(&b, []Curve{{tag, []int{step}, []float64{value}}}); err != nil {
			t.Fatal(err)
		}
		records := 0
		for rest := b.Bytes(); len(rest) > 0; records++ {
			if len(rest) < 16 {
				t.Fatalf("%d bytes are no record", len(rest))
			}
			n := binary.LittleEndian.Uint64(rest)
			if uint64(len(rest)) < 16+n || binary.LittleEndian.Uint32(rest[8:]) != masked(rest[:8]) || binary.LittleEndian.Uint32(rest[12+n:]) != masked(rest[12:12+n]) {
				t.Fatalf("a record of %d bytes has wrong checksums", n)
			}
			for event := rest[12 : 12+n]; len(event) > 0; {
				_, _, taken := protowire.ConsumeField(event)
				if taken < 0 {
					t.Fatalf("the event %x is no message", event)
				}
				event = event[taken:]
			}
			rest = rest[16+n:]
		}
		if records != 2 {
			t.Errorf("%d records for a version and a point", records)
		}
		var table strings.Builder
		if err := WriteCSV(&table, []Run{{name, []Curve{{tag, []int{step}, []float64{value}}}}}); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(table.String())).ReadAll()
		if err != nil || len(rows) != 2 || len(rows[1]) != 4 {
			t.Fatalf("the table %q has the rows %q: %v", table.String(), rows, err)
		}
		for _, cell := range rows[1][:2] {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("a spreadsheet takes the cell %q for a formula", cell)
			}
		}
	})
}
