package scoring

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"gonum.org/v1/gonum/stat"

	"lastmile/harness/stages"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/likelihood"
	"lastmile/harness/model"
	"lastmile/harness/negatives"
	"lastmile/harness/scorer"
	"lastmile/metrics"
)

// ScorerEvaluation says what to measure a scorer on.
type ScorerEvaluation struct {
	// Config has the task, on whose test split references are set against
	// negatives, and the settings of fine-tuning.
	// Where it has likelihoods among its metrics, these are measured too.
	Config experiments.Config
	// Scorer is the scorer's folder; "" for likelihoods alone.
	Scorer string
	// Ratings is a file of human ratings in the field Field; "" for none.
	Ratings, Field string
	// Folds is the number of folds of the fine-tuning; 0 for none.
	Folds int
	// Examples is the number of test examples that negatives are made of.
	Examples int
	Threads  int
	Progress func(done, total int, note string)
}

// ScorerQuality is what an evaluation found.
type ScorerQuality struct {
	// Ratings has a row for each way to score the rated texts.
	Ratings []RatedBy `json:"ratings"`
	// Negatives has a row for each kind of negatives.
	Negatives []AboveNegatives `json:"negatives"`
}

// RatedBy is how well one way to score agrees with people.
type RatedBy struct {
	Name string `json:"name"`
	scorer.Correlation
}

// AboveNegatives is how often the scorer puts a reference above a negative.
type AboveNegatives struct {
	Kind  string  `json:"kind"`
	N     int     `json:"n"`
	Above float64 `json:"above"`
}

// EvaluateScorer measures a scorer: the correlation of its score, of each of
// its outputs, of ROUGE and of likelihoods with human ratings; in folds, that of their
// combination, of the score when it is fine-tuned and of the mean of the two, which share
// the folds; and the share of negatives that it puts below the reference that they spoil.
func EvaluateScorer(ctx context.Context, e ScorerEvaluation) (q ScorerQuality, err error) {
	if e.Scorer == "" && e.Ratings == "" {
		return q, stages.Mistakef("likelihoods are measured against human ratings: --ratings FILE")
	}
	var ratings []scorer.Rating
	if e.Ratings != "" {
		if ratings, err = scorer.ReadRatings(e.Ratings, e.Field); err != nil {
			return q, stages.Mistake{Err: err}
		}
	}
	seed := experiments.Get[scorer.Settings](e.Config, "scorer").Seed
	add := func(names []string, scores [][]float64) {
		for k, name := range names {
			q.Ratings = append(q.Ratings, RatedBy{name, scorer.Correlate(scores[k], ratings, seed)})
		}
	}
	// What a combination is fitted on: the scores that no rating was needed for.
	var parts [][]float64
	var unlearned []string
	combine := func() ([]float64, error) {
		combined, err := scorer.Combine(parts, ratings, e.Folds, seed)
		if err == nil {
			add([]string{fmt.Sprintf("combination of the %d above, fitted in %d folds", len(parts), e.Folds)}, [][]float64{combined})
		}
		return combined, err
	}
	if len(ratings) > 0 {
		names, scores, err := e.unlearned(ratings)
		if err != nil {
			return q, err
		}
		add(names, scores)
		unlearned, parts = names, scores
	}
	if e.Scorer == "" {
		if e.Folds > 0 {
			_, err = combine()
		}
		return q, err
	}
	m, err := scorer.Open(e.Scorer, e.Threads)
	if err != nil {
		return q, stages.Mistake{Err: err}
	}
	closed := false
	defer func() {
		if !closed {
			m.Close()
		}
	}()
	if q.Negatives, err = e.negatives(ctx, m); err != nil || len(ratings) == 0 {
		return q, err
	}
	pairs := make([]scorer.Pair, len(ratings))
	for i, r := range ratings {
		pairs[i] = scorer.Pair{Reference: r.Reference, Hypothesis: r.Candidate}
	}
	names, values, err := m.Outputs(ctx, pairs)
	if err != nil {
		return q, err
	}
	for k := range names[1:] {
		names[k+1] = "output " + names[k+1]
	}
	add(names, values)
	if i := slices.Index(unlearned, metrics.LikelihoodReference); i >= 0 {
		add([]string{"mean of score and " + metrics.LikelihoodReference + ", each of deviation 1"}, [][]float64{meanOf(values[0], parts[i])})
	}
	if err := m.Close(); err != nil {
		return q, err
	}
	closed = true
	if e.Folds == 0 {
		return q, nil
	}
	parts = append(parts, values...)
	combined, err := combine()
	if err != nil {
		return q, err
	}
	tuned, err := scorer.CrossValidate(ctx, e.Scorer, ratings, e.Folds, experiments.Get[scorer.Settings](e.Config, "scorer"), e.Threads, e.Progress)
	if err != nil {
		return q, err
	}
	both := make([]float64, len(ratings))
	for i := range both {
		both[i] = (tuned[i] + combined[i]) / 2
	}
	add([]string{fmt.Sprintf("score, fine-tuned in %d folds", e.Folds), "mean of the last two"}, [][]float64{tuned, both})
	return q, nil
}

