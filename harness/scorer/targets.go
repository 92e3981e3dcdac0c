package scorer

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"lastmile/harness/encoder"
	"lastmile/harness/torch"
	"lastmile/metrics"
)

// overlapTarget is what every scorer learns first; see [Targets].
const overlapTarget = "overlap"

// target is something that the network learns to say of a pair, from 0 to 1.
// Further ones are metrics by their names: [labeller.all].
type target struct {
	name   string
	values func(l *labeller, drafts []draft) ([]float64, error)
}

// targets lists those that are no metrics. A new one is added here.
func targets() []target {
	return []target{
		{overlapTarget, func(_ *labeller, drafts []draft) ([]float64, error) { return Targets(pairsOf(drafts)) }},
		{"intact", (*labeller).intact},
		{"synthetic", synthetic},
		{adequateTarget, adequate},
		{fluentTarget, fluent},
		{"alignment-precision", alignment(func(precision, _ float64) float64 { return precision })},
		{"alignment-recall", alignment(func(_, recall float64) float64 { return recall })},
		{"alignment-f1", alignment(func(p, r float64) float64 { return 2 * p * r / math.Max(p+r, 1e-9) })},
	}
}

// metricTargets lists the families of metrics that can be targets, by what their
// names begin with, and the best score that targets are shares of.
var metricTargets = []struct {
	family string
	best   float64
}{
	{"rouge", 1},
	{"bleu", 100},
	{"chrf", 100},
}

// bestOf is the best score of a metric that can be a target, 0 for others.
func bestOf(name string) float64 {
	for _, m := range metricTargets {
		if strings.HasPrefix(name, m.family) {
			return m.best
		}
	}
	return 0
}

// targetNames returns the names for scorer.targets: those of this package, and
// the metrics that can be targets.
func targetNames() []string {
	var names []string
	for _, t := range targets() {
		names = append(names, t.name)
	}
	for _, name := range metrics.Names() {
		if bestOf(name) > 0 {
			names = append(names, name)
		}
	}
	return names
}

// draft is a pair, whether its hypothesis is as somebody wrote it, and whether it was made
// to say what the reference says.
type draft struct {
	Pair
	genuine, adequate bool
}

func pairsOf(drafts []draft) []Pair {
	pairs := make([]Pair, len(drafts))
	for i, d := range drafts {
		pairs[i] = d.Pair
	}
	return pairs
}

// labeller computes the targets of pairs.
type labeller struct {
	names   []string
	bigrams map[[2]string]bool // those of texts that somebody wrote
	// aligner aligns tokens: the encoder as it was before the training, nil where
	// no target asks for it.
	aligner *Encoder
	reader  reader
}

func newLabeller(names []string, genuine ...source) *labeller {
	l := &labeller{names: names, bigrams: make(map[[2]string]bool)}
	for _, s := range genuine {
		for _, words := range s {
			for b := range bigrams(words) {
				l.bigrams[b] = true
			}
		}
	}
	return l
}

// bigrams are the pairs of neighbouring words in a text, "" standing for its ends.
func bigrams(words []string) func(yield func([2]string) bool) {
	return func(yield func([2]string) bool) {
		before := ""
		for _, word := range append(slices.Clone(words), "") {
			if !yield([2]string{before, word}) {
				return
			}
			before = word
		}
	}
}

// all are the targets of each draft: one list for each draft, in the order of
// the labeller's names.
func (l *labeller) all(drafts []draft) ([][]float64, error) {
	out := make([][]float64, len(drafts))
	for _, name := range l.names {
		values, err := l.values(name, drafts)
		if err != nil {
			return nil, fmt.Errorf("the target %s: %w", name, err)
		}
		for i, v := range values {
			out[i] = append(out[i], v)
		}
	}
	return out, nil
}

func (l *labeller) values(name string, drafts []draft) ([]float64, error) {
	for _, own := range targets() {
		if own.name == name {
			return own.values(l, drafts)
		}
	}
	selected, err := metrics.Select([]string{name}, metrics.DefaultOptions())
	if err != nil {
		return nil, err
	}
	inputs := make([]metrics.Input, len(drafts))
	for i, d := range drafts {
		inputs[i] = metrics.Input{Hypothesis: d.Hypothesis, References: []string{d.Reference}}
	}
	scores, err := metrics.All(selected, inputs, 1)
	if err != nil {
		return nil, err
	}
	for i := range scores[0] {
		scores[0][i] /= bestOf(name)
	}
	return scores[0], nil
}

