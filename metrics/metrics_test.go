package metrics

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

func score(t *testing.T, name string, options Options, hypothesis string, references ...string) float64 {
	t.Helper()
	m, err := New(name, options)
	if err != nil {
		t.Fatal(err)
	}
	s, err := One(m, Input{Hypothesis: hypothesis, References: references})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-12 }

func TestNamesAndSignatures(t *testing.T) {
	options := DefaultOptions()
	for name, want := range map[string]string{
		"rougeL":           "rougeL|stem:yes|agg:max|tok:rouge-score-0.1.2|v:1.0",
		"rouge2-precision": "rouge2-precision|stem:yes|agg:max|tok:rouge-score-0.1.2|v:1.0",
		"rougeLsum":        "rougeLsum|stem:yes|split:lines|agg:max|tok:rouge-score-0.1.2|v:1.0",
		"la-rougeL":        "la-rougeL|length:ratio|stem:yes|agg:max|tok:rouge-score-0.1.2|v:1.0",
		"length_ratio":     "length_ratio|refs:mean|tok:rouge-score-0.1.2|v:1.0",
		"ended":            "ended|v:1.0",
		"novelty2":         "novelty2|tok:spaces|v:1.0",
		"distinct2":        "distinct2|over:run|tok:spaces|v:1.0",
		"bleu":             "bleu|level:sentence|case:mixed|eff:yes|tok:13a|smooth:exp|as:sacrebleu-2.6|v:1.0",
		"chrf":             "chrf|level:sentence|agg:max|case:mixed|eff:yes|nc:6|nw:0|space:no|as:sacrebleu-2.6|v:1.0",
	} {
		m, err := New(name, options)
		if err != nil {
			t.Fatal(err)
		}
		if m.Signature() != want {
			t.Errorf("signature of %s: got %s, want %s", name, m.Signature(), want)
		}
	}
	options = Options{LengthAdjustment: "exp", SplitSentences: true}
	m, err := New("la-rougeLsum", options)
	if err != nil {
		t.Fatal(err)
	}
	if want := "la-rougeLsum|length:exp|alpha:1|stem:no|split:lastmile-1|agg:max|tok:rouge-score-0.1.2|v:1.0"; m.Signature() != want {
		t.Errorf("got %s, want %s", m.Signature(), want)
	}

	seen := make(map[string]bool)
	for _, name := range Names() {
		m, err := New(name, DefaultOptions())
		if err != nil {
			t.Fatal(err)
		}
		if m.Name() != name || !strings.HasPrefix(m.Signature(), name+"|") || seen[m.Signature()] {
			t.Errorf("%s: name %s, signature %s", name, m.Name(), m.Signature())
		}
		seen[m.Signature()] = true
	}
}

func TestUnknownNames(t *testing.T) {
	_, err := New("rougel", DefaultOptions())
	if err == nil || !strings.Contains(err.Error(), `unknown metric "rougel": the nearest is "rougeL"`) {
		t.Errorf("got %v", err)
	}
	err = Check("blurt", "bleurt")
	if err == nil || !strings.Contains(err.Error(), `the nearest is "bleurt"`) {
		t.Errorf("got %v", err)
	}
	if err := Check("bleurt", "bleurt"); err != nil {
		t.Errorf("got %v for a metric made elsewhere", err)
	}
	_, err = New("la-rougeL", Options{LengthAdjustment: "ration"})
	if err == nil || !strings.Contains(err.Error(), `unknown length adjustment "ration": the nearest is "ratio"; one of ratio, exp, brevity, length-normalised`) {
		t.Errorf("got %v", err)
	}
	if _, err = New("la-rougeL", Options{LengthAdjustment: "exp", Alpha: -1}); err == nil {
		t.Error("an alpha of -1 was accepted")
	}
}

