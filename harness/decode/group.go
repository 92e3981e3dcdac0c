package decode

import (
	"fmt"

	"lastmile/experiments"
)

// Group is the table of decodings, [decode.NAME], of a sweep file. tuneOn says which
// metrics something can be chosen by on dev, and utility which a candidate.
func Group(tuneOn, utility experiments.Check) experiments.Group {
	rules := experiments.Rules{
		"enabled":          experiments.Anything,
		"strategy":         experiments.Choice("strategy", strategies...),
		"temperature":      experiments.Temperature,
		"temperatures":     experiments.List(experiments.Temperature, 0),
		"top_ps":           experiments.List(experiments.AboveTo(0, 1), 0),
		"beam_widths":      experiments.List(experiments.Whole(2, 1024), 0),
		"length_penalties": experiments.List(experiments.From(-10, 10), 0),
		"tune_on":          tuneOn,
		"top_k":            experiments.AtLeast(0),
		"top_p":            experiments.AboveTo(0, 1),
		"beams":            experiments.Whole(1, 1024),
		"length_penalty":   experiments.From(-10, 10),
		"candidates":       experiments.Whole(0, 1<<16),
		"by":               criterion(),
		"utility":          utility,
		"dev_examples":     experiments.AtLeast(0),
		"batch_size":       experiments.Whole(1, 1<<16),
	}
	return experiments.Group{
		Key:     "decode",
		Noun:    "decoding",
		Present: []string{Greedy, Sample},
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
				found = append(found, experiments.Get[Settings](c, "decode."+name).unused(name)...)
			}
			return found
		},
	}
}

// criterion allows what the strategy "best-of-n" can choose by.
func criterion() experiments.Check {
	known := experiments.Choice("criterion", byReward, byReference)
	return experiments.Check{Allowed: known.Allowed, Broken: func(value any) string {
		if value == "" {
			return ""
		}
		return known.Broken(value)
	}}
}

// unused complains about settings that the strategy of the decoding called name does
// not have.
func (s Settings) unused(name string) []experiments.Complaint {
	best, chooses := s.Strategy == Best, s.Strategy == MBR || s.Strategy == BestOfN
	var found []experiments.Complaint
	for _, setting := range []struct {
		key     string
		said    bool
		used    bool
		message string
	}{
		{"temperatures", len(s.Temperatures) > 0, s.Strategy == Sample || chooses || best, "temperatures are tried with the strategies sample, mbr, best-of-n and best only"},
		{"top_ps", len(s.TopPs) > 0, best, "top_ps are tried with the strategy best only"},
		{"beam_widths", len(s.BeamWidths) > 0, best, "beam_widths are tried with the strategy best only"},
		{"length_penalties", len(s.LengthPenalties) > 0, best, "length_penalties are tried with the strategy best only"},
		{"top_p", s.TopP < 1, !best, "top_ps, and not a top_p, are tried with the strategy best"},
		{"top_p", s.TopP < 1, s.Strategy != Matched, "entropies are matched over all tokens, without a top_p"},
		{"top_k", s.TopK > 0, s.Strategy != Matched, "entropies are matched over all tokens, without a top_k"},
		{"candidates", s.Candidates > 0, chooses, "candidates are drawn with the strategies mbr and best-of-n only"},
		{"by", s.By != "", s.Strategy == BestOfN, "by says what the strategy best-of-n chooses by"},
		{"dev_examples", s.DevExamples > 0, s.Strategy == Matched, "dev_examples are those of the strategy matched"},
	} {
		if setting.said && !setting.used {
			found = append(found, s.complaint(name, setting.key, setting.message))
		}
	}
	switch {
	case s.Utility == "" || s.Strategy == MBR || s.ByReference():
	case s.ByReward():
		found = append(found, experiments.Complaint{
			Keys:    []string{"decode." + name + ".utility", "decode." + name + ".by"},
			Message: "the strategy best-of-n has a utility where it chooses by = \"reference\" only",
		})
	default:
		found = append(found, s.complaint(name, "utility", "a utility chooses among candidates with the strategies mbr and best-of-n only"))
	}
	return found
}

func (s Settings) complaint(name, key, message string) experiments.Complaint {
	return experiments.Complaint{
		Keys:    []string{"decode." + name + "." + key, "decode." + name + ".strategy"},
		Message: fmt.Sprintf("%s, and that of %s is %s", message, name, s.Strategy),
	}
}
