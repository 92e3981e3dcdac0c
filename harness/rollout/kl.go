package rollout

import (
	"math"

	"lastmile/experiments"
	"lastmile/harness/torch"
)

// KLSettings are the penalty for leaving the reference policy.
type KLSettings struct {
	// Coefficient weighs the penalty, per nat.
	Coefficient float64 `toml:"coefficient" json:"coefficient"`
	// In is where the penalty is: "reward", taken off the rewards, or "loss", added
	// to the loss of each token.
	In string `toml:"in" json:"in"`
	// Estimator is that of the penalty (Schulman 2020, "Approximating KL
	// divergence"). For one in the reward it is "k1", whose expected gradient is
	// that of KL(policy ‖ reference). For one in the loss it is "k2", with the same
	// gradient, token by token, or "k3", with that of KL(reference ‖ policy). The
	// other pairs do not have the gradient of a divergence (arXiv 2510.01555,
	// 2512.21852).
	Estimator string `toml:"estimator" json:"estimator"`
	// Adaptive moves the coefficient towards Target (Ziegler et al. 2019),
	// wherever the penalty is.
	Adaptive bool `toml:"adaptive" json:"adaptive"`
	// Target is the wanted KL of a response, in nats, by k1.
	Target float64 `toml:"target" json:"target"`
	// Horizon is how slowly the coefficient adapts, in responses.
	Horizon float64 `toml:"horizon" json:"horizon"`
}

// The estimators of the KL divergence.
const (
	K1 = "k1"
	K2 = "k2"
	K3 = "k3"
)

// Where the penalty can be.
const (
	InReward = "reward"
	InLoss   = "loss"
)

// klRules are those of [KLSettings], under kl.
var klRules = experiments.Rules{
	"kl.coefficient": experiments.NotBelow(0),
	"kl.in":          experiments.Choice("place of the KL penalty", InReward, InLoss),
	"kl.estimator":   experiments.Choice("estimator", K1, K2, K3),
	"kl.adaptive":    experiments.Anything,
	"kl.target":      experiments.Above(0),
	"kl.horizon":     experiments.Above(0),
}

// refused says why the estimator is none for where the penalty is, and which are, or
// nothing. With x = ln(policy / reference) the expectation of x·∇ln policy is
// ∇KL(policy ‖ reference), and so is that of ∇(x²/2); that of ∇x is 0.
func (s KLSettings) refused() string {
	switch {
	case s.In == InLoss && s.Estimator == K1:
		return `the expected gradient of k1 as a loss is 0, so it would penalise nothing; with in = "loss" the estimator is "k2" or "k3"`
	case s.In != InLoss && s.Estimator == K2:
		return `the expected gradient of k2 in the reward is not that of the divergence and vanishes near the reference; with in = "reward" the estimator is "k1", and k2 goes with in = "loss"`
	case s.In != InLoss && s.Estimator == K3:
		return `the expected gradient of k3 in the reward is that of KL(policy ‖ reference) − KL(reference ‖ policy), which vanishes near the reference; with in = "reward" the estimator is "k1", and k3 goes with in = "loss"`
	}
	return ""
}

// KL estimates the divergence from the policy to the reference at one sampled
// token, in nats, from the log-ratio ln(policy / reference) (Schulman 2020): k1 is
// the log-ratio itself, unbiased but of either sign; k2 is half its square; k3 is
// unbiased and never negative.
func KL(estimator string, logRatio float64) float64 {
	switch estimator {
	case K1:
		return logRatio
	case K2:
		return logRatio * logRatio / 2
	default:
		return math.Expm1(-logRatio) + logRatio
	}
}

// KLLosses are the KL penalty as a part of the losses of the pass's tokens, [tokens]:
// the coefficient times k2 or k3 of the policy as it is now, through which gradients
// flow. They are zeros where the penalty is in the reward. What a token does to the
// divergence of those that follow it has no part in the gradient, and tokens are
// weighed as the policy that sampled drew them, as TRL has it.
func (p *Pass) KLLosses() *torch.Tensor {
	if p.KL.In != InLoss || p.KL.Coefficient == 0 {
		return p.Column(func(r Rollout) []float64 { return make([]float64, len(r.Tokens)) })
	}
	logRatio := p.Logprobs.Sub(p.Column(func(r Rollout) []float64 { return r.RefLogprobs }))
	kl := logRatio.Square().MulScalar(0.5)
	if p.KL.Estimator == K3 {
		kl = logRatio.Neg().Exp().Add(logRatio).AddScalar(-1)
	}
	return kl.MulScalar(p.KL.Coefficient)
}

// penalty is the KL penalty with its present coefficient.
func (l *Learner) penalty() KLSettings {
	now := l.Settings.KL
	now.Coefficient = l.state.KL
	return now
}

// PenalizedRewards are the rewards of a response's tokens with the KL penalty taken
// off each where it is in the reward, [tokens].
func (l *Learner) PenalizedRewards(r Rollout) []float64 {
	coefficient := l.rewardKL()
	rewards := make([]float64, len(r.Tokens))
	for j := range rewards {
		rewards[j] = -coefficient*r.TokenKL[j] + r.TokenRewards[j]
	}
	return rewards
}

// PenalizedReward is the reward of a response with the KL penalty of all its tokens
// taken off where it is in the reward.
func (l *Learner) PenalizedReward(r Rollout) float64 { return r.Reward - l.rewardKL()*r.KL }

// rewardKL is the present coefficient of a penalty in the reward, 0 where it is in
// the loss.
func (l *Learner) rewardKL() float64 {
	if l.Settings.KL.In == InLoss {
		return 0
	}
	return l.state.KL
}

// setReference sets the log-probabilities of the response under the reference policy,
// and the KL estimates that follow from them.
func (r *Rollout) setReference(logprobs []float64) {
	r.RefLogprobs, r.TokenKL, r.KL = logprobs, make([]float64, len(logprobs)), 0
	for j, logprob := range logprobs {
		r.TokenKL[j] = KL(K1, r.Logprobs[j]-logprob)
		r.KL += r.TokenKL[j]
	}
}

// logKL logs the divergence of the batch's responses from the reference policy, as
// the mean over responses of each estimator, in nats: k1 as the curve kl, which is
// what adapt goes by, k2 and k3 as kl_k2 and kl_k3.
func (l *Learner) logKL(batch Batch) {
	l.Log("train", "kl", batch.mean(func(r Rollout) float64 { return r.KL }))
	for _, estimator := range []string{K2, K3} {
		l.Log("train", "kl_"+estimator, batch.mean(func(r Rollout) (sum float64) {
			for _, logRatio := range r.TokenKL {
				sum += KL(estimator, logRatio)
			}
			return sum
		}))
	}
}

// adapt moves the KL coefficient towards the target (Ziegler et al. 2019).
func (l *Learner) adapt(batch Batch) {
	if !l.Settings.KL.Adaptive {
		return
	}
	measured := batch.mean(func(r Rollout) float64 { return r.KL })
	off := math.Max(-0.2, math.Min(0.2, measured/l.Settings.KL.Target-1))
	l.state.KL *= 1 + off*float64(len(batch))/l.Settings.KL.Horizon
}

// checkKL complains about an estimator that is none for where the penalty is.
func checkKL(s KLSettings) experiments.Complaint {
	return experiments.Complaint{Keys: []string{"rl.kl.in", "rl.kl.estimator"}, Message: s.refused()}
}
