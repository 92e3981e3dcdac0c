package metrics

// The metrics that match tokens by the vectors that an encoder has for them, BERTScore
// (Zhang et al. 2020). The package harness/bertscore computes them; higher is better.
const (
	// BERTScore is F1.
	BERTScore = "bertscore"
	// BERTScorePrecision is that of the hypothesis's tokens.
	BERTScorePrecision = "bertscore-precision"
	// BERTScoreRecall is that of the reference's tokens.
	BERTScoreRecall = "bertscore-recall"
)

// BERTScores lists the metrics by an encoder, which [New] does not make.
func BERTScores() []string { return []string{BERTScore, BERTScorePrecision, BERTScoreRecall} }
