package train

import (
	"context"
	"fmt"
	"math"

	"lastmile/experiments"
	"lastmile/harness/decode"
	"lastmile/harness/model"
	"lastmile/harness/random"
	"lastmile/harness/torch"
)

// PPO is proximal policy optimisation (Schulman et al. 2017) of a policy
// against a reward model, with a token-level KL penalty to a reference policy
// (Ziegler et al. 2019; Stiennon et al. 2020). The details that it takes on
// language are those of Huang et al. 2024, "The N+ Implementation Details of
// RLHF with PPO": the end token's absence is penalised, the value head starts
// at zero, there is no dropout, rewards are scaled and advantages whitened,
// Adam's epsilon is 1e-5.
//
// An update samples Samples responses to each of Prompts prompts, keeping
// their log-probabilities; scores them; spreads the rewards over their tokens;
// estimates advantages; and takes Epochs · Minibatches optimizer steps on the
// clipped objective.
type PPO struct {
	// Policy is trained; it has a scalar head for the values. Reference is
	// what it must stay close to.
	Policy, Reference *model.Model
	// Score scores every response of the trees.
	Score func(trees []model.Tree) ([][]float64, error)
	// Problems are the training prompts.
	Problems []Problem
	// MaxTokens is the longest response, the end token EOS included.
	MaxTokens, EOS int

	experiments.RL
	Seed int
}

// Problem is a prompt with the response that is known to be true.
type Problem struct {
	ID            string
	Prompt, Truth []int
}

// controls is what PPO remembers between updates beyond the trainer's state.
type controls struct {
	KL     float64 `json:"kl"`     // the coefficient of the KL penalty
	Spread float64 `json:"spread"` // of the scores within a prompt at the first update
}

// rollout is one sampled response with all that is known of its tokens.
type rollout struct {
	problem  int
	response decode.Response
	score    float64 // the reward model's, shaped
	reward   float64 // score and penalties, without KL
	repeats  []int   // the places of the tokens that came before
	repeated float64 // the part of reward that is taken off for them
	kl       float64 // of the response, in nats, by the estimator

	reference  []float64 // log-probabilities of the reference policy
	values     []float64 // at sampling
	advantages []float64
	returns    []float64
}

// Train runs all updates.
func (p *PPO) Train(ctx context.Context, hooks Hooks) error {
	t := NewTrainer(p.Policy, p.Optimizer, hooks)
	state := controls{KL: p.KL.Coefficient}
	if err := t.Resume(&state); err != nil {
		return err
	}
	for t.Done < p.Updates {
		rollouts, err := p.sample(ctx, t)
		if err != nil {
			return err
		}
		if err := p.judge(rollouts, &state); err != nil {
			return err
		}
		if err := p.consult(t, rollouts); err != nil {
			return err
		}
		p.spread(rollouts, state.KL)
		p.estimate(rollouts)
		loss, err := p.learn(ctx, t, rollouts)
		if err != nil {
			return err
		}
		t.Done++
		p.log(t, rollouts, loss, state)
		p.adapt(rollouts, &state)
		if t.Due() {
			if err := t.Checkpoint(state); err != nil {
				return err
			}
		}
		t.Progress(p.Updates, fmt.Sprintf("reward %.2f, KL %.1f", mean(rollouts, func(r rollout) float64 { return r.reward }), mean(rollouts, func(r rollout) float64 { return r.kl })))
	}
	t.Optimizer.Free()
	return t.Finish()
}

// sample draws the update's prompts and the policy's responses to them.
func (p *PPO) sample(ctx context.Context, t *Trainer) ([]rollout, error) {
	perEpoch := max(1, len(p.Problems)/p.Prompts)
	epoch, start := t.Done/perEpoch, t.Done%perEpoch*p.Prompts
	order := random.New(p.Seed, "rl", "order", epoch).Perm(len(p.Problems))
	chosen := order[start:min(start+p.Prompts, len(order))]
	requests := make([]decode.Request, len(chosen))
	for i, index := range chosen {
		requests[i] = decode.Request{ID: p.Problems[index].ID, Prompt: p.Problems[index].Prompt}
	}
	responses, err := decode.Decode(ctx, p.Policy, requests, decode.Options{
		Decode:    experiments.Decode{Strategy: "sample", Temperature: p.Temperature, TopP: 1, BatchSize: p.Prompts},
		MaxTokens: p.MaxTokens, EOS: p.EOS, Samples: p.Samples, Values: true,
		Seed: p.Seed, Stage: fmt.Sprintf("rl %d", t.Done), Tokens: t.hooks.Tokens,
	})
	if err != nil {
		return nil, err
	}
	var rollouts []rollout
	for i, index := range chosen {
		for _, response := range responses[i] {
			values := make([]float64, len(response.Values))
			for j, v := range response.Values {
				values[j] = float64(v)
			}
			rollouts = append(rollouts, rollout{problem: index, response: response, values: values})
		}
	}
	return rollouts, nil
}

