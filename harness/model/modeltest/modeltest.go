// Package modeltest has what tests of models need: a session on the device that they
// are to run on, and a model small enough to be trained in a test.
package modeltest

import (
	"io"
	"os"
	"testing"

	"lastmile/harness/model"
	"lastmile/harness/torch"
)

// Vocabulary is the number of tokens of [Tiny], and EOS its end token.
const (
	Vocabulary = 12
	EOS        = 0
)

// Open opens a session with one thread on the device that LASTMILE_DEVICE names, the
// CPU where it names none, until the test ends.
func Open(t testing.TB, dtype torch.DType) *torch.Session {
	t.Helper()
	s, err := torch.Open(torch.Options{Device: os.Getenv("LASTMILE_DEVICE"), Threads: 1, DType: dtype})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// OpenMetric opens a model that computes metrics with one thread on that device, until the
// test ends.
func OpenMetric[S any, M io.Closer](t testing.TB, open func(settings S, threads int, device string) (M, error), settings S) M {
	t.Helper()
	m, err := open(settings, 1, os.Getenv("LASTMILE_DEVICE"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// Tiny is a model of one layer with the random weights of a seed.
func Tiny(t testing.TB, s *torch.Session, seed int) *model.Model {
	t.Helper()
	m, err := model.New(s, model.Config{
		VocabSize: Vocabulary, HiddenSize: 16, IntermediateSize: 24, NumHiddenLayers: 1, NumAttentionHeads: 4, NumKeyValueHeads: 2,
		HiddenAct: "silu", MaxPositionEmbeddings: 72, InitializerRange: 0.2, RMSNormEps: 1e-6, RopeTheta: 100, TieWordEmbeddings: true,
	}, seed)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Weights are a model's parameters as bytes, one after the other.
func Weights(t testing.TB, m *model.Model) []byte {
	t.Helper()
	tensors, err := m.Tensors()
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, p := range m.Parameters() {
		all = append(all, tensors[p.Name].Data...)
	}
	return all
}
