// Package faithfulness is the metric faithfulness: how far the source entails a text, and
// does not contradict it, by the zero-shot score of SummaC (Laban et al. 2022, "SummaC:
// Re-Visiting NLI-based Models for Inconsistency Detection in Summarization"). It looks
// at no reference.
//
// # The metric
//
// A classifier of natural language inference, any BERT, RoBERTa or DeBERTa-v3 in Hugging
// Face layout with the labels entailment and contradiction, reads each sentence d of the
// source as the premise and each sentence s of the hypothesis as what follows from it or
// not. With E and C the probabilities that it gives to these labels,
//
//	faithfulness = mean over s of (max over d of E(d, s) − max over d of C(d, s))
//
// from −1 to 1; without contradiction the mean of max E, from 0 to 1, for which the label
// entailment is enough.
//
// This is SummaCZS of the authors' implementation (github.com/tingofurro/summac,
// model_summac.py) with granularity="sentence", op1="max", op2="mean", use_ent and
// use_con. As there, sentences of ten characters or fewer are left out, of the source the
// first hundred that remain count, a hypothesis or a source without any sentence scores
// 0, and of a pair of more than 500 tokens, or than the classifier has positions, the
// longer sentence loses its end. Short outputs need a smaller min_characters, or they
// score 0.
//
// What differs is the splitter: theirs is NLTK's Punkt, a model that was trained on
// where sentences end, ours the rule of [metrics.Sentences]. They agree on ordinary
// prose; Punkt knows more abbreviations, and ours does not end a sentence in front of a
// small letter.
//
// Pairs of sentences are computed in batches of similar length, each pair once; a score
// depends on no other text but by rounding.
package faithfulness
