package scorer

import (
	"fmt"
	"slices"

	"lastmile/harness/stage"
)

// The classes that load a scorer's folder: transformers' BERT with a
// regression head, and BLEURT of the package bleurt-pytorch 0.0.1.
const (
	architecture       = "BertForSequenceClassification"
	bleurtArchitecture = "BleurtForSequenceClassification"
)

// The values of model_type. A parameter's name begins with it.
const (
	bertType   = "bert"
	bleurtType = "bleurt"
)

// Config mirrors Hugging Face's config.json for BERT with a regression head,
// and that of bleurt-pytorch.
type Config struct {
	// RestartPositions is ours: positions count from 1 again behind the first
	// [SEP]. Without it they run through, as BERT's do.
	RestartPositions bool `json:"restart_positions"`
	// Score is ours: the outputs whose mean is the score, by their names in
	// id2label. Without it the first output is.
	Score                     []string          `json:"score,omitempty"`
	Architectures             []string          `json:"architectures"`
	ModelType                 string            `json:"model_type"`
	VocabSize                 int               `json:"vocab_size"`
	EmbeddingSize             int               `json:"embedding_size,omitempty"`
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

// ReadConfig reads and checks the config.json of a scorer.
func ReadConfig(path string) (Config, error) {
	c, err := readConfig(path)
	if err != nil {
		return Config{}, err
	}
	if err := c.check(); err != nil {
		return Config{}, fmt.Errorf("reading %s: %w", path, err)
	}
	return c, nil
}

// readConfig reads a config.json with what transformers takes for granted
// where the file says nothing; sizes it must say.
func readConfig(path string) (Config, error) {
	c := Config{HiddenAct: "gelu", LayerNormEps: 1e-12, InitializerRange: 0.02, PositionEmbeddingType: "absolute", TypeVocabSize: 2}
	if err := stage.ReadJSON(path, &c); err != nil {
		return Config{}, err
	}
	return c, nil
}

// isScorer tells whether the folder holds a regression head.
func (c Config) isScorer() bool {
	return slices.Equal(c.Architectures, []string{architecture}) && c.ModelType == bertType ||
		slices.Equal(c.Architectures, []string{bleurtArchitecture}) && c.ModelType == bleurtType
}

// outputs are the names of the regression head's outputs.
func (c Config) outputs() []string {
	names := make([]string, max(1, len(c.ID2Label)))
	for i := range names {
		names[i] = c.ID2Label[fmt.Sprint(i)]
	}
	return names
}

// setOutputs names the outputs.
func (c *Config) setOutputs(names []string) {
	c.ID2Label, c.Label2ID = make(map[string]string), make(map[string]int)
	for i, name := range names {
		c.ID2Label[fmt.Sprint(i)], c.Label2ID[name] = name, i
	}
}

// scoreWeights is what each output counts in the score.
func (c Config) scoreWeights() []float32 {
	names := c.outputs()
	weights := make([]float32, len(names))
	if len(c.Score) == 0 {
		weights[0] = 1
	}
	for _, name := range c.Score {
		weights[slices.Index(names, name)] += 1 / float32(len(c.Score))
	}
	return weights
}

// score is the score that a head's outputs make.
func (c Config) score(outputs []float64) float64 {
	sum := 0.0
	for k, weight := range c.scoreWeights() {
		sum += float64(weight) * outputs[k]
	}
	return sum
}

// embeddingSize is the width of the embeddings; where it is not the layers' a
// projection leads from one to the other.
func (c Config) embeddingSize() int {
	if c.EmbeddingSize != 0 {
		return c.EmbeddingSize
	}
	return c.HiddenSize
}

func (c Config) check() error {
	if !c.isScorer() {
		return fmt.Errorf("architectures is %q and model_type %q; expected %s and %s, or %s and %s",
			c.Architectures, c.ModelType, architecture, bertType, bleurtArchitecture, bleurtType)
	}
	for _, name := range c.Score {
		if !slices.Contains(c.outputs(), name) {
			return fmt.Errorf("score names %q, which is none of the outputs %q of id2label", name, c.outputs())
		}
	}
	return c.checkEncoder()
}

// checkEncoder checks what is below the head.
func (c Config) checkEncoder() error {
	for _, size := range []struct {
		name string
		is   int
		min  int
	}{
		{"vocab_size", c.VocabSize, 1}, {"hidden_size", c.HiddenSize, 1}, {"intermediate_size", c.IntermediateSize, 1},
		{"num_hidden_layers", c.NumHiddenLayers, 1}, {"num_attention_heads", c.NumAttentionHeads, 1},
		{"max_position_embeddings", c.MaxPositionEmbeddings, marks}, {"type_vocab_size", c.TypeVocabSize, 2},
		{"embedding_size", c.embeddingSize(), 1},
	} {
		if size.is < size.min {
			return fmt.Errorf("%s is %d; expected at least %d", size.name, size.is, size.min)
		}
	}
	switch {
	case c.HiddenSize%c.NumAttentionHeads != 0:
		return fmt.Errorf("hidden_size %d is not a multiple of num_attention_heads %d", c.HiddenSize, c.NumAttentionHeads)
	case c.HiddenAct != "gelu" && c.HiddenAct != "gelu_new":
		return fmt.Errorf("hidden_act %q is not supported; expected gelu or gelu_new", c.HiddenAct)
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
	hidden, embedding := c.HiddenSize, c.embeddingSize()
	var list []shape
	linear := func(name string, out, in int) {
		list = append(list, shape{name + ".weight", []int{out, in}}, shape{name + ".bias", []int{out}})
	}
	norm := func(name string, size int) {
		list = append(list, shape{name + ".weight", []int{size}}, shape{name + ".bias", []int{size}})
	}
	list = append(list,
		shape{c.wordEmbeddings(), []int{c.VocabSize, embedding}},
		shape{c.positionEmbeddings(), []int{c.MaxPositionEmbeddings, embedding}},
		shape{c.typeEmbeddings(), []int{c.TypeVocabSize, embedding}},
	)
	norm(c.ModelType+".embeddings.LayerNorm", embedding)
	if c.EmbeddingSize != 0 {
		linear(c.projection(), hidden, embedding)
	}
	for i := range c.NumHiddenLayers {
		layer := c.layerPrefix(i)
		linear(layer+"attention.self.query", hidden, hidden)
		linear(layer+"attention.self.key", hidden, hidden)
		linear(layer+"attention.self.value", hidden, hidden)
		linear(layer+"attention.output.dense", hidden, hidden)
		norm(layer+"attention.output.LayerNorm", hidden)
		linear(layer+"intermediate.dense", c.IntermediateSize, hidden)
		linear(layer+"output.dense", hidden, c.IntermediateSize)
		norm(layer+"output.LayerNorm", hidden)
	}
	linear(c.pooler(), hidden, hidden)
	linear(head, len(c.outputs()), hidden)
	return list
}

// head is the name of the regression head, the one part that is not named
// after the type of the model.
const head = "classifier"

// Names of parameters, or of pairs of a weight and a bias, that are asked for
// one by one.
func (c Config) wordEmbeddings() string {
	return c.ModelType + ".embeddings.word_embeddings.weight"
}
func (c Config) positionEmbeddings() string {
	return c.ModelType + ".embeddings.position_embeddings.weight"
}
func (c Config) typeEmbeddings() string {
	return c.ModelType + ".embeddings.token_type_embeddings.weight"
}
func (c Config) projection() string { return c.ModelType + ".encoder.embedding_projection" }
func (c Config) pooler() string     { return c.ModelType + ".pooler.dense" }

func (c Config) layerPrefix(i int) string {
	return fmt.Sprintf("%s.encoder.layer.%d.", c.ModelType, i)
}
