package bertscore

import (
	"errors"
	"fmt"

	"lastmile/experiments"
	"lastmile/harness/encoder"
)

// Settings say by which encoder the metrics bertscore, bertscore-precision and
// bertscore-recall match tokens, and how.
type Settings struct {
	// Model is the Hugging Face folder of a BERT, RoBERTa or DeBERTa-v3 encoder and
	// its tokenizer.
	Model string `toml:"model" json:"model"`
	// Layer is the layer whose vectors are matched, counted from 1, bert-score's
	// num_layers. 0 means that which bert-score takes for BERT (9 of 12, 18 of
	// 24) and RoBERTa (10 of 12, 17 of 24); other sizes need a number.
	Layer int `toml:"layer" json:"layer"`
	// IDF weighs tokens by their inverse document frequency in the references.
	IDF bool `toml:"idf" json:"idf"`
	// Baseline is a file of what unrelated texts score by each layer, by which
	// scores are rescaled: lines of LAYER,P,R,F as in bert-score's
	// rescale_baseline; empty means not to rescale.
	Baseline string `toml:"baseline" json:"baseline,omitempty"`
	// BatchTokens is the number of tokens that are computed together, those that
	// fill up shorter rows included; a longer row is computed alone.
	BatchTokens int `toml:"batch_tokens" json:"batch_tokens"`
}

// DefaultSettings have no model.
func DefaultSettings() Settings { return Settings{BatchTokens: 2048} }

// Section is the section [bertscore] of a sweep file.
func Section(active func(experiments.Config) bool) experiments.Section {
	return experiments.Section{
		Key:     "bertscore",
		Default: DefaultSettings(),
		Rules: experiments.Rules{
			"model":        experiments.Anything,
			"layer":        experiments.Whole(0, 1<<12),
			"idf":          experiments.Anything,
			"baseline":     experiments.Anything,
			"batch_tokens": experiments.Whole(1, 1<<24),
		},
		Paths:  []experiments.Path{{Key: "model"}, {Key: "baseline"}},
		Active: active,
		Check: func(c experiments.Config) []experiments.Complaint {
			if experiments.Get[Settings](c, "bertscore").Model != "" {
				return nil
			}
			return []experiments.Complaint{{
				Keys:    []string{"metrics.names", "bertscore.model"},
				Message: "BERTScore needs an encoder: bertscore.model = \"FOLDER\", in Hugging Face layout",
			}}
		},
	}
}

// chosen are the layers that bert-score 0.3.13 takes of encoders by their type and
// number of layers.
var chosen = map[string]map[int]int{
	encoder.BERT:    {12: 9, 24: 18},
	encoder.RoBERTa: {12: 10, 24: 17},
}

// layer is the layer that the settings mean.
func (s Settings) layer(c encoder.Config) (int, error) {
	switch of, ok := chosen[c.ModelType][c.NumHiddenLayers]; {
	case s.Layer > c.NumHiddenLayers:
		return 0, fmt.Errorf("bertscore.layer is %d, and %s has %d layers", s.Layer, s.Model, c.NumHiddenLayers)
	case s.Layer > 0:
		return s.Layer, nil
	case ok:
		return of, nil
	}
	return 0, fmt.Errorf("bertscore.layer: bert-score names no layer for a %s of %d layers as %s is; give one of 1 to %d",
		c.ModelType, c.NumHiddenLayers, s.Model, c.NumHiddenLayers)
}

// Check tells whether the encoder and the baseline of the settings can be used, without
// reading parameters.
func (s Settings) Check() error {
	_, _, err := s.read()
	return err
}

// read reads what is not parameters: the configuration of the encoder, up to the layer
// that is matched, and the baseline.
func (s Settings) read() (encoder.Config, baseline, error) {
	var none baseline
	ofModel := func(err error) error {
		return fmt.Errorf("bertscore.model: %w; expected a Hugging Face folder of a BERT, RoBERTa or DeBERTa-v3 encoder", err)
	}
	if s.Model == "" {
		return encoder.Config{}, none, ofModel(errors.New("no folder is named"))
	}
	c, err := encoder.ReadConfig(s.Model)
	if err != nil {
		return c, none, ofModel(err)
	}
	layer, err := s.layer(c)
	if err != nil {
		return c, none, err
	}
	c.NumHiddenLayers = layer
	if err = encoder.CheckFolder(s.Model, c, false, encoder.Needed); err == nil {
		_, err = encoder.ReadVocabulary(s.Model, c)
	}
	if err != nil {
		return c, none, ofModel(err)
	}
	if s.Baseline == "" {
		return c, none, nil
	}
	b, err := readBaseline(s.Baseline, layer)
	if err != nil {
		return c, none, fmt.Errorf("bertscore.baseline: %w", err)
	}
	return c, b, nil
}
