package scoring

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lastmile/harness/stages"

	"lastmile/metrics"
)

// System says whose texts are scored or compared: those of a file, or of runs
// that differ in their seed, by one decoding, before or after post-processing.
type System struct {
	// Name is the file's, or what the runs were asked for by.
	Name   string   `json:"name"`
	Decode string   `json:"decode,omitempty"`
	Form   string   `json:"form,omitempty"`
	Runs   []string `json:"runs,omitempty"`
	Seeds  []int    `json:"seeds,omitempty"`
}

// String names the system, such as "ppo, greedy, raw, seeds 1, 2".
func (s System) String() string {
	if len(s.Runs) == 0 {
		return s.Name
	}
	name := s.Name + ", " + s.Decode + ", " + s.Form
	if len(s.Seeds) == 1 && strings.HasSuffix(s.Name, ", seed "+strconv.Itoa(s.Seeds[0])) {
		return name
	}
	return name + ", " + seedWords(s.Seeds)
}

// seedWords says "seed 1", or "seeds 1, 2, 3".
func seedWords(seeds []int) string {
	var words []string
	for _, seed := range seeds {
		words = append(words, strconv.Itoa(seed))
	}
	noun := "seed "
	if len(seeds) > 1 {
		noun = "seeds "
	}
	return noun + strings.Join(words, ", ")
}

// texts are a system's texts.
type texts struct {
	System
	examples []textExample
	inputs   [][]metrics.Input // by seed, then by example
	// learned are the scores that the store has of all its runs by metrics that
	// need a model, by metric.
	learned map[string]*learnedScores
	// settings are those of the runs' metrics.
	settings stages.Metrics
}

// textExample says which example a text is for.
type textExample struct {
	id   string // "" in files whose lines have none
	line int    // in a file
}

// learnedScores are scores by a metric that needs a model.
type learnedScores struct {
	signature string
	values    [][]float64 // by seed, then by example
}

// place says where a text is, for errors.
func (t *texts) place(example int) string {
	e := t.examples[example]
	if e.line > 0 {
		return fmt.Sprintf("%s:%d", t.Name, e.line)
	}
	return fmt.Sprintf("%s: example %s", t.System, e.id)
}

// keep leaves the examples at these places only, in their order.
func (t *texts) keep(places []int) {
	t.examples = pick(t.examples, places)
	for seed := range t.inputs {
		t.inputs[seed] = pick(t.inputs[seed], places)
		for _, of := range t.learned {
			of.values[seed] = pick(of.values[seed], places)
		}
	}
}

// keepSeeds leaves these seeds only, in their order.
func (t *texts) keepSeeds(seeds []int) {
	var places []int
	for _, seed := range seeds {
		places = append(places, slices.Index(t.Seeds, seed))
	}
	t.Seeds, t.Runs, t.inputs = pick(t.Seeds, places), pick(t.Runs, places), pick(t.inputs, places)
	for _, of := range t.learned {
		of.values = pick(of.values, places)
	}
}

// pick returns the values at places.
func pick[T any](values []T, places []int) []T {
	picked := make([]T, len(places))
	for i, place := range places {
		picked[i] = values[place]
	}
	return picked
}

// fileTexts reads a file of hypotheses and the files of their references.
func fileTexts(references []string, hypotheses string, pairing Pairing) (*texts, error) {
	lines, inputs, err := readTexts(references, hypotheses, pairing)
	if err != nil {
		return nil, stages.Mistake{Err: err}
	}
	t := &texts{System: System{Name: hypotheses}, inputs: [][]metrics.Input{inputs}}
	for _, line := range lines {
		t.examples = append(t.examples, textExample{line.id, line.number})
	}
	return t, nil
}
