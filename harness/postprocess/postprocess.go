// Package postprocess repairs outputs with rules: what one would do to the
// text of a model that was trained by maximum likelihood alone. Reports put its
// effect beside that of reinforcement learning.
//
// A chain is a list of processors by name, applied in order. Each takes away
// and adds nothing: an output is never longer after it than before, and a text
// with words never becomes empty. References are not seen.
package postprocess

import (
	"fmt"
	"strings"
)

// Text is an output as a processor sees it.
type Text struct {
	// Text is the output.
	Text string
	// Input is the input text that it is about, without the prompt's template.
	Input string
	// Ended tells whether the model ended it. If not, it was cut off at the
	// longest response.
	Ended bool
}

// Processor is one repair.
type Processor interface {
	// Process returns the text that is left of t.Text.
	Process(t Text) string
}

// registered lists the processors by name, each with its constructor.
var registered = []struct {
	name string
	make func(Settings) (Processor, error)
}{
	{"first-line", newFirstLine},
	{"first-sentence", newFirstSentence},
	{"drop-unfinished", newDropUnfinished},
	{"remove-repeated-ngrams", newRemoveRepeatedNGrams},
	{"remove-repeated-sentences", newRemoveRepeatedSentences},
	{"strip-echo", newStripEcho},
	{"cap-words", newCapWords},
}

// Names returns the names of all processors.
func Names() []string {
	var names []string
	for _, p := range registered {
		names = append(names, p.name)
	}
	return names
}

// Chain is processors, the first of which is applied first.
type Chain []Processor

// New returns the chain that config asks for. A name that is not registered or a
// number that is out of range is an error that says which key is wrong.
func New(config Settings) (Chain, error) {
	var chain Chain
next:
	for _, name := range config.Chain {
		for _, p := range registered {
			if p.name == name {
				processor, err := p.make(config)
				if err != nil {
					return nil, err
				}
				chain = append(chain, processor)
				continue next
			}
		}
		return nil, fmt.Errorf("postprocess.chain: unknown processor %q; one of %s", name, strings.Join(Names(), ", "))
	}
	return chain, nil
}

// Apply returns what the chain leaves of t.Text. A chain without processors
// leaves it as it is.
func (c Chain) Apply(t Text) string {
	for _, p := range c {
		t.Text = p.Process(t)
	}
	return t.Text
}

// atLeastOne checks a number of the section [postprocess].
func atLeastOne(key string, n int) error {
	if n < 1 {
		return fmt.Errorf("postprocess.%s: found %d, expected at least 1", key, n)
	}
	return nil
}
