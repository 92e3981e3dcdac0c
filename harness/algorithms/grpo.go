package algorithms

import (
	"context"

	"lastmile/experiments"
	"lastmile/harness/rollout"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// GRPO is group relative policy optimisation (Shao et al. 2024): the advantage of a
// response is its reward relative to those of the other responses to the prompt. The
// KL penalty is that of [rl], as for all algorithms; the paper's is k3 in the loss,
// rl.kl = { in = "loss", estimator = "k3" }. The choices of Dr. GRPO (Liu et al. 2025:
// scale "none", loss "dr_grpo"), of DAPO (Yu et al. 2025: loss "dapo", a higher upper
// clip, dynamic sampling, overlong punishment) and of GSPO (Zheng et al. 2025: ratio
// "sequence") are settings. Advantages and losses equal those of TRL 1.16's
// GRPOTrainer, which has the paper's penalty, with use_bias_correction_kl off.
type GRPO struct {
	// Scale is what advantages are divided by: "group", the standard deviation of
	// the rewards to the prompt, "batch", that of all rewards of the update, or
	// "none".
	Scale string `toml:"scale" json:"scale"`
	// Loss says how the losses of tokens are averaged: "grpo", over each response
	// and then over responses; "dapo", over all tokens of the step; "dr_grpo", over
	// responses of the longest length.
	Loss string `toml:"loss" json:"loss"`
	// ClipLow and ClipHigh bound the probability ratio to 1 − ClipLow and
	// 1 + ClipHigh.
	ClipLow  float64 `toml:"clip_low" json:"clip_low"`
	ClipHigh float64 `toml:"clip_high" json:"clip_high"`
	// Ratio is what the ratio is of: "token", each token, or "sequence", the
	// geometric mean of a response's.
	Ratio string `toml:"ratio" json:"ratio"`
	// DynamicSampling leaves out prompts whose responses all have one reward. None
	// are drawn in their place.
	DynamicSampling bool `toml:"dynamic_sampling" json:"dynamic_sampling"`
	// OverlongCache is the number of last tokens before the longest response over
	// which a punishment rises from 0 to 1 that is taken off the reward; 0 means no
	// punishment.
	OverlongCache int `toml:"overlong_cache" json:"overlong_cache"`
}

var grpo = define(Maker{
	Name:   "grpo",
	Label:  "GRPO",
	Family: OnPolicy,
	Needs:  Needs{Rewards: true, Reference: true},
}, GRPO{Scale: byGroup, Loss: "grpo", ClipLow: 0.2, ClipHigh: 0.2, Ratio: byToken}, experiments.Rules{
	"scale":            experiments.Choice("scale", byGroup, byBatch, unscaled),
	"loss":             experiments.Choice("loss", "grpo", "dapo", "dr_grpo"),
	"clip_low":         experiments.Between(0, 1),
	"clip_high":        experiments.Between(0, 10),
	"ratio":            experiments.Choice("ratio", byToken, bySequence),
	"dynamic_sampling": experiments.Anything,
	"overlong_cache":   experiments.AtLeast(0),
})

// What advantages can be divided by.
const (
	byGroup  = "group"
	byBatch  = "batch"
	unscaled = "none"
)

// Train implements [Algorithm].
func (a GRPO) Train(ctx context.Context, e *Env) error {
	l, err := rollout.Start(ctx, e.Env)
	if err != nil {
		return err
	}
	samples := e.Settings.Samples
	for l.More() {
		// responses, logprobs, rewards, ref_logprobs
		batch, err := l.Rollout(ctx)
		if err != nil {
			return err
		}
		// reward = reward − overlong punishment
		// penalized = reward − β·k1(policy ‖ reference), of the whole response
		rewards, penalized := make([]float64, len(batch)), make([]float64, len(batch))
		for i, r := range batch {
			punishment := a.overlong(len(r.Tokens), e.MaxTokens)
			rewards[i], penalized[i] = r.Reward-punishment, l.PenalizedReward(r)-punishment
		}
		// advantage = (penalized − group mean) / scale
		batch.SetAdvantages(a.advantages(penalized, samples))
		learned := batch
		if a.DynamicSampling {
			learned = varied(batch, rewards, samples)
		}
		// epochs of minibatch steps on the clipped objective (+ β·KL, if in the loss)
		loss := func(p *rollout.Pass) (*torch.Tensor, error) { return a.loss(p, e.MaxTokens) }
		if err := l.Optimize(ctx, learned, 1-a.ClipLow, 1+a.ClipHigh, loss); err != nil {
			return err
		}
		if err := l.EndUpdate(ctx, batch); err != nil {
			return err
		}
	}
	return l.Finish()
}

// overlong is the punishment of a response of n tokens of which at most longest are
// possible (DAPO's soft overlong punishment, negated).
func (a GRPO) overlong(n, longest int) float64 {
	free := longest - a.OverlongCache
	if a.OverlongCache == 0 || n <= free {
		return 0
	}
	return min(float64(n-free)/float64(a.OverlongCache), 1)
}

// advantages of responses, samples in a row to each prompt.
func (a GRPO) advantages(rewards []float64, samples int) []float64 {
	const epsilon = 1e-4 // as in TRL
	advantages := make([]float64, len(rewards))
	for start := 0; start < len(rewards); start += samples {
		group := rewards[start:][:samples]
		mean := 0.0
		for _, r := range group {
			mean += r / float64(samples)
		}
		scale := 1.0
		switch a.Scale {
		case byGroup:
			scale = rollout.Deviation(group) + epsilon
		case byBatch:
			scale = rollout.Deviation(rewards) + epsilon
		}
		for i, r := range group {
			advantages[start+i] = (r - mean) / scale
		}
	}
	return advantages
}

// varied are the rollouts of those prompts whose rewards are not all equal (DAPO's
// dynamic sampling).
func varied(batch rollout.Batch, rewards []float64, samples int) rollout.Batch {
	var kept rollout.Batch
	for start := 0; start < len(batch); start += samples {
		for _, r := range rewards[start:][:samples] {
			if r != rewards[start] {
				kept = append(kept, batch[start:][:samples]...)
				break
			}
		}
	}
	return kept
}

// loss is −min(ratio·A, clip(ratio)·A) of each token, with the KL penalty if that is a
// part of the loss, averaged as Loss says.
func (a GRPO) loss(p *rollout.Pass, longest int) (*torch.Tensor, error) {
	lengths := p.Lengths()
	logRatio := p.LogRatio
	if a.Ratio == bySequence {
		shares := p.PerResponse(func(r rollout.Rollout) float64 { return 1 / float64(len(r.Tokens)) })
		logRatio = train.PerToken(train.SumBy(logRatio, lengths).Mul(shares), lengths)
	}
	losses := clipped(logRatio, p.Column(rollout.AdvantagesOf), 1-a.ClipLow, 1+a.ClipHigh).Add(p.KLLosses())
	weights := p.Column(func(r rollout.Rollout) []float64 {
		weights := make([]float64, len(r.Tokens))
		for i := range weights {
			switch a.Loss {
			case "grpo":
				weights[i] = 1 / float64(len(r.Tokens)*p.Responses)
			case "dapo":
				weights[i] = 1 / float64(p.Tokens)
			case "dr_grpo":
				weights[i] = 1 / float64(p.Responses*longest)
			}
		}
		return weights
	})
	loss := losses.Mul(weights).Sum()
	return loss, p.Log("policy_loss", loss)
}