// intact is fluency as far as counting sees it: the share of the neighbouring
// words of the hypothesis, its beginning and its end counted as words, that
// are neighbours in some text that somebody wrote, without the share that only
// repeats:
//
//	intact = (bigrams known / bigrams) · (1 − repeated)
func (l *labeller) intact(drafts []draft) ([]float64, error) {
	repetition, err := metrics.Select([]string{"repetition"}, metrics.DefaultOptions())
	if err != nil {
		return nil, err
	}
	inputs := make([]metrics.Input, len(drafts))
	for i, d := range drafts {
		inputs[i].Hypothesis = d.Hypothesis
	}
	repeated, err := metrics.All(repetition, inputs, 1)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(drafts))
	for i, d := range drafts {
		if d.genuine {
			out[i] = 1
			continue
		}
		known, all := 0.0, 0.0
		for b := range bigrams(strings.Fields(d.Hypothesis)) {
			all++
			if l.bigrams[b] {
				known++
			}
		}
		out[i] = known / all * (1 - repeated[0][i])
	}
	return out, nil
}

// synthetic is 1 where the hypothesis was made, 0 where somebody wrote it so.
func synthetic(_ *labeller, drafts []draft) ([]float64, error) {
	out := make([]float64, len(drafts))
	for i, d := range drafts {
		if !d.genuine {
			out[i] = 1
		}
	}
	return out, nil
}

// alignment matches tokens as BERTScore does (Zhang et al. 2020), without
// weights for rare ones: precision is the mean over the hypothesis's tokens of
// the largest cosine with one of the reference's, recall that over the
// reference's. Each text is encoded on its own, by the encoder that the
// training starts from. A cosine below 0 counts as 0.
func alignment(choose func(precision, recall float64) float64) func(*labeller, []draft) ([]float64, error) {
	return func(l *labeller, drafts []draft) ([]float64, error) {
		vectors := make(map[string][][]float32)
		var texts []string
		for _, d := range drafts {
			for _, text := range []string{d.Reference, d.Hypothesis} {
				if _, ok := vectors[text]; !ok {
					vectors[text] = nil
					texts = append(texts, text)
				}
			}
		}
		if err := l.embed(texts, vectors); err != nil {
			return nil, err
		}
		out := make([]float64, len(drafts))
		for i, d := range drafts {
			reference, hypothesis := vectors[d.Reference], vectors[d.Hypothesis]
			out[i] = choose(matched(hypothesis, reference), matched(reference, hypothesis))
		}
		return out, nil
	}
}

// embed sets the vectors of the tokens of each text, each of length 1.
func (l *labeller) embed(texts []string, vectors map[string][][]float32) error {
	slices.SortStableFunc(texts, func(a, b string) int { return len(a) - len(b) })
	s, size := l.aligner.Session(), l.aligner.Config.HiddenSize
	for batch := range slices.Chunk(texts, batchSize) {
		rows := make([]encoder.Row, len(batch))
		for i, text := range batch {
			rows[i] = l.reader.Row(l.reader.Spaced(text))
		}
		b := l.reader.Batch(rows)
		var hidden []float32
		err := s.NoGrad(func() (err error) {
			x := l.aligner.Hidden(b)
			hidden, err = x.Mul(x.Square().SumDim(2, true).AddScalar(1e-12).Rsqrt()).Values()
			return err
		})
		if err != nil {
			return err
		}
		for i, text := range batch {
			for at := 1; at < len(rows[i].Tokens)-1; at++ {
				from := (i*b.Length + at) * size
				vectors[text] = append(vectors[text], hidden[from:from+size])
			}
		}
	}
	return nil
}

// matched is the mean over the vectors a of the largest product with one of b.
func matched(a, b [][]float32) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	total := 0.0
	for _, x := range a {
		best := float32(0)
		for _, y := range b {
			product := float32(0)
			for k := range x {
				product += x[k] * y[k]
			}
			best = max(best, product)
		}
		total += float64(best)
	}
	return total / float64(len(a))
}

// labeller makes the labeller of a training. The outputs are overlap and those
// that the configuration names.
func (t trainer) labeller(s *torch.Session, from source) (*labeller, error) {
	l := newLabeller(t.encoder.Config.Outputs(), from)
	l.reader = t.reader
	if slices.ContainsFunc(l.names, func(name string) bool { return strings.HasPrefix(name, "alignment-") }) {
		aligner, err := Start(s, t.config.Path, l.names, t.config.Seed)
		if err != nil {
			return nil, err
		}
		l.aligner = aligner
	}
	return l, nil
}
