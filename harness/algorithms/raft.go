package algorithms

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"lastmile/experiments"
	"lastmile/harness/rollout"
	"lastmile/harness/torch"
)

// RAFT is reward-ranked fine-tuning (Dong et al. 2023), also called rejection sampling
// fine-tuning: of the responses to each prompt the best by the reward are kept, and
// the policy is trained on those by maximum likelihood. A KL penalty in the reward,
// that of the whole response, counts in the ranking, as the paper has it; one in the
// loss is that of the kept responses' tokens, and so is what rl.target_kl goes by.
type RAFT struct {
	// Keep is how many of the responses to a prompt are trained on, fewer than
	// rl.samples. Of equally good ones the first sampled are kept.
	Keep int `toml:"keep" json:"keep"`
}

var raft = define(Maker{
	Name:   "raft",
	Label:  "RAFT",
	Family: OnPolicy,
	Needs:  Needs{Rewards: true, Reference: true},
}, RAFT{Keep: 1}, experiments.Rules{"keep": experiments.AtLeast(1)}).checked(keepsAll)

// Train implements [Algorithm].
func (a RAFT) Train(ctx context.Context, e *Env) error {
	l, err := rollout.Start(ctx, e.Env)
	if err != nil {
		return err
	}
	for l.More() {
		// responses, logprobs, rewards, ref_logprobs
		batch, err := l.Rollout(ctx)
		if err != nil {
			return err
		}
		// kept = the best of each prompt's responses by reward − β·k1(policy ‖ reference)
		kept := a.best(batch, l.PenalizedReward)
		// epochs of minibatch steps on −ln π (+ β·KL, if in the loss), whose ratio has no bounds
		if err := l.Optimize(ctx, kept, 0, math.Inf(1), a.loss); err != nil {
			return err
		}
		if err := l.EndUpdate(ctx, batch); err != nil {
			return err
		}
	}
	return l.Finish()
}

// best are the Keep rollouts of each prompt with the highest rewards, the best first.
func (a RAFT) best(batch rollout.Batch, reward func(rollout.Rollout) float64) rollout.Batch {
	var kept rollout.Batch
	for _, group := range batch.Groups() {
		ranked := slices.Clone(group)
		slices.SortStableFunc(ranked, func(x, y rollout.Rollout) int { return cmp.Compare(reward(y), reward(x)) })
		kept = append(kept, ranked[:min(a.Keep, len(ranked))]...)
	}
	return kept
}

// loss is −ln π of the kept responses' tokens, the end token among them where one
// ended, with the KL penalty if that is a part of the loss: the mean over the tokens
// of the step.
func (a RAFT) loss(p *rollout.Pass) (*torch.Tensor, error) {
	loss := p.KLLosses().Sub(p.Logprobs).Sum().MulScalar(1 / float64(p.Tokens))
	return loss, p.Log("policy_loss", loss)
}

// keepsAll complains where no response would be left out.
func keepsAll(c experiments.Config) experiments.Complaint {
	keep, samples := experiments.Get[RAFT](c, "raft").Keep, experiments.Get[rollout.Settings](c, "rl").Samples
	if keep < samples {
		return experiments.Complaint{}
	}
	return experiments.Complaint{
		Keys:    []string{"raft.keep", "rl.samples"},
		Message: fmt.Sprintf("of %d responses to a prompt the best %d would be kept, which are all: the rewards would change nothing", samples, keep),
	}
}
