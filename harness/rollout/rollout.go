package rollout

import (
	"context"
	"fmt"
	"math"
	"slices"

	"lastmile/harness/decode"
	"lastmile/harness/model"
	"lastmile/harness/random"
	"lastmile/harness/reward"
)

// Problem is a prompt with the response that is known to be true.
type Problem struct {
	ID            string
	Prompt, Truth []int
	// Input and References are the example's as texts.
	Input      string
	References []string
}

// Rollout is one sampled response with all that is known of its tokens. Its slices
// are [tokens].
type Rollout struct {
	// Problem is the place of the prompt in [Env].Problems.
	Problem int
	Tokens  []int
	Ended   bool
	// Logprobs and RefLogprobs are the log-probabilities of the tokens, in nats,
	// under the policy that sampled and under the reference policy, at the
	// sampling temperature.
	Logprobs, RefLogprobs []float64
	// Values are the critic's at sampling, nil where there is no critic.
	Values []float64
	// Reward is the weighted sum of the rewards, after baseline and scale, and
	// TokenRewards says on which tokens it falls. Parts are the rewards by name,
	// unweighted.
	Reward       float64
	TokenRewards []float64
	Parts        map[string]float64
	// KL is the estimate by k1 of the divergence of the response from the
	// reference policy, in nats, and TokenKL its parts, ln(policy / reference).
	KL      float64
	TokenKL []float64
	// Rewards are what an algorithm makes of TokenRewards and TokenKL,
	// Advantages and Returns what it makes of those.
	Rewards, Advantages, Returns []float64
}

// Batch are the rollouts of an update, Samples in a row to each prompt.
type Batch []Rollout

// Groups are the rollouts of each prompt, which stand in a row.
func (b Batch) Groups() []Batch {
	var groups []Batch
	start := 0
	for i := range b {
		if i+1 == len(b) || b[i+1].Problem != b[i].Problem {
			groups = append(groups, b[start:i+1])
			start = i + 1
		}
	}
	return groups
}

func (b Batch) mean(value func(Rollout) float64) float64 {
	sum := 0.0
	for _, r := range b {
		sum += value(r)
	}
	return sum / float64(len(b))
}

// Tokens is the number of tokens of all responses.
func (b Batch) Tokens() int {
	n := 0
	for _, r := range b {
		n += len(r.Tokens)
	}
	return n
}

// Rollout samples the update's responses and sets their rewards and the reference
// policy's log-probabilities.
func (l *Learner) Rollout(ctx context.Context) (Batch, error) {
	batch, err := l.sample(ctx)
	if err != nil {
		return nil, err
	}
	if err := l.score(ctx, batch); err != nil {
		return nil, err
	}
	if err := l.setReference(batch); err != nil {
		return nil, err
	}
	return batch, nil
}

// sample draws the update's prompts and the policy's responses to them.
func (l *Learner) sample(ctx context.Context) (Batch, error) {
	perEpoch := max(1, len(l.Problems)/l.Settings.Prompts)
	epoch, start := l.Done/perEpoch, l.Done%perEpoch*l.Settings.Prompts
	order := random.New(l.Seed, "rl", "order", epoch).Perm(len(l.Problems))
	chosen := order[start:min(start+l.Settings.Prompts, len(order))]
	requests := make([]decode.Request, len(chosen))
	for i, index := range chosen {
		requests[i] = decode.Request{ID: l.Problems[index].ID, Prompt: l.Problems[index].Prompt}
	}
	responses, err := decode.Decode(ctx, l.Policy, requests, decode.Options{
		Settings:  decode.Settings{Strategy: "sample", Temperature: l.Settings.Temperature, TopP: 1, BatchSize: l.Settings.Prompts},
		MaxTokens: l.MaxTokens, Ends: l.Ends, Samples: l.Settings.Samples, Values: l.Policy.Head != nil,
		Seed: l.Seed, Stage: fmt.Sprintf("rl %d", l.Done), Tokens: l.Hooks.Tokens,
	})
	if err != nil {
		return nil, err
	}
	var batch Batch
	for i, index := range chosen {
		for _, response := range responses[i] {
			r := Rollout{Problem: index, Tokens: response.Tokens, Ended: response.Ended, Logprobs: float64s(response.Logprobs)}
			if response.Values != nil {
				r.Values = float64s(response.Values)
			}
			batch = append(batch, r)
		}
	}
	return batch, nil
}

