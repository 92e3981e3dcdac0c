package postprocess

import "lastmile/experiments"

// Settings are the chain of repairs after which outputs are scored again.
type Settings struct {
	// Chain names the processors, in order.
	Chain []string `toml:"chain" json:"chain"`
	// MaxWords is the limit of the processor "cap-words".
	MaxWords int `toml:"max_words" json:"max_words"`
	// NGram is the length from which "remove-repeated-ngrams" removes.
	NGram int `toml:"ngram" json:"ngram"`
	// EchoWords is the shortest copied run of words that "strip-echo" removes.
	EchoWords int `toml:"echo_words" json:"echo_words"`
}

// Default is the chain of which nothing is said.
func Default() Settings {
	return Settings{
		Chain:     []string{"first-line", "drop-unfinished", "remove-repeated-ngrams", "remove-repeated-sentences", "strip-echo", "cap-words"},
		MaxWords:  40,
		NGram:     3,
		EchoWords: 12,
	}
}

// Section is the section [postprocess] of a sweep file.
func Section() experiments.Section {
	return experiments.Section{
		Key:     "postprocess",
		Default: Default(),
		Rules: experiments.Rules{
			"chain":      experiments.List(experiments.OneOf("processor", Names), 0),
			"max_words":  experiments.AtLeast(1),
			"ngram":      experiments.AtLeast(1),
			"echo_words": experiments.AtLeast(1),
		},
	}
}
