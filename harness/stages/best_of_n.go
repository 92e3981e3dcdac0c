package stages

import (
	"fmt"

	"lastmile/harness/data"
	"lastmile/harness/decode"
	"lastmile/harness/model"
	"lastmile/harness/torch"
	"lastmile/metrics"
)

// RewardFolders are the artifacts that a policy and the reward model that chooses among
// its samples are read from. MLE is needed with LoRA only.
type RewardFolders struct{ Policy, MLE, Reward string }

// LoadReward reads the reward model by which candidates of the decoder's model, which
// is loaded, are chosen.
func (d *Decoder) LoadReward(s *torch.Session, of RewardFolders, task data.Task, lora model.LoRA) error {
	mle := d.Model
	if lora.R > 0 && of.MLE != of.Policy {
		var err error
		if mle, err = LoadModel(s, of.MLE, task); err != nil {
			return err
		}
	}
	m, err := d.Language.loadRewardModel(s, mle, of.Reward, common{Task: task, LoRA: lora})
	if err != nil {
		return fmt.Errorf("loading the reward model: %w", err)
	}
	d.Reward = m.Score
	return nil
}

// byReward scores responses with the reward model.
func (d Decoder) byReward(requests []decode.Request) func(int, []decode.Response) ([]float64, error) {
	return func(request int, responses []decode.Response) ([]float64, error) {
		tree := model.Tree{Prompt: requests[request].Prompt}
		for _, r := range responses {
			tree.Responses = append(tree.Responses, r.Tokens)
		}
		scores, err := d.Reward([]model.Tree{tree})
		if err != nil {
			return nil, err
		}
		return scores[0], nil
	}
}

// byReference scores responses with the metric of that name against the references of
// the examples.
func (d Decoder) byReference(examples []data.Example, name string) (func(int, []decode.Response) ([]float64, error), error) {
	options, err := metricOptions(d.Metrics, examples)
	if err != nil {
		return nil, fmt.Errorf("the utility of %s: %w", d.Name, err)
	}
	selected, err := metrics.Select([]string{name}, options)
	if err != nil {
		return nil, fmt.Errorf("the utility of %s: %w", d.Name, err)
	}
	return func(request int, responses []decode.Response) ([]float64, error) {
		inputs := make([]metrics.Input, len(responses))
		for i, r := range responses {
			inputs[i] = metrics.Input{
				Hypothesis: d.Language.Codec.Text(r.Tokens),
				References: examples[request].References,
				Source:     examples[request].Input,
			}
		}
		scores, err := metrics.All(selected, inputs, d.Job.Threads)
		if err != nil {
			return nil, err
		}
		return scores[0], nil
	}, nil
}
