package metrics

import (
	"flag"
	"fmt"
	"math"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of README.md anew")

// task is a task like those that ship with lastmile: a description as the
// input and its one-line synopsis as the reference.
func task(t testing.TB) []Input {
	t.Helper()
	var inputs []Input
	for _, p := range pairs(t)[:900] {
		inputs = append(inputs, Input{Source: p.References[0], References: []string{p.Hypothesis}})
	}
	return inputs
}

func randomSystem(t testing.TB, inputs []Input) *RandomSystem {
	t.Helper()
	s, err := NewRandomSystem(inputs)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// average scores texts and returns the mean.
func average(t testing.TB, name string, options Options, inputs []Input) float64 {
	t.Helper()
	m, err := New(name, options)
	if err != nil {
		t.Fatal(err)
	}
	scores, err := m.ScoreAll(inputs)
	if err != nil {
		t.Fatal(err)
	}
	return mean(scores)
}

func TestLengthNormalised(t *testing.T) {
	inputs := task(t)
	options := DefaultOptions()
	options.LengthAdjustment = LengthNormalised
	if _, err := New("la-rougeL", options); err == nil || !strings.Contains(err.Error(), "needs the task's inputs") {
		t.Errorf("without a random system: %v", err)
	}
	options.Random = randomSystem(t, inputs)

	// Texts of the random system itself, by other draws than those that it is
	// estimated from, score about 1 at any length, on its grid or off it.
	for _, n := range []int{3, 7, 20} {
		texts := make([]Input, len(inputs))
		for i, in := range inputs {
			texts[i] = Input{Hypothesis: options.Random.text(i, 1000, n), References: in.References}
			if got := Words(texts[i].Hypothesis); got != n {
				t.Fatalf("a random text of %d words, expected %d", got, n)
			}
		}
		if got := average(t, "la-rougeL", options, texts); math.Abs(got-1) > 0.15 {
			t.Errorf("random texts of %d words score %.3f, expected about 1", n, got)
		}
	}

	// It is the F1 over a number that depends on the length alone.
	a := Input{Hypothesis: "one two three", References: []string{"one two three four"}}
	b := Input{Hypothesis: "four six seven", References: []string{"one two three four"}}
	ratio := average(t, "la-rouge1", options, []Input{a}) / average(t, "la-rouge1", options, []Input{b})
	if want := average(t, "rouge1", options, []Input{a}) / average(t, "rouge1", options, []Input{b}); !near(ratio, want) {
		t.Errorf("two texts of one length: ratio %v, that of ROUGE is %v", ratio, want)
	}
	if got := average(t, "la-rouge1", options, []Input{{Hypothesis: "", References: []string{"a"}}}); got != 0 {
		t.Errorf("an empty text scores %v", got)
	}

	// Between two lengths of the grid it is between their scores.
	of := curve{rougeKind{name: "rougeL"}, true, false}
	low, middle, high := options.Random.f1(of, 8), options.Random.f1(of, 10), options.Random.f1(of, 12)
	if !near(middle, (low+high)/2) || low == high {
		t.Errorf("F1 of 8, 10 and 12 random words: %v, %v, %v", low, middle, high)
	}

	// The same task gives the same numbers, and another one another signature.
	again := options
	again.Random = randomSystem(t, inputs)
	if again.Random.f1(of, 5) != options.Random.f1(of, 5) {
		t.Error("the same task gave other numbers")
	}
	other := options
	other.Random = randomSystem(t, inputs[1:])
	var signatures []string
	for _, o := range []Options{options, again, other} {
		m, err := New("la-rougeL", o)
		if err != nil {
			t.Fatal(err)
		}
		signatures = append(signatures, m.Signature())
	}
	if signatures[0] != signatures[1] || signatures[0] == signatures[2] || !strings.HasPrefix(signatures[0], "la-rougeL|length:length-normalised|random:sentences|task:") {
		t.Errorf("signatures: %q", signatures)
	}

	if _, err := NewRandomSystem([]Input{{Source: " ", References: []string{"a"}}}); err == nil || !strings.Contains(err.Error(), "example 1 has no input text") {
		t.Errorf("without an input: %v", err)
	}
	foreign := options
	foreign.Random = randomSystem(t, []Input{{Source: "un deux trois", References: []string{"one two"}}})
	m, err := New("la-rouge1", foreign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.ScoreAll([]Input{{Hypothesis: "one", References: []string{"one two"}}}); err == nil || !strings.Contains(err.Error(), "nothing to divide by") {
		t.Errorf("where random texts hit nothing: %v", err)
	}
}

// TestAdjustmentTable keeps the table of README.md true.
func TestAdjustmentTable(t *testing.T) {
	inputs := task(t)
	random := randomSystem(t, inputs)
	var table strings.Builder
	fmt.Fprint(&table, "| text | ROUGE-L | "+strings.Join(Adjustments(), " | ")+" |\n|---|---:"+strings.Repeat("|---:", len(Adjustments()))+"|\n")
	for _, form := range []struct {
		name string
		of   func(words []string) []string
	}{
		{"as it is", func(w []string) []string { return w }},
		{"2 times", func(w []string) []string { return append(w[:len(w):len(w)], w...) }},
		{"3 times", func(w []string) []string { return strings.Fields(strings.Repeat(strings.Join(w, " ")+" ", 3)) }},
		{"4 times", func(w []string) []string { return strings.Fields(strings.Repeat(strings.Join(w, " ")+" ", 4)) }},
		{"its first half", func(w []string) []string { return w[:(len(w)+1)/2] }},
		{"its first quarter", func(w []string) []string { return w[:(len(w)+3)/4] }},
	} {
		texts := make([]Input, len(inputs))
		for i, in := range inputs {
			texts[i] = in
			texts[i].Hypothesis = strings.Join(form.of(Tokenize(in.References[0], false)), " ")
		}
		plain := average(t, "rougeL", DefaultOptions(), texts)
		fmt.Fprintf(&table, "| %s | %.3f", form.name, plain)
		for _, name := range Adjustments() {
			options := DefaultOptions()
			options.LengthAdjustment, options.Random = name, random
			got := average(t, "la-rougeL", options, texts)
			fmt.Fprintf(&table, " | %.3f", got)
			if name != LengthNormalised && (got > plain+1e-12 || form.name == "as it is" && !near(got, plain)) {
				t.Errorf("%s, %s: %v with ROUGE %v", name, form.name, got, plain)
			}
		}
		table.WriteString(" |\n")
	}
	replaceTable(t, "TestAdjustmentTable", table.String())
}
