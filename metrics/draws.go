package metrics

import (
	"math"
	"math/rand/v2"
	"sync"
)

// Draws keeps what resamples drew, so that comparing many systems on the same
// examples draws once: half of the time of an interval is drawing. Draws may
// be used from several goroutines, and its zero value is ready.
type Draws struct {
	mutex sync.Mutex
	of    map[drawing][]uint16
	kept  int
}

// drawing is what draws depend on.
type drawing struct {
	purpose                   string
	seed, resamples, examples int
}

// maxDraws bounds what is kept, all of it together: 64 MiB.
const maxDraws = 32 << 20

// drawn returns the examples that each resample drew, one resample after the
// other, in the order in which means draws them. It returns nil where they are
// not kept.
func (r Resampling) drawn(purpose string, examples int) []uint16 {
	if r.Draws == nil || examples > math.MaxUint16 {
		return nil
	}
	r.Draws.mutex.Lock()
	defer r.Draws.mutex.Unlock()
	key := drawing{purpose, r.Seed, r.Resamples, examples}
	if drawn, ok := r.Draws.of[key]; ok {
		return drawn
	}
	size := r.Resamples * examples
	if r.Draws.kept+size > maxDraws {
		return nil
	}
	drawn := make([]uint16, size)
	n := uint64(examples)
	r.blocks(purpose, func(stream *rand.ChaCha8, from, to int) {
		for i := from; i < to; i++ {
			of := drawn[i*examples:][:examples]
			for ; len(of) > 1; of = of[2:] {
				bits := stream.Uint64()
				of[0], of[1] = uint16((bits>>32)*n>>32), uint16((bits&0xFFFFFFFF)*n>>32)
			}
			if len(of) == 1 {
				of[0] = uint16((stream.Uint64() >> 32) * n >> 32)
			}
		}
	})
	if r.Draws.of == nil {
		r.Draws.of = map[drawing][]uint16{}
	}
	r.Draws.of[key] = drawn
	r.Draws.kept += size
	return drawn
}