func TestLengthAdjustment(t *testing.T) {
	reference := "one two three four"
	for formula, want := range map[string][2]float64{ // of twice and half the length
		"ratio":   {0.5, 0.5},
		"exp":     {math.Exp(-1), math.Exp(-0.5)},
		"brevity": {math.Exp(-1), math.Exp(-1)},
	} {
		options := Options{LengthAdjustment: formula}
		adjusted := func(h string) float64 { return score(t, "la-rouge1", options, h, reference) }
		if got := adjusted("four three two one"); got != 1 {
			t.Errorf("%s: got %v for equal lengths, want ROUGE's 1", formula, got)
		}
		f1 := 2.0 / 3
		if got := adjusted(reference + " " + reference); !near(got, f1*want[0]) {
			t.Errorf("%s: got %v for twice the length, want %v", formula, got, f1*want[0])
		}
		if got := adjusted("one two"); !near(got, f1*want[1]) {
			t.Errorf("%s: got %v for half the length, want %v", formula, got, f1*want[1])
		}
		before := 1.0
		for n := 1; n <= 6; n++ {
			hypothesis := strings.Repeat(reference+" ", n)
			now, plain := adjusted(hypothesis), score(t, "rouge1", options, hypothesis, reference)
			if n > 1 && (now >= before || now >= plain) {
				t.Errorf("%s: %v at %d times the length after %v, ROUGE %v", formula, now, n, before, plain)
			}
			before = now
		}
		if got := adjusted(""); got != 0 {
			t.Errorf("%s: got %v for an empty text", formula, got)
		}
		// The reference that wins gives the length, whatever fits better.
		if got := score(t, "la-rouge1", options, "one two", "a b", reference); !near(got, f1*want[1]) {
			t.Errorf("%s: got %v with two references, want %v", formula, got, f1*want[1])
		}
	}
}

func TestLengthsAndRepetition(t *testing.T) {
	for _, c := range []struct {
		metric, hypothesis string
		references         []string
		want               float64
	}{
		{"length", "It's 3 words.", nil, 4},
		{"length", "", nil, 0},
		{"length_ratio", "a b c", []string{"a b", "a b c d"}, 1},
		{"length_ratio", "a b c", []string{"a b"}, 1.5},
		{"length_ratio", "", []string{"a b"}, 0},
		{"length_ratio", "a b", []string{"..."}, 2},
		{"repetition", "", nil, 0},
		{"repetition", "word", nil, 0},
		{"repetition", "all words here differ from another", nil, 0},
		// 4 + 3 + 2 + 1 n-grams, of which a, b, "a b", "b a" and those longer differ.
		{"repetition", "a b a b", nil, 1 - 7.0/10},
		{"repetition", "A b, a b.", nil, 1 - 7.0/10},
		{"repetition", "- - - - -", nil, 1 - 4.0/14},
		{"repetition", "да да да да да", nil, 1 - 4.0/14},
		{"exact", " A  b\n", []string{"x", "A b"}, 1},
		{"exact", "a b", []string{"A b"}, 0},
	} {
		if got := score(t, c.metric, DefaultOptions(), c.hypothesis, c.references...); !near(got, c.want) {
			t.Errorf("%s of %q against %q: got %v, want %v", c.metric, c.hypothesis, c.references, got, c.want)
		}
	}
	m, err := New("ended", Options{})
	if err != nil {
		t.Fatal(err)
	}
	scores, err := m.ScoreAll([]Input{{Ended: true}, {}})
	if err != nil || !slices.Equal(scores, []float64{1, 0}) {
		t.Errorf("ended: got %v, %v", scores, err)
	}
}

func TestDirections(t *testing.T) {
	for _, c := range []struct {
		metric string
		words  string
		better int // of 0.6 against 2
	}{{"rougeL", "higher", -1}, {"repetition", "lower", 1}, {"length_ratio", "closer to 1", 1}, {"length", "none", 0}} {
		m, err := New(c.metric, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if d := m.Direction(); d == CloserToOne && d.Compare(0.5, 2) != 0 {
			t.Errorf("half as long as it should be is %d to twice as long", d.Compare(0.5, 2))
		}
		if d := m.Direction(); d.String() != c.words || d.Compare(0.6, 2) != c.better || d.Compare(1, 1) != 0 {
			t.Errorf("%s: direction %v, 0.6 against 2 is %d", c.metric, d, d.Compare(0.6, 2))
		}
	}
}

// elsewhere is a metric that scores a batch.
type elsewhere struct {
	scores []float64
	err    error
}

func (elsewhere) Name() string                          { return "bleurt" }
func (elsewhere) Signature() string                     { return "bleurt|v:1.0" }
func (elsewhere) Direction() Direction                  { return Higher }
func (m elsewhere) ScoreAll([]Input) ([]float64, error) { return m.scores, m.err }

func TestAllWithMetricsMadeElsewhere(t *testing.T) {
	inputs := []Input{
		{Hypothesis: "a b", References: []string{"a b"}, Source: "1"},
		{Hypothesis: "c", References: []string{"d"}, Source: "22"},
	}
	size := PerExample("source_bytes", "source_bytes|v:1.0", Neutral, func(in Input) float64 { return float64(len(in.Source)) })
	metrics, err := Select([]string{"rouge1", "bleurt", "source_bytes", "length"}, DefaultOptions(), elsewhere{scores: []float64{0.5, 0.25}}, size)
	if err != nil {
		t.Fatal(err)
	}
	for workers := range 4 {
		got, err := All(metrics, inputs, workers)
		if err != nil {
			t.Fatal(err)
		}
		want := [][]float64{{1, 0}, {0.5, 0.25}, {1, 2}, {2, 1}}
		for i := range want {
			if !slices.Equal(got[i], want[i]) {
				t.Errorf("%d workers, %s: got %v, want %v", workers, metrics[i].Name(), got[i], want[i])
			}
		}
	}
	for _, c := range []struct {
		metric Metric
		says   string
	}{
		{elsewhere{scores: []float64{1}}, "1 scores for 2 examples"},
		{elsewhere{err: errors.New("no checkpoint")}, "bleurt: no checkpoint"},
		{elsewhere{scores: []float64{1, math.NaN()}}, "example 2 is NaN"},
		{PerExample("bad", "bad|v:1.0", Neutral, func(Input) float64 { return math.Inf(1) }), "example 1 is +Inf"},
	} {
		if _, err := All([]Metric{c.metric}, inputs, 0); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, expected an error that says %q", err, c.says)
		}
	}
	if _, err := Select([]string{"bleurd"}, DefaultOptions(), elsewhere{}); err == nil || !strings.Contains(err.Error(), `"bleurt"`) {
		t.Errorf("got %v", err)
	}
}

