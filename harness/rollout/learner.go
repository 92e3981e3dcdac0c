package rollout

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"lastmile/harness/model"
	"lastmile/harness/random"
	"lastmile/harness/reward"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// Env is what an on-policy algorithm works with.
type Env struct {
	// Policy is trained; Reference is what it must stay close to.
	Policy, Reference *model.Model
	// Rewards are maximised.
	Rewards reward.Sum
	// Problems are the training prompts.
	Problems []Problem
	// MaxTokens is the longest response, the end token included, of which Ends are
	// all that there are.
	MaxTokens int
	Ends      []int
	// Seed is the run's; it names random streams.
	Seed  int
	Hooks train.Hooks
	// Settings are those of [rl].
	Settings Settings
}

// Learner is an on-policy algorithm at work: the policy in training and what it
// remembers between updates.
type Learner struct {
	Env
	*train.Trainer
	state state
	steps stepMeans
}

// state is what a checkpoint keeps beyond the trainer's own.
type state struct {
	// KL is the coefficient of the KL penalty.
	KL float64 `json:"kl"`
	// Scale is what the sum of the rewards is divided by, 0 for nothing.
	Scale float64 `json:"scale"`
	// Rewards is the rewards' own, by name.
	Rewards reward.State `json:"rewards"`
	// Selected is the best evaluation on dev.
	Selected train.Selected `json:"selected"`
}

// Start makes a learner that begins at the first update, after an evaluation on dev
// where the settings say so, or goes on from a checkpoint.
func Start(ctx context.Context, e Env) (*Learner, error) {
	if reason := e.Settings.KL.refused(); reason != "" {
		return nil, fmt.Errorf("rl.kl: %s", reason)
	}
	l := &Learner{Env: e, Trainer: train.NewTrainer(e.Policy, e.Settings.OptimizerSettings, e.Hooks)}
	l.state = state{KL: e.Settings.KL.Coefficient, Rewards: e.Rewards.State()}
	if err := l.Resume(&l.state); err != nil {
		return nil, err
	}
	if l.Done > 0 {
		return l, nil
	}
	return l, l.evaluate(ctx)
}

// More reports whether another update is to be made.
func (l *Learner) More() bool {
	return l.Done < l.Settings.Updates && !l.state.Selected.Stopped(l.Settings.Patience)
}

// evaluate scores the policy on dev where that is due.
func (l *Learner) evaluate(ctx context.Context) error {
	s := l.Settings
	if s.EvalEvery == 0 || l.Done%s.EvalEvery != 0 && l.Done != s.Updates {
		return nil
	}
	return l.Evaluate(ctx, s.SelectOn, s.DevExamples, &l.state.Selected)
}

// Pass is some rollouts of an optimizer step under the policy as it is now. Tensors
// are [tokens], the responses' tokens one response after the other.
type Pass struct {
	Rollouts Batch
	// LogRatio is ln(policy now / policy that sampled), with gradients.
	LogRatio *torch.Tensor
	// Logprobs are the policy's now, with gradients.
	Logprobs *torch.Tensor
	// Values are the critic's now, with gradients; nil where there is no critic.
	Values *torch.Tensor
	// KL is the KL penalty with its present coefficient, for [Pass.KLLosses].
	KL KLSettings
	// Share is the part that these rollouts' tokens are of the step's. Tokens
	// and Responses count those of the whole step.
	Share             float64
	Tokens, Responses int

	session *torch.Session
	logged  map[string]float64
}

// NewPass makes a pass over rollouts of an optimizer step, the policy's logprobs now and
// the critic's values, nil where there is none.
func NewPass(rollouts, step Batch, logprobs, values *torch.Tensor) *Pass {
	p := &Pass{
		Rollouts: rollouts, Logprobs: logprobs, Values: values, Tokens: step.Tokens(), Responses: len(step),
		session: logprobs.Session(), logged: map[string]float64{},
	}
	p.Share = float64(rollouts.Tokens()) / float64(p.Tokens)
	p.LogRatio = logprobs.Sub(p.Column(func(r Rollout) []float64 { return r.Logprobs }))
	return p
}

// Column is a tensor [tokens] of a list of each rollout.
func (p *Pass) Column(of func(Rollout) []float64) *torch.Tensor {
	var all []float64
	for _, r := range p.Rollouts {
		all = append(all, of(r)...)
	}
	return p.session.Float64s(all, len(all))
}

// Lengths are the numbers of tokens of the responses.
func (p *Pass) Lengths() []int {
	lengths := make([]int, len(p.Rollouts))
	for i, r := range p.Rollouts {
		lengths[i] = len(r.Tokens)
	}
	return lengths
}

// PerResponse is a tensor [responses] of a number of each rollout.
func (p *Pass) PerResponse(of func(Rollout) float64) *torch.Tensor {
	values := make([]float64, len(p.Rollouts))
	for i, r := range p.Rollouts {
		values[i] = of(r)
	}
	return p.session.Float64s(values, len(values))
}

// Log adds a part of a step's loss to the mean that the update's curve of that name
// shows.
func (p *Pass) Log(name string, loss *torch.Tensor) error {
	value, err := loss.Item()
	if err == nil {
		p.logged[name] += value
	}
	return err
}

// stepMeans are what an update's optimizer steps came to.
type stepMeans struct {
	sums  map[string]float64
	moved float64 // from the policy that sampled, in nats a token, at the last step
	count int
}

