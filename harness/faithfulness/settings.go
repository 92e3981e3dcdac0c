package faithfulness

import (
	"errors"
	"fmt"
	"strings"

	"lastmile/experiments"
	"lastmile/harness/encoder"
)

// Settings say by which classifier the metric faithfulness is computed, and how.
type Settings struct {
	// Model is the Hugging Face folder of a classifier of natural language
	// inference, a BERT, RoBERTa or DeBERTa-v3 whose id2label names entailment and
	// contradiction, and its tokenizer.
	Model string `toml:"model" json:"model"`
	// Contradiction takes off the probability that the source contradicts a
	// sentence.
	Contradiction bool `toml:"contradiction" json:"contradiction"`
	// MinCharacters is the least length of a sentence, in characters; shorter
	// ones are left out. SummaC's is 11.
	MinCharacters int `toml:"min_characters" json:"min_characters"`
	// MaxSentences is the number of sentences of the source that count, the first.
	MaxSentences int `toml:"max_sentences" json:"max_sentences"`
	// BatchTokens is the number of tokens that are computed together, those that
	// fill up shorter rows included; a longer row is computed alone.
	BatchTokens int `toml:"batch_tokens" json:"batch_tokens"`
}

// DefaultSettings have no model, and are SummaC's otherwise.
func DefaultSettings() Settings {
	return Settings{Contradiction: true, MinCharacters: 11, MaxSentences: 100, BatchTokens: 2048}
}

// Section is the section [faithfulness] of a sweep file.
func Section(active func(experiments.Config) bool) experiments.Section {
	return experiments.Section{
		Key:     "faithfulness",
		Default: DefaultSettings(),
		Rules: experiments.Rules{
			"model":          experiments.Anything,
			"contradiction":  experiments.Anything,
			"min_characters": experiments.Whole(1, 1<<16),
			"max_sentences":  experiments.Whole(1, 1<<24),
			"batch_tokens":   experiments.Whole(1, 1<<24),
		},
		Paths:  []experiments.Path{{Key: "model"}},
		Active: active,
		Check: func(c experiments.Config) []experiments.Complaint {
			if experiments.Get[Settings](c, "faithfulness").Model != "" {
				return nil
			}
			return []experiments.Complaint{{
				Keys:    []string{"metrics.names", "faithfulness.model"},
				Message: "faithfulness needs a classifier of natural language inference: faithfulness.model = \"FOLDER\", in Hugging Face layout",
			}}
		},
	}
}

// Check tells whether the classifier of the settings can be used, without reading
// parameters.
func (s Settings) Check() error {
	_, _, err := s.read()
	return err
}

// labels are the places of the labels among the classifier's outputs; that of
// contradiction is -1 where it is not asked for.
type labels struct{ entailment, contradiction int }

// read reads what is not parameters: the classifier's configuration and its labels.
func (s Settings) read() (c encoder.Config, l labels, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("faithfulness.model: %w; expected a Hugging Face folder of a BERT, RoBERTa or DeBERTa-v3 classifier of natural language inference", err)
		}
	}()
	if s.Model == "" {
		return c, l, errors.New("no folder is named")
	}
	if c, err = encoder.ReadConfig(s.Model); err != nil {
		return c, l, err
	}
	if !c.IsClassifier() {
		return c, l, fmt.Errorf("architectures of %s is %q, not %s", encoder.ConfigFile(s.Model), c.Architectures, c.Classifier())
	}
	if l, err = s.labels(c); err != nil {
		return c, l, err
	}
	if err = encoder.CheckFolder(s.Model, c, true, encoder.Needed); err != nil {
		return c, l, err
	}
	_, err = encoder.ReadVocabulary(s.Model, c)
	return c, l, err
}

// labels finds the labels by their names, in letters of any case.
func (s Settings) labels(c encoder.Config) (labels, error) {
	find := func(label string) (int, error) {
		for i, name := range c.Outputs() {
			if strings.EqualFold(name, label) {
				return i, nil
			}
		}
		return -1, fmt.Errorf("id2label of %s has no %s, but %s", encoder.ConfigFile(s.Model), label, strings.Join(c.Outputs(), ", "))
	}
	l := labels{-1, -1}
	var err error
	if l.entailment, err = find("entailment"); err == nil && s.Contradiction {
		if l.contradiction, err = find("contradiction"); err != nil {
			err = fmt.Errorf("%w (faithfulness.contradiction = false needs none)", err)
		}
	}
	return l, err
}
