// Package rollout is what on-policy algorithms share: sampling responses and
// keeping their log-probabilities, rewards and their reference policy's
// log-probabilities, KL estimators, advantages, and the optimizer steps of an
// update.
//
// An algorithm is a loop over updates in the field's words ([Learner]):
//
//	for l.More() {
//		batch, err := l.Rollout(ctx)      // responses, logprobs, rewards, ref_logprobs
//		…                                 // advantages of every token
//		err = l.Optimize(ctx, batch, low, high, loss)
//		err = l.EndUpdate(ctx, batch)
//	}
package rollout
