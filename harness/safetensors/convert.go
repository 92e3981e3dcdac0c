package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// Float32 is a tensor of float32.
func Float32(values []float32, shape ...int) Tensor {
	data := make([]byte, 4*len(values))
	for i, v := range values {
		binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(v))
	}
	return Tensor{DType: "F32", Shape: shape, Data: data}
}

// BFloat16 is a tensor of float32 rounded to bfloat16, ties to even.
func BFloat16(values []float32, shape ...int) Tensor {
	data := make([]byte, 2*len(values))
	for i, v := range values {
		bits := math.Float32bits(v)
		rounded := bits + 0x7fff + (bits >> 16 & 1)
		if v != v {
			rounded = bits | 1<<22
		}
		binary.LittleEndian.PutUint16(data[2*i:], uint16(rounded>>16))
	}
	return Tensor{DType: "BF16", Shape: shape, Data: data}
}

// IsFloat tells whether the tensor is of floating point.
func (t Tensor) IsFloat() bool {
	return slices.Contains([]string{"F64", "F32", "F16", "BF16"}, t.DType)
}

// Float32s reads a floating-point tensor as float32.
func (t Tensor) Float32s() ([]float32, error) {
	size := sizes[t.DType]
	if !t.IsFloat() {
		return nil, fmt.Errorf("a tensor of type %s is not of floating point", t.DType)
	}
	values := make([]float32, len(t.Data)/size)
	var read func(at []byte) float32
	switch t.DType {
	case "F32":
		for i := range values {
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:]))
		}
		return values, nil
	case "F64":
		read = func(at []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(at))) }
	case "BF16":
		read = func(at []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(at)) << 16) }
	case "F16":
		read = func(at []byte) float32 { return half(binary.LittleEndian.Uint16(at)) }
	}
	for i := range values {
		values[i] = read(t.Data[i*size:])
	}
	return values, nil
}

// half reads an IEEE 754 number of 16 bits.
func half(bits uint16) float32 {
	sign := uint32(bits&0x8000) << 16
	exponent := uint32(bits >> 10 & 0x1f)
	fraction := uint32(bits & 0x3ff)
	switch exponent {
	case 0:
		f := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}
