// Package encoder computes bidirectional encoders of text as transformers does, from
// folders in Hugging Face layout: BERT (Devlin et al. 2019), RoBERTa (Liu et al. 2019)
// and DeBERTa-v3 (He et al. 2021, "DeBERTaV3"; model_type deberta-v2), and what BLEURT
// makes of BERT in the package bleurt-pytorch 0.0.1.
//
// A [Reader] turns texts into rows of tokens, with the special tokens of the family
// around them:
//
//	BERT, DeBERTa   [CLS] a [SEP]      [CLS] a [SEP] b [SEP]
//	RoBERTa         <s> a </s>         <s> a </s> </s> b </s>
//
// An [Encoder] says what a layer makes of each token ([Encoder.Hidden]), and, where it
// has the head of a sequence classifier, the logits of each row ([Encoder.Outputs]).
// What differs between families is in one table, in families.go.
//
// Rows of similar length are computed together, filled up to the longest. Nothing
// attends to what fills a row up, so that what is said of a row depends on the others
// by rounding alone.
package encoder