// Optimize takes the update's optimizer steps on a loss: Epochs passes over the
// batch, each in Minibatches steps, ending early once the policy has moved
// TargetKL from the one that sampled, by the tokens of the batch. The batch may be
// a part of the update's responses. low and high are the bounds of the probability
// ratio beyond which the curve clip_fraction counts a token. The loss of a pass is
// its part of the step's loss; the parts of a step are added.
func (l *Learner) Optimize(ctx context.Context, batch Batch, low, high float64, loss func(*Pass) (*torch.Tensor, error)) error {
	l.steps = stepMeans{sums: map[string]float64{"clip_fraction": 0}}
	groups := batch.Groups()
	prompts := len(groups)
	for epoch := range l.Settings.Epochs {
		order := random.New(l.Seed, "rl", "minibatches", l.Done, epoch).Perm(prompts)
		for i := range l.Settings.Minibatches {
			if err := ctx.Err(); err != nil {
				return err
			}
			var minibatch []Batch
			for _, prompt := range order[i*prompts/l.Settings.Minibatches : (i+1)*prompts/l.Settings.Minibatches] {
				minibatch = append(minibatch, groups[prompt])
			}
			if len(minibatch) == 0 {
				continue
			}
			if err := l.step(minibatch, low, high, loss); err != nil {
				return err
			}
			if l.Settings.TargetKL > 0 && l.steps.moved > l.Settings.TargetKL {
				return nil
			}
		}
	}
	return nil
}

// step takes one optimizer step on the responses to some prompts.
func (l *Learner) step(groups []Batch, low, high float64, loss func(*Pass) (*torch.Tensor, error)) error {
	l.steps.moved = 0
	minibatch := slices.Concat(groups...)
	tokens := minibatch.Tokens()
	for some := range train.Micro(groups, l.Settings.MicroBatch) {
		part := slices.Concat(some...)
		s := l.Session()
		err := s.Scope(func() error {
			b := model.NewBranches(s, l.trees(part))
			states := l.Policy.HiddenAt(b.Input, b.Predict)
			var values *torch.Tensor
			if l.Policy.Head != nil {
				values = l.Policy.Scores(states)
			}
			p := NewPass(part, minibatch, l.Policy.Logprobs(states, b.Targets, l.Settings.Temperature), values)
			p.KL = l.penalty()
			moves, err := p.LogRatio.Detach().Value64s()
			if err != nil {
				return err
			}
			for _, move := range moves {
				l.steps.moved += KL(K3, -move) / float64(tokens)
				if ratio := math.Exp(move); ratio < low || ratio > high {
					l.steps.sums["clip_fraction"] += 1 / float64(tokens)
				}
			}
			total, err := loss(p)
			if err != nil {
				return err
			}
			if _, err := l.Backward(total); err != nil {
				return err
			}
			for name, value := range p.logged {
				l.steps.sums[name] += value
			}
			l.Trainer.Tokens(b.Rows * b.Length)
			return nil
		})
		if err != nil {
			return err
		}
		if err := l.learnTruths(some, groups); err != nil {
			return err
		}
	}
	l.steps.count++
	return l.Step(train.Rate(l.Settings.OptimizerSettings, l.Done, l.Settings.Updates))
}

// EndUpdate counts the update, logs its curves, and evaluates the policy and keeps a
// checkpoint where those are due.
func (l *Learner) EndUpdate(ctx context.Context, batch Batch) error {
	l.Done++
	l.log(batch)
	l.adapt(batch)
	if err := l.evaluate(ctx); err != nil {
		return err
	}
	if l.Due(ctx) {
		if err := l.Checkpoint(&l.state, l.state.Selected.BestFile); err != nil {
			return err
		}
	}
	l.Progress(l.Settings.Updates, fmt.Sprintf("reward %.2f, KL %.1f",
		batch.mean(func(r Rollout) float64 { return r.Reward }), batch.mean(func(r Rollout) float64 { return r.KL })))
	return nil
}

// Finish writes the curves. The policy is trained: the best by dev where the settings
// say so.
func (l *Learner) Finish() error {
	if best := l.state.Selected.BestFile; best != "" {
		if err := l.LoadBest(best); err != nil {
			return err
		}
	}
	l.Optimizer.Free()
	return l.Trainer.Finish()
}

// log adds the update's points to the curves.
func (l *Learner) log(batch Batch) {
	tokens := float64(batch.Tokens())
	log := func(name string, value float64) { l.Log("train", name, value) }
	log("reward", batch.mean(func(r Rollout) float64 { return r.Reward }))
	for _, term := range l.Rewards {
		log("reward/"+term.Name, batch.mean(func(r Rollout) float64 { return r.Parts[term.Name] }))
	}
	l.logKL(batch)
	log("length", tokens/float64(len(batch)))
	log("ended", batch.mean(func(r Rollout) float64 {
		if r.Ended {
			return 1
		}
		return 0
	}))
	surprise := 0.0
	for _, r := range batch {
		for _, logprob := range r.Logprobs {
			surprise -= logprob
		}
	}
	log("entropy", surprise/tokens)
	for _, name := range slices.Sorted(maps.Keys(l.steps.sums)) {
		log(name, l.steps.sums[name]/float64(max(1, l.steps.count)))
	}
	log("policy_kl", l.steps.moved)
	log("kl_coefficient", l.state.KL)
	if l.Policy.Head != nil {
		log("explained_variance", explainedVariance(batch))
	}
}

// explainedVariance is the share of the variance of the returns that the critic's
// values explain.
func explainedVariance(batch Batch) float64 {
	var returns, errors []float64
	for _, r := range batch {
		for j, value := range r.Values {
			returns = append(returns, r.Returns[j])
			errors = append(errors, r.Returns[j]-value)
		}
	}
	_, deviation := moments(returns)
	if deviation == 0 {
		return 0
	}
	_, unexplained := moments(errors)
	return 1 - unexplained*unexplained/(deviation*deviation)
}
