package doctor

import (
	"context"
	"slices"
	"time"

	"lastmile/harness/model"
	"lastmile/harness/torch"
)

// Measurements are taken on the report's device, in 32-bit floating point.
type Measurements struct {
	// Product is the speed of products of two square matrices of productSize,
	// in 10⁹ operations a second, a multiplication and an addition counting as
	// two.
	Product float64 `json:"product_gflops"`
	// Read is the speed of reading weights once, in 10⁹ bytes a second.
	Read float64 `json:"read_gbytes"`
	// Decode are the steps of a small model, one for each size of batch.
	Decode []DecodeSpeed `json:"decode"`
	// Parameters is the small model's size.
	Parameters int `json:"decode_parameters"`
}

// DecodeSpeed is how fast the small model makes tokens.
type DecodeSpeed struct {
	Batch           int     `json:"batch"`
	Milliseconds    float64 `json:"milliseconds_per_step"`
	TokensPerSecond float64 `json:"tokens_per_second"`
}

const (
	productSize = 1024
	// readRows and readColumns make a matrix of 256 MiB, which no cache holds.
	readRows, readColumns = 4096, 16384
	// measureFor is how long each measurement goes on; its first quarter warms
	// up caches and threads and does not count.
	measureFor = 600 * time.Millisecond
	// decodeLength is how many tokens a sequence has before the model's cache
	// is begun anew.
	decodeLength = 64
)

// smallModel is about the size of the model that ships with lastmile.
var smallModel = model.Config{
	Architectures:         []string{model.CausalLM},
	ModelType:             "llama",
	VocabSize:             4096,
	HiddenSize:            256,
	IntermediateSize:      704,
	NumHiddenLayers:       4,
	NumAttentionHeads:     4,
	NumKeyValueHeads:      2,
	HiddenAct:             "silu",
	MaxPositionEmbeddings: 2 * decodeLength,
	InitializerRange:      0.02,
	RMSNormEps:            1e-5,
	RopeTheta:             10000,
	TieWordEmbeddings:     true,
}

// measure asks for a number of threads, since libtorch's own choice may be half
// of the processors, and also returns the number that it got.
func measure(ctx context.Context, device string, threads int) (Measurements, int, error) {
	s, err := torch.Open(torch.Options{Device: device, Threads: threads})
	if err != nil {
		return Measurements{}, 0, err
	}
	defer s.Close()
	var m Measurements
	err = s.NoGrad(func() (err error) {
		if m.Product, err = ProductRate(ctx, s); err != nil {
			return err
		}
		if m.Read, err = ReadRate(ctx, s); err != nil {
			return err
		}
		m.Product, m.Read = m.Product/1e9, m.Read/1e9
		for _, batch := range []int{1, 16} {
			var speed DecodeSpeed
			if speed, m.Parameters, err = measureDecode(ctx, s, batch); err != nil {
				return err
			}
			m.Decode = append(m.Decode, speed)
		}
		return nil
	})
	return m, torch.Threads(), err
}

// ProductRate measures the speed of products of two square matrices of productSize, in
// operations a second, a multiplication and an addition counting as two: that of the
// fastest, since other work on the machine makes a product slower and never faster.
func ProductRate(ctx context.Context, s *torch.Session) (float64, error) {
	var seconds float64
	err := s.Scope(func() error {
		data := make([]float32, productSize*productSize)
		for i := range data {
			data[i] = float32(i%17) / 17
		}
		a := s.Floats(data, productSize, productSize)
		seconds = fastestOf(ctx, func() error {
			return s.Scope(func() error {
				// Reading one element waits for a device to have finished.
				_, err := a.MatMul(a).Narrow(0, 0, 1).Narrow(1, 0, 1).Values()
				return err
			})
		})
		return ctx.Err()
	})
	return 2 * productSize * productSize * productSize / seconds, err
}

// ReadRate measures how fast the product of one row with a matrix of readRows by
// readColumns reads the matrix, as a step of decoding at batch 1 reads weights, in bytes a
// second: the fastest, too.
func ReadRate(ctx context.Context, s *torch.Session) (float64, error) {
	var seconds float64
	err := s.Scope(func() error {
		// Written to, since memory that is all zeros may not be there.
		weights, row := s.Zeros(readRows, readColumns).AddScalar(1), s.Zeros(1, readRows)
		seconds = fastestOf(ctx, func() error {
			return s.Scope(func() error {
				_, err := row.MatMul(weights).Narrow(1, 0, 1).Values()
				return err
			})
		})
		return ctx.Err()
	})
	return 4 * readRows * readColumns / seconds, err
}

func measureDecode(ctx context.Context, s *torch.Session, batch int) (DecodeSpeed, int, error) {
	var seconds float64
	var count int
	err := s.Scope(func() error {
		m, err := model.New(s, smallModel, 0)
		if err != nil {
			return err
		}
		defer m.Free()
		count = m.Count()
		tokens := make([]int64, batch)
		cache := m.NewCache(batch, decodeLength)
		seconds = timeOf(ctx, func() error {
			if cache.Length(0) == decodeLength {
				cache.Free()
				cache = m.NewCache(batch, decodeLength)
			}
			return s.Scope(func() error {
				hidden := m.Hidden(model.Input{Tokens: tokens, Rows: batch, Length: 1, Cache: cache})
				next, err := m.Logits(hidden).ArgMax(-1).IntValues()
				copy(tokens, next)
				return err
			})
		})
		return ctx.Err()
	})
	return DecodeSpeed{Batch: batch, Milliseconds: 1000 * seconds, TokensPerSecond: float64(batch) / seconds}, count, err
}

// timeOf calls f for measureFor, or until it fails or ctx is done, and returns
// the seconds of one call: the mean.
func timeOf(ctx context.Context, f func() error) float64 {
	var sum float64
	seconds := secondsOf(ctx, f)
	for _, s := range seconds {
		sum += s
	}
	return sum / float64(len(seconds))
}

// fastestOf does the same and returns those of the fastest call.
func fastestOf(ctx context.Context, f func() error) float64 { return slices.Min(secondsOf(ctx, f)) }

// secondsOf has the seconds of each call after the first quarter of measureFor; one second
// where a call failed or ctx is done: the session or the context says what happened.
func secondsOf(ctx context.Context, f func() error) []float64 {
	var seconds []float64
	for start := time.Now(); ; {
		begin := time.Now()
		if f() != nil || ctx.Err() != nil {
			return []float64{1}
		}
		if begin.Sub(start) >= measureFor/4 {
			seconds = append(seconds, time.Since(begin).Seconds())
		}
		if len(seconds) > 0 && time.Since(start) >= measureFor {
			return seconds
		}
	}
}
