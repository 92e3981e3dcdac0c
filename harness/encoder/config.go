package encoder

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"lastmile/harness/foreign"
)

// Config mirrors Hugging Face's config.json for an encoder with or without the head of
// a sequence classifier, and that of bleurt-pytorch.
type Config struct {
	Architectures         []string `json:"architectures"`
	ModelType             string   `json:"model_type"`
	VocabSize             int      `json:"vocab_size"`
	EmbeddingSize         int      `json:"embedding_size,omitempty"`
	HiddenSize            int      `json:"hidden_size"`
	IntermediateSize      int      `json:"intermediate_size"`
	NumHiddenLayers       int      `json:"num_hidden_layers"`
	NumAttentionHeads     int      `json:"num_attention_heads"`
	MaxPositionEmbeddings int      `json:"max_position_embeddings"`
	TypeVocabSize         int      `json:"type_vocab_size"`
	PositionEmbeddingType string   `json:"position_embedding_type"`
	Relative
	HiddenAct                 string            `json:"hidden_act"`
	HiddenDropoutProb         float64           `json:"hidden_dropout_prob"`
	AttentionProbsDropoutProb float64           `json:"attention_probs_dropout_prob"`
	InitializerRange          float64           `json:"initializer_range"`
	LayerNormEps              float64           `json:"layer_norm_eps"`
	PadTokenID                int               `json:"pad_token_id"`
	ProblemType               string            `json:"problem_type"`
	ID2Label                  map[string]string `json:"id2label"`
	Label2ID                  map[string]int    `json:"label2id"`
	TorchDType                string            `json:"torch_dtype"`
}

// Relative is what config.json says of DeBERTa's attention and pooler.
type Relative struct {
	RelativeAttention    bool           `json:"relative_attention,omitempty"`
	MaxRelativePositions int            `json:"max_relative_positions,omitempty"`
	PositionBuckets      int            `json:"position_buckets,omitempty"`
	NormRelEbd           string         `json:"norm_rel_ebd,omitempty"`
	ShareAttKey          bool           `json:"share_att_key,omitempty"`
	PosAttType           AttentionTypes `json:"pos_att_type,omitempty"`
	// PositionBiasedInput adds embeddings of positions to those of words; nil
	// means that it does.
	PositionBiasedInput *bool  `json:"position_biased_input,omitempty"`
	PoolerHiddenAct     string `json:"pooler_hidden_act,omitempty"`
	PoolerHiddenSize    int    `json:"pooler_hidden_size,omitempty"`
	ConvKernelSize      int    `json:"conv_kernel_size,omitempty"`
}

// AttentionTypes are parts of disentangled attention, "c2p" and "p2c", which files have
// as a list or as a text with | between them.
type AttentionTypes []string