func TestAgainstReferences(t *testing.T) {
	names := AgainstReferences()
	for _, name := range []string{"rouge1", "rougeL-recall", "la-rougeL", "rougeLsum", "exact", "bleu", "chrf"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not among %q", name, names)
		}
	}
	// Not against references; neither better nor worse where higher; by the source.
	for _, name := range []string{"length", "repetition", "ended", "distinct1", "length_ratio", "coverage", "novelty1"} {
		if slices.Contains(names, name) {
			t.Errorf("%s is among them", name)
		}
	}
	for _, name := range names {
		m, err := New(name, DefaultOptions())
		if err != nil {
			t.Fatal(err)
		}
		scores, err := m.ScoreAll([]Input{
			{Hypothesis: "a grey cat sat down on one of two mats", References: []string{"a grey cat sat down on one of two mats"}},
			{Hypothesis: "of something else", References: []string{"a grey cat sat down on one of two mats"}},
		})
		if err != nil || scores[0] <= scores[1] {
			t.Errorf("%s: %v for the reference itself and another text, %v", name, scores, err)
		}
	}
}

func TestNoReferences(t *testing.T) {
	m, err := New("rougeL", DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.ScoreAll([]Input{{References: []string{"a"}}, {}})
	if err == nil || !strings.Contains(err.Error(), "example 2 has no reference") {
		t.Errorf("got %v", err)
	}
	if _, err := ROUGE("rougeL", Options{}, "a"); err == nil {
		t.Error("ROUGE without references gave no error")
	}
	if _, err := ROUGE("rouge10", Options{}, "a", "a"); err == nil {
		t.Error("rouge10 gave no error")
	}
	if got, err := All(nil, nil, 0); err != nil || len(got) != 0 {
		t.Errorf("nothing to score: got %v, %v", got, err)
	}
}

func TestSentences(t *testing.T) {
	for text, want := range map[string][]string{
		"":                          nil,
		" \n ":                      nil,
		"One. Two! Three?":          {"One.", "Two!", "Three?"},
		"Dr. Who met J. Smith.":     {"Dr. Who met J. Smith."},
		"It costs 3.50, e.g. now":   {"It costs 3.50, e.g. now"},
		`He said "stop." They did.`: {`He said "stop."`, "They did."},
		"Wait... what? No":          {"Wait... what?", "No"},
		"A line\nbreak. 2nd one":    {"A line\nbreak.", "2nd one"},
	} {
		if got := Sentences(text); !slices.Equal(got, want) {
			t.Errorf("sentences of %q: got %q, want %q", text, got, want)
		}
	}
	lines, err := ROUGE("rougeLsum", Options{}, "b c. A d.", "A d. B c.")
	if err != nil {
		t.Fatal(err)
	}
	sentences, err := ROUGE("rougeLsum", Options{SplitSentences: true}, "B c. A d.", "A d. B c.")
	if err != nil {
		t.Fatal(err)
	}
	if lines.F1 != 0.5 || sentences.F1 != 1 {
		t.Errorf("rougeLsum: %v by lines and %v by sentences, want 0.5 and 1", lines.F1, sentences.F1)
	}
}
