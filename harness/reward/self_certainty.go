package reward

import (
	"context"
	"fmt"
	"math"

	"lastmile/harness/model"
)

// selfCertaintySettings are a reward that is the policy's own certainty of a response:
// the mean over its tokens of the divergence of the policy's next-token distribution
// from the uniform one, in nats (Kang et al. 2025; as a reward in Zhao et al. 2025,
// "Learning to Reason without External Rewards"). It asks nothing but the policy, and
// a policy that repeats itself is certain.
type selfCertaintySettings struct{ Weight }

var selfCertaintyReward = define("self-certainty", selfCertaintySettings{Weight{1}}, nil, func(_ selfCertaintySettings, env Env) Reward {
	return selfCertainty{env.SelfCertainty}
})

// selfCertainty asks the policy.
type selfCertainty struct {
	of func(trees []model.Tree) ([][]float64, error)
}

// Score implements [Reward].
func (m selfCertainty) Score(_ context.Context, groups []Group) ([][]Value, error) {
	trees := make([]model.Tree, len(groups))
	for i, g := range groups {
		trees[i].Prompt = g.Prompt
		for _, r := range g.Responses {
			trees[i].Responses = append(trees[i].Responses, r.Tokens)
		}
	}
	certainties, err := m.of(trees)
	if err != nil {
		return nil, err
	}
	values := make([][]Value, len(groups))
	for i, of := range certainties {
		for _, certainty := range of {
			values[i] = append(values[i], Value{Total: certainty})
		}
	}
	return values, nil
}

// SelfCertainty is a language model's in every response of the trees, without
// gradients: the mean over the response's tokens of KL(U ‖ π) = −Σ_v ln(V·π(v)) / V, in
// nats, with the uniform distribution U over the vocabulary of V tokens and the model's
// π before the token, at temperature 1.
func SelfCertainty(m *model.Model, trees []model.Tree) ([][]float64, error) {
	out := make([][]float64, len(trees))
	for i, tree := range trees {
		var ofTokens []float64
		// One prompt at a time: a token has as many logits as the vocabulary is large.
		err := m.Session().NoGrad(func() (err error) {
			b := model.NewBranches(m.Session(), []model.Tree{tree})
			logprobs := m.Logits(m.HiddenAt(b.Input, b.Predict)).LogSoftmax(-1)
			ofTokens, err = logprobs.MeanDim(-1, false).Neg().AddScalar(-math.Log(float64(m.Config.VocabSize))).Value64s()
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("the policy's certainty: %w", err)
		}
		for _, response := range tree.Responses {
			mean := 0.0
			for _, certainty := range ofTokens[:len(response)] {
				mean += certainty / float64(len(response))
			}
			out[i], ofTokens = append(out[i], mean), ofTokens[len(response):]
		}
	}
	return out, nil
}
