package records

import (
	"encoding/binary"
	"errors"
	"io"
)

// checkArrow checks the metadata of Arrow's IPC messages, which are FlatBuffers:
// that all they point to lies within them. The library that reads them believes
// a damaged one, and asks the system for more memory than there is, from which
// no program recovers.
//
// See https://arrow.apache.org/docs/format/Columnar.html and Schema.fbs,
// Message.fbs and File.fbs there.
func checkArrow(r io.ReaderAt, size int64) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the file is damaged: its metadata point to what is not there")
		}
	}()
	at := int64(0)
	var head [8]byte
	if _, err := r.ReadAt(head[:6], 0); err == nil && string(head[:6]) == "ARROW1" {
		if err := checkFooter(r, size); err != nil {
			return err
		}
		at = 8
	}
	for at+8 <= size {
		if _, err := r.ReadAt(head[:], at); err != nil {
			return err
		}
		length, start := int64(int32(binary.LittleEndian.Uint32(head[4:]))), at+8
		if binary.LittleEndian.Uint32(head[:]) != 0xffffffff {
			// Before Arrow 0.15 nothing stood before the length.
			length, start = int64(int32(binary.LittleEndian.Uint32(head[:]))), at+4
		}
		if length == 0 {
			return nil
		}
		metadata, err := part(r, start, length, size)
		if err != nil {
			return err
		}
		body := checkMessage(root(metadata))
		if body < 0 || body > size-start-length {
			return errors.New("the file is damaged: a message ends behind it")
		}
		at = start + length + body
	}
	return nil
}

// part reads what must lie within a file.
func part(r io.ReaderAt, start, length, size int64) ([]byte, error) {
	if length < 4 || start < 0 || start+length > size {
		return nil, errors.New("the file is damaged: a part of it ends behind it")
	}
	content := make([]byte, length)
	_, err := r.ReadAt(content, start)
	return content, err
}

func checkFooter(r io.ReaderAt, size int64) error {
	tail, err := part(r, size-10, 10, size)
	if err != nil {
		return err
	}
	length := int64(int32(binary.LittleEndian.Uint32(tail)))
	content, err := part(r, size-10-length, length, size)
	if err != nil {
		return err
	}
	footer := root(content)
	checkSchema(footer.table(1))
	footer.vector(2, 24)
	footer.vector(3, 24)
	footer.tables(4, checkPair)
	return nil
}

// The kinds of messages.
const (
	schemaMessage     = 1
	dictionaryMessage = 2
	batchMessage      = 3
)

// checkMessage returns the length of the message's body.
func checkMessage(message fields) int64 {
	header := message.table(2)
	switch kind := message.scalar(1, 1); kind {
	case schemaMessage:
		checkSchema(header)
	case dictionaryMessage:
		checkBatch(header.table(1))
	case batchMessage:
		checkBatch(header)
	}
	message.tables(4, checkPair)
	return int64(message.scalar(3, 8))
}

func checkSchema(schema fields) {
	schema.tables(1, func(f fields) { checkField(f, 0) })
	schema.tables(2, checkPair)
	schema.vector(3, 8)
}

// deepestField is how deep columns may lie within others.
const deepestField = 64

func checkField(field fields, depth int) {
	if depth > deepestField {
		panic("columns lie too deep")
	}
	field.vector(0, 1)
	field.table(3)
	if dictionary := field.table(4); dictionary.buf != nil {
		dictionary.table(1)
	}
	field.tables(5, func(f fields) { checkField(f, depth+1) })
	field.tables(6, checkPair)
}

func checkBatch(batch fields) {
	batch.vector(1, 16)
	batch.vector(2, 16)
	batch.table(3)
	batch.vector(4, 8)
}

// checkPair checks an entry of the metadata that users add.
func checkPair(pair fields) {
	pair.vector(0, 1)
	pair.vector(1, 1)
}

// fields is a table of a FlatBuffer. What is not there is a table without
// fields; what lies outside the buffer panics.
type fields struct {
	buf    []byte
	at     int
	vtable []byte
}

func root(buf []byte) fields { return tableAt(buf, int(binary.LittleEndian.Uint32(buf))) }

func tableAt(buf []byte, at int) fields {
	vtable := at - int(int32(binary.LittleEndian.Uint32(buf[at:])))
	return fields{buf, at, buf[vtable:][:binary.LittleEndian.Uint16(buf[vtable:])]}
}

// place is where the i-th field lies, 0 where the table has none.
func (t fields) place(i int) int {
	if len(t.vtable) < 6+2*i {
		return 0
	}
	offset := int(binary.LittleEndian.Uint16(t.vtable[4+2*i:]))
	if offset == 0 {
		return 0
	}
	return t.at + offset
}

func (t fields) scalar(i, size int) uint64 {
	at := t.place(i)
	if at == 0 {
		return 0
	}
	var value [8]byte
	copy(value[:], t.buf[at:][:size])
	return binary.LittleEndian.Uint64(value[:])
}

// target is where the i-th field points to, 0 where the table has none.
func (t fields) target(i int) int {
	at := t.place(i)
	if at == 0 {
		return 0
	}
	return at + int(binary.LittleEndian.Uint32(t.buf[at:]))
}

func (t fields) table(i int) fields {
	at := t.target(i)
	if at == 0 {
		return fields{}
	}
	return tableAt(t.buf, at)
}

// vector returns the place of the first element and how many there are, of a size
// in bytes each.
func (t fields) vector(i, size int) (at, n int) {
	if at = t.target(i); at == 0 {
		return 0, 0
	}
	n = int(binary.LittleEndian.Uint32(t.buf[at:]))
	_ = t.buf[at+4:][:n*size]
	return at + 4, n
}

func (t fields) tables(i int, use func(fields)) {
	at, n := t.vector(i, 4)
	for k := range n {
		place := at + 4*k
		use(tableAt(t.buf, place+int(binary.LittleEndian.Uint32(t.buf[place:]))))
	}
}
