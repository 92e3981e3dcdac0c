package metrics

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// version ends each signature. It changes when a formula does.
const version = "v:1.0"

// Options are what a metric's name leaves open. Each metric takes what
// concerns it.
type Options struct {
	// Stemming applies Porter's stemmer in ROUGE.
	Stemming bool
	// Tokenizer cuts texts into the words of ROUGE and of lengths: "rouge-score" or
	// "unicode"; "" means "rouge-score".
	Tokenizer string
	// SplitSentences makes rougeLsum take sentences apart instead of lines.
	SplitSentences bool
	// LengthAdjustment is the formula of length-adjusted ROUGE: "ratio",
	// "exp", "brevity" or "length-normalised"; "" means "ratio".
	LengthAdjustment string
	// Alpha is the α of the formula "exp"; 0 means 1.
	Alpha float64
	// Random is the random system of the task, by which the formula
	// "length-normalised" divides.
	Random *RandomSystem
}

// DefaultOptions are those most papers use: stemming, lines, ratio.
func DefaultOptions() Options {
	return Options{Stemming: true, LengthAdjustment: "ratio", Alpha: 1}
}

// maker makes a metric that has a name.
type maker struct {
	name string
	make func(Options) (Metric, error)
}

// catalogue lists the metrics of this package. A new one is added here.
func catalogue() []maker {
	var list []maker
	for _, kind := range rougeKinds() {
		list = append(list,
			maker{kind.name, kind.part(kind.name, func(s Score) float64 { return s.F1 })},
			maker{kind.name + "-precision", kind.part(kind.name+"-precision", func(s Score) float64 { return s.Precision })},
			maker{kind.name + "-recall", kind.part(kind.name+"-recall", func(s Score) float64 { return s.Recall })},
			maker{"la-" + kind.name, kind.adjusted},
		)
	}
	const spaces = "tok:" + spaceTokenizer
	list = append(list,
		worded(builtin{name: "length", score: length}),
		worded(builtin{name: "length_ratio", direction: CloserToOne, references: true, score: lengthRatio}, "refs:mean"),
		simple(builtin{name: "repetition", direction: Lower, score: repetition}, "n:1-4", spaces),
		simple(builtin{name: "ended", direction: Higher, share: true, score: ended}),
		simple(builtin{name: "exact", direction: Higher, references: true, share: true, score: exact}, "agg:max"),
		simple(builtin{name: "coverage", source: true, score: coverage}, spaces),
		simple(builtin{name: "density", source: true, score: density}, spaces),
	)
	for n := 1; n <= longestNovel; n++ {
		list = append(list, simple(builtin{name: "novelty" + strconv.Itoa(n), source: true, score: novelty(n)}, spaces))
	}
	for n := 1; n <= 4; n++ {
		m := distinct{n}
		list = append(list, maker{m.Name(), func(Options) (Metric, error) { return m, nil }})
	}
	list = append(list, maker{lengthDistance{}.Name(), func(options Options) (Metric, error) {
		unicode, err := options.unicode()
		return lengthDistance{unicode}, err
	}})
	return append(list,
		both(pooled{builtin: builtin{name: "bleu"}, width: bleuValues, count: bleuStatistics,
			pool: func(sums []float64) float64 { return bleu(sums, false) }},
			func(sums []float64) float64 { return bleu(sums, true) },
			"case:mixed|eff:yes|tok:13a|smooth:exp|as:sacrebleu-2.6", "case:mixed|eff:no|tok:13a|smooth:exp|as:sacrebleu-2.6"),
		both(pooled{builtin: builtin{name: "chrf"}, width: chrfValues, count: chrfStatistics, pool: chrf}, chrf,
			"agg:max|case:mixed|eff:yes|nc:6|nw:0|space:no|as:sacrebleu-2.6", "agg:max|case:mixed|eff:yes|nc:6|nw:0|space:no|as:sacrebleu-2.6"),
	)
}