func float64s(values []float32) []float64 {
	wide := make([]float64, len(values))
	for i, v := range values {
		wide[i] = float64(v)
	}
	return wide
}

// score sets each response's rewards.
func (l *Learner) score(ctx context.Context, batch Batch) error {
	samples := l.Settings.Samples
	groups := make([]reward.Group, len(batch)/samples)
	for i := range groups {
		p := l.Problems[batch[i*samples].Problem]
		g := reward.Group{ID: p.ID, Update: l.Done, Prompt: p.Prompt, Truth: p.Truth, Input: p.Input, References: p.References}
		for _, r := range batch[i*samples:][:samples] {
			g.Responses = append(g.Responses, reward.Response{Tokens: r.Tokens, Ended: r.Ended})
		}
		if l.Settings.Baseline == truth {
			g.Responses = append(g.Responses, reward.Response{Tokens: p.Truth, Ended: slices.Contains(l.Ends, p.Truth[len(p.Truth)-1]), IsTruth: true})
		}
		groups[i] = g
	}
	scored, err := l.Rewards.Score(ctx, groups)
	if err != nil {
		return err
	}
	if l.Settings.ScaleRewards == groupStd && l.state.Scale == 0 {
		l.state.Scale = reward.GroupStd(totals(scored.Sum, samples))
	}
	for i := range batch {
		r, sums := &batch[i], scored.Sum[i/samples]
		r.Reward, r.TokenRewards = sums[i%samples].Total, sums[i%samples].Tokens
		if l.Settings.Baseline == truth {
			r.Reward -= sums[samples].Total
			r.TokenRewards[len(r.TokenRewards)-1] -= sums[samples].Total
		}
		if scale := l.state.Scale; scale != 0 {
			r.Reward /= scale
			for j := range r.TokenRewards {
				r.TokenRewards[j] /= scale
			}
		}
		r.Parts = map[string]float64{}
		for name, values := range scored.Parts {
			r.Parts[name] = values[i/samples][i%samples]
		}
	}
	return nil
}

// totals are the sums of the samples' rewards, by prompt.
func totals(sums [][]reward.Value, samples int) [][]float64 {
	of := make([][]float64, len(sums))
	for i := range sums {
		for _, v := range sums[i][:samples] {
			of[i] = append(of[i], v.Total)
		}
	}
	return of
}

// setReference sets the reference policy's log-probabilities and the KL estimates.
// The policy's own are those of sampling.
func (l *Learner) setReference(batch Batch) error {
	s := l.Session()
	var logprobs []float64
	err := s.NoGrad(func() (err error) {
		b := model.NewBranches(s, l.trees(batch))
		states := l.Reference.HiddenAt(b.Input, b.Predict)
		logprobs, err = l.Reference.Logprobs(states, b.Targets, l.Settings.Temperature).Value64s()
		return err
	})
	if err != nil {
		return fmt.Errorf("log-probabilities of the reference policy: %w", err)
	}
	for i := range batch {
		n := len(batch[i].Tokens)
		batch[i].setReference(logprobs[:n])
		logprobs = logprobs[n:]
	}
	return nil
}

// trees lays rollouts, those of a prompt in a row, out as trees.
func (l *Learner) trees(rollouts Batch) []model.Tree {
	var trees []model.Tree
	for _, group := range rollouts.Groups() {
		tree := model.Tree{Prompt: l.Problems[group[0].Problem].Prompt}
		for _, r := range group {
			tree.Responses = append(tree.Responses, r.Tokens)
		}
		trees = append(trees, tree)
	}
	return trees
}

// moments are the mean and the standard deviation, with n in its denominator.
func moments(values []float64) (mean, deviation float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		deviation += (v - mean) * (v - mean) / float64(len(values))
	}
	return mean, math.Sqrt(deviation)
}