// meanOf is the mean of two scores of each text, both brought to a deviation of 1.
func meanOf(a, b []float64) []float64 {
	both := make([]float64, len(a))
	for _, scores := range [][]float64{a, b} {
		deviation := stat.StdDev(scores, nil)
		if deviation == 0 {
			continue // it says nothing
		}
		for i, score := range scores {
			both[i] += score / deviation / 2
		}
	}
	return both
}

// unlearned scores the rated texts with the metrics that nobody trained on ratings or
// distortions: ROUGE, and the likelihoods that the configuration names. Those given the
// source are left out where a rating has none.
func (e ScorerEvaluation) unlearned(ratings []scorer.Rating) (names []string, scores [][]float64, err error) {
	inputs := make([]metrics.Input, len(ratings))
	sourced := true
	for i, r := range ratings {
		inputs[i] = metrics.Input{Hypothesis: r.Candidate, References: []string{r.Reference}, Source: r.Source}
		sourced = sourced && strings.TrimSpace(r.Source) != ""
	}
	names = []string{"rouge1", "rouge2", "rougeL"}
	var others []metrics.Metric
	if settings := experiments.Get[likelihood.Settings](e.Config, "likelihood"); settings.Model != "" {
		model, err := likelihood.Open(settings, e.Threads, "")
		if err != nil {
			return nil, nil, stages.Mistake{Err: err}
		}
		defer model.Close()
		others = model.Metrics()
		for _, name := range experiments.Get[stages.Metrics](e.Config, "metrics").Names {
			if ofSource := name == metrics.LikelihoodSource || name == metrics.LikelihoodSourceGain; slices.Contains(metrics.Likelihoods(), name) && (sourced || !ofSource) {
				names = append(names, name)
			}
		}
	}
	selected, err := metrics.Select(names, metrics.DefaultOptions(), others...)
	if err != nil {
		return nil, nil, err
	}
	scores, err = metrics.All(selected, inputs, e.Threads)
	return names, scores, err
}

// negatives makes one negative of each kind and form for each of the first
// test examples, with the tokens of the model that ships with lastmile.
func (e ScorerEvaluation) negatives(ctx context.Context, m *scorer.Scorer) ([]AboveNegatives, error) {
	task := experiments.Get[data.Task](e.Config, "task")
	examples, err := data.Read(task, data.Test)
	if err != nil {
		return nil, stages.Mistake{Err: err}
	}
	task.Chat = false
	l, err := stages.OpenLanguage(model.Builtin, task)
	if err != nil {
		return nil, err
	}
	c := e.Config
	if !c.Has("negatives") {
		c = stages.Default()
	}
	settings, err := negatives.Of(c)
	if err != nil {
		return nil, err
	}
	maker, err := negatives.New(settings, l.Codec, l, examples)
	if err != nil {
		return nil, err
	}
	var pairs []scorer.Pair
	var kinds []string
	var itself []int
	for i := range examples[:min(e.Examples, len(examples))] {
		reference := examples[i].References[0]
		first := len(pairs)
		add := func(kind, text string) {
			pairs, kinds, itself = append(pairs, scorer.Pair{Reference: reference, Hypothesis: text}), append(kinds, kind), append(itself, first)
		}
		add("", reference)
		for _, n := range maker.MakeAll(e.Config.Seed(), i) {
			kind := n.Kind
			if !n.Ended {
				kind += ", without end"
			}
			add(kind, n.Text)
		}
	}
	_, values, err := m.Outputs(ctx, pairs)
	if err != nil {
		return nil, err
	}
	var rows []AboveNegatives
	for i, kind := range kinds {
		if kind == "" {
			continue
		}
		k := 0
		for k < len(rows) && rows[k].Kind != kind {
			k++
		}
		if k == len(rows) {
			rows = append(rows, AboveNegatives{Kind: kind})
		}
		rows[k].N++
		if values[0][itself[i]] > values[0][i] {
			rows[k].Above++
		}
	}
	for k := range rows {
		rows[k].Above /= float64(rows[k].N)
	}
	return rows, nil
}

// Print writes the two tables.
func (q ScorerQuality) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(q.Ratings) > 0 {
		fmt.Fprintln(t, "AGAINST HUMAN RATINGS\tSPEARMAN\t95 %\tKENDALL\t95 %\tN")
		for _, r := range q.Ratings {
			fmt.Fprintf(t, "%s\t%.3f\t%.3f to %.3f\t%.3f\t%.3f to %.3f\t%d\n", r.Name,
				r.Spearman.Value, r.Spearman.Low, r.Spearman.High, r.Kendall.Value, r.Kendall.Low, r.Kendall.High, r.N)
		}
		fmt.Fprintln(t)
	}
	if len(q.Negatives) > 0 {
		fmt.Fprintln(t, "REFERENCE ABOVE NEGATIVE\tSHARE\tN")
	}
	for _, n := range q.Negatives {
		fmt.Fprintf(t, "%s\t%.1f %%\t%d\n", n.Kind, 100*n.Above, n.N)
	}
	return t.Flush()
}
