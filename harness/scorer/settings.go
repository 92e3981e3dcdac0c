package scorer

import (
	"fmt"
	"slices"
	"strings"

	"lastmile/experiments"
	"lastmile/harness/train"
)

// Settings are the training of the learned metric "bleurt": an encoder with a
// regression head over (reference, hypothesis), trained on synthetic
// perturbations of the training references.
type Settings struct {
	train.OptimizerSettings
	// Path is the folder of a BERT, RoBERTa or DeBERTa-v3 encoder in Hugging Face
	// layout, or of a scorer, that the training starts from; empty means from
	// scratch, with the sizes below and the tokenizer of the base model.
	Path string `toml:"path" json:"path,omitempty"`
	// Exclude lists kinds of distortions that no training pair is made with:
	// those that the negatives have too, where the scorer is to evaluate a
	// policy by nothing that its reward model has learned.
	Exclude []string `toml:"exclude" json:"exclude,omitempty"`
	// Targets lists what the network learns to say of a pair beside overlap:
	// intact, synthetic, adequate, fluent, alignment-precision, alignment-recall, alignment-f1
	// (from the encoder in path), or a ROUGE, BLEU or chrF by its name as a
	// metric. With adequate, pairs are also made of two references of one input, and by
	// exchanging names and numbers and by negating; with fluent, by small errors.
	Targets []string `toml:"targets" json:"targets,omitempty"`
	// Score lists the targets whose mean is the score; empty means overlap.
	Score []string `toml:"score" json:"score,omitempty"`
	// Sentences takes the sentences of the inputs for texts to distort, beside
	// the references.
	Sentences bool `toml:"sentences" json:"sentences,omitempty"`
	// Ratings is a file of JSON lines with the fields reference, candidate and
	// rating, that the scorer is fine-tuned on; empty means none.
	Ratings string `toml:"ratings" json:"ratings,omitempty"`
	// RatingEpochs is the number of passes over the ratings.
	RatingEpochs int `toml:"rating_epochs" json:"rating_epochs,omitempty"`
	// RatingLearningRate is the peak learning rate over the ratings.
	RatingLearningRate float64 `toml:"rating_learning_rate" json:"rating_learning_rate,omitempty"`
	// Steps is the number of optimizer steps.
	Steps int `toml:"steps" json:"steps"`
	// BatchSize is the number of pairs in a step.
	BatchSize int `toml:"batch_size" json:"batch_size"`
	// The sizes of the encoder, named as in Hugging Face's config.json for
	// BertModel.
	HiddenSize        int `toml:"hidden_size" json:"hidden_size"`
	IntermediateSize  int `toml:"intermediate_size" json:"intermediate_size"`
	NumHiddenLayers   int `toml:"num_hidden_layers" json:"num_hidden_layers"`
	NumAttentionHeads int `toml:"num_attention_heads" json:"num_attention_heads"`
	// Seed is the scorer's own, so that all runs of a sweep share one.
	Seed int `toml:"seed" json:"seed"`
}

// DefaultSettings is the scorer of which nothing is said: a small one from
// scratch.
func DefaultSettings() Settings {
	return Settings{
		OptimizerSettings:  train.DefaultOptimizer(1e-3),
		Exclude:            []string{},
		Targets:            []string{},
		Score:              []string{},
		RatingEpochs:       4,
		RatingLearningRate: 5e-5,
		Steps:              400,
		BatchSize:          32,
		HiddenSize:         128,
		IntermediateSize:   512,
		NumHiddenLayers:    3,
		NumAttentionHeads:  4,
		Seed:               1,
	}
}

// Section is the section [scorer] of a sweep file.
func Section(active func(experiments.Config) bool) experiments.Section {
	return experiments.Section{
		Key:     "scorer",
		Default: DefaultSettings(),
		Rules: train.WithOptimizer(experiments.Rules{
			"path":                 experiments.Anything,
			"exclude":              experiments.List(experiments.OneOf("kind of distortion", kindNames), 0),
			"targets":              experiments.List(experiments.OneOf("target", targetNames), 0),
			"score":                experiments.List(experiments.OneOf("target", targetNames), 0),
			"sentences":            experiments.Anything,
			"ratings":              experiments.Anything,
			"rating_epochs":        experiments.Whole(1, 1<<16),
			"rating_learning_rate": experiments.AboveTo(0, 10),
			"steps":                experiments.AtLeast(0),
			"batch_size":           experiments.Whole(1, 1<<16),
			"hidden_size":          experiments.Whole(1, 1<<16),
			"intermediate_size":    experiments.Whole(1, 1<<18),
			"num_hidden_layers":    experiments.Whole(1, 1<<12),
			"num_attention_heads":  experiments.Whole(1, 1<<12),
			"seed":                 experiments.AtLeast(0),
		}),
		Paths:  []experiments.Path{{Key: "path"}, {Key: "ratings"}},
		Active: active,
		Check: func(c experiments.Config) []experiments.Complaint {
			s := experiments.Get[Settings](c, "scorer")
			return experiments.Complaints(
				experiments.Indivisible(s.HiddenSize, s.NumAttentionHeads, "scorer.hidden_size", "scorer.num_attention_heads"),
				s.unknownScore(),
				s.lackingEncoder(),
			)
		},
	}
}

// unknownScore complains about a score that is no target.
func (s Settings) unknownScore() experiments.Complaint {
	for _, name := range s.Score {
		if name != overlapTarget && !slices.Contains(s.Targets, name) {
			return experiments.Complaint{
				Keys:    []string{"scorer.targets", "scorer.score"},
				Message: fmt.Sprintf("score names %q, which is not among the targets", name),
			}
		}
	}
	return experiments.Complaint{}
}

// lackingEncoder complains about targets that only a trained encoder can give.
func (s Settings) lackingEncoder() experiments.Complaint {
	for _, name := range s.Targets {
		if strings.HasPrefix(name, "alignment-") && s.Path == "" {
			return experiments.Complaint{
				Keys:    []string{"scorer.targets", "scorer.path"},
				Message: fmt.Sprintf("the target %q needs an encoder that is trained already: scorer.path", name),
			}
		}
	}
	return experiments.Complaint{}
}
