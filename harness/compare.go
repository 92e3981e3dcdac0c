package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"lastmile/metrics"
	"lastmile/runs"
)

// Comparing says which two systems to compare and how.
type Comparing struct {
	Measures
	// A and B are names of runs, or of groups that differ in their seed; or
	// files of hypotheses, where there are References.
	A, B string
	// References are files of references, as those of [Scoring].
	References []string
	// Selection says where the runs are and which of their texts are meant.
	Selection
	// Examples is the number of examples to list, those where the systems
	// differ most by the metric By; "" means the first metric.
	Examples int
	By       string
	// Level is the largest corrected p value that is called significant.
	Level float64
}

// Compared is how two systems differ.
type Compared struct {
	A System `json:"a"`
	B System `json:"b"`
	// Examples is the number of examples that both have.
	Examples int `json:"examples"`
	// Level is the largest corrected p value that is called significant.
	Level   float64          `json:"level"`
	Metrics []ComparedMetric `json:"metrics"`
	// By is the metric by which Differing is chosen: the examples where the
	// systems differ most, the largest difference first.
	By        string             `json:"by"`
	Differing []DifferingExample `json:"differing"`
	// Notes say what to bear in mind.
	Notes []string `json:"notes"`
}

// ComparedMetric is how two systems differ by a metric.
type ComparedMetric struct {
	Metric string `json:"metric"`
	// Level is "corpus" where the values are those of all texts together, and
	// empty where they are means over texts.
	Level string  `json:"level,omitempty"`
	A     float64 `json:"a"`
	B     float64 `json:"b"`
	// Difference is A's minus B's, and Low and High bound its 95 % interval.
	Difference float64 `json:"difference"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	// P is that of approximate randomisation, and Holm the same corrected for
	// all metrics that are compared.
	P    float64 `json:"p"`
	Holm float64 `json:"p_holm"`
	// Significant says that Holm is at most the level and that the interval
	// leaves out 0: with several seeds it speaks of seeds as well, which p does
	// not.
	Significant bool `json:"significant"`
	// Verdict says in words what that means.
	Verdict string `json:"verdict"`
	// Counts are nil where no example has a score that is better than another.
	Counts    *Counts `json:"counts,omitempty"`
	Signature string  `json:"signature"`
}

// Counts are numbers of examples by which system has the better score, the
// mean over its seeds.
type Counts struct {
	Wins   int `json:"wins"` // A's
	Ties   int `json:"ties"`
	Losses int `json:"losses"`
}

// DifferingExample is an example and what both systems made of it.
type DifferingExample struct {
	// ID is the example's, or the number of its line in A's file.
	ID string `json:"id"`
	// A and B are the scores, each the mean over the system's seeds.
	A          float64  `json:"a"`
	B          float64  `json:"b"`
	Difference float64  `json:"difference"`
	References []string `json:"references"`
	// OutputA and OutputB are the texts; of several seeds', those that differ
	// most in that direction.
	OutputA ScoredOutput `json:"output_a"`
	OutputB ScoredOutput `json:"output_b"`
}

// ScoredOutput is a text with its own score.
type ScoredOutput struct {
	Text  string  `json:"text"`
	Score float64 `json:"score"`
	// Seed is that of its run, nil for a file.
	Seed *int `json:"seed,omitempty"`
}

// Compare compares two systems on the examples that both have: runs of a
// store, groups of runs over several seeds, or files of hypotheses.
func Compare(ctx context.Context, c Comparing) (Compared, error) {
	a, b, err := c.read(ctx)
	if err != nil {
		return Compared{}, err
	}
	result := Compared{Level: c.Level, Differing: []DifferingExample{}, Notes: []string{}}
	either, err := align(a, b)
	if err != nil {
		return result, err
	}
	result.Examples = len(a.examples)
	if result.Examples < either {
		result.note("left out: %s that only one of the two has", plural(either-result.Examples, "example"))
	}
	result.shareSeeds(a, b)
	result.A, result.B = a.System, b.System
	options, names := metrics.DefaultOptions(), defaultMetrics
	if len(c.References) == 0 {
		options, names = optionsOf(a.settings), runMetrics(c.Scorer, a, b)
		if theirs := optionsOf(b.settings); c.Options == nil && options != theirs {
			result.note("their sweeps score in different ways; both are scored in A's")
		}
	}
	o, err := c.open()
	if err != nil {
		return result, err
	}
	defer o.Close()
	all, err := o.score(names, options, a, b)
	if err != nil {
		return result, err
	}
	by, err := c.by(all)
	if err != nil {
		return result, err
	}
	if err := result.compare(all, a, b); err != nil {
		return result, err
	}
	result.By, result.Differing = by.name, differing(by, a, b, c.Examples)
	return result, nil
}

// read reads the texts of both systems.
func (c Comparing) read(ctx context.Context) (a, b *texts, err error) {
	if len(c.References) > 0 {
		if a, err = fileTexts(c.References, c.A); err != nil {
			return nil, nil, err
		}
		b, err = fileTexts(c.References, c.B)
		return a, b, err
	}
	if err := noFiles(c.A, c.B); err != nil {
		return nil, nil, err
	}
	if err := c.check(); err != nil {
		return nil, nil, err
	}
	if len(c.Decode) > 2 || len(c.Form) > 2 {
		return nil, nil, Mistake{errors.New("a comparison is of two systems: name one decoding and form for both, or A's and B's")}
	}
	err = withResults(ctx, c.Work, func(store *runs.Store) error {
		for place, of := range []struct {
			name string
			into **texts
		}{{c.A, &a}, {c.B, &b}} {
			found, err := runTexts(ctx, store, c.Sweep, of.name, c.one(place))
			if err != nil {
				return err
			}
			*of.into = found[0]
		}
		return nil
	})
	return a, b, err
}

// by is the metric that examples are chosen by.
func (c Comparing) by(all []scored) (scored, error) {
	if c.By == "" {
		return all[0], nil
	}
	var known []string
	for _, m := range all {
		if m.name == c.By {
			return m, nil
		}
		known = append(known, m.name)
	}
	return scored{}, Mistake{fmt.Errorf("examples cannot be chosen by %q, which is not compared; one of %s", c.By, strings.Join(known, ", "))}
}

// note adds to what is to be borne in mind.
func (r *Compared) note(format string, arguments ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, arguments...))
}

// shareSeeds leaves the seeds that both systems have, where there are any: what
// a seed decides in both falls out of the difference.
func (r *Compared) shareSeeds(a, b *texts) {
	var shared []int
	for _, seed := range a.Seeds {
		if slices.Contains(b.Seeds, seed) {
			shared = append(shared, seed)
		}
	}
	if len(shared) == 0 || len(shared) == len(a.Seeds) && len(shared) == len(b.Seeds) {
		return
	}
	for _, of := range []struct {
		name string
		*texts
	}{{"A", a}, {"B", b}} {
		if left := len(of.Seeds) - len(shared); left > 0 {
			r.note("left out: %s that only %s has", plural(left, "seed"), of.name)
		}
		of.keepSeeds(shared)
	}
}

// compare compares the systems by each metric, and by its value for all texts
// together where it has one.
func (r *Compared) compare(all []scored, a, b *texts) error {
	warned := map[string][]string{} // a warning to the rows that it is about
	var warnings []string
	add := func(m scored, level, signature string, c metrics.Comparison, counts *Counts) {
		row := ComparedMetric{Metric: m.name, Level: level, Signature: signature, Counts: counts,
			A: c.MeanA, B: c.MeanB, Difference: c.Difference, Low: c.Low, High: c.High, P: c.P}
		r.Metrics = append(r.Metrics, row)
		for _, w := range c.Warnings {
			if warned[w] == nil {
				warnings = append(warnings, w)
			}
			warned[w] = append(warned[w], named(m.name, level))
		}
	}
	for _, m := range all {
		c, err := metrics.Compare(m.values[0], m.values[1], resampling)
		if err != nil {
			return fmt.Errorf("comparing by %s: %w", m.name, err)
		}
		add(m, "", m.signature, c, countBetter(m))
		if m.pooled == nil {
			continue
		}
		ofA, err := m.statistics(a)
		if err != nil {
			return err
		}
		ofB, err := m.statistics(b)
		if err != nil {
			return err
		}
		if c, err = metrics.PoolCompare(m.pooled, ofA, ofB, resampling); err != nil {
			return err
		}
		if max(len(a.inputs), len(b.inputs)) > 1 {
			c.Warnings = append(c.Warnings, "the value of all seeds' texts together; the interval speaks of other examples, not of other seeds")
		}
		add(m, corpusLevel, m.pooled.PooledSignature(), c, nil)
	}
	var p []float64
	for _, row := range r.Metrics {
		p = append(p, row.P)
	}
	for i, corrected := range metrics.Holm(p) {
		row := &r.Metrics[i]
		row.Holm, row.Significant = corrected, corrected <= r.Level && (row.Low > 0 || row.High < 0)
	}
	for i := range r.Metrics {
		row := &r.Metrics[i]
		k := slices.IndexFunc(all, func(m scored) bool { return m.name == row.Metric })
		row.Verdict = verdict(*row, all[k].direction)
	}
	for _, w := range warnings {
		if rows := warned[w]; len(rows) < len(r.Metrics) {
			w += " (" + strings.Join(rows, ", ") + ")"
		}
		r.note("%s", w)
	}
	return nil
}

// verdict says in words what a row shows.
func verdict(row ComparedMetric, direction metrics.Direction) string {
	above := row.Difference > 0
	switch {
	case !row.Significant:
		return "not significantly different"
	case direction == metrics.Higher && above, direction == metrics.Lower && !above:
		return "A is better"
	case direction == metrics.Higher, direction == metrics.Lower:
		return "B is better"
	case above:
		return "A is higher"
	}
	return "B is higher"
}

// averages are the scores by example, the mean over seeds.
func averages(seeds [][]float64) []float64 {
	mean := make([]float64, len(seeds[0]))
	for _, row := range seeds {
		for i, x := range row {
			mean[i] += x / float64(len(seeds))
		}
	}
	return mean
}

// countBetter counts examples by which system has the better score.
func countBetter(m scored) *Counts {
	if m.direction == metrics.Neutral {
		return nil
	}
	a, b := averages(m.values[0]), averages(m.values[1])
	counts := new(Counts)
	for i := range a {
		better := m.direction.Compare(a[i], b[i])
		switch {
		case better == 0, equal(a[i], b[i]):
			counts.Ties++
		case better > 0:
			counts.Wins++
		default:
			counts.Losses++
		}
	}
	return counts
}

// equal says that scores differ by rounding alone.
func equal(a, b float64) bool { return math.Abs(a-b) <= 1e-12*(math.Abs(a)+math.Abs(b)) }

// differing returns the n examples where the systems differ most by a metric,
// of equal ones the first.
func differing(m scored, a, b *texts, n int) []DifferingExample {
	scoresA, scoresB := averages(m.values[0]), averages(m.values[1])
	var order []int
	for i := range scoresA {
		if !equal(scoresA[i], scoresB[i]) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, k int) int {
		return cmp.Compare(math.Abs(scoresA[k]-scoresB[k]), math.Abs(scoresA[i]-scoresB[i]))
	})
	result := []DifferingExample{}
	for _, i := range order[:min(max(n, 0), len(order))] {
		e := DifferingExample{ID: a.examples[i].id, A: scoresA[i], B: scoresB[i], Difference: scoresA[i] - scoresB[i], References: a.inputs[0][i].References}
		if e.ID == "" {
			e.ID = fmt.Sprint("line ", a.examples[i].line)
		}
		ofA, ofB := furthest(m.values, i, math.Copysign(1, e.Difference))
		e.OutputA, e.OutputB = a.scoredOutput(m.values[0], ofA, i), b.scoredOutput(m.values[1], ofB, i)
		result = append(result, e)
	}
	return result
}

// scoredOutput is the text of the seed at a place for an example.
func (t *texts) scoredOutput(values [][]float64, seed, example int) ScoredOutput {
	o := ScoredOutput{Text: t.inputs[seed][example].Hypothesis, Score: values[seed][example]}
	if len(t.Seeds) > 0 {
		o.Seed = &t.Seeds[seed]
	}
	return o
}

// furthest returns which seeds' texts differ most by their scores, in the
// direction of sign: seeds of one place where both systems have as many.
func furthest(values [][][]float64, example int, sign float64) (ofA, ofB int) {
	a, b := values[0], values[1]
	if len(a) == len(b) {
		for k := range a {
			if sign*(a[k][example]-b[k][example]) > sign*(a[ofA][example]-b[ofA][example]) {
				ofA = k
			}
		}
		return ofA, ofA
	}
	for k := range a {
		if sign*a[k][example] > sign*a[ofA][example] {
			ofA = k
		}
	}
	for k := range b {
		if sign*b[k][example] < sign*b[ofB][example] {
			ofB = k
		}
	}
	return ofA, ofB
}
