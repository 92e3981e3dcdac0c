// Package evaluation measures a reward model on held-out prompts by what it says of
// responses that it was not trained on: negatives of each kind beside trivial scorers,
// and samples of the policy before and after reinforcement learning. It computes no
// scores itself, but what follows from them ([Evaluate]).
//
// Values within a prompt are means over prompts; their intervals are Student's, of 95 %,
// over prompts. A prompt whose samples do not differ by a metric says nothing of how a
// reward orders them by it, and is left out there; one that the reward alone does not
// tell apart counts as 0.
package evaluation
