// Package likelihood has metrics that need no training: how likely a causal language
// model finds a text, after BARTScore (Yuan et al. 2021, "BARTScore: Evaluating
// Generated Text as Text Generation") and GPTScore (Fu et al. 2023, "GPTScore:
// Evaluate as You Desire").
//
// # The metrics
//
// With h the hypothesis, r a reference, s the source, and
//
//	ℓ(y | x) = mean over the tokens of y of ln p(token | start, prompt of x, tokens before it)
//
// in nats a token, where the mean weighs all tokens of y the same as BARTScore does,
//
//	likelihood              ℓ(h)              fluency
//	likelihood_reference    ℓ(h | r)          precision: the best of several references
//	likelihood_recall       ℓ(r | h)          recall: the mean over several references
//	likelihood_source       ℓ(h | s)          faithfulness
//	likelihood_source_gain  ℓ(h | s) − ℓ(h)   what the source adds, without fluency
//
// A hypothesis is as good as the reference that it is nearest to, as in ROUGE here.
// Which reference is the likeliest says little of the hypothesis, so recall takes the
// mean. The gain is the pointwise mutual information of source and hypothesis by
// token of the hypothesis.
//
// # What the model reads
//
// A text is read without space around it. Its prompt is a template with a place for
// the text that is given ([Settings]); prompt and response are encoded each on its
// own. In front of both stands a start token, behind which language models learn that
// texts begin; nothing stands behind the response, whose end is not scored: texts
// that were cut off are likely as far as they go.
//
// A text without tokens has no mean. It counts as one token by chance, −ln of the
// size of the vocabulary, which is below what a model gives to almost any text.
//
// Prompt and response that are together longer than the model's positions lose the
// first tokens of the text in the prompt, nothing of the template or the response. A
// response for which there is no room even so is an error.
//
// # How it is computed
//
// A prompt is computed once for several responses to it ([model.Tree]), logits only
// where a response's tokens are predicted, and nothing twice: metrics share what
// they ask, and texts what is known of them. A score depends on no other text but by
// rounding.
//
// The model knows nothing of the task but what it has learned, and it likes what it
// would write itself: do not judge a policy by the model that it started from.
package likelihood
