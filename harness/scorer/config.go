package scorer

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
)

// Architecture is the class of transformers that loads a scorer's folder.
const Architecture = "BertForSequenceClassification"

// Config mirrors Hugging Face's config.json for BERT with a regression head.
type Config struct {
	// RestartPositions is ours: positions count from 1 again behind the first
	// [SEP]. Without it they run through, as BERT's do.
	RestartPositions          bool              `json:"restart_positions"`
	Architectures             []string          `json:"architectures"`
	ModelType                 string            `json:"model_type"`
	VocabSize                 int               `json:"vocab_size"`
	HiddenSize                int               `json:"hidden_size"`
	IntermediateSize          int               `json:"intermediate_size"`
	NumHiddenLayers           int               `json:"num_hidden_layers"`
	NumAttentionHeads         int               `json:"num_attention_heads"`
	MaxPositionEmbeddings     int               `json:"max_position_embeddings"`
	TypeVocabSize             int               `json:"type_vocab_size"`
	PositionEmbeddingType     string            `json:"position_embedding_type"`
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

// ReadConfig reads and checks a config.json.
func ReadConfig(path string) (Config, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Config{}, err
	}
	c := Config{HiddenAct: "gelu", LayerNormEps: 1e-12, InitializerRange: 0.02, PositionEmbeddingType: "absolute", TypeVocabSize: 2}
	if err := json.Unmarshal(raw, &c); err != nil {
		return Config{}, fmt.Errorf("reading %s: %w", path, err)
	}
	if err := c.check(); err != nil {
		return Config{}, fmt.Errorf("reading %s: %w", path, err)
	}
	return c, nil
}

func (c Config) check() error {
	if !slices.Equal(c.Architectures, []string{Architecture}) {
		return fmt.Errorf("architectures is %q; expected %s", c.Architectures, Architecture)
	}
	for _, size := range []struct {
		name string
		is   int
		min  int
	}{
		{"vocab_size", c.VocabSize, 1}, {"hidden_size", c.HiddenSize, 1}, {"intermediate_size", c.IntermediateSize, 1},
		{"num_hidden_layers", c.NumHiddenLayers, 1}, {"num_attention_heads", c.NumAttentionHeads, 1},
		{"max_position_embeddings", c.MaxPositionEmbeddings, marks}, {"type_vocab_size", c.TypeVocabSize, 2},
	} {
		if size.is < size.min {
			return fmt.Errorf("%s is %d; expected at least %d", size.name, size.is, size.min)
		}
	}
	switch {
	case c.HiddenSize%c.NumAttentionHeads != 0:
		return fmt.Errorf("hidden_size %d is not a multiple of num_attention_heads %d", c.HiddenSize, c.NumAttentionHeads)
	case c.HiddenAct != "gelu":
		return fmt.Errorf("hidden_act %q is not supported; expected gelu", c.HiddenAct)
	case c.PositionEmbeddingType != "absolute":
		return fmt.Errorf("position_embedding_type %q is not supported; expected absolute", c.PositionEmbeddingType)
	}
	return nil
}

// shape is the shape of a parameter, as in the checkpoint.
type shape struct {
	name string
	size []int
}

// shapes lists the parameters in the order in which the model uses them.
func (c Config) shapes() []shape {
	hidden := c.HiddenSize
	var list []shape
	linear := func(name string, out, in int) {
		list = append(list, shape{name + ".weight", []int{out, in}}, shape{name + ".bias", []int{out}})
	}
	norm := func(name string) {
		list = append(list, shape{name + ".weight", []int{hidden}}, shape{name + ".bias", []int{hidden}})
	}
	list = append(list,
		shape{wordEmbeddings, []int{c.VocabSize, hidden}},
		shape{positionEmbeddings, []int{c.MaxPositionEmbeddings, hidden}},
		shape{typeEmbeddings, []int{c.TypeVocabSize, hidden}},
	)
	norm("bert.embeddings.LayerNorm")
	for i := range c.NumHiddenLayers {
		layer := layerPrefix(i)
		linear(layer+"attention.self.query", hidden, hidden)
		linear(layer+"attention.self.key", hidden, hidden)
		linear(layer+"attention.self.value", hidden, hidden)
		linear(layer+"attention.output.dense", hidden, hidden)
		norm(layer + "attention.output.LayerNorm")
		linear(layer+"intermediate.dense", c.IntermediateSize, hidden)
		linear(layer+"output.dense", hidden, c.IntermediateSize)
		norm(layer + "output.LayerNorm")
	}
	linear("bert.pooler.dense", hidden, hidden)
	linear("classifier", 1, hidden)
	return list
}

// Names of parameters that are asked for one by one.
const (
	wordEmbeddings     = "bert.embeddings.word_embeddings.weight"
	positionEmbeddings = "bert.embeddings.position_embeddings.weight"
	typeEmbeddings     = "bert.embeddings.token_type_embeddings.weight"
)

func layerPrefix(i int) string { return fmt.Sprintf("bert.encoder.layer.%d.", i) }
