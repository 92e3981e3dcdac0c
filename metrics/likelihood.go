package metrics

// The metrics that are mean log-probabilities, in nats a token, under a causal
// language model. The package harness/likelihood computes them; higher is better.
const (
	// Likelihood is that of the hypothesis, of which nothing else is known.
	Likelihood = "likelihood"
	// LikelihoodReference is that of the hypothesis given a reference.
	LikelihoodReference = "likelihood_reference"
	// LikelihoodRecall is that of the reference given the hypothesis.
	LikelihoodRecall = "likelihood_recall"
	// LikelihoodSource is that of the hypothesis given the source.
	LikelihoodSource = "likelihood_source"
	// LikelihoodSourceGain is what the source adds to that of the hypothesis.
	LikelihoodSourceGain = "likelihood_source_gain"
)

// Likelihoods lists the metrics under a causal language model, which [New] does not
// make.
func Likelihoods() []string {
	return []string{Likelihood, LikelihoodReference, LikelihoodRecall, LikelihoodSource, LikelihoodSourceGain}
}
