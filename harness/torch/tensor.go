package torch

import (
	"unsafe"

	"github.com/sugarme/gotch/libtch"
)

// Tensor is a tensor of one session. Its methods return new tensors in the
// session's current scope, except those whose names end in InPlace.
type Tensor struct {
	c    libtch.Ctensor
	s    *Session
	keep int
}

// Session is the session that the tensor belongs to.
func (t *Tensor) Session() *Session { return t.s }

// Keep hands the tensor to the scope around the current one, and returns it.
func (t *Tensor) Keep() *Tensor {
	t.keep++
	return t
}

// KeepAll hands the tensor to the outermost scope: it lives until Free or the
// end of the session.
func (t *Tensor) KeepAll() *Tensor {
	t.keep = len(t.s.scopes) - 1
	return t
}

// Free frees the tensor now.
func (t *Tensor) Free() {
	if t.c != nil {
		libtch.AtFree(t.c)
		t.c = nil
		t.s.live--
	}
}

// Shape is the size of each dimension; nil for an invalid tensor.
func (t *Tensor) Shape() []int {
	if t.c == nil {
		return nil
	}
	n := int(libtch.AtDim(t.c))
	if n == 0 {
		return []int{}
	}
	raw := make([]int64, n)
	libtch.AtShape(t.c, unsafe.Pointer(&raw[0]))
	shape := make([]int, n)
	for i, v := range raw {
		shape[i] = int(v)
	}
	return shape
}

// Size is the size of dimension dim, counted from the end where dim is
// negative; 1 where the tensor is invalid or has no such dimension.
func (t *Tensor) Size(dim int) int {
	shape := t.Shape()
	if dim < 0 {
		dim += len(shape)
	}
	if dim < 0 || dim >= len(shape) {
		return 1
	}
	return shape[dim]
}

// Elements is the number of elements.
func (t *Tensor) Elements() int {
	n := 1
	for _, size := range t.Shape() {
		n *= size
	}
	return n
}

// DType is the type of the elements.
func (t *Tensor) DType() DType {
	if t.c == nil {
		return t.s.dtype
	}
	return DType(libtch.AtScalarType(t.c))
}

// element is a type that can be handed to libtorch as it lies in memory.
type element interface {
	~float32 | ~float64 | ~int64
}

// fromData makes a tensor whose elements, which lie in memory as dtype, become
// as on the session's device. It leaves nothing else in the scope.
func fromData[E element](s *Session, data []E, dtype, as DType, shape []int) *Tensor {
	n := 1
	for _, size := range shape {
		n *= size
	}
	if n != len(data) {
		s.fail("torch: tensor of shape %v from %d values", shape, len(data))
	}
	dims := int64s(shape)
	if len(dims) == 0 {
		dims = []int64{1}
	}
	return s.Only(func() *Tensor {
		t := s.op("tensor of data", func(out *libtch.Ctensor) {
			if n == 0 {
				libtch.AtgZeros(out, dims, len(dims), int32(dtype), -1)
				return
			}
			*out = libtch.AtTensorOfData(unsafe.Pointer(&data[0]), dims, uint(len(dims)), uint(unsafe.Sizeof(data[0])), int(dtype))
		})
		if s.device >= 0 {
			on := t
			t = s.op("to", func(out *libtch.Ctensor) { libtch.AtgTo(out, on.c, s.device) }, on)
		}
		return t.To(as)
	})
}

// Floats makes a tensor of the session's floating-point type from a copy of
// data, which holds the last dimension's neighbours side by side.
func (s *Session) Floats(data []float32, shape ...int) *Tensor {
	return fromData(s, data, Float32, s.dtype, shape)
}

// Float64s is Floats for float64.
func (s *Session) Float64s(data []float64, shape ...int) *Tensor {
	return fromData(s, data, Float64, s.dtype, shape)
}

// Ints makes a tensor of Int64 from a copy of data.
func (s *Session) Ints(data []int64, shape ...int) *Tensor {
	return fromData(s, data, Int64, Int64, shape)
}

// Zeros makes a tensor of zeros of the session's floating-point type.
func (s *Session) Zeros(shape ...int) *Tensor {
	dims := int64s(shape)
	return s.op("zeros", func(out *libtch.Ctensor) {
		libtch.AtgZeros(out, dims, len(dims), int32(s.dtype), s.device)
	})
}

// Values reads a floating-point tensor, whatever its shape, as float32.
func (t *Tensor) Values() (values []float32, err error) {
	err = t.s.Scope(func() error {
		values, err = read[float32](t.To(Float32), Float32)
		return err
	})
	return values, err
}

// Value64s reads a floating-point tensor, whatever its shape, as float64.
func (t *Tensor) Value64s() (values []float64, err error) {
	err = t.s.Scope(func() error {
		values, err = read[float64](t.To(Float64), Float64)
		return err
	})
	return values, err
}

// IntValues reads a tensor of Int64, whatever its shape.
func (t *Tensor) IntValues() ([]int64, error) {
	return read[int64](t, Int64)
}

// Item reads the one value of a tensor of one element.
func (t *Tensor) Item() (float64, error) {
	values, err := t.Value64s()
	if err != nil {
		return 0, err
	}
	if len(values) != 1 {
		t.s.fail("torch: item of a tensor of shape %v", t.Shape())
		return 0, t.s.err
	}
	return values[0], nil
}

// read copies the elements of t, which must be of the type of E.
func read[E element](t *Tensor, dtype DType) ([]E, error) {
	s := t.s
	if !s.usable("read", t) {
		return nil, s.err
	}
	if t.DType() != dtype {
		s.fail("torch: read: elements of type %d, want %d", t.DType(), dtype)
		return nil, s.err
	}
	values := make([]E, t.Elements())
	if len(values) == 0 {
		return values, nil
	}
	err := s.NoGrad(func() error {
		c := t.Contiguous()
		if s.device >= 0 {
			on := c
			c = s.op("to", func(out *libtch.Ctensor) { libtch.AtgTo(out, on.c, -1) }, on)
		}
		if s.err == nil {
			copy(values, unsafe.Slice((*E)(libtch.AtDataPtr(c.c)), len(values)))
		}
		return nil
	})
	return values, err
}

func int64s(values []int) []int64 {
	out := make([]int64, len(values), max(len(values), 1))
	for i, v := range values {
		out[i] = int64(v)
	}
	return out
}
