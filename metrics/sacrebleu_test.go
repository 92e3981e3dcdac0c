package metrics

import (
	"encoding/json"
	"math"
	"math/rand/v2"
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

// alike are statistics of so many seeds that wrote the same texts.
func alike(statistics [][]float64, seeds int) [][][]float64 {
	return slices.Repeat([][][]float64{statistics}, seeds)
}

func TestPooledValuesAreTestedAsMeansAre(t *testing.T) {
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
		e, err := Mean(PoolScores(of, alike(b, 1)), Amount)
		if err != nil {
			t.Fatal(err)
		}
		if value := of.Pool(total(b)); !near(e.Value, value) || !(e.Low < value && value < e.High) || e.High-e.Low > value {
			t.Errorf("%s: %v in [%v, %v], of all texts %v", name, e.Value, e.Low, e.High, value)
		}
		if want := bootstrapped(of, b); math.Abs((e.High-e.Low)/(2*1.96)-want) > 0.15*want {
			t.Errorf("%s: a standard error of %v, and %v by the bootstrap", name, (e.High-e.Low)/(2*1.96), want)
		}
		c, err := Compare(PoolScores(of, alike(a, 3)), PoolScores(of, alike(b, 3)), Amount)
		if err != nil {
			t.Fatal(err)
		}
		if !c.Significant(Level) || c.P > 0.002 || c.Low <= 0 {
			t.Errorf("%s: a far better system: %+v", name, c)
		}
		c, err = Compare(PoolScores(of, alike(b, 3)), PoolScores(of, alike(b, 3)), Amount)
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
		c, err = Compare(PoolScores(of, alike(mixed, 3)), PoolScores(of, alike(other, 3)), Amount)
		if err != nil {
			t.Fatal(err)
		}
		if c.P < 0.01 || c.Low > 0 || c.High < 0 {
			t.Errorf("%s: systems that mix the same two: %+v", name, c)
		}
	}
}

// bootstrapped is the standard error of a pooled metric by a bootstrap over texts.
func bootstrapped(m Pooled, statistics [][]float64) float64 {
	random := rand.New(rand.NewPCG(1, 1))
	values := make([]float64, 1000)
	for k := range values {
		drawn := make([][]float64, len(statistics))
		for i := range drawn {
			drawn[i] = statistics[random.IntN(len(statistics))]
		}
		values[k] = m.Pool(total(drawn))
	}
	return math.Sqrt(variance(values))
}