// judge sets each response's score and reward.
func (p *PPO) judge(rollouts []rollout, state *controls) error {
	trees := p.trees(rollouts)
	for i := range trees {
		trees[i].Responses = append(trees[i].Responses, p.Problems[rollouts[i*p.Samples].problem].Truth)
	}
	scores, err := p.Score(trees)
	if err != nil {
		return err
	}
	if state.Spread == 0 {
		state.Spread = withinPrompts(scores, p.Samples)
	}
	for i := range rollouts {
		r := &rollouts[i]
		prompt := scores[i/p.Samples]
		r.score = prompt[i%p.Samples]
		if p.Shaping.Baseline == "truth" {
			r.score = (r.score - prompt[p.Samples]) / state.Spread
		}
		if bound := p.Shaping.Clip; bound > 0 {
			r.score = math.Max(-bound, math.Min(bound, r.score))
		}
		response, truth := r.response.Tokens, p.Problems[r.problem].Truth
		r.reward = r.score - p.Shaping.LengthPenalty*math.Abs(math.Log(float64(len(response))/float64(len(truth))))
		r.repeats = repeats(response)
		r.repeated = p.Shaping.RepetitionPenalty * math.Max(0, share(r.repeats, response)-share(repeats(truth), truth))
		r.reward -= r.repeated
		if !r.response.Ended {
			r.reward -= p.Shaping.MissingEndPenalty
		}
	}
	return nil
}

// repeats are the places of the tokens that came before.
func repeats(tokens []int) (places []int) {
	seen := make(map[int]bool)
	for i, token := range tokens {
		if seen[token] {
			places = append(places, i)
		}
		seen[token] = true
	}
	return places
}

func share(places, tokens []int) float64 { return float64(len(places)) / float64(len(tokens)) }

// withinPrompts is the mean over prompts of the standard deviation of the
// samples' scores; 1 where they do not differ.
func withinPrompts(scores [][]float64, samples int) float64 {
	sum := 0.0
	for _, prompt := range scores {
		_, deviation := moments(prompt[:samples])
		sum += deviation
	}
	if sum == 0 {
		return 1
	}
	return sum / float64(len(scores))
}

// consult asks the reference policy for its log-probabilities. The policy's own
// and its values are those of sampling.
func (p *PPO) consult(t *Trainer, rollouts []rollout) error {
	s := t.Session()
	var reference []float64
	err := s.NoGrad(func() (err error) {
		b := model.Plant(s, p.trees(rollouts))
		states := p.Reference.HiddenAt(b.Input, b.Predict)
		reference, err = p.Reference.Logprobs(states, b.Targets, p.Temperature).Value64s()
		return err
	})
	if err != nil {
		return fmt.Errorf("asking the reference policy: %w", err)
	}
	for i := range rollouts {
		r := &rollouts[i]
		n := len(r.response.Tokens)
		r.reference, reference = reference[:n], reference[n:]
	}
	return nil
}

// spread makes each token's reward, which it leaves in returns: the KL penalty
// on every token, what repetition costs on the tokens that repeat, and the rest
// of the response's reward on the last.
func (p *PPO) spread(rollouts []rollout, coefficient float64) {
	var all []float64
	for i := range rollouts {
		r := &rollouts[i]
		r.returns = make([]float64, len(r.values))
		r.kl = 0
		for j := range r.returns {
			kl := KL(p.KL.Estimator, float64(r.response.Logprobs[j])-r.reference[j])
			r.kl += kl
			r.returns[j] = -coefficient * kl
		}
		for _, j := range r.repeats {
			r.returns[j] -= r.repeated / float64(len(r.repeats))
		}
		r.returns[len(r.returns)-1] += r.reward + r.repeated
		all = append(all, r.returns...)
	}
	if _, deviation := moments(all); p.WhitenRewards && deviation > 0 {
		for _, r := range rollouts {
			for j := range r.returns {
				r.returns[j] /= deviation
			}
		}
	}
}

