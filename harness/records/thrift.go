package records

import (
	"encoding/binary"
	"errors"
)

// compact reads Thrift's compact protocol, in which Parquet writes what it says of
// its data: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md.
// It reads numbers only, and otherwise looks whether what is announced is there:
// the library that reads the rest makes lists of whatever length one has.
type compact struct {
	text []byte
	at   int
	// number is called with each whole number of a struct that lies in no list: the
	// numbers of the fields that lead there, and its value.
	number func(path []int, value int64)
	path   []int
}

// The types of the compact protocol, true and false as fields have them.
const (
	thriftTrue, thriftFalse          = 1, 2
	thriftByte                       = 3
	thriftI16, thriftI32, thriftI64  = 4, 5, 6
	thriftDouble, thriftBinary       = 7, 8
	thriftList, thriftSet, thriftMap = 9, 10, 11
	thriftStruct, thriftUUID         = 12, 13
	deepestThrift                    = 32
)

// errShort says that a struct does not end where its text does.
var errShort = errors.New("a part of it ends too early")

func (c *compact) byte() (byte, error) {
	if c.at >= len(c.text) {
		return 0, errShort
	}
	c.at++
	return c.text[c.at-1], nil
}

func (c *compact) skip(n uint64) error {
	if n > uint64(len(c.text)-c.at) {
		return errShort
	}
	c.at += int(n)
	return nil
}

func (c *compact) uvarint() (uint64, error) {
	v, n := binary.Uvarint(c.text[c.at:])
	if n < 0 {
		return 0, errors.New("a number has more than 64 bits")
	}
	if n == 0 {
		return 0, errShort
	}
	c.at += n
	return v, nil
}

func (c *compact) varint() (int64, error) {
	v, err := c.uvarint()
	return int64(v>>1) ^ -int64(v&1), err
}

// structure reads a struct.
func (c *compact) structure(depth int) error {
	if depth > deepestThrift {
		return errors.New("its parts lie too deep")
	}
	field := 0
	for {
		head, err := c.byte()
		if err != nil || head == 0 {
			return err
		}
		if head>>4 != 0 {
			field += int(head >> 4)
		} else {
			id, err := c.varint()
			if err != nil {
				return err
			}
			field = int(int16(id))
		}
		c.path = append(c.path, field)
		err = c.value(head&0xf, depth)
		c.path = c.path[:len(c.path)-1]
		if err != nil {
			return err
		}
	}
}

// value reads a value of a type that is no element of a list.
func (c *compact) value(kind byte, depth int) error {
	switch kind {
	case thriftTrue, thriftFalse:
		c.tell(int64(thriftFalse - kind))
		return nil
	case thriftI16, thriftI32, thriftI64:
		v, err := c.varint()
		if err == nil {
			c.tell(v)
		}
		return err
	case thriftByte:
		return c.skip(1)
	case thriftDouble:
		return c.skip(8)
	case thriftUUID:
		return c.skip(16)
	case thriftBinary:
		n, err := c.uvarint()
		if err != nil {
			return err
		}
		return c.skip(n)
	case thriftStruct:
		return c.structure(depth + 1)
	case thriftList, thriftSet:
		head, err := c.byte()
		if err != nil {
			return err
		}
		n := uint64(head >> 4)
		if n == 15 {
			if n, err = c.uvarint(); err != nil {
				return err
			}
		}
		return c.elements(n, depth, head&0xf)
	case thriftMap:
		n, err := c.uvarint()
		if err != nil || n == 0 {
			return err
		}
		kinds, err := c.byte()
		if err != nil {
			return err
		}
		return c.elements(n, depth, kinds>>4, kinds&0xf)
	}
	return errors.New("a value is of no type that there is")
}

// elements reads the elements of a list, or the keys and values of a map.
func (c *compact) elements(n uint64, depth int, kinds ...byte) error {
	// Each takes at least a byte.
	if n > uint64(len(c.text)-c.at) {
		return errShort
	}
	tell := c.number
	c.number = nil
	defer func() { c.number = tell }()
	for range n {
		for _, kind := range kinds {
			var err error
			if kind == thriftTrue || kind == thriftFalse {
				err = c.skip(1)
			} else {
				err = c.value(kind, depth+1)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *compact) tell(v int64) {
	if c.number != nil {
		c.number(c.path, v)
	}
}
