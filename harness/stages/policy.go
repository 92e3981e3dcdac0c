package stages

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"lastmile/experiments"
	"lastmile/harness/algorithms"
	"lastmile/harness/data"
	"lastmile/harness/external"
	"lastmile/harness/model"
	"lastmile/harness/pairs"
	"lastmile/harness/reward"
	"lastmile/harness/rollout"
	"lastmile/harness/safetensors"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
	"lastmile/harness/train"
	"lastmile/metrics"
)

// Policy is the kind that does what follows maximum likelihood.
const Policy = "policy"

var policyKind = Kind{
	Name:    Policy,
	Version: 1,
	Reads: func(c experiments.Config) []string {
		m, _ := algorithms.Of(c)
		keys := append([]string{"algorithm", m.Name}, m.Reads...)
		if m.Family == algorithms.OnPolicy {
			keys = append(append(keys, "rl", "reward"), wordKeys(c)...)
			keys = append(keys, evaluationKeys(evaluatesPolicy(c))...)
		}
		if m.Family == algorithms.Likelihood {
			keys = append(keys, evaluationKeys(selectsMLE(c))...)
		}
		return trainingKeys(c, keys...)
	},
	Cost: policyCost(),
	Inputs: func(c experiments.Config) []Need {
		m, _ := algorithms.Of(c)
		inputs := []Need{in(Prepare), in(MLE)}
		if m.Needs.Pairs {
			inputs = append(inputs, in(Negatives))
		}
		if rewardsNeedModel(c) {
			inputs = append(inputs, in(Reward))
		}
		if rewardsNeedScorer(c) {
			inputs = append(inputs, in(Scorer))
		}
		return inputs
	},
	Content: func(ctx context.Context, c experiments.Config, files Hasher) (string, error) {
		s, ok := rewardCommand(c)
		if !ok {
			return "", nil
		}
		hash, err := s.Hash(ctx, files.File)
		if err != nil {
			return "", Mistakef("%s.run: %w", reward.CommandKey, err)
		}
		return hash, nil
	},
	Check: &Check{Reads: []string{"algorithm", reward.CommandKey}, Do: func(c experiments.Config) error {
		if s, ok := rewardCommand(c); ok {
			if err := s.Check(); err != nil {
				return Mistakef("%s.run: %w", reward.CommandKey, err)
			}
		}
		return nil
	}},
	Improves: true,
	Run:      improveUnchanged,
	Ingest:   ingestCurves,
}

// evaluatesPolicy reports whether an on-policy algorithm looks at metrics of dev.
func evaluatesPolicy(c experiments.Config) bool {
	every, _ := c.Value("rl.eval_every")
	return every != nil && every != 0
}

// rewardCommand are the settings of the process that an on-policy algorithm's rewards
// ask, and false where they ask none.
func rewardCommand(c experiments.Config) (external.Settings, bool) {
	s, ok := reward.Command(c)
	return s, ok && algorithms.IsOnPolicy(c)
}

// policyCost are the keys of algorithms and rewards that change no more than their cost.
func policyCost() []string {
	cost := append(external.Cost(reward.CommandKey), train.CheckpointCost("rl"), train.CheckpointCost("mle"))
	for _, m := range algorithms.All() {
		if _, optimizes := m.Section.Rules["checkpoint_every"]; optimizes {
			cost = append(cost, train.CheckpointCost(m.Name))
		}
	}
	return cost
}

// improveUnchanged is improve with a command of the user's that stays what it was.
func improveUnchanged(ctx context.Context, job *stage.Job) error {
	return unchanged(ctx, job, reward.CommandKey+".run", func(files Hasher) (string, error) {
		var s external.Settings
		if err := job.Read(reward.CommandKey, &s); err != nil {
			return "", err
		}
		return s.Hash(ctx, files.File)
	}, func() error { return improve(ctx, job) })
}

