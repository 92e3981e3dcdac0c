package algorithms

import (
	"context"

	"lastmile/experiments"
	"lastmile/harness/rollout"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// RLOO is REINFORCE with a leave-one-out baseline (Kool et al. 2019; Ahmadian et al.
// 2024, "Back to Basics"): a response is one action, its advantage the reward less
// the mean reward of the other responses to the prompt, and there is no critic. A KL
// penalty in the reward is that of the whole response. Losses and advantages equal
// those of TRL 1.16's RLOOTrainer, which has the penalty in the reward.
type RLOO struct {
	// Clip bounds the probability ratio to 1 ± Clip.
	Clip float64 `toml:"clip" json:"clip"`
	// Ratio is what the ratio is of: "sequence", the whole response as in TRL, or
	// "token", each token, with the loss a mean over tokens.
	Ratio string `toml:"ratio" json:"ratio"`
	// NormalizeAdvantages centres the advantages of an update and divides them by
	// their standard deviation.
	NormalizeAdvantages bool `toml:"normalize_advantages" json:"normalize_advantages"`
}

var rloo = define(Maker{
	Name:   "rloo",
	Label:  "RLOO",
	Family: OnPolicy,
	Needs:  Needs{Rewards: true, Reference: true},
}, RLOO{Clip: 0.2, Ratio: bySequence}, experiments.Rules{
	"clip":                 experiments.Between(0, 1),
	"ratio":                experiments.Choice("ratio", bySequence, byToken),
	"normalize_advantages": experiments.Anything,
})

// What a probability ratio can be of.
const (
	bySequence = "sequence"
	byToken    = "token"
)

// Train implements [Algorithm].
func (a RLOO) Train(ctx context.Context, e *Env) error {
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
		// reward = reward − β·k1(policy ‖ reference), of the whole response
		rewards := make([]float64, len(batch))
		for i, r := range batch {
			rewards[i] = l.PenalizedReward(r)
		}
		// advantage = reward − mean of the prompt's other rewards
		batch.SetAdvantages(a.advantages(rewards, e.Settings.Samples))
		// epochs of minibatch steps on the clipped objective (+ β·KL, if in the loss)
		if err := l.Optimize(ctx, batch, 1-a.Clip, 1+a.Clip, a.loss); err != nil {
			return err
		}
		if err := l.EndUpdate(ctx, batch); err != nil {
			return err
		}
	}
	return l.Finish()
}

// advantages of responses, samples in a row to each prompt.
func (a RLOO) advantages(rewards []float64, samples int) []float64 {
	advantages := rollout.LeaveOneOut(rewards, samples)
	if a.NormalizeAdvantages {
		rollout.Standardize(advantages, 1e-4)
	}
	return advantages
}

// loss is −min(ratio·A, clip(ratio, 1 ± Clip)·A), with the KL penalty if that is a part
// of the loss: the mean over the responses of the step, or over its tokens where the
// ratio is a token's.
func (a RLOO) loss(p *rollout.Pass) (*torch.Tensor, error) {
	logRatio, kl, advantages, n := p.LogRatio, p.KLLosses(), p.Column(rollout.AdvantagesOf), p.Tokens
	if a.Ratio == bySequence {
		logRatio, kl, n = train.SumBy(logRatio, p.Lengths()), train.SumBy(kl, p.Lengths()), p.Responses
		advantages = p.PerResponse(func(r rollout.Rollout) float64 { return r.Advantages[0] })
	}
	loss := clipped(logRatio, advantages, 1-a.Clip, 1+a.Clip).Add(kl).Sum().MulScalar(1 / float64(n))
	return loss, p.Log("policy_loss", loss)
}
