// Package rule makes outputs of inputs by a rule, without a model: the first words or
// sentences of the input, the lead-k baseline of summarization (See et al. 2017), where
// a leading definition may be taken off first.
package rule

import (
	"embed"
	"fmt"
	"strings"

	"lastmile/experiments"
	"lastmile/harness/postprocess"
)

// Sources are this package's files: their comments document its settings.
//
//go:embed *.go
var Sources embed.FS

// Decoding is the one decoding of a rule's runs: a rule does not draw.
const Decoding = "greedy"

// The units that an output is measured in.
const (
	words     = "words"
	sentences = "sentences"
)

// Settings are the section [rule]: a rule that makes outputs of inputs in place of a
// policy. Nothing is trained, and the one decoding is greedy.
type Settings struct {
	// Unit is "words", which white space parts, or "sentences".
	Unit string `toml:"unit" json:"unit"`
	// Strip takes a leading definition off the input first: "X is a", "X provides
	// an", "This package contains the".
	Strip bool `toml:"strip" json:"strip"`
	// Lengths are the numbers k that are tried on dev: an output is the first k units
	// of the input, and the k with the best TuneOn metric there is that of test. A
	// single one is not tried. None means 4 to 10 words, or 1 to 3 sentences.
	Lengths []int `toml:"lengths" json:"lengths"`
	// TuneOn is the metric that chooses among Lengths.
	TuneOn string `toml:"tune_on" json:"tune_on"`
}

// Section is the section [rule] of a sweep file, for the runs that are active. tuneOn
// says which metrics a length can be chosen by.
func Section(active func(experiments.Config) bool, tuneOn experiments.Check) experiments.Section {
	return experiments.Section{
		Key:     "rule",
		Default: Settings{Unit: words, Lengths: []int{}, TuneOn: "la-rougeL"},
		Rules: experiments.Rules{
			"unit":    experiments.Choice("unit", words, sentences),
			"strip":   experiments.Anything,
			"lengths": experiments.List(experiments.AtLeast(1), 0),
			"tune_on": tuneOn,
		},
		Active: active,
	}
}

// Candidates are the numbers of units that are tried on dev, at least one.
func (s Settings) Candidates() []int {
	switch {
	case len(s.Lengths) > 0:
		return s.Lengths
	case s.Unit == sentences:
		return []int{1, 2, 3}
	}
	return []int{4, 5, 6, 7, 8, 9, 10}
}

// Name is what the rule is called with a number of units: "lead-7 words".
func (s Settings) Name(length int) string {
	name := fmt.Sprintf("lead-%d %s", length, s.Unit)
	if length == 1 {
		name = strings.TrimSuffix(name, "s")
	}
	if s.Strip {
		name = "strip, " + name
	}
	return name
}

// Apply makes an output of so many units, with single spaces for all white space.
func (s Settings) Apply(input string, length int) string {
	if s.Strip {
		input = Strip(input)
	}
	units := strings.Fields(input)
	if s.Unit == sentences {
		units = postprocess.Sentences(strings.TrimSpace(input))
	}
	output := strings.Join(units[:min(length, len(units))], " ")
	return strings.Join(strings.Fields(output), " ")
}

// Words is the length of an output in words, which stand for tokens: a rule has no
// tokenizer.
func Words(output string) int { return len(strings.Fields(output)) }
