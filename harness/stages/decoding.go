package stages

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"

	"lastmile/harness/decode"
	"lastmile/harness/stage"
)

// Decoding is the file decode.json: how the test set was decoded, as far as settings
// leave it open.
type Decoding struct {
	// Temperature is the one that the test set was decoded at, where that draws.
	Temperature float64 `json:"temperature"`
	// Chosen is the best of Tuned where that is more than a temperature, in words.
	Chosen string `json:"chosen,omitempty"`
	// Tuned is what was tried on dev.
	Tuned []tried `json:"tuned"`
	// Entropies are what the strategy "matched" found at Temperature.
	Entropies *Entropies `json:"entropies,omitempty"`
}

// tried is a decoding and what it scored on dev.
type tried struct {
	// Temperature is there where the decoding draws.
	Temperature float64 `json:"temperature,omitempty"`
	Score       float64 `json:"score"`
	// Decoding is there where it is more than a temperature: [decode.Settings.Words].
	Decoding string `json:"decoding,omitempty"`
}

func (t tried) words() string { return cmp.Or(t.Decoding, atTemperature(t.Temperature)) }

// Entropies are the mean entropies, in nats a token, of the distributions that samples
// on dev are drawn from.
type Entropies struct {
	// Policy is that of the run's own policy, at the decoding's temperature.
	Policy float64 `json:"policy"`
	// MLE is that of the MLE policy, at the temperature that was found.
	MLE float64 `json:"mle"`
}

func decodingFile(dir string) string { return filepath.Join(dir, "decode.json") }

// ReadDecoding reads how the test set was decoded in the artifact of a decode
// stage.
func ReadDecoding(dir string) (d Decoding, err error) {
	return d, stage.ReadJSON(decodingFile(dir), &d)
}

// Settled are the settings that the test set was decoded with, where o may leave to dev
// what they are.
func (d Decoding) Settled(o decode.Settings) (decode.Settings, error) {
	switch {
	case o.Strategy == decode.Best:
		tries := o.Tries()
		chosen := slices.IndexFunc(tries, func(s decode.Settings) bool { return s.Words() == d.Chosen })
		if chosen < 0 {
			return o, fmt.Errorf("decode.json: %q, which was chosen, is none of the decodings that there are to try", d.Chosen)
		}
		return tries[chosen], nil
	case o.Strategy == decode.Matched:
		o.Strategy = decode.Sample
	}
	o.Temperature, o.Temperatures = d.Temperature, nil
	return o, nil
}

// chosen is what was chosen on dev, in words, or "".
func (d Decoding) chosen() string {
	if d.Chosen == "" && len(d.Tuned) > 0 {
		return atTemperature(d.Temperature)
	}
	return d.Chosen
}

// atTemperature are the words for a decoding that differs from others in its
// temperature.
func atTemperature(t float64) string { return fmt.Sprintf("temperature %g", t) }
