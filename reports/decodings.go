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
}

// decoding is a named way of decoding.
type decoding struct {
	name string
	decodeSettings
}

// isTuned says that outputs are plain samples at a temperature that was chosen on dev.
func (d decoding) isTuned() bool { return d.Strategy == "sample" && len(d.Temperatures) > 0 }

// drawn says what is done at the temperature.
func (d decoding) drawn() string {
	if d.Strategy == "mbr" {
		return "chosen by minimum Bayes risk from samples"
	}
	return "sampled"
}

// orderDecodings lists the decodings: sampling at a given temperature first,
// since that shows the policy as it is, then greedy and beam search, then
// those with a temperature chosen on dev.
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
		case d.isTuned():
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
		return "(" + cmp.Or(e.chosen(of, d.name), "a rule") + ")"
	}
	if settings, ok := e.label(of).decode[d.name]; ok {
		d.decodeSettings = settings
	}
	switch d.Strategy {
	case "greedy":
		return "decoded greedily"
	case "beam":
		return fmt.Sprintf("decoded with %d beams", d.Beams)
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
		text = "at its best temperature on dev"
		if chosen := e.chosen(of, d.name); chosen != "" {
			text += " (" + chosen + ")"
		}
	}
	text = d.drawn() + " " + text
	if len(limits) > 0 {
		text += " with " + enumerate(limits)
	}
	return text
}

// chosen lists the temperatures, or the candidates, that were chosen on dev for a
// label's runs.
func (e *evidence) chosen(of, decode string) string {
	var all []float64
	var candidates []string
	for _, t := range e.tuned {
		switch {
		case t.Label != of || t.Decode != decode:
		case t.Candidate == "":
			all = append(all, t.Temperature)
		case !slices.Contains(candidates, t.Candidate):
			candidates = append(candidates, t.Candidate)
		}
	}
	if len(candidates) > 0 {
		return strings.Join(candidates, "; ")
	}
	slices.Sort(all)
	all = slices.Compact(all)
	switch len(all) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("%g", all[0])
	default:
		return fmt.Sprintf("%g to %g", all[0], all[len(all)-1])
	}
}