// both lists a metric that scores single texts and whole sets of them.
func both(m pooled, single func(sums []float64) float64, details, pooledDetails string) maker {
	m.direction, m.references = Higher, true
	m.builtin.signature = strings.Join([]string{m.name, "level:sentence", details, version}, "|")
	m.signature = strings.Join([]string{m.name, "level:corpus", pooledDetails, version}, "|")
	m.score = func(r *reader) float64 {
		var counts [max(bleuValues, chrfValues)]float64
		m.count(r, counts[:m.width])
		return single(counts[:m.width])
	}
	return maker{m.name, func(Options) (Metric, error) { return m, nil }}
}

// simple lists a metric without options.
func simple(m builtin, details ...string) maker {
	m.signature = strings.Join(append(append([]string{m.name}, details...), version), "|")
	return maker{m.name, func(Options) (Metric, error) { return m, nil }}
}

// worded lists a metric whose only option is the tokenizer.
func worded(m builtin, details ...string) maker {
	return maker{m.name, func(options Options) (Metric, error) {
		var err error
		m.unicode, err = options.unicode()
		m.signature = strings.Join(append(append([]string{m.name}, details...), "tok:"+tokenizerName(m.unicode), version), "|")
		return m, err
	}}
}

// part makes the metric that is one number of a ROUGE score.
func (k rougeKind) part(name string, of func(Score) float64) func(Options) (Metric, error) {
	return func(options Options) (Metric, error) {
		unicode, err := options.unicode()
		if err != nil {
			return nil, err
		}
		return builtin{
			name:       name,
			unicode:    unicode,
			signature:  k.signature(name, options),
			direction:  Higher,
			references: true,
			score:      func(r *reader) float64 { return of(r.rouge(k, options).score) },
		}, nil
	}
}

// Names lists the metrics that [New] makes.
func Names() []string {
	var names []string
	for _, m := range catalogue() {
		names = append(names, m.name)
	}
	return names
}

// AgainstReferences lists the metrics that say how near a text is to its references,
// the higher the nearer, and look at nothing else.
func AgainstReferences() []string {
	var names []string
	for _, m := range catalogue() {
		made, err := m.make(DefaultOptions())
		if err != nil {
			continue
		}
		if p, ok := made.(pooled); ok {
			made = p.builtin
		}
		if b, ok := made.(builtin); ok && b.direction == Higher && b.references && !b.source {
			names = append(names, m.name)
		}
	}
	return names
}

// New makes a metric of this package by its name. The error for an unknown
// name says which is nearest.
func New(name string, options Options) (Metric, error) {
	for _, m := range catalogue() {
		if m.name == name {
			return m.make(options)
		}
	}
	return nil, Check(name)
}

// Check returns the error for a name that is neither one of this package nor
// among others, the names of metrics made elsewhere.
func Check(name string, others ...string) error {
	known := append(Names(), others...)
	if slices.Contains(known, name) {
		return nil
	}
	// Rare forms are many; they are offered where they are nearest only.
	short := []string{"rouge1 to rouge9", "rougeL", "rougeLsum", "these with -precision or -recall", "la-rouge1 and so on"}
	short = append(short, known[slices.Index(known, "length"):]...)
	return fmt.Errorf("unknown metric %q: the nearest is %q; there are %s", name, nearest(name, known), strings.Join(short, ", "))
}

// Select makes the metrics that are named, in that order. others are metrics
// made elsewhere, which go by their names.
func Select(names []string, options Options, others ...Metric) ([]Metric, error) {
	var elsewhere []string
	for _, m := range others {
		elsewhere = append(elsewhere, m.Name())
	}
	var selected []Metric
	for _, name := range names {
		if i := slices.Index(elsewhere, name); i >= 0 {
			selected = append(selected, others[i])
			continue
		}
		if err := Check(name, elsewhere...); err != nil {
			return nil, err
		}
		m, err := New(name, options)
		if err != nil {
			return nil, err
		}
		selected = append(selected, m)
	}
	return selected, nil
}

func unknownName(what, name string, known []string) error {
	return fmt.Errorf("unknown %s %q: the nearest is %q; one of %s", what, name, nearest(name, known), strings.Join(known, ", "))
}

// nearest returns the name with the fewest edits from name, case aside.
func nearest(name string, names []string) string {
	best, least := "", -1
	for _, candidate := range names {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(candidate)); least < 0 || d < least {
			best, least = candidate, d
		}
	}
	return best
}
