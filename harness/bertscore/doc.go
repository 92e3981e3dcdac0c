// Package bertscore is the metric BERTScore (Zhang et al. 2020, "BERTScore: Evaluating
// Text Generation with BERT"), equal to the package bert-score 0.3.13 within 1e-5.
//
// # The metric
//
// An encoder of the package encoder gives each token of a text a vector, what one of its
// layers says of it, brought to length 1. With h a hypothesis, r a reference and w the
// weight of a token,
//
//	precision = Σ_{x ∈ h} w(x) · max_{y ∈ r} x·y / Σ_{x ∈ h} w(x)
//	recall    = Σ_{y ∈ r} w(y) · max_{x ∈ h} x·y / Σ_{y ∈ r} w(y)
//	F1        = 2 · precision · recall / (precision + recall)
//
// The tokens that open and close a row can be matched, and weigh nothing; the others
// weigh 1, or with idf
//
//	w = ln((n + 1) / (c + 1))
//
// for a token that c of the n references of all inputs have. Of several references
// precision, recall and F1 are each that of the best. A text without tokens scores 0, and
// so does one whose tokens all have the weight 0, for which bert-score has no number.
//
// With a baseline b, what unrelated texts score by that layer, a score s becomes
// (s − b) / (1 − b): the file has the columns LAYER, P, R and F, as those that bert-score
// brings.
//
// # As in bert-score
//
// Texts are read without white space around them, by a byte-level vocabulary (RoBERTa's)
// with a space in front, and lose their end beyond model_max_length. The layers above
// the chosen one are not computed. Without a choice it is the one that bert-score's
// authors found best, where they name one for an encoder of that kind and size.
//
// bert-score matches pairs in batches, where a token can also be matched with what fills
// a shorter text up, at a similarity of 0, which counts where all actual ones are below;
// here nothing but tokens is matched, as there in batches of one. So scores depend on no
// other text but by rounding, and with idf by the weights.
package bertscore
