package metrics

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
)

// sacrebleuGolden is sacrebleu.json.gz.
type sacrebleuGolden struct {
	Sentences [][2]float64         // BLEU and chrF of each golden pair
	Corpora   [][5]float64         // first and last pair, most references, BLEU, chrF
	Tokens    [][2]json.RawMessage // a text and its words
}

func readSacrebleu(t *testing.T) (golden sacrebleuGolden) {
	t.Helper()
	if err := json.Unmarshal([]byte(lines(t, "sacrebleu.json.gz")[0]), &golden); err != nil {
		t.Fatal(err)
	}
	return golden
}

func TestTokenize13aEqualsSacrebleu(t *testing.T) {
	golden := readSacrebleu(t)
	if len(golden.Tokens) < 1500 {
		t.Fatalf("%d golden texts", len(golden.Tokens))
	}
	for _, row := range golden.Tokens {
		var text string
		var want []string
		if json.Unmarshal(row[0], &text) != nil || json.Unmarshal(row[1], &want) != nil {
			t.Fatalf("malformed: %s", row)
		}
		if got := tokenize13a(text); !slices.Equal(got, want) {
			t.Errorf("words of %q: got %q, want %q", text, got, want)
		}
	}
}

func TestBLEUAndChrFEqualSacrebleu(t *testing.T) {
	golden := readSacrebleu(t)
	all := pairs(t)
	if len(golden.Sentences) != len(all) {
		t.Fatalf("%d golden sentences for %d pairs", len(golden.Sentences), len(all))
	}
	inputs := make([]Input, len(all))
	for i, p := range all {
		inputs[i] = Input{Hypothesis: p.Hypothesis, References: p.References}
	}
	selected, err := Select([]string{"bleu", "chrf"}, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	scores, err := All(selected, inputs, 0)
	if err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for i, want := range golden.Sentences {
		for k, m := range selected {
			if got := scores[k][i]; math.Abs(got-want[k]) > 1e-9 {
				if wrong++; wrong < 10 {
					t.Errorf("%s of %q against %q: got %v, want %v", m.Name(), inputs[i].Hypothesis, inputs[i].References, got, want[k])
				}
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d scores of sentences differ", wrong)
	}
	for _, c := range golden.Corpora {
		part := slices.Clone(inputs[int(c[0]):int(c[1])])
		for i := range part {
			part[i].References = part[i].References[:min(len(part[i].References), int(c[2]))]
		}
		for k, m := range selected {
			of := m.(Pooled)
			statistics, err := of.Statistics(part)
			if err != nil {
				t.Fatal(err)
			}
			if got := of.Pool(total(statistics)); math.Abs(got-c[3+k]) > 1e-9 {
				t.Errorf("corpus %s of pairs %v to %v, %v references: got %v, want %v", m.Name(), c[0], c[1], c[2], got, c[3+k])
			}
		}
	}
}

func TestPooledInterval(t *testing.T) {
	all := pairs(t)[:300]
	var good, bad []Input
	for _, p := range all {
		good = append(good, Input{Hypothesis: p.References[0] + " and more", References: p.References})
		bad = append(bad, Input{Hypothesis: p.Hypothesis, References: p.References})
	}
	for _, name := range []string{"bleu", "chrf"} {
		m, err := New(name, DefaultOptions())
		if err != nil {
			t.Fatal(err)
		}
		of := m.(Pooled)
		a, err := of.Statistics(good)
		if err != nil {
			t.Fatal(err)
		}
		b, err := of.Statistics(bad)
		if err != nil {
			t.Fatal(err)
		}
		r := Resampling{Resamples: 1000}
		e, err := PoolEstimate(of, b, r)
		if err != nil {
			t.Fatal(err)
		}
		if !(e.Low < e.Mean && e.Mean < e.High) || e.High-e.Low > e.Mean {
			t.Errorf("%s: %v in [%v, %v]", name, e.Mean, e.Low, e.High)
		}
		c, err := PoolCompare(of, a, b, r)
		if err != nil {
			t.Fatal(err)
		}
		if c.P > 0.002 || c.Low <= 0 || c.Low >= c.Difference || c.High <= c.Difference {
			t.Errorf("%s: a far better system: %+v", name, c)
		}
		c, err = PoolCompare(of, b, b, r)
		if err != nil {
			t.Fatal(err)
		}
		if c.P != 1 || c.Low != 0 || c.High != 0 {
			t.Errorf("%s: a system against itself: %+v", name, c)
		}
		// Every second text exchanged: no system is better.
		mixed := slices.Clone(a)
		other := slices.Clone(b)
		for i := 0; i < len(a); i += 2 {
			mixed[i], other[i] = other[i], mixed[i]
		}
		c, err = PoolCompare(of, mixed, other, r)
		if err != nil {
			t.Fatal(err)
		}
		if c.P < 0.01 || c.Low > 0 || c.High < 0 {
			t.Errorf("%s: systems that mix the same two: %+v", name, c)
		}
		if _, err := PoolCompare(of, a, b[1:], r); err == nil {
			t.Errorf("%s: systems with other numbers of texts were compared", name)
		}
	}
}
