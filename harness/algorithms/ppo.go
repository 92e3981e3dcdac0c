package algorithms

import (
	"context"

	"lastmile/experiments"
	"lastmile/harness/rollout"
	"lastmile/harness/torch"
)

// PPO is proximal policy optimisation (Schulman et al. 2017) of a policy against
// rewards, with a token-level KL penalty to a reference policy (Ziegler et al.
// 2019; Stiennon et al. 2020). The details that it takes on language are those of
// Huang et al. 2024, "The N+ Implementation Details of RLHF with PPO": the end
// token's absence is penalised, there is no dropout, rewards are scaled and
// advantages whitened, the learning rate falls, Adam's epsilon is 1e-5. The critic is
// not theirs, a network of its own that begins as the reward model: it is a scalar
// head on the policy's last hidden states that begins at zero, so that policy and
// value loss train one network between them. The curve explained_variance says what
// share of the variance of the returns its values explain.
type PPO struct {
	// Clip bounds the probability ratio to 1 ± Clip.
	Clip float64 `toml:"clip" json:"clip"`
	// ValueClip bounds how far a value may move from the one at sampling.
	ValueClip float64 `toml:"value_clip" json:"value_clip"`
	// ValueCoefficient weighs the value loss.
	ValueCoefficient float64 `toml:"value_coefficient" json:"value_coefficient"`
	// Gamma and Lambda are those of generalized advantage estimation
	// (Schulman et al. 2016).
	Gamma  float64 `toml:"gamma" json:"gamma"`
	Lambda float64 `toml:"lambda" json:"lambda"`
	// WhitenRewards and WhitenAdvantages scale to unit variance over an
	// update; advantages are centred as well.
	WhitenRewards    bool `toml:"whiten_rewards" json:"whiten_rewards"`
	WhitenAdvantages bool `toml:"whiten_advantages" json:"whiten_advantages"`
}

var ppo = define(Maker{
	Name:   "ppo",
	Label:  "PPO",
	Family: OnPolicy,
	Needs:  Needs{Rewards: true, Reference: true, Values: true},
}, PPO{
	Clip:             0.2,
	ValueClip:        0.2,
	ValueCoefficient: 0.1,
	Gamma:            1,
	Lambda:           0.95,
	WhitenRewards:    true,
	WhitenAdvantages: true,
}, experiments.Rules{
	"clip":              experiments.Between(0, 1),
	"value_clip":        experiments.Above(0),
	"value_coefficient": experiments.NotBelow(0),
	"gamma":             experiments.From(0, 1),
	"lambda":            experiments.From(0, 1),
	"whiten_rewards":    experiments.Anything,
	"whiten_advantages": experiments.Anything,
})

// Train implements [Algorithm].
func (a PPO) Train(ctx context.Context, e *Env) error {
	l, err := rollout.Start(ctx, e.Env)
	if err != nil {
		return err
	}
	for l.More() {
		// responses, logprobs, values, rewards, ref_logprobs
		batch, err := l.Rollout(ctx)
		if err != nil {
			return err
		}
		// rewards = reward − β·k1(policy ‖ reference), token by token
		for i, r := range batch {
			batch[i].Rewards = l.PenalizedRewards(r)
		}
		if a.WhitenRewards {
			rollout.Whiten(batch.Rewards(), false)
		}
		// advantages = GAE(rewards, values); returns = advantages + values
		for i, r := range batch {
			batch[i].Advantages = rollout.GAE(r.Rewards, r.Values, a.Gamma, a.Lambda)
			batch[i].Returns = returns(batch[i].Advantages, r.Values)
		}
		if a.WhitenAdvantages {
			rollout.Whiten(batch.Advantages(), true)
		}
		// epochs of minibatch steps on the clipped objectives (+ β·KL, if in the loss)
		if err := l.Optimize(ctx, batch, 1-a.Clip, 1+a.Clip, a.loss); err != nil {
			return err
		}
		if err := l.EndUpdate(ctx, batch); err != nil {
			return err
		}
	}
	return l.Finish()
}

// loss is policy_loss + value_coefficient · value_loss, where policy_loss has the KL
// penalty if that is a part of the loss.
func (a PPO) loss(p *rollout.Pass) (*torch.Tensor, error) {
	advantages := p.Column(rollout.AdvantagesOf)
	oldValues := p.Column(func(r rollout.Rollout) []float64 { return r.Values })
	returns := p.Column(func(r rollout.Rollout) []float64 { return r.Returns })
	policy := a.policyLoss(p.LogRatio, advantages).Add(p.KLLosses().Mean()).MulScalar(p.Share)
	value := a.valueLoss(p.Values, oldValues, returns).MulScalar(p.Share)
	if err := p.Log("policy_loss", policy); err != nil {
		return nil, err
	}
	if err := p.Log("value_loss", value); err != nil {
		return nil, err
	}
	return policy.Add(value.MulScalar(a.ValueCoefficient)), nil
}

// returns are what the critic learns: advantages + values.
func returns(advantages, values []float64) []float64 {
	sums := make([]float64, len(values))
	for i, value := range values {
		sums[i] = advantages[i] + value
	}
	return sums
}

// policyLoss is −min(ratio·A, clip(ratio, 1 ± Clip)·A), the mean over tokens: all are
// [tokens].
func (a PPO) policyLoss(logRatio, advantages *torch.Tensor) *torch.Tensor {
	return clipped(logRatio, advantages, 1-a.Clip, 1+a.Clip).Mean()
}

// valueLoss is half the squared error of the values, the larger of it and that of
// values that stay within ValueClip of those at sampling: all are [tokens].
func (a PPO) valueLoss(values, oldValues, returns *torch.Tensor) *torch.Tensor {
	clipped := oldValues.Add(values.Sub(oldValues).Clamp(-a.ValueClip, a.ValueClip))
	return values.Sub(returns).Square().Maximum(clipped.Sub(returns).Square()).Mean().MulScalar(0.5)
}
