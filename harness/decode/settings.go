package decode

import (
	"cmp"
	"slices"
)

// Settings say how one decoding turns a prompt into a response.
type Settings struct {
	// Enabled is false where a sweep file takes a decoding out: greedy and sample
	// are there unless it does. A run's configuration holds none that is not
	// enabled.
	Enabled bool `toml:"enabled" json:"-"`
	// Strategy is "greedy", "sample", "beam" or "mbr": minimum Bayes risk over
	// samples (Kumar and Byrne 2004; Eikema and Aziz 2020), the sample that is most
	// like the others. "best-of-n" is the best sample, see By. "best" tries greedy
	// decoding, beam search with each of BeamWidths and LengthPenalties, and sampling
	// at each of Temperatures and TopPs on dev, and takes what is best there by
	// TuneOn. "matched" samples from the MLE policy that the run began with, at the
	// temperature at which the entropy of its samples on dev, in nats a token, is that
	// of the run's own policy at Temperature: what sharpening alone gives.
	Strategy string `toml:"strategy" json:"strategy"`
	// Temperature of the strategies "sample", "mbr" and "best-of-n", and of the run's
	// own policy where the strategy is "matched".
	Temperature float64 `toml:"temperature" json:"temperature"`
	// Temperatures, where there are any, are tried on dev, and the one with the best
	// TuneOn metric there replaces Temperature. Where the strategy is "best", none
	// means 0.3, 0.5 and 0.7.
	Temperatures []float64 `toml:"temperatures" json:"temperatures"`
	// TopPs are the values of TopP that the strategy "best" tries at each of
	// Temperatures; none means 1 and 0.9.
	TopPs []float64 `toml:"top_ps" json:"top_ps,omitempty"`
	// BeamWidths are the values of Beams that the strategy "best" tries; none means 2
	// and 4.
	BeamWidths []int `toml:"beam_widths" json:"beam_widths,omitempty"`
	// LengthPenalties are the values of LengthPenalty that the strategy "best" tries
	// with each of BeamWidths; none means 1.
	LengthPenalties []float64 `toml:"length_penalties" json:"length_penalties,omitempty"`
	// TuneOn is the metric that chooses on dev.
	TuneOn string `toml:"tune_on" json:"tune_on"`
	// TopK keeps the K likeliest tokens; 0 means all.
	TopK int `toml:"top_k" json:"top_k"`
	// TopP keeps the likeliest tokens that together reach this probability.
	TopP float64 `toml:"top_p" json:"top_p"`
	// Beams is the width of the strategy "beam".
	Beams int `toml:"beams" json:"beams"`
	// LengthPenalty divides a beam's log-probability by length^LengthPenalty,
	// as transformers does.
	LengthPenalty float64 `toml:"length_penalty" json:"length_penalty"`
	// Candidates is the number of samples among which the strategies "mbr" and
	// "best-of-n" choose; 0 means 16.
	Candidates int `toml:"candidates" json:"candidates,omitempty"`
	// By says what the strategy "best-of-n" chooses by: "reward", the score of the
	// run's reward model, which is trained for it also where no algorithm asks it; or
	// "reference", the Utility against the example's references: an oracle, a ceiling
	// for those that see none. "" means reward.
	By string `toml:"by" json:"by,omitempty"`
	// Utility is the metric by which the strategy "mbr" measures a candidate against
	// each of the others, with the options of [metrics]: the one with the highest mean
	// is the response (Bertsch et al. 2023). The strategy "best-of-n" by reference
	// measures it against the references. "" means rougeL.
	Utility string `toml:"utility" json:"utility,omitempty"`
	// DevExamples is the number of examples of dev, the first ones, on which the
	// strategy "matched" measures entropies; 0 means 200.
	DevExamples int `toml:"dev_examples" json:"dev_examples,omitempty"`
	// BatchSize is the number of prompts decoded at once, or of candidates where the
	// strategy chooses among them; it changes speed and memory, and nothing else but
	// rounding.
	BatchSize int `toml:"batch_size" json:"batch_size"`
}

// The values of [Settings].Strategy.
const (
	Greedy  = "greedy"
	Sample  = "sample"
	Beam    = "beam"
	MBR     = "mbr"
	Best    = "best"
	BestOfN = "best-of-n"
	Matched = "matched"
)

// strategies are all of them.
var strategies = []string{Greedy, Sample, Beam, MBR, Best, BestOfN, Matched}

// The values of [Settings].By.
const (
	byReward    = "reward"
	byReference = "reference"
)

// Default is the decoding of which nothing is said but its name: the strategy of that
// name, or sampling where there is none.
func Default(name string) Settings {
	strategy := Sample
	if slices.Contains(strategies, name) {
		strategy = name
	}
	return Settings{
		Enabled:         true,
		Strategy:        strategy,
		Temperature:     1,
		Temperatures:    []float64{},
		TopPs:           []float64{},
		BeamWidths:      []int{},
		LengthPenalties: []float64{},
		TuneOn:          "la-rougeL",
		TopP:            1,
		Beams:           4,
		LengthPenalty:   1,
		BatchSize:       64,
	}
}

// Draws reports whether the strategy samples at a temperature.
func (s Settings) Draws() bool { return s.Strategy != Greedy && s.Strategy != Beam }

// Tunes reports whether something is chosen on dev by TuneOn.
func (s Settings) Tunes() bool { return s.Strategy == Best || len(s.Temperatures) > 0 }

// ByReward reports whether the reward model chooses the response.
func (s Settings) ByReward() bool { return s.Strategy == BestOfN && s.By != byReference }

// ByReference reports whether the references choose the response.
func (s Settings) ByReference() bool { return s.Strategy == BestOfN && s.By == byReference }

// EntropyExamples is the number of examples on which the strategy "matched" measures
// entropies.
func (s Settings) EntropyExamples() int { return cmp.Or(s.DevExamples, 200) }
