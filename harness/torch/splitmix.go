package torch

import "github.com/sugarme/gotch/libtch"

// splitMix are the first n numbers of the stream that key names (SplitMix,
// Steele et al. 2014), as the bits of Int64 [n], computed on the session's
// device. Its products overflow as those of unsigned numbers do.
func (s *Session) splitMix(n int, key uint64) *Tensor {
	count := s.op("arange", func(out *libtch.Ctensor) {
		first, end := libtch.AtsInt(1), libtch.AtsInt(int64(n)+1)
		libtch.AtgArangeStart(out, first, end, int32(Int64), s.device)
		libtch.AtsFree(first)
		libtch.AtsFree(end)
	})
	z := count.bits("mul", libtch.AtgMulScalar, 0x9e3779b97f4a7c15).bits("add", libtch.AtgAddScalar, key)
	z = z.xorShifted(30).bits("mul", libtch.AtgMulScalar, 0xbf58476d1ce4e5b9)
	z = z.xorShifted(27).bits("mul", libtch.AtgMulScalar, 0x94d049bb133111eb)
	return z.xorShifted(31)
}

// bits applies an operation of Int64 and the bits of x.
func (t *Tensor) bits(name string, f func(*libtch.Ctensor, libtch.Ctensor, libtch.Cscalar), x uint64) *Tensor {
	return t.s.op(name, func(out *libtch.Ctensor) {
		c := libtch.AtsInt(int64(x))
		f(out, t.c, c)
		libtch.AtsFree(c)
	}, t)
}

func (t *Tensor) xor(x uint64) *Tensor { return t.bits("bitwise_xor", libtch.AtgBitwiseXor, x) }

// atLeast is true where t, with its sign, is not below the bits of x.
func (t *Tensor) atLeast(x uint64) *Tensor { return t.bits("ge", libtch.AtgGe, x) }

// xorShifted is t ^ t >> n of unsigned numbers: a shift of Int64 fills up with
// the sign, which is cleared.
func (t *Tensor) xorShifted(n int) *Tensor {
	shifted := t.bits("bitwise_right_shift", libtch.AtgBitwiseRightShiftTensorScalar, uint64(n)).
		bits("bitwise_and", libtch.AtgBitwiseAnd, 1<<(64-n)-1)
	return t.binary("bitwise_xor", libtch.AtgBitwiseXorTensor, shifted)
}
