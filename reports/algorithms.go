package reports

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Algorithm is what a report has to know of a training algorithm.
type Algorithm struct {
	Name   string // in the configuration
	Label  string // in prose
	Family Family
}

// Family is what an algorithm learns from after maximum likelihood.
type Family string

// The families.
const (
	// Likelihood trains on with the task's own responses. Its runs are
	// controls.
	Likelihood Family = "likelihood"
	// OnPolicy trains on samples of the policy, by their rewards. Its runs are
	// treatments.
	OnPolicy Family = "on-policy"
	// Preference trains on pairs of a better and a worse response. Its runs
	// are treatments.
	Preference Family = "preference"
	// Decoding leaves the policy as it is; at most it decodes it otherwise.
	Decoding Family = "decoding"
	// Rule makes outputs from the input by a rule, without a model. Its runs are
	// controls.
	Rule Family = "rule"
)

// optimises tells whether the family is one of treatments.
func (f Family) optimises() bool { return f == OnPolicy || f == Preference }

// noun is how prose calls what the family does.
func (f Family) noun() string {
	switch f {
	case Likelihood:
		return "maximum likelihood"
	case OnPolicy:
		return "reinforcement learning"
	case Preference:
		return "preference optimisation"
	case Rule:
		return "a rule"
	default:
		return string(f)
	}
}

// algorithmIn returns the name of the algorithm in a run's configuration. In
// older stores it stands in the section [rl], where mle_longer is called
// mle.
func algorithmIn(config json.RawMessage) (string, error) {
	var c struct {
		Algorithm string
		RL        struct{ Algorithm string }
	}
	if err := json.Unmarshal(config, &c); err != nil {
		return "", err
	}
	switch {
	case c.Algorithm != "":
		return c.Algorithm, nil
	case c.RL.Algorithm == "mle":
		return "mle_longer", nil
	default:
		return c.RL.Algorithm, nil
	}
}

// algorithmNamed returns the algorithm of that name. One that is not listed has no
// family.
func algorithmNamed(algorithms []Algorithm, name string) Algorithm {
	if i := slices.IndexFunc(algorithms, func(a Algorithm) bool { return a.Name == name }); i >= 0 {
		return algorithms[i]
	}
	return Algorithm{Name: name, Label: name}
}

// acronyms finds the words that prose writes in capitals.
type acronyms struct{ pattern *regexp.Regexp }

// newAcronyms knows those of the field and those in the labels of algorithms.
func newAcronyms(algorithms []Algorithm) acronyms {
	words := []string{"mle", "rl", "kl", "sft"}
	for _, a := range algorithms {
		for _, word := range strings.FieldsFunc(a.Label, func(r rune) bool { return !unicode.IsLetter(r) }) {
			if len(word) > 1 && word == strings.ToUpper(word) {
				words = append(words, regexp.QuoteMeta(strings.ToLower(word)))
			}
		}
	}
	return acronyms{regexp.MustCompile(`(?i)\b(` + strings.Join(words, "|") + `)\b`)}
}

func (a acronyms) capitalize(text string) string {
	return a.pattern.ReplaceAllStringFunc(text, strings.ToUpper)
}
