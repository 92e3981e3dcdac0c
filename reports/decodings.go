package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// decodeSettings is what a report says of a decoding.
type decodeSettings struct {
	Strategy     string
	Temperature  float64
	Temperatures []float64
	TopK         int     `json:"top_k"`
	TopP         float64 `json:"top_p"`
	Beams        int
	Candidates   int    // among which one is chosen; 0 means fewestCandidates
	By           string // what the strategy "best-of-n" chooses by: "reward", which "" means too, or "reference"
	Utility      string // the metric of that choice by the references; "" means rougeL
}

// fewestCandidates are among how many samples one is chosen where nothing is said.
const fewestCandidates = 16

// decoding is a named way of decoding.
type decoding struct {
	name string
	decodeSettings
}

// isTuned says that outputs are plain samples at a temperature that was chosen on dev.
func (d decoding) isTuned() bool { return d.Strategy == "sample" && len(d.Temperatures) > 0 }

// isOracle says that outputs are chosen by the references: a ceiling of what can be
// chosen, which no system can claim.
func (d decoding) isOracle() bool { return d.Strategy == "best-of-n" && d.By == "reference" }

// isMatched says that outputs are not those of a run's own policy but of its MLE
// policy, at the temperature where its entropy is that of the own policy's samples.
func (d decoding) isMatched() bool { return d.Strategy == "matched" }

// isOwn says that outputs are what a run's policy makes of the input alone, so that
// they can be compared.
func (d decoding) isOwn() bool { return !d.isOracle() && !d.isMatched() }

// candidates are among how many samples one is chosen.
func (d decoding) candidates() int { return cmp.Or(d.Candidates, fewestCandidates) }

// drawn says what is done at the temperature.
func (d decoding) drawn() string {
	switch {
	case d.Strategy == "mbr":
		return "chosen by minimum Bayes risk from samples"
	case d.isOracle():
		return fmt.Sprintf("chosen by %s against the references (an oracle) from %d samples", cmp.Or(d.Utility, "rougeL"), d.candidates())
	case d.Strategy == "best-of-n":
		return fmt.Sprintf("chosen by the reward model from %d samples", d.candidates())
	}
	return "sampled"
}

// orderDecodings lists the decodings: sampling at a given temperature first,
// since that shows the policy as it is, then greedy and beam search, then
// those with a temperature, or all of it, chosen on dev; last those that are not what
// a policy makes of the input.
func (e *evidence) orderDecodings() {
	seen := map[string]bool{}
	for _, l := range e.labels {
		for name, settings := range l.decode {
			if !seen[name] {
				seen[name] = true
				e.decodings = append(e.decodings, decoding{name, settings})
			}
		}
	}
	rank := func(d decoding) int {
		switch {
		case d.isOracle():
			return 5
		case d.isMatched():
			return 4
		case d.isTuned(), d.Strategy == "best":
			return 3
		case d.Strategy == "sample":
			return 0
		case d.Strategy == "greedy":
			return 1
		default:
			return 2
		}
	}
	slices.SortFunc(e.decodings, func(a, b decoding) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a.name, b.name))
	})
}

// decoding returns the decoding of that name.
func (e *evidence) decoding(name string) decoding {
	for _, d := range e.decodings {
		if d.name == name {
			return d
		}
	}
	return decoding{name: name}
}

// manner says how a label's outputs were decoded, "sampled at temperature 1", or by
// which rule they were made, "(lead-7 words)". It follows a noun.
func (e *evidence) manner(of string, d decoding) string {
	if e.label(of).algorithm.Family == Rule {
		return "(" + cmp.Or(e.chosen(of, d), "a rule") + ")"
	}
	if settings, ok := e.label(of).decode[d.name]; ok {
		d.decodeSettings = settings
	}
	switch d.Strategy {
	case "greedy":
		return "decoded greedily"
	case "beam":
		return fmt.Sprintf("decoded with %d beams", d.Beams)
	case "best":
		return "decoded as is best on dev" + e.chosenBehind(of, d)
	case "matched":
		return "replaced by samples of its MLE policy at the temperature of the same entropy" + e.chosenBehind(of, d)
	}
	var limits []string
	if d.TopK > 0 {
		limits = append(limits, fmt.Sprintf("top-k %d", d.TopK))
	}
	if d.TopP > 0 && d.TopP < 1 {
		limits = append(limits, fmt.Sprintf("top-p %g", d.TopP))
	}
	text := fmt.Sprintf("at temperature %g", d.Temperature)
	if len(d.Temperatures) > 0 {
		text = "at its best temperature on dev" + e.chosenBehind(of, d)
	}
	text = d.drawn() + " " + text
	if len(limits) > 0 {
		text += " with " + enumerate(limits)
	}
	return text
}

// chosenBehind is [evidence.chosen] in parentheses, to stand behind words.
func (e *evidence) chosenBehind(of string, d decoding) string {
	if chosen := e.chosen(of, d); chosen != "" {
		return " (" + chosen + ")"
	}
	return ""
}

// chosen lists what was chosen, or found, on dev for a label's runs: temperatures, or
// decodings in words.
func (e *evidence) chosen(of string, d decoding) string {
	var all []float64
	var words []string
	for _, t := range e.tuned {
		if t.Label != of || t.Decode != d.name {
			continue
		}
		all = append(all, t.Temperature)
		if !slices.Contains(words, t.Chosen) {
			words = append(words, t.Chosen)
		}
	}
	if d.Strategy == "best" || e.label(of).algorithm.Family == Rule {
		return strings.Join(words, " or ")
	}
	slices.Sort(all)
	all = slices.Compact(all)
	switch len(all) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("%.3g", all[0])
	default:
		return fmt.Sprintf("%.3g to %.3g", all[0], all[len(all)-1])
	}
}
