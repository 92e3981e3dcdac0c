package scorer

import (
	"slices"
	"strings"
	"testing"

	"lastmile/harness/random"
)

// spoken are texts of which several have words that begin alike.
var spoken = []string{
	"The Mill serves cheap food",
	"Food was served by the Crown",
	"no servers work here",
	"open",
}

func TestKindsOfFluency(t *testing.T) {
	from := newSource(spoken)
	same := [][]string{spoken[:2]}
	written := map[string]bool{}
	for _, text := range spoken {
		written[text] = true
	}
	for _, k := range fluencyKinds(from, same) {
		of := map[string]bool{}
		for _, text := range spoken {
			for i := range 200 {
				d := from.draft(k, random.New(1, "test", text, i), strings.Fields(text))
				if d.Reference != text {
					t.Fatalf("%s: the reference %q became %q", k.name, text, d.Reference)
				}
				values, err := fluent(nil, []draft{d})
				if err != nil {
					t.Fatal(err)
				}
				if values[0] != 0 {
					t.Errorf("%s: %q for %q is fluent by %g", k.name, d.Hypothesis, text, values[0])
				}
				if strings.TrimSpace(d.Hypothesis) == "" {
					t.Errorf("%s: %q became empty", k.name, text)
				}
				if text == spoken[0] {
					for _, source := range spoken[:3] {
						if near(d.Hypothesis, source) {
							of[source] = true
						}
					}
				}
				if written[d.Hypothesis] {
					t.Errorf("%s: %q is as it was written", k.name, d.Hypothesis)
				}
			}
		}
		if len(of) != 3 {
			t.Errorf("%s: errors were made in %v; expected some in each text", k.name, of)
		}
	}
}

// near tells whether most words of a text are in another.
func near(text, other string) bool {
	in, words := 0, strings.Fields(text)
	for _, word := range words {
		if slices.Contains(strings.Fields(other), word) {
			in++
		}
	}
	return 2*in > len(words)
}

func TestFluentIsWhatSomebodyWrote(t *testing.T) {
	from := newSource(append(slices.Concat(served...), reserve))
	for _, k := range kinds(nil, adequacyKinds(served)...) {
		want := 0.0
		if slices.Contains([]string{same, "other", "case", paraphrase}, k.name) {
			want = 1
		}
		d := from.draft(k, random.New(1, "test", k.name), strings.Fields(served[0][0]))
		if got, err := fluent(nil, []draft{d}); err != nil || got[0] != want {
			t.Errorf("%s: %q is fluent by %v, %v, want %g", k.name, d.Hypothesis, got, err, want)
		}
	}
}

func TestAWordTurnsIntoOneThatBeginsAlike(t *testing.T) {
	from := newSource(spoken)
	turn := inflected(from)
	for i := range 50 {
		words := turn(from, random.New(1, "test", i), strings.Fields(spoken[0]))
		changed := words[2]
		words[2] = "serves"
		if got := strings.Join(words, " "); got != spoken[0] || changed != "served" && changed != "servers" {
			t.Errorf("%q became %q with %q", spoken[0], got, changed)
		}
	}
	if got := turn(from, random.New(1, "test"), []string{"no", "such", "word"}); !slices.Equal(got, []string{"no", "such", "word"}) {
		t.Errorf("words that nothing is like became %q", got)
	}
}

// A scorer learns which order of words people use, whatever the reference says.
func TestFluencyIsLearned(t *testing.T) {
	mean := learned(t, fluentTarget)
	for _, worse := range []string{"misplaced", "omitted", "doubled", "inserted", "looped"} {
		if mean["other"] < mean[worse]+0.2 {
			t.Errorf("mean scores by kind: %v", mean)
		}
	}
}