// KL estimates the divergence from the policy to the reference at one sampled
// token from the log-ratio ln(policy / reference) (Schulman 2020): k1 is the
// log-ratio itself, unbiased but of either sign; k2 is half its square; k3 is
// unbiased and never negative.
func KL(estimator string, logRatio float64) float64 {
	switch estimator {
	case "k1":
		return logRatio
	case "k2":
		return logRatio * logRatio / 2
	default:
		return math.Expm1(-logRatio) + logRatio
	}
}

// estimate turns token rewards into advantages and returns by generalized
// advantage estimation (Schulman et al. 2016).
func (p *PPO) estimate(rollouts []rollout) {
	var all []float64
	for i := range rollouts {
		r := &rollouts[i]
		r.advantages = GAE(r.returns, r.values, p.Gamma, p.Lambda)
		for j := range r.returns {
			r.returns[j] = r.advantages[j] + r.values[j]
		}
		all = append(all, r.advantages...)
	}
	if mean, deviation := moments(all); p.WhitenAdvantages && deviation > 0 {
		for _, r := range rollouts {
			for j := range r.advantages {
				r.advantages[j] = (r.advantages[j] - mean) / deviation
			}
		}
	}
}

// GAE is the advantage of each token of an episode that ends after the last:
// the sum of the temporal differences from it on, discounted by gamma ·
// lambda.
func GAE(rewards, values []float64, gamma, lambda float64) []float64 {
	advantages := make([]float64, len(rewards))
	next, sum := 0.0, 0.0
	for j := len(rewards) - 1; j >= 0; j-- {
		sum = rewards[j] + gamma*next - values[j] + gamma*lambda*sum
		advantages[j] = sum
		next = values[j]
	}
	return advantages
}

// losses are the means of an update's steps.
type losses struct {
	policy, value, clipped, moved float64
	steps                         int
}

// learn takes the update's optimizer steps. It stops early once the policy
// has moved TargetKL from the one that sampled.
func (p *PPO) learn(ctx context.Context, t *Trainer, rollouts []rollout) (losses, error) {
	var total losses
	prompts := len(rollouts) / p.Samples
	for epoch := range p.Epochs {
		order := random.New(p.Seed, "rl", "minibatches", t.Done, epoch).Perm(prompts)
		for i := range p.Minibatches {
			if err := ctx.Err(); err != nil {
				return total, err
			}
			var minibatch []rollout
			for _, prompt := range order[i*prompts/p.Minibatches : (i+1)*prompts/p.Minibatches] {
				minibatch = append(minibatch, rollouts[prompt*p.Samples:][:p.Samples]...)
			}
			if len(minibatch) == 0 {
				continue
			}
			one, err := p.step(t, minibatch)
			if err != nil {
				return total, err
			}
			total.policy += one.policy
			total.value += one.value
			total.clipped += one.clipped
			total.moved = one.moved
			total.steps++
			if p.TargetKL > 0 && one.moved > p.TargetKL {
				return total, nil
			}
		}
	}
	return total, nil
}

// step takes one optimizer step on the clipped objective.
func (p *PPO) step(t *Trainer, minibatch []rollout) (l losses, err error) {
	tokens := 0
	for _, r := range minibatch {
		tokens += len(r.values)
	}
	for part := range Micro(minibatch, p.MicroBatch*p.Samples) {
		if err := p.gradients(t, part, tokens, &l); err != nil {
			return l, err
		}
	}
	return l, t.Step(Rate(p.Optimizer, t.Done, p.Updates))
}

// gradients adds the gradients of some of a step's rollouts, whose loss is a mean
// over all tokens of the step.
func (p *PPO) gradients(t *Trainer, rollouts []rollout, tokens int, l *losses) error {
	s := t.Session()
	var sampled, advantages, returns, values []float64
	for _, r := range rollouts {
		for _, logprob := range r.response.Logprobs {
			sampled = append(sampled, float64(logprob))
		}
		advantages = append(advantages, r.advantages...)
		returns = append(returns, r.returns...)
		values = append(values, r.values...)
	}
	n := len(sampled)
	share := float64(n) / float64(tokens)
	return s.Scope(func() error {
		b := model.Plant(s, p.trees(rollouts))
		states := p.Policy.HiddenAt(b.Input, b.Predict)
		logRatio := p.Policy.Logprobs(states, b.Targets, p.Temperature).Sub(s.Float64s(sampled, n))
		policy := PolicyLoss(logRatio, s.Float64s(advantages, n), p.Clip).MulScalar(share)
		value := ValueLoss(p.Policy.Scores(states), s.Float64s(values, n), s.Float64s(returns, n), p.ValueClip).MulScalar(share)

		moves, err := logRatio.Detach().Value64s()
		if err != nil {
			return err
		}
		for _, move := range moves {
			l.moved += KL("k3", -move) / float64(tokens)
			if ratio := math.Exp(move); ratio < 1-p.Clip || ratio > 1+p.Clip {
				l.clipped += 1 / float64(tokens)
			}
		}
		for _, part := range []struct {
			of  *torch.Tensor
			sum *float64
		}{{policy, &l.policy}, {value, &l.value}} {
			loss, err := part.of.Item()
			if err != nil {
				return err
			}
			*part.sum += loss
		}
		_, err = t.Backward(policy.Add(value.MulScalar(p.ValueCoefficient)))
		t.Tokens(b.Rows * b.Length)
		return err
	})
}

