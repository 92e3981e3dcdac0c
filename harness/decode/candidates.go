package decode

import (
	"cmp"
	"context"
	"fmt"

	"lastmile/harness/model"
)

// candidates is the number of candidates that are drawn for a prompt.
func (s Settings) candidates() int { return cmp.Or(s.Candidates, 16) }

// choice returns the place of the response to a request among its candidates.
type choice func(request int, candidates []Response) (int, error)

// amongCandidates decodes by choosing one of several samples of a prompt. They are what
// the strategy "sample" draws, the first of many the same as of few.
func amongCandidates(ctx context.Context, m *model.Model, requests []Request, order []int, o Options, choose choice, finish func(int, []Response) error) error {
	o.Samples = o.candidates()
	// A cache for all candidates of BatchSize prompts might not fit where one of
	// BatchSize samples does.
	o.BatchSize = max(1, o.BatchSize/o.Samples)
	return newSampler(m, requests, order, o, func(request int, candidates []Response) error {
		chosen, err := choose(request, candidates)
		if err != nil {
			return fmt.Errorf("choosing among %d candidates for %q: %w", len(candidates), requests[request].ID, err)
		}
		return finish(request, candidates[chosen:chosen+1])
	}).run(ctx)
}
