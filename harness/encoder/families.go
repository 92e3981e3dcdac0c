package encoder

import (
	"maps"
	"slices"
	"strings"
)

// The values of model_type that are read.
const (
	BERT      = "bert"
	BLEURT    = "bleurt"
	RoBERTa   = "roberta"
	DeBERTaV2 = "deberta-v2"
)

// family is what tells the encoders apart that one model_type names.
type family struct {
	// classifier is the class of transformers, or of bleurt-pytorch, that is the
	// encoder with a head over the first token.
	classifier string
	// prefix begins the names of the encoder's parameters.
	prefix string
	// query, key and value name the projections of attention, pooler the dense layer
	// at the first token and head the one behind it.
	query, key, value, pooler, head string
	// behindPad says that positions count from pad_token_id + 1.
	behindPad bool
	// disentangled says that attention also looks at relative positions.
	disentangled bool
	// separators stand between the texts of a pair, and types is the least
	// type_vocab_size.
	separators, types int
	// defaults are what transformers takes for granted where config.json says nothing.
	defaults Config
}

// families lists them by model_type.
var families = map[string]family{
	BERT: {
		classifier: "BertForSequenceClassification", prefix: "bert",
		query: "query", key: "key", value: "value", pooler: "bert.pooler.dense", head: "classifier",
		separators: 1, types: 2,
		defaults: Config{LayerNormEps: 1e-12, TypeVocabSize: 2},
	},
	BLEURT: {
		classifier: "BleurtForSequenceClassification", prefix: "bleurt",
		query: "query", key: "key", value: "value", pooler: "bleurt.pooler.dense", head: "classifier",
		separators: 1, types: 2,
		defaults: Config{LayerNormEps: 1e-12, TypeVocabSize: 2},
	},
	RoBERTa: {
		classifier: "RobertaForSequenceClassification", prefix: "roberta",
		query: "query", key: "key", value: "value", pooler: "classifier.dense", head: "classifier.out_proj",
		behindPad: true, separators: 2, types: 1,
		defaults: Config{LayerNormEps: 1e-12, TypeVocabSize: 2, PadTokenID: 1},
	},
	DeBERTaV2: {
		classifier: "DebertaV2ForSequenceClassification", prefix: "deberta",
		query: "query_proj", key: "key_proj", value: "value_proj", pooler: "pooler.dense", head: "classifier",
		disentangled: true, separators: 1,
		defaults: Config{LayerNormEps: 1e-7, Relative: Relative{MaxRelativePositions: -1, PoolerHiddenAct: "gelu"}},
	},
}

// known lists the families for errors.
func known() string { return strings.Join(slices.Sorted(maps.Keys(families)), ", ") }
