package metrics

import "slices"

// Pretrained lists the metrics that models compute which are there already, which [New]
// does not make. Of all of them higher is better.
func Pretrained() []string { return append(slices.Concat(Likelihoods(), BERTScores()), Faithfulness) }