// UnmarshalJSON reads either.
func (a *AttentionTypes) UnmarshalJSON(text []byte) error {
	var joined string
	if json.Unmarshal(text, &joined) == nil {
		*a = nil
		for part := range strings.SplitSeq(joined, "|") {
			if part = strings.TrimSpace(part); part != "" {
				*a = append(*a, strings.ToLower(part))
			}
		}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// ConfigFile is the path of config.json in a folder.
func ConfigFile(dir string) string { return filepath.Join(dir, "config.json") }

// ReadConfig reads the config.json of a folder and checks what it says of the encoder.
func ReadConfig(dir string) (Config, error) {
	var c Config
	err := c.Read(dir, &c)
	if err == nil {
		if err = c.Check(); err != nil {
			err = fmt.Errorf("reading %s: %w", ConfigFile(dir), err)
		}
	}
	return c, err
}

// Read sets c to what transformers takes for granted of its model_type, and reads the
// config.json of a folder into whole, of which c is a part. Sizes the file must say.
func (c *Config) Read(dir string, whole any) error {
	path := ConfigFile(dir)
	var of struct {
		ModelType string `json:"model_type"`
	}
	if err := foreign.ReadJSON(path, &of); err != nil {
		return err
	}
	*c = families[of.ModelType].defaults
	c.HiddenAct, c.InitializerRange, c.PositionEmbeddingType = "gelu", 0.02, "absolute"
	return foreign.ReadJSON(path, whole)
}

// family is the encoder's, whose model_type is known.
func (c Config) family() family { return families[c.ModelType] }

// Classifier is the class of transformers that is this encoder with a head.
func (c Config) Classifier() string { return c.family().classifier }

// IsClassifier tells whether the folder has the head of a sequence classifier.
func (c Config) IsClassifier() bool {
	return c.ModelType != "" && slices.Equal(c.Architectures, []string{c.Classifier()})
}

// Outputs are the names of the head's outputs, in their order.
func (c Config) Outputs() []string {
	names := make([]string, max(1, len(c.ID2Label)))
	for i := range names {
		names[i] = c.ID2Label[fmt.Sprint(i)]
	}
	return names
}

// SetOutputs names the outputs.
func (c *Config) SetOutputs(names []string) {
	c.ID2Label, c.Label2ID = make(map[string]string), make(map[string]int)
	for i, name := range names {
		c.ID2Label[fmt.Sprint(i)], c.Label2ID[name] = name, i
	}
}

// embeddingSize is the width of the embeddings; where it is not the layers' a
// projection leads from one to the other.
func (c Config) embeddingSize() int {
	if c.EmbeddingSize != 0 {
		return c.EmbeddingSize
	}
	return c.HiddenSize
}

// firstPosition is the number of a row's first position.
func (c Config) firstPosition() int {
	if c.family().behindPad {
		return c.PadTokenID + 1
	}
	return 0
}

// Positions is the number of tokens that a row can have.
func (c Config) Positions() int { return c.MaxPositionEmbeddings - c.firstPosition() }

// positioned tells whether embeddings of positions are added to those of words.
func (c Config) positioned() bool { return c.PositionBiasedInput == nil || *c.PositionBiasedInput }

// Check checks what is below the head.
func (c Config) Check() error {
	f, ok := families[c.ModelType]
	if !ok {
		return fmt.Errorf("model_type is %q; expected one of %s", c.ModelType, known())
	}
	for _, size := range []struct {
		name string
		is   int
		min  int
	}{
		{"pad_token_id", c.PadTokenID, math.MinInt}, {"position_buckets", c.PositionBuckets, math.MinInt},
		{"max_relative_positions", c.MaxRelativePositions, math.MinInt},
		{"vocab_size", c.VocabSize, 1}, {"hidden_size", c.HiddenSize, 1}, {"intermediate_size", c.IntermediateSize, 1},
		{"num_hidden_layers", c.NumHiddenLayers, 1}, {"num_attention_heads", c.NumAttentionHeads, 1},
		{"max_position_embeddings", c.MaxPositionEmbeddings, c.firstPosition() + f.marks()}, {"type_vocab_size", c.TypeVocabSize, f.types},
		{"embedding_size", c.embeddingSize(), 1},
	} {
		if size.is < size.min {
			return fmt.Errorf("%s is %d; expected at least %d", size.name, size.is, size.min)
		}
		if size.is > maxSize {
			return fmt.Errorf("%s is %d; expected at most %d", size.name, size.is, maxSize)
		}
	}
	switch {
	case c.NumHiddenLayers > maxLayers:
		return fmt.Errorf("num_hidden_layers is %d; expected at most %d", c.NumHiddenLayers, maxLayers)
	case c.HiddenSize%c.NumAttentionHeads != 0:
		return fmt.Errorf("hidden_size %d is not a multiple of num_attention_heads %d", c.HiddenSize, c.NumAttentionHeads)
	case c.HiddenAct != "gelu" && c.HiddenAct != "gelu_new":
		return fmt.Errorf("hidden_act %q is not supported; expected gelu or gelu_new", c.HiddenAct)
	case c.PositionEmbeddingType != "absolute":
		return fmt.Errorf("position_embedding_type %q is not supported; expected absolute", c.PositionEmbeddingType)
	case f.behindPad && c.PadTokenID < 0:
		return fmt.Errorf("pad_token_id is %d, from which positions count; expected at least 0", c.PadTokenID)
	case f.disentangled:
		return c.checkRelative()
	}
	return nil
}

// The bounds of sizes, so that a malformed file cannot ask for all memory or
// overflow a product.
const (
	maxSize   = 1 << 24
	maxLayers = 1 << 12
)

// marks is the number of special tokens around the two texts of a pair.
func (f family) marks() int { return 2 + f.separators }

// checkRelative checks what only DeBERTa has.
func (c Config) checkRelative() error {
	switch {
	case !c.RelativeAttention:
		return fmt.Errorf("relative_attention is false; expected true, as in DeBERTa-v2 and -v3")
	case c.embeddingSize() != c.HiddenSize:
		return fmt.Errorf("embedding_size %d is not hidden_size %d, which is not supported with %s", c.embeddingSize(), c.HiddenSize, DeBERTaV2)
	case c.ConvKernelSize > 0:
		return fmt.Errorf("conv_kernel_size %d is not supported; expected none", c.ConvKernelSize)
	case c.PoolerHiddenAct != "gelu" && c.PoolerHiddenAct != "tanh":
		return fmt.Errorf("pooler_hidden_act %q is not supported; expected gelu or tanh", c.PoolerHiddenAct)
	case c.PoolerHiddenSize != 0 && c.PoolerHiddenSize != c.HiddenSize:
		return fmt.Errorf("pooler_hidden_size %d is not hidden_size %d", c.PoolerHiddenSize, c.HiddenSize)
	case c.NormRelEbd != "" && c.NormRelEbd != "none" && c.NormRelEbd != "layer_norm":
		return fmt.Errorf("norm_rel_ebd %q is not supported; expected layer_norm or none", c.NormRelEbd)
	case c.PositionBuckets > 0 && (c.PositionBuckets < 4 || c.longest() <= c.PositionBuckets/2+1):
		return fmt.Errorf("position_buckets %d for %d relative positions; expected at least 4, and fewer than twice the positions", c.PositionBuckets, c.longest())
	}
	for _, kind := range c.PosAttType {
		if kind != "c2p" && kind != "p2c" {
			return fmt.Errorf("pos_att_type %q is not supported; expected c2p, p2c", kind)
		}
	}
	return nil
}

// attends tells whether disentangled attention has a part, "c2p" or "p2c".
func (c Config) attends(part string) bool { return slices.Contains(c.PosAttType, part) }
