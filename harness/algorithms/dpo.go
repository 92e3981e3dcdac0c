package algorithms

import (
	"context"
	"fmt"

	"lastmile/experiments"
	"lastmile/harness/pairs"
	"lastmile/harness/random"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// DPO is direct preference optimisation (Rafailov et al. 2023) on pairs of a truth and
// a negative that was made from it: no reward model and no sampling. Losses and
// gradients equal TRL's DPOTrainer, "ipo" as in the paper, on summed log-probabilities.
type DPO struct {
	train.OptimizerSettings
	// Steps is the number of optimizer steps.
	Steps int `toml:"steps" json:"steps"`
	// BatchSize is the number of pairs in a step.
	BatchSize int `toml:"batch_size" json:"batch_size"`
	// Beta weighs staying close to the reference policy.
	Beta float64 `toml:"beta" json:"beta"`
	// Loss is "sigmoid", DPO's own; "hinge" (Zhao et al. 2023, SLiC); or "ipo" (Azar
	// et al. 2023).
	Loss string `toml:"loss" json:"loss"`
	// LabelSmoothing is the share of pairs that are taken for turned round by the
	// loss "sigmoid" (Mitchell 2023, conservative DPO).
	LabelSmoothing float64 `toml:"label_smoothing" json:"label_smoothing"`
}

var dpo = define(Maker{
	Name:   "dpo",
	Label:  "DPO",
	Family: Preference,
	Needs:  Needs{Pairs: true, Reference: true},
}, DPO{
	OptimizerSettings: train.DefaultOptimizer(1e-4),
	Steps:             200,
	BatchSize:         32,
	Beta:              0.1,
	Loss:              "sigmoid",
}, train.WithOptimizer(experiments.Rules{
	"steps":           experiments.AtLeast(1),
	"batch_size":      experiments.Whole(1, 1<<16),
	"beta":            experiments.Above(0),
	"loss":            experiments.Choice("loss", "sigmoid", "hinge", "ipo"),
	"label_smoothing": experiments.FromBelow(0, 0.5),
}))

// Train implements [Algorithm].
func (a DPO) Train(ctx context.Context, e *Env) error {
	if len(e.Pairs) == 0 {
		return fmt.Errorf("preference optimisation needs pairs of a truth and a negative, and there are none")
	}
	t := train.NewTrainer(e.Policy, a.OptimizerSettings, e.Hooks)
	if err := t.Resume(&struct{}{}); err != nil {
		return err
	}
	sizes := make([]int, len(e.Pairs))
	for i, p := range e.Pairs {
		sizes[i] = p.Tokens()
	}
	perEpoch := (len(e.Pairs) + a.BatchSize - 1) / a.BatchSize
	var batches [][]int
	for epoch := -1; t.Done < a.Steps; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if now := t.Done / perEpoch; now != epoch {
			epoch = now
			batches = train.Bucket(random.New(e.Seed, "dpo", "order", epoch), sizes, 32*a.BatchSize, func(n, _ int) bool { return n > a.BatchSize })
		}
		var batch []pairs.Pair
		for _, i := range batches[t.Done%perEpoch] {
			batch = append(batch, e.Pairs[i])
		}
		if err := a.step(t, e, batch); err != nil {
			return err
		}
		if t.Due(ctx) {
			if err := t.Checkpoint(struct{}{}); err != nil {
				return err
			}
		}
	}
	t.Optimizer.Free()
	return t.Finish()
}

// step takes one optimizer step and logs what the batch was like before it.
func (a DPO) step(t *train.Trainer, e *Env, batch []pairs.Pair) error {
	s := t.Session()
	var loss, accuracy, chosenReward, rejectedReward float64
	for part := range train.Micro(batch, a.MicroBatch) {
		err := s.Scope(func() error {
			// logprobs of policy and reference, summed over each response
			var refChosen, refRejected *torch.Tensor
			err := s.NoGrad(func() error {
				refChosen, refRejected = pairs.Logprobs(e.Reference, part)
				refChosen.Keep()
				refRejected.Keep()
				return nil
			})
			if err != nil {
				return err
			}
			chosen, rejected := pairs.Logprobs(e.Policy, part)
			chosen, rejected = chosen.Sub(refChosen), rejected.Sub(refRejected)
			// rewards = β · ln(policy / reference)
			rewards, err := rewardsOf(chosen, rejected, a.Beta)
			if err != nil {
				return err
			}
			for _, r := range rewards {
				chosenReward += r[0] / float64(len(batch))
				rejectedReward += r[1] / float64(len(batch))
				if r[0] > r[1] {
					accuracy += 1 / float64(len(batch))
				}
			}
			value, err := t.Backward(a.loss(chosen, rejected).Sum().MulScalar(1 / float64(len(batch))))
			loss += value
			for _, p := range part {
				t.Tokens(p.Tokens())
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if err := t.Step(train.Rate(a.OptimizerSettings, t.Done, a.Steps)); err != nil {
		return err
	}
	t.Done++
	t.Log("train", "loss", loss)
	t.Log("train", "accuracy", accuracy)
	t.Log("train", "chosen_reward", chosenReward)
	t.Log("train", "rejected_reward", rejectedReward)
	t.Log("train", "margin", chosenReward-rejectedReward)
	t.Progress(a.Steps, fmt.Sprintf("loss %.2f, accuracy %.2f", loss, accuracy))
	return nil
}

// loss is that of each pair, [pairs], by the log-ratios ln(policy / reference) of its
// chosen and its rejected response.
func (a DPO) loss(chosen, rejected *torch.Tensor) *torch.Tensor {
	logits := chosen.Sub(rejected)
	switch a.Loss {
	case "hinge": // max(0, 1 − β·logits)
		zero := logits.MulScalar(0).Detach()
		return logits.MulScalar(-a.Beta).AddScalar(1).Maximum(zero)
	case "ipo": // (logits − 1 / 2β)²
		return logits.AddScalar(-1 / (2 * a.Beta)).Square()
	default: // −(1 − ε) ln σ(β·logits) − ε ln σ(−β·logits)
		loss := logits.MulScalar(a.Beta).LogSigmoid().MulScalar(-(1 - a.LabelSmoothing))
		if a.LabelSmoothing == 0 {
			return loss
		}
		return loss.Sub(logits.MulScalar(-a.Beta).LogSigmoid().MulScalar(a.LabelSmoothing))
	}
}

// rewardsOf are the implicit rewards of each pair: chosen and rejected.
func rewardsOf(chosen, rejected *torch.Tensor, beta float64) ([][2]float64, error) {
	of, err := chosen.Detach().Value64s()
	if err != nil {
		return nil, err
	}
	other, err := rejected.Detach().Value64s()
	if err != nil {
		return nil, err
	}
	rewards := make([][2]float64, len(of))
	for i := range of {
		rewards[i] = [2]float64{beta * of[i], beta * other[i]}
	}
	return rewards, nil
}
