package decode

import (
	"fmt"
	"strings"
)

// Tries are the decodings among which dev chooses, in the order in which they are
// tried: what the strategy "best" stands for, or the decoding itself at each of its
// Temperatures. All have the random streams of the decoding. There are none where
// nothing is chosen.
func (s Settings) Tries() []Settings {
	if s.Strategy != Best {
		return s.atTemperatures(s.Temperatures)
	}
	of := s
	of.Strategy, of.TopPs, of.BeamWidths, of.LengthPenalties = Greedy, nil, nil, nil
	of.Temperatures = nil
	all := []Settings{of}
	of.Strategy = Beam
	for _, of.Beams = range orElse(s.BeamWidths, 2, 4) {
		for _, of.LengthPenalty = range orElse(s.LengthPenalties, 1) {
			all = append(all, of)
		}
	}
	of.Strategy = Sample
	for _, of.TopP = range orElse(s.TopPs, 1, 0.9) {
		all = append(all, of.atTemperatures(orElse(s.Temperatures, 0.3, 0.5, 0.7))...)
	}
	return all
}

// atTemperatures is the decoding at each of the temperatures.
func (s Settings) atTemperatures(temperatures []float64) []Settings {
	s.Temperatures = nil
	var all []Settings
	for _, s.Temperature = range temperatures {
		all = append(all, s)
	}
	return all
}

// orElse are the values, or others where there are none.
func orElse[T any](values []T, others ...T) []T {
	if len(values) == 0 {
		return others
	}
	return values
}

// Words say how one of [Settings.Tries] decodes: "greedy", "4 beams", "temperature
// 0.3, top-p 0.9". No two tries of a decoding have the same.
func (s Settings) Words() string {
	var words []string
	switch s.Strategy {
	case Greedy:
		return Greedy
	case Beam:
		words = append(words, fmt.Sprintf("%d beams", s.Beams))
		if s.LengthPenalty != 1 {
			words = append(words, fmt.Sprintf("length penalty %g", s.LengthPenalty))
		}
	default:
		words = append(words, fmt.Sprintf("temperature %g", s.Temperature))
		if s.TopK > 0 {
			words = append(words, fmt.Sprintf("top-k %d", s.TopK))
		}
		if s.TopP < 1 {
			words = append(words, fmt.Sprintf("top-p %g", s.TopP))
		}
	}
	return strings.Join(words, ", ")
}