// improve makes of the MLE policy what the run's algorithm makes of it.
func improve(ctx context.Context, job *stage.Job) error {
	t, err := openTexts(job, MLE)
	if err != nil {
		return err
	}
	var c struct {
		algorithms.Choice
		RL      rollout.Settings  `json:"rl"`
		MLE     train.MLESettings `json:"mle"`
		Rewards json.RawMessage   `json:"reward"`
	}
	if err := job.Read("", &c); err != nil {
		return err
	}
	maker, ok := algorithms.Find(c.Algorithm)
	if !ok {
		return fmt.Errorf("unknown algorithm %q", c.Algorithm)
	}
	settings := json.RawMessage("{}")
	if err := job.Read(c.Algorithm, &settings); err != nil {
		return err
	}
	algorithm, err := maker.New(settings)
	if err != nil {
		return err
	}
	e := environment{Env: &algorithms.Env{MLE: c.MLE}}
	e.Seed, e.Hooks, e.Settings = t.Seed, t.hooks(job), c.RL
	e.MaxTokens, e.Ends = t.Codec.MaxResponse(), t.Ends()
	if maker.Needs.Texts {
		e.Train, e.Dev = t.sequences(t.train), t.sequences(t.dev)
	}
	if maker.Needs.Pairs {
		if e.Pairs, err = t.pairs(t.train, splitFile(job.Inputs[Negatives], data.Train)); err != nil {
			return err
		}
	}
	if maker.Needs.Rewards {
		e.Problems = t.problems(t.train)
		if e.words, err = wordsOf(job); err != nil {
			return err
		}
	}
	defer func() {
		// What went wrong in them was said by what asked them.
		_ = e.closeCommands()
	}()
	e.command = func(s external.Settings, number string) func([]external.Item) ([]float64, error) {
		p := external.New(ctx, s, external.Options{Name: reward.CommandKey, Numbers: []string{number}, Threads: job.Threads, Say: job.Say})
		e.commands = append(e.commands, p)
		return func(items []external.Item) ([]float64, error) {
			answers, err := p.Ask(items, nil)
			return slices.Concat(answers...), err
		}
	}
	return WithSession(job.Threads, job.Device, func(s *torch.Session) error {
		if dir, ok := job.Inputs[Scorer]; ok {
			m, err := OpenScorer(dir, job.Threads)
			if err != nil {
				return err
			}
			defer m.Close()
			e.scorer = func(inputs []metrics.Input) ([]float64, error) {
				scores, err := metrics.All([]metrics.Metric{m}, inputs, job.Threads)
				if err != nil {
					return nil, err
				}
				return scores[0], nil
			}
		}
		if err := e.load(s, job, t, maker.Needs, c.Rewards); err != nil {
			return err
		}
		if err := algorithm.Train(ctx, e.Env); err != nil {
			return err
		}
		if err := e.closeCommands(); err != nil {
			return err
		}
		if err := saveHead(e.Policy, job.Dir); err != nil {
			return err
		}
		return savePolicy(e.Policy, t.Tokenizer, job.Dir)
	})
}

// environment is that of an algorithm, to be loaded with models.
type environment struct {
	*algorithms.Env
	// scorer scores texts with the learned scorer; nil where no reward asks it.
	scorer func([]metrics.Input) ([]float64, error)
	// words is how rewards cut texts into words.
	words string
	// command makes what asks a process of the user's, and commands are those that were
	// made.
	command  func(s external.Settings, number string) func([]external.Item) ([]float64, error)
	commands []*external.Process
}

// closeCommands ends the processes of the user's.
func (e *environment) closeCommands() error {
	var all []error
	for _, p := range e.commands {
		all = append(all, p.Close())
	}
	return errors.Join(all...)
}

// load reads the models that an algorithm needs: the policy, which begins as the MLE
// policy or, with LoRA, as adapters of it; the reference policy; and the reward model.
func (e environment) load(s *torch.Session, job *stage.Job, t texts, needs algorithms.Needs, settings json.RawMessage) error {
	mle, err := LoadModel(s, job.Inputs[MLE], t.Task)
	if err != nil {
		return err
	}
	e.Policy = mle
	switch {
	case t.LoRA.R > 0:
		if e.Policy, err = adapted(mle, t.common, "rl"); err != nil {
			return err
		}
		e.Reference = mle
	case needs.Reference:
		e.Reference = mle
		if e.Policy, err = LoadModel(s, job.Inputs[MLE], t.Task); err != nil {
			return err
		}
	}
	if needs.Values {
		e.Policy.AddHead()
	}
	if needs.Rewards {
		e.Rewards, err = e.rewards(s, mle, job.Inputs[Reward], t, settings)
	}
	return err
}

// problems are examples as training prompts.
func (l Language) problems(examples []data.Example) []rollout.Problem {
	problems := make([]rollout.Problem, len(examples))
	for i, e := range examples {
		truth, _ := l.Codec.Response(e.References[0])
		problems[i] = rollout.Problem{ID: e.ID, Prompt: l.Codec.Prompt(e), Truth: truth, Input: e.Input, References: e.References}
	}
	return problems
}

// rewards makes the sum of a run's rewards, some of which ask the policy itself. The
// reward model lies in the folder dir, "" where none is asked.
func (e environment) rewards(s *torch.Session, mle *model.Model, dir string, t texts, settings json.RawMessage) (reward.Sum, error) {
	env := reward.Env{Seed: t.Seed, Text: t.Codec.Text, Tokenizer: e.words, Scorer: e.scorer, Command: e.command}
	env.SelfCertainty = func(trees []model.Tree) ([][]float64, error) { return reward.SelfCertainty(e.Policy, trees) }
	if dir != "" {
		m, err := t.loadRewardModel(s, mle, dir, t.common)
		if err != nil {
			return nil, err
		}
		env.Score = m.Score
	}
	return reward.NewSum(settings, env)
}

// saveHead keeps the scalar head of a critic beside the policy, which is a language
// model.
func saveHead(m *model.Model, dir string) error {
	if m.Head == nil {
		return nil
	}
	head, err := m.Head.Values()
	if err != nil {
		return err
	}
	value := safetensors.Float32(head, m.Head.Shape()...)
	m.Head = nil
	return safetensors.Write(filepath.Join(dir, "value_head.safetensors"), map[string]safetensors.Tensor{"score.weight": value})
}

// pairs are the truths above the negatives that a file holds for them.
func (l Language) pairs(examples []data.Example, path string) ([]pairs.Pair, error) {
	compared, err := l.comparisons(examples, path)
	if err != nil {
		return nil, err
	}
	var all []pairs.Pair
	for _, e := range compared {
		for _, n := range e.Negatives {
			all = append(all, pairs.Pair{Prompt: e.Prompt, Chosen: e.Truth, Rejected: n.Tokens})
		}
	}
	return all, nil
}
