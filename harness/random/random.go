// Package random gives every draw of an experiment a stream of its own.
//
// A stream is named by the run's seed, the stage, and the item that the draw
// is for: random.New(1, "decode", "sample", exampleID). So a draw depends on
// neither the batch size nor the order of the work, and a resumed stage draws
// what an uninterrupted one would have drawn. There is no global generator.
package random

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
)

// New returns the stream that seed and names name. Names are told apart by
// their printed form and their number: ("a", "b") and ("ab") are two streams.
func New(seed int, names ...any) *rand.Rand {
	h := sha256.New()
	var length [8]byte
	write := func(s string) {
		binary.LittleEndian.PutUint64(length[:], uint64(len(s)))
		h.Write(length[:])
		io.WriteString(h, s)
	}
	write(fmt.Sprint(seed))
	for _, name := range names {
		write(fmt.Sprint(name))
	}
	return rand.New(rand.NewChaCha8([32]byte(h.Sum(nil))))
}
