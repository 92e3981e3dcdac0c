package scorer

import (
	"slices"
	"strings"
	"testing"

	"lastmile/harness/random"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// served are two ways to say each of some things, and reserve is a text that is alone.
var served = [][]string{
	{"The Mill in Leeds is open until 9", "You can eat at The Mill , a place in Leeds , until 9"},
	{"The Crown in Hull is not cheap", "Prices at The Crown in Hull are 20 and more"},
}

const reserve = "Tables for 12 can be had on Mondays"

func TestKindsOfAdequacy(t *testing.T) {
	from := newSource(append(slices.Concat(served...), reserve))
	draw := func(k kind, text string) map[string]bool {
		made := map[string]bool{}
		for i := range 100 {
			d := from.draft(k, random.New(1, "test", k.name, i), strings.Fields(text))
			if d.Reference != text {
				t.Fatalf("%s: the reference %q became %q", k.name, text, d.Reference)
			}
			made[d.Hypothesis] = true
			values, err := adequate(nil, []draft{d})
			if err != nil {
				t.Fatal(err)
			}
			if want := d.Hypothesis == text || k.name == paraphrase; (values[0] == 1) != want {
				t.Errorf("%s: %q for %q is adequate by %g", k.name, d.Hypothesis, text, values[0])
			}
		}
		return made
	}
	all := adequacyKinds(served)
	if got := draw(all[0], served[0][0]); len(got) != 1 || !got[served[0][1]] {
		t.Errorf("other references than %q: %v", served[0][0], got)
	}
	if got := draw(all[0], reserve); len(got) != 1 || !got[reserve] {
		t.Errorf("a reference that is alone became %v", got)
	}
	for text := range draw(all[1], served[0][0]) {
		words := strings.Fields(text)
		changed := 0
		for i, before := range strings.Fields(served[0][0]) {
			if words[i] == before {
				continue
			}
			changed++
			if number := isNumber(before); !number && !isName(strings.Fields(served[0][0]), i) || number != isNumber(words[i]) {
				t.Errorf("%q has %q in the place of %q", text, words[i], before)
			}
		}
		if changed == 0 {
			t.Errorf("no name or number of %q is another one", text)
		}
	}
	for text := range draw(all[1], "nothing to name") {
		if text == "nothing to name" {
			t.Error("a text without names stays as it is")
		}
	}
	for text, want := range map[string]string{
		served[0][0]:         "The Mill in Leeds is not open until 9",
		served[1][0]:         "The Crown in Hull is cheap",
		"reads Many formats": "not reads Many formats",
	} {
		if got := draw(all[2], text); len(got) != 1 || !got[want] {
			t.Errorf("%q negated: %v, want %q", text, got, want)
		}
	}
}

// A scorer learns from pairs that say the same in other words, where there are any.
func TestAdequacyIsLearned(t *testing.T) {
	mean := learned(t, adequateTarget)
	for _, worse := range []string{"shuffled", "truncated", "negated"} {
		if mean[paraphrase] < mean[worse]+0.2 {
			t.Errorf("mean scores by kind: %v", mean)
		}
	}
}

// learned is what a small scorer of one target scores each kind on average, whose texts say
// in two ways where one can eat.
func learned(t *testing.T, target string) map[string]float64 {
	t.Helper()
	var all Texts
	for i := range 200 {
		stream := random.New(1, "said", i)
		name, place := []string{"Mill", "Crown", "Ship", "Bell"}[stream.IntN(4)], []string{"Leeds", "Hull", "York", "Bath"}[stream.IntN(4)]
		both := []string{"you can eat at " + name + " " + place, "food is served by " + name + " " + place}
		all.Same = append(all.Same, both)
		if i < 180 {
			all.Train = append(all.Train, both...)
		} else {
			all.Dev = append(all.Dev, both...)
		}
	}
	c := small(240)
	c.Targets, c.Score = []string{target}, []string{target}
	c.HiddenSize, c.IntermediateSize, c.CheckpointEvery = 64, 64, 0
	quality, err := Train(t.Context(), session(t, torch.Options{}), trained(t), all, c, train.Hooks{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	mean := map[string]float64{}
	for _, k := range quality.Kinds {
		mean[k.Kind] = k.Score
	}
	return mean
}
