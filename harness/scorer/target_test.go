package scorer

import (
	"math"
	"strings"
	"testing"

	"lastmile/harness/random"
)

func TestTargets(t *testing.T) {
	reference := "convert an address book"
	for _, c := range []struct {
		name, reference, hypothesis string
		low, high                   float64
	}{
		{"itself", reference, reference, 1, 1},
		{"itself in another script", "адресная книга", "адресная книга", 1, 1},
		{"itself with repetition", "the more the more", "the more the more", 1, 1},
		{"nothing", reference, "", 0, 0},
		{"something else", reference, "library for Perl", 0, 0},
		{"capitals", reference, strings.ToUpper(reference), 0.75, 0.75},
		{"half of it", reference, "convert an", 0.6, 0.65},
		{"twice", reference, reference + " " + reference, 0.3, 0.5},
		{"three times", reference, strings.Repeat(reference+" ", 3), 0.1, 0.25},
	} {
		targets, err := Targets([]Pair{{c.reference, c.hypothesis}})
		if err != nil {
			t.Fatal(err)
		}
		if targets[0] < c.low || targets[0] > c.high {
			t.Errorf("%s: target %g, want %g to %g", c.name, targets[0], c.low, c.high)
		}
	}
}

var references = []string{
	"convert an address book to the vCard file format", "GNU a2ps - converter and pretty-printer",
	"automatic certificate acquisition tool", "X", "library for reading fonts", "fast and small web server", "",
	"adventure game in the console", "tool to watch the network",
}

func TestKindsLowerTheTarget(t *testing.T) {
	from := newSource(references)
	if len(from) != len(references)-1 {
		t.Fatalf("%d references have words, found %d", len(references)-1, len(from))
	}
	for _, k := range kinds() {
		var pairs []Pair
		for i := range 300 {
			r := random.New(1, "test", k.name, i)
			words := from[r.IntN(len(from))]
			before := strings.Join(words, " ")
			p := from.pair(k, r, words)
			if p.Reference != before || strings.Join(words, " ") != before {
				t.Fatalf("%s: the reference %q became %q", k.name, before, p.Reference)
			}
			again := random.New(1, "test", k.name, i)
			again.IntN(len(from))
			if q := from.pair(k, again, words); q != p {
				t.Fatalf("%s: the same stream gave %q and %q", k.name, p.Hypothesis, q.Hypothesis)
			}
			pairs = append(pairs, p)
		}
		targets, err := Targets(pairs)
		if err != nil {
			t.Fatal(err)
		}
		mean := 0.0
		for i, target := range targets {
			mean += target / float64(len(targets))
			if target < 0 || target > 1 || math.IsNaN(target) {
				t.Errorf("%s: %q has the target %g", k.name, pairs[i], target)
			}
		}
		if k.name == same && mean < 1-1e-9 || k.name != same && mean > 0.95 {
			t.Errorf("%s: the mean target is %g", k.name, mean)
		}
	}
}

func TestQuality(t *testing.T) {
	q := judge([]trial{
		{"a", 0.1, 0.2, 0.5}, {"a", 0.6, 0.4, 0.5}, {"b", 0.3, 0.3, 0.4}, {"b", 0.9, 0.8, 1},
	})
	// scipy 1.17.1: pearsonr and spearmanr.
	if math.Abs(q.Pearson-0.9505863757867169) > 1e-12 || math.Abs(q.Spearman-1) > 1e-12 {
		t.Errorf("pearson %.16f, spearman %g", q.Pearson, q.Spearman)
	}
	if len(q.Kinds) != 2 || q.Kinds[0].Above != 0.5 || q.Kinds[1].Above != 1 {
		t.Errorf("kinds %+v", q.Kinds)
	}
	if got := ranks([]float64{3, 1, 3, 2}); got[0] != 2.5 || got[1] != 0 || got[2] != 2.5 || got[3] != 1 {
		t.Errorf("ranks %v", got)
	}
}
