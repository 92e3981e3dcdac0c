// Package trackers writes training curves for what people have on their screens:
// TensorBoard's event files, which W&B reads too, and comma-separated values.
package trackers

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Curve is a curve of a run.
type Curve struct {
	// Tag names it, as "policy/train/reward".
	Tag    string
	Steps  []int
	Values []float64
}

// eventFile is the name of an event file, which TensorBoard finds by its middle. It has
// no time in it: the same curves are the same file.
const eventFile = "events.out.tfevents.0.lastmile"

// WriteEvents writes curves as TensorBoard's event file to the folder dir, a run of
// TensorBoard's, which it makes. A curve's steps stand for seconds, since it has no
// times.
func WriteEvents(dir string, curves []Curve) (err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, eventFile))
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	err = writeEvents(w, curves)
	return errors.Join(err, w.Flush(), f.Close())
}

func writeEvents(w io.Writer, curves []Curve) error {
	if err := writeRecord(w, version()); err != nil {
		return err
	}
	type point struct {
		step, curve int
		value       float64
	}
	var points []point
	for i, c := range curves {
		for k, step := range c.Steps {
			points = append(points, point{step, i, c.Values[k]})
		}
	}
	slices.SortStableFunc(points, func(a, b point) int { return a.step - b.step })
	for _, p := range points {
		if err := writeRecord(w, scalar(p.step, curves[p.curve].Tag, p.value)); err != nil {
			return fmt.Errorf("writing the curve %s: %w", curves[p.curve].Tag, err)
		}
	}
	return nil
}

// The fields of TensorBoard's messages: Event, Summary and Summary.Value of event.proto
// and summary.proto.
const (
	eventTime    = 1
	eventStep    = 2
	eventVersion = 3
	eventSummary = 5
	summaryValue = 1
	valueTag     = 1
	valueScalar  = 2
)

// version is the event with which a file begins.
func version() []byte {
	b := protowire.AppendTag(nil, eventVersion, protowire.BytesType)
	return protowire.AppendString(b, "brain.Event:2")
}

// scalar is the event of one value.
func scalar(step int, tag string, v float64) []byte {
	value := protowire.AppendTag(nil, valueTag, protowire.BytesType)
	value = protowire.AppendString(value, tag)
	value = protowire.AppendTag(value, valueScalar, protowire.Fixed32Type)
	value = protowire.AppendFixed32(value, math.Float32bits(float32(v)))
	summary := protowire.AppendTag(nil, summaryValue, protowire.BytesType)
	summary = protowire.AppendBytes(summary, value)
	var b []byte
	if step != 0 { // protobuf leaves zeros out
		b = protowire.AppendTag(b, eventTime, protowire.Fixed64Type)
		b = protowire.AppendFixed64(b, math.Float64bits(float64(step)))
		b = protowire.AppendTag(b, eventStep, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(step))
	}
	b = protowire.AppendTag(b, eventSummary, protowire.BytesType)
	return protowire.AppendBytes(b, summary)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is the checksum of TFRecord.
func masked(data []byte) uint32 {
	sum := crc32.Checksum(data, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}

// writeRecord writes a record of TFRecord: the length, its checksum, the data, their
// checksum.
func writeRecord(w io.Writer, data []byte) error {
	record := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	record = binary.LittleEndian.AppendUint32(record, masked(record))
	record = append(record, data...)
	record = binary.LittleEndian.AppendUint32(record, masked(data))
	_, err := w.Write(record)
	return err
}
