package decode

import (
	"fmt"

	"lastmile/experiments"
)

// Settings say how one decoding turns a prompt into a response.
type Settings struct {
	// Enabled is false where a sweep file takes a decoding out: greedy and sample
	// are there unless it does. A run's configuration holds none that is not
	// enabled.
	Enabled bool `toml:"enabled" json:"-"`
	// Strategy is "greedy", "sample", "beam" or "mbr": minimum Bayes risk over
	// samples (Kumar and Byrne 2004; Eikema and Aziz 2020), the sample that is most
	// like the others.
	Strategy string `toml:"strategy" json:"strategy"`
	// Temperature of the strategies "sample" and "mbr".
	Temperature float64 `toml:"temperature" json:"temperature"`
	// Temperatures, where there are any, are tried on dev, and the one with the best
	// TuneOn metric there replaces Temperature.
	Temperatures []float64 `toml:"temperatures" json:"temperatures"`
	// TuneOn is the metric that chooses among Temperatures.
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
	// Candidates is the number of samples among which the strategy "mbr" chooses; 0
	// means 16.
	Candidates int `toml:"candidates" json:"candidates,omitempty"`
	// Utility is the metric by which the strategy "mbr" measures a candidate against
	// each of the others, with the options of [metrics]: the one with the highest mean
	// is the response (Bertsch et al. 2023). "" means rougeL.
	Utility string `toml:"utility" json:"utility,omitempty"`
	// BatchSize is the number of prompts decoded at once, or of candidates where the
	// strategy is "mbr"; it changes speed and memory, and nothing else but rounding.
	BatchSize int `toml:"batch_size" json:"batch_size"`
}

// Default is the decoding of which nothing is said but its name: greedy, beam search
// or minimum Bayes risk where that is its name, sampling otherwise.
func Default(name string) Settings {
	strategy := "sample"
	switch name {
	case "greedy", "beam", "mbr":
		strategy = name
	}
	return Settings{
		Enabled:       true,
		Strategy:      strategy,
		Temperature:   1,
		Temperatures:  []float64{},
		TuneOn:        "la-rougeL",
		TopP:          1,
		Beams:         4,
		LengthPenalty: 1,
		BatchSize:     64,
	}
}

// Group is the table of decodings, [decode.NAME], of a sweep file. tuneOn says which
// metrics a temperature can be chosen by, and utility which a candidate.
func Group(tuneOn, utility experiments.Check) experiments.Group {
	rules := experiments.Rules{
		"enabled":        experiments.Anything,
		"strategy":       experiments.Choice("strategy", "greedy", "sample", "beam", "mbr"),
		"temperature":    experiments.Above(0),
		"temperatures":   experiments.List(experiments.Above(0), 0),
		"tune_on":        tuneOn,
		"top_k":          experiments.AtLeast(0),
		"top_p":          experiments.AboveTo(0, 1),
		"beams":          experiments.AtLeast(1),
		"length_penalty": experiments.From(-10, 10),
		"candidates":     experiments.AtLeast(0),
		"utility":        utility,
		"batch_size":     experiments.AtLeast(1),
	}
	return experiments.Group{
		Key:     "decode",
		Noun:    "decoding",
		Present: []string{"greedy", "sample"},
		Element: func(name string) (experiments.Section, bool) {
			return experiments.Section{Default: Default(name), Rules: rules}, true
		},
		Gone: func(element any) bool { return !element.(Settings).Enabled },
		Check: func(c experiments.Config) []experiments.Complaint {
			names := c.Names("decode")
			if len(names) == 0 {
				return []experiments.Complaint{{
					Keys:    []string{"decode.greedy.enabled", "decode.sample.enabled"},
					Message: "no decoding is left; enable one",
				}}
			}
			var found []experiments.Complaint
			for _, name := range names {
				s := experiments.Get[Settings](c, "decode."+name)
				complain := func(key, message string) {
					found = append(found, experiments.Complaint{
						Keys:    []string{"decode." + name + "." + key, "decode." + name + ".strategy"},
						Message: fmt.Sprintf("%s, and that of %s is %s", message, name, s.Strategy),
					})
				}
				if len(s.Temperatures) > 0 && !s.Draws() {
					complain("temperatures", "temperatures are tried with the strategies sample and mbr only")
				}
				if s.Candidates > 0 && s.Strategy != "mbr" {
					complain("candidates", "candidates are drawn with the strategy mbr only")
				}
				if s.Utility != "" && s.Strategy != "mbr" {
					complain("utility", "a utility chooses among candidates with the strategy mbr only")
				}
			}
			return found
		},
	}
}
