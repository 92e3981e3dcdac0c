package stages

import (
	"context"

	"lastmile/harness/data"
	"lastmile/harness/model"
	"lastmile/harness/random"
	"lastmile/harness/reward"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
)

// loadRewardModel reads the reward model in a folder: a model of its own or, with LoRA,
// adapters of the MLE policy; and what its score is combined with.
func (l Language) loadRewardModel(s *torch.Session, mle *model.Model, dir string, c common) (m reward.Model, err error) {
	if m.Stack, err = reward.ReadStack(dir, l.reader()); err != nil {
		return m, err
	}
	if c.LoRA.R > 0 {
		m.Network, err = mle.LoadAdapter(AdapterFolder(dir))
	} else {
		m.Network, err = LoadModel(s, dir, c.Task)
	}
	return m, err
}

// reader reads prompts and responses for trivial scorers.
func (l Language) reader() reward.Reader {
	return reward.Reader{Prompt: l.Tokenizer.Text, Response: l.Codec.Text, Ends: l.Ends()}
}

// mostStacked is how many prompts a combination of some thirty weights needs at most.
const mostStacked = 5000

// forStack divides the training examples: those that the reward model's network learns
// from, and a share of them, drawn at random, that its score is combined on with others.
func (t texts) forStack(share float64) (learned, rest []data.Example) {
	n := min(int(share*float64(len(t.train))), mostStacked)
	rest, learned = divided(t.train, n, random.New(t.Seed, "reward", "stacked"))
	return learned, rest
}

// stack combines the scores of a network that was trained on learned with trivial ones,
// on the rest of the examples, writes how, and measures on held what comes of it.
func (t texts) stack(ctx context.Context, job *stage.Job, network *model.Model, learned reward.Material, rest []data.Example, held reward.Material, settings reward.ModelSettings) ([]reward.Accuracy, error) {
	unseen, err := t.material(job, rest, data.Train, settings)
	if err != nil {
		return nil, err
	}
	stack, err := reward.NewStack(ctx, network, unseen, settings, reward.Stacking{Reader: t.reader(), Truths: reward.TruthsOf(learned.Examples), VocabSize: t.VocabSize()})
	if err != nil {
		return nil, err
	}
	if err := stack.Write(job.Dir); err != nil {
		return nil, err
	}
	accuracies, _, err := reward.Model{Network: network, Stack: stack}.Measure(ctx, held, settings)
	return accuracies, err
}
