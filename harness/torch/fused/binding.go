// Package fused holds operations of lastmile's own on libtorch's tensors, each
// one pass over memory, with gradients. They are for tensors of float32 or
// float64 on a CPU, or of float32 on a CUDA device that is open.
//
// A tensor is a pointer to libtorch's, as package libtch has it. Where an
// operation fails it returns nil, and [Err] says why.
//
// make setup writes flags.go, which git ignores. It tells cgo which libtorch to
// compile and link the C++ with.
package fused

// #include <stdlib.h>
// #include "fused.h"
import "C"

import (
	_ "embed"
	"errors"
	"runtime"
	"unsafe"
)

// Tensor is a pointer to an at::Tensor.
type Tensor = unsafe.Pointer

// Err returns the error of this thread's last operation, and forgets it.
func Err() error {
	message := C.lastmile_error()
	if message == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(message))
	return errors.New(C.GoString(message))
}

//go:embed kernels.cu
var kernels string

// Open compiles the operations for a CUDA device.
func Open(device int) error {
	runtime.LockOSThread() // an error is the thread's own
	defer runtime.UnlockOSThread()
	source := C.CString(kernels)
	defer C.free(unsafe.Pointer(source))
	if C.lastmile_open(source, C.int(device)) {
		return nil
	}
	return Err()
}

// Deterministic lets libtorch's operations give the same bits each time on a
// device. Otherwise some of them add in whatever order threads come.
func Deterministic() { C.lastmile_deterministic() }

// RMSNorm is x / sqrt(mean(x²) + eps) · weight over the last dimension.
func RMSNorm(x, weight Tensor, eps float64) Tensor {
	return C.lastmile_rms_norm(x, weight, C.double(eps))
}

// SwiGLU is silu(gate) · up.
func SwiGLU(gate, up Tensor) Tensor {
	return C.lastmile_swiglu(gate, up)
}

// LoRALinear is x · weightᵀ + bias + scale · x · aᵀ · bᵀ, with gradients for x, a
// and b; bias may be nil.
func LoRALinear(x, weight, bias, a, b Tensor, scale float64) Tensor {
	return C.lastmile_lora_linear(x, weight, bias, a, b, C.double(scale))
}

// Rotary turns x [rows, length, heads, n] by angles [rows or 1, length, 1, n]
// and lays it out as [rows, heads, length, n].
func Rotary(x, cos, sin Tensor) Tensor {
	return C.lastmile_rotary(x, cos, sin)
}

// Attention is that of q [rows, heads, length, n] to k and v [rows, groups,
// columns, n], the mask, which may be nil, added to the scaled logits: [rows,
// length, heads · n]. Before, most · tanh(logits / most) bounds them if most is not 0.
func Attention(q, k, v, mask Tensor, scale, most float64) Tensor {
	return C.lastmile_attention(q, k, v, mask, C.double(scale), C.double(most))
}

// TokenLogprobs are the log-probabilities of targets [m], Int64, under the logits
// of hidden [m, n] and weight [vocabulary, n] at a temperature: [m]. Logits are
// computed in parts, and bounded by most · tanh(logits / most) if most is not 0. If
// plain is set, libtorch's own operations make log-probabilities of them, on any device
// and for any type.
func TokenLogprobs(hidden, weight, targets Tensor, temperature, most float64, plain bool) Tensor {
	return C.lastmile_token_logprobs(hidden, weight, targets, C.double(temperature), C.double(most), C.bool(plain))
}

// Dropout is x / (1 - drop), or 0 where the random number that key and the
// element's place name says so.
func Dropout(x Tensor, drop float64, key uint64) Tensor {
	return C.lastmile_dropout(x, C.double(drop), C.uint64_t(key))
}

// Linear is x · weightᵀ for few rows x [..., k] of float32 on a CPU and weight [n,
// k]. It has no gradient.
func Linear(x, weight Tensor) Tensor {
	return C.lastmile_linear(x, weight)
}

// Attend appends one token's key and value, [rows, groups, 1, n], to each row's
// slot in keys and values, [slots, groups, capacity, n], which holds lengths
// tokens, and lets q, [rows, heads, 1, n], attend to all, or if window is not 0 to the
// last so many, the new one included: [rows, 1, heads · n]. If most is not 0, most ·
// tanh(logits / most) bounds the logits. It has no gradient. Each row has a slot and a
// length; there is at least one row.
func Attend(q, k, v, keys, values Tensor, slots, lengths []int64, window int, most float64) Tensor {
	return C.lastmile_attend(q, k, v, keys, values, (*C.int64_t)(&slots[0]), (*C.int64_t)(&lengths[0]), C.int64_t(len(slots)), C.int64_t(window), C.double(most))
}

// Store copies the first counts tokens of each row of x, [rows, groups, length,
// n], to the start of its slot in cache, [slots, groups, capacity, n]. Each row
// has a slot and a count; there is at least one row.
func Store(cache, x Tensor, slots, counts []int64) bool {
	return bool(C.lastmile_store(cache, x, (*C.int64_t)(&slots[0]), (*C.int64_t)(&counts[0]), C.int64_t(len(slots))))
}

// AttendOn is [Attend] without window and bound on a device, with slots and lengths, Int64, there too. The
// caller makes sure that the cache has the slots and the room.
func AttendOn(q, k, v, keys, values, slots, lengths Tensor) Tensor {
	return C.lastmile_attend_on(q, k, v, keys, values, slots, lengths)
}

// StoreOn is [Store] on a device, with slots and counts, Int64, there too. The
// caller makes sure that the cache has the slots and the room.
func StoreOn(cache, x, slots, counts Tensor) bool {
	return bool(C.lastmile_store_on(cache, x, slots, counts))
}

// Squares is the sum of the squares of all; negative where it fails.
func Squares(all []Tensor) float64 {
	return float64(C.lastmile_squares(&all[0], C.int64_t(len(all))))
}

// AdamW takes a step on parameters, whose gradients are multiplied by scale and
// left at 0: tensors has the parameter, the gradient, the first and the second
// moment of each, one after the other, all of one type and on one device.
func AdamW(tensors []Tensor, decays []float64, scale, rate, beta1, beta2, epsilon, correct1, correct2 float64) bool {
	return bool(C.lastmile_adamw(&tensors[0], (*C.double)(&decays[0]), C.int64_t(len(decays)),
		C.double(scale), C.double(rate), C.double(beta1), C.double(beta2), C.double(epsilon), C.double(correct1), C.double(correct2)))
}

// Invert draws on a device from rows of x, [..., n]. Rows, Int64, has the row of
// each draw, and shares, Float64, how much of the row's total it passes: Float64
// [draws, 2], an index and its weight. The caller makes sure that x has the rows.
func Invert(x, rows, shares Tensor) Tensor {
	return C.lastmile_invert(x, rows, shares)
}
