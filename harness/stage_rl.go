package harness

import (
	"context"
	"path/filepath"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/model"
	"lastmile/harness/reward"
	"lastmile/harness/safetensors"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// runRL improves the MLE policy against the reward model, or goes on with
// maximum likelihood where that is the algorithm.
func runRL(ctx context.Context, job *stage.Job) error {
	c := job.Config
	from := job.Inputs[mleKind]
	if c.RL.Algorithm == moreMLE {
		return maximizeLikelihood(ctx, job, from, c.RL.MLESteps)
	}
	l, err := openLanguage(from, c.Task)
	if err != nil {
		return err
	}
	examples, err := data.ReadExamples(splitFile(job.Inputs[prepareKind], data.Train))
	if err != nil {
		return err
	}
	problems := make([]train.Problem, len(examples))
	for i, e := range examples {
		truth, _ := l.codec.Response(e.References[0])
		problems[i] = train.Problem{ID: e.ID, Prompt: l.codec.Prompt(e), Truth: truth}
	}
	return withSession(job.Threads, job.Device, func(s *torch.Session) error {
		reference, err := loadModel(s, from, c.Task)
		if err != nil {
			return err
		}
		policy, judge, err := policyAndReward(s, reference, from, job.Inputs[rewardKind], c)
		if err != nil {
			return err
		}
		policy.AddHead()
		ppo := train.PPO{
			Policy: policy, Reference: reference,
			Score:     func(trees []model.Tree) ([][]float64, error) { return reward.Score(judge, trees) },
			Problems:  problems,
			MaxTokens: l.codec.MaxResponse(), EOS: l.EOS(),
			RL: c.RL, Seed: c.Seed,
		}
		if err := ppo.Train(ctx, hooks(job)); err != nil {
			return err
		}
		// The value head stays beside the policy, which is a language model.
		head, err := policy.Head.Values()
		if err != nil {
			return err
		}
		value := safetensors.Float32(head, policy.Head.Shape()...)
		if err := safetensors.Write(filepath.Join(job.Dir, "value_head.safetensors"), map[string]safetensors.Tensor{"score.weight": value}); err != nil {
			return err
		}
		policy.Head = nil
		return savePolicy(policy, l.Tokenizer, job.Dir)
	})
}

// policyAndReward loads what PPO has beside the reference policy, which lies in
// the folder from: models of their own or, with LoRA, adapters of it.
func policyAndReward(s *torch.Session, reference *model.Model, from, rewards string, c experiments.Config) (policy, judge *model.Model, err error) {
	if c.LoRA.R > 0 {
		if policy, err = adapted(reference, c, rlKind); err == nil {
			judge, err = reference.LoadAdapter(adapterFolder(rewards))
		}
		return policy, judge, err
	}
	if policy, err = loadModel(s, from, c.Task); err == nil {
		judge, err = loadModel(s, rewards, c.Task)
	}
	return policy, judge, err
}
