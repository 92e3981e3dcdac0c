package metrics

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
)

// Resampling says how intervals and p values are made. The zero value means
// the defaults.
type Resampling struct {
	// Resamples is the number of resamples and of sign flips; 0 means 10,000.
	Resamples int
	// Confidence is that of intervals; 0 means 0.95.
	Confidence float64
	// Seed decides the draws.
	Seed int
	// Workers is the number of goroutines; 0 means one for each core. It
	// changes no result.
	Workers int
	// Draws are shared by many calls on as many examples, which then need not
	// draw anew; nil means that each call draws for itself. It changes no
	// result.
	Draws *Draws
}

// complete fills in the defaults and checks the rest.
func (r Resampling) complete() (Resampling, error) {
	if r.Resamples == 0 {
		r.Resamples = 10_000
	}
	if r.Confidence == 0 {
		r.Confidence = 0.95
	}
	if r.Workers <= 0 {
		r.Workers = runtime.GOMAXPROCS(0)
	}
	if r.Resamples < 100 {
		return r, fmt.Errorf("resampling: %d resamples, expected at least 100", r.Resamples)
	}
	if !(r.Confidence > 0 && r.Confidence < 1) {
		return r, fmt.Errorf("resampling: confidence is %v, expected a number between 0 and 1", r.Confidence)
	}
	return r, nil
}

// block is the number of resamples that have a random stream of their own, so
// that results do not depend on which goroutine makes them.
const block = 128

// blocks calls f for each block of resamples [from, to), with the block's
// stream. Streams of different purposes are independent.
func (r Resampling) blocks(purpose string, f func(stream *rand.ChaCha8, from, to int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range r.Workers {
		group.Go(func() {
			for {
				b := int(next.Add(1)) - 1
				from := b * block
				if from >= r.Resamples {
					return
				}
				f(stream(r.Seed, purpose, b), from, min(from+block, r.Resamples))
			}
		})
	}
	group.Wait()
}

func stream(seed int, purpose string, block int) *rand.ChaCha8 {
	name := binary.LittleEndian.AppendUint64([]byte(purpose), uint64(seed))
	name = binary.LittleEndian.AppendUint64(name, uint64(block))
	return rand.NewChaCha8(sha256.Sum256(name))
}

// means returns the mean of each resample of the values, drawn with
// replacement.
func (r Resampling) means(purpose string, values []float64) []float64 {
	n := uint64(len(values))
	result := make([]float64, r.Resamples)
	if drawn := r.drawn(purpose, len(values)); drawn != nil {
		r.blocks(purpose, func(_ *rand.ChaCha8, from, to int) {
			for i := from; i < to; i++ {
				of := drawn[i*len(values):][:len(values)]
				sum := 0.0
				for ; len(of) > 1; of = of[2:] {
					sum += values[of[0]] + values[of[1]]
				}
				if len(of) == 1 {
					sum += values[of[0]]
				}
				result[i] = sum / float64(n)
			}
		})
		return result
	}
	r.blocks(purpose, func(stream *rand.ChaCha8, from, to int) {
		for i := from; i < to; i++ {
			// Two draws from each 64 bits: a value's chance is off by less
			// than n/2³² of itself.
			sum := 0.0
			left := n
			for ; left > 1; left -= 2 {
				bits := stream.Uint64()
				sum += values[(bits>>32)*n>>32] + values[(bits&0xFFFFFFFF)*n>>32]
			}
			if left == 1 {
				sum += values[(stream.Uint64()>>32)*n>>32]
			}
			result[i] = sum / float64(n)
		}
	})
	return result
}
