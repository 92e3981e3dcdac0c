package metrics

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestTheDistanceOfLengthsIsWassersteins(t *testing.T) {
	content, err := os.ReadFile("testdata/lengths.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Hypotheses []int
		References [][]int
		Distance   float64
	}
	if err := json.Unmarshal(content, &cases); err != nil {
		t.Fatal(err)
	}
	words := func(n int) string { return strings.Repeat("word ", n) }
	for _, c := range cases {
		inputs := make([]Input, len(c.Hypotheses))
		for i, n := range c.Hypotheses {
			inputs[i].Hypothesis = words(n)
			for _, n := range c.References[i] {
				inputs[i].References = append(inputs[i].References, words(n))
			}
		}
		if got := average(t, "length_distance", DefaultOptions(), inputs); math.Abs(got-c.Distance) > 1e-9 {
			t.Errorf("of %d texts %g, and scipy's is %g", len(inputs), got, c.Distance)
		}
		// Which hypothesis belongs to which reference changes nothing.
		for i := range inputs {
			inputs[i].Hypothesis = words(c.Hypotheses[len(inputs)-1-i])
		}
		if got := average(t, "length_distance", DefaultOptions(), inputs); math.Abs(got-c.Distance) > 1e-9 {
			t.Errorf("of %d texts in another order %g, and scipy's is %g", len(inputs), got, c.Distance)
		}
	}
}

func TestTheDistanceOfLengthsNeedsReferences(t *testing.T) {
	m, err := New("length_distance", DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.ScoreAll([]Input{{Hypothesis: "a", References: []string{"b"}}, {Hypothesis: "a"}}); err == nil || !strings.Contains(err.Error(), "example 2 has no reference") {
		t.Errorf("the error is %v", err)
	}
	if slices.Contains(AgainstReferences(), m.Name()) {
		t.Error("it says how near a text is to its references, the higher the nearer")
	}
}
