// Package scorer is the learned metric "bleurt", in the style of BLEURT
// (Sellam et al. 2020, "BLEURT: Learning Robust Metrics for Text Generation"):
// a BERT encoder (Devlin et al. 2019) with a regression head, which reads a
// reference and a hypothesis together and says how good the second is by the
// first.
//
// # The model
//
// A pair is the row of tokens
//
//	[CLS] reference [SEP] hypothesis [SEP]
//
// in the vocabulary of the base model's byte-level BPE. That vocabulary has no
// tokens of BERT's, so its end token stands for [CLS] and [SEP], and fills the
// rows of a batch up: what it means follows from its place and its token
// type, which is 0 up to the first [SEP] and 1 behind it. Both texts are
// encoded with a space in front, so that a word has the same tokens wherever
// it stands. A row has at most 512 tokens; the longer of two texts that are
// too long together loses its end first.
//
// Positions count from 1 again at the hypothesis's first token, so that a word
// has the same position in both texts where they agree. Without that, the
// small network of our defaults learns which words are shared but not their
// order: on dev references of the embedded data, 400 steps then put half of
// the shuffled texts above the reference itself, with it none. config.json says so
// in "restart_positions", which is not Hugging Face's.
//
// The sum of token, position and type embeddings passes through layers of
// attention and GELU, each followed by a LayerNorm; the pooler (a dense layer
// and tanh) and the head read what is at [CLS]. Parameters and config.json
// have Hugging Face's names, so BertForSequenceClassification of transformers
// loads the folder; it gives the same scores if it is handed position_ids. A masked position takes no part in anything, so a pair's
// score does not depend on the batch that it is in.
//
// # What it learns
//
// Nobody has rated anything. [Train] takes the references of the training
// examples and makes of each a pair with a text that is worse in a known way
// (kinds lists the ways), or with itself. The target is [Targets]: overlap by
// ROUGE and by the words as written, without the share that only repeats. So
// at its best this scorer agrees with a lexical measure that nobody wrote into
// it; it is the first stage of BLEURT's training and no substitute for one
// that people's ratings went into.
//
// The scorer is independent of the reward model: it sees neither the negatives
// nor any model's output, draws from streams of its own, and has a seed of its
// own. But both learn from distortions of the same references, and distortions
// of the same sorts (loops, shuffled words, other examples' texts), which is
// worth a sentence wherever the one is used to judge what the other trained.
package scorer
