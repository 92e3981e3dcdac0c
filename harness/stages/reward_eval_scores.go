package stages

import (
	"context"
	"slices"

	"lastmile/harness/decode"
	"lastmile/harness/model"
	"lastmile/harness/reward/evaluation"
	"lastmile/harness/torch"
)

// branches is the largest number of responses that are scored as branches of one tree:
// attention grows with its square.
const branches = 16

// prompts scores truths, negatives and samples with the reward model, and the samples by
// the metrics.
func (e *evaluator) prompts(ctx context.Context, made []spoiledExample, sampled [2][][]decode.Response) ([]evaluation.Prompt, []sampleScore, error) {
	measured, err := e.measure(sampled)
	if err != nil {
		return nil, nil, err
	}
	responses := make([][][]int, len(made))
	for i, of := range made {
		responses[i] = append(responses[i], of.truth.Tokens)
		for _, n := range of.negatives {
			responses[i] = append(responses[i], n.Tokens)
		}
		for p := range sampled {
			for _, r := range sampled[p][i] {
				responses[i] = append(responses[i], r.Tokens)
			}
		}
	}
	scores, err := e.score(ctx, responses)
	if err != nil {
		return nil, nil, err
	}
	prompts := make([]evaluation.Prompt, len(made))
	var lines []sampleScore
	for i, of := range made {
		id, next := e.examples[i].ID, scores[i]
		take := func() (score float64) {
			score, next = next[0], next[1:]
			return score
		}
		prompts[i].Truth = take()
		lines = append(lines, sampleScore{ID: id, Of: "truth", Text: of.truth.Text, Tokens: length(of.truth.Tokens, of.truth.Ended), Ended: of.truth.Ended, Score: prompts[i].Truth})
		for k, n := range of.negatives {
			prompts[i].Negatives = append(prompts[i].Negatives, evaluation.Negative{Kind: n.Kind, Ended: n.Ended, Score: take(), Trivial: of.trivial[k]})
		}
		for p, policy := range evaluation.Policies {
			for k, r := range sampled[p][i] {
				s := evaluation.Sample{Score: take(), Metrics: measured[p][i][k]}
				prompts[i].Policies[p] = append(prompts[i].Policies[p], s)
				line := sampleScore{ID: id, Of: policy, Text: e.Codec.Text(r.Tokens), Tokens: length(r.Tokens, r.Ended), Ended: r.Ended, Score: s.Score, Metrics: map[string]float64{}}
				for m, name := range e.names.Metrics {
					line.Metrics[name] = s.Metrics[m]
				}
				lines = append(lines, line)
			}
		}
	}
	return prompts, lines, nil
}

// score scores the responses to each example with the reward model.
func (e *evaluator) score(ctx context.Context, responses [][][]int) ([][]float64, error) {
	var trees []model.Tree
	var owner []int
	for i, of := range responses {
		for part := range slices.Chunk(of, branches) {
			trees, owner = append(trees, model.Tree{Prompt: e.Codec.Prompt(e.examples[i]), Responses: part}), append(owner, i)
		}
	}
	all := make([][]float64, len(responses))
	err := WithSession(e.job.Threads, e.job.Device, func(s *torch.Session) error {
		var mle *model.Model
		var err error
		if e.LoRA.R > 0 {
			if mle, err = LoadModel(s, e.job.Inputs[MLE], e.Task); err != nil {
				return err
			}
		}
		m, err := e.loadRewardModel(s, mle, e.job.Inputs[Reward], e.common)
		if err != nil {
			return err
		}
		scores, err := m.ScoreAll(ctx, trees, max(1, e.settings.BatchSize/branches))
		if err != nil {
			return err
		}
		for k, tree := range trees {
			e.job.Tokens(tree.Tokens())
			all[owner[k]] = append(all[owner[k]], scores[k]...)
		}
		return nil
	})
	return all, err
}