// PolicyLoss is the clipped surrogate objective, negated: all are [tokens].
func PolicyLoss(logRatio, advantages *torch.Tensor, clip float64) *torch.Tensor {
	ratio := logRatio.Exp()
	return ratio.Mul(advantages).Minimum(ratio.Clamp(1-clip, 1+clip).Mul(advantages)).Mean().Neg()
}

// ValueLoss is half the squared error of the values, the larger of it and that
// of values that stay within clip of those at sampling: all are [tokens].
func ValueLoss(values, sampled, returns *torch.Tensor, clip float64) *torch.Tensor {
	clipped := sampled.Add(values.Sub(sampled).Clamp(-clip, clip))
	return values.Sub(returns).Square().Maximum(clipped.Sub(returns).Square()).Mean().MulScalar(0.5)
}

// adapt moves the KL coefficient towards the target (Ziegler et al. 2019).
func (p *PPO) adapt(rollouts []rollout, state *controls) {
	if !p.KL.Adaptive {
		return
	}
	measured := mean(rollouts, func(r rollout) float64 { return r.kl })
	err := math.Max(-0.2, math.Min(0.2, measured/p.KL.Target-1))
	state.KL *= 1 + err*float64(len(rollouts))/p.KL.Horizon
}

// trees lays rollouts, whose prompts come Samples in a row, out as trees.
func (p *PPO) trees(rollouts []rollout) []model.Tree {
	var trees []model.Tree
	for i, r := range rollouts {
		if i%p.Samples == 0 {
			trees = append(trees, model.Tree{Prompt: p.Problems[r.problem].Prompt})
		}
		tree := &trees[len(trees)-1]
		tree.Responses = append(tree.Responses, r.response.Tokens)
	}
	return trees
}

func (p *PPO) log(t *Trainer, rollouts []rollout, l losses, state controls) {
	steps := float64(max(1, l.steps))
	var surprise, tokens float64
	var returns, errors []float64
	for _, r := range rollouts {
		for j := range r.values {
			surprise -= float64(r.response.Logprobs[j])
			returns = append(returns, r.returns[j])
			errors = append(errors, r.returns[j]-r.values[j])
		}
		tokens += float64(len(r.values))
	}
	explained := 0.0
	if _, deviation := moments(returns); deviation > 0 {
		_, unexplained := moments(errors)
		explained = 1 - unexplained*unexplained/(deviation*deviation)
	}
	for _, curve := range []struct {
		name  string
		value float64
	}{
		{"reward", mean(rollouts, func(r rollout) float64 { return r.reward })},
		{"score", mean(rollouts, func(r rollout) float64 { return r.score })},
		{"kl", mean(rollouts, func(r rollout) float64 { return r.kl })},
		{"length", tokens / float64(len(rollouts))},
		{"ended", mean(rollouts, func(r rollout) float64 {
			if r.response.Ended {
				return 1
			}
			return 0
		})},
		{"entropy", surprise / tokens},
		{"policy_loss", l.policy / steps},
		{"value_loss", l.value / steps},
		{"clip_fraction", l.clipped / steps},
		{"policy_kl", l.moved},
		{"kl_coefficient", state.KL},
		{"explained_variance", explained},
	} {
		t.Log("train", curve.name, curve.value)
	}
}

func mean(rollouts []rollout, value func(rollout) float64) float64 {
	sum := 0.0
	for _, r := range rollouts {
		sum += value(r)
	}
	return sum / float64(len(rollouts))
}

// moments are the mean and the standard deviation.
func moments(values []float64) (mean, deviation float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		deviation += (v - mean) * (v - mean) / float64(len(values))
	}
	return mean, math.Sqrt(deviation)
}
