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
	for _, k := range kinds(nil) {
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
	q := qualityOf([]trial{
		{"a", 0.1, 0.2, 0.5}, {"a", 0.6, 0.4, 0.5}, {"b", 0.3, 0.3, 0.4}, {"b", 0.9, 0.8, 1},
	})
	// scipy 1.17.1: pearsonr and spearmanr.
	if math.Abs(q.Pearson-0.9505863757867169) > 1e-12 || math.Abs(q.Spearman-1) > 1e-12 {
		t.Errorf("pearson %.16f, spearman %g", q.Pearson, q.Spearman)
	}
	if len(q.Kinds) != 2 || q.Kinds[0].Above != 0.5 || q.Kinds[1].Above != 1 {
		t.Errorf("kinds %+v", q.Kinds)
	}
}

func TestCorrelations(t *testing.T) {
	var ratings []Rating
	var scores []float64
	for i := range 200 {
		r := random.New(1, "correlation", i)
		v := r.NormFloat64()
		ratings = append(ratings, Rating{Rating: v + r.NormFloat64(), Source: string(rune('a' + i%50))})
		scores = append(scores, v)
	}
	c := Correlate(scores, ratings, 1)
	for name, b := range map[string]Bounded{"Spearman": c.Spearman, "Kendall": c.Kendall} {
		if !(b.Low < b.Value && b.Value < b.High && b.Low > 0.2 && b.High < 0.9) {
			t.Errorf("%s is %+v", name, b)
		}
	}
	for i, fold := range share(ratings, 5, 1) {
		if fold < 0 || fold > 4 || fold != share(ratings, 5, 1)[i%50] {
			t.Fatalf("rating %d of source %s is in fold %d", i, ratings[i].Source, fold)
		}
	}
}

func TestExcludedKindsAreNotDrawn(t *testing.T) {
	for _, name := range kindNames() {
		for _, k := range kinds([]string{name}) {
			if k.name == name {
				t.Errorf("%s is excluded and there", name)
			}
		}
	}
	// A mixture of what is left cannot shorten, repeat or replace.
	var all []string
	for _, name := range kindNames() {
		if name != "swapped" && name != "mixed" {
			all = append(all, name)
		}
	}
	from := newSource([]string{"one two three four"})
	left := kinds(all)
	if len(left) != 3 {
		t.Fatalf("%d kinds are left", len(left))
	}
	for i := range 50 {
		for _, k := range left {
			if p := from.pair(k, random.New(1, i), from[0]); len(strings.Fields(p.Hypothesis)) != 4 || len(newLabeller(nil, newSource([]string{p.Hypothesis})).bigrams) != 5 {
				t.Errorf("%s made %q", k.name, p.Hypothesis)
			}
		}
	}
}

func TestTargetsOfSeveralHeads(t *testing.T) {
	from := newSource([]string{"a small web server", "a mail server for the web", "fast web tools"})
	l := newLabeller([]string{"overlap", "intact", "synthetic", "rouge1-recall"}, from)
	got, err := l.all([]draft{
		{Pair: Pair{"a small web server", "a small web server"}, genuine: true},
		{Pair: Pair{"a small web server", "a mail server for the web"}, genuine: true},
		{Pair: Pair{"a small web server", "web small a server"}},
		{Pair: Pair{"a small web server", "a small web server a small web server"}},
		{Pair: Pair{"a small web server", ""}},
		{Pair: Pair{"a small web server", "a small web tools"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][3]float64{{1, 0, 1}, {1, 0, 0.75}, {0.2, 1, 1}, {0.5, 1, 1}, {0, 1, 0}, {1, 1, 0.75}} {
		intact, synthetic, recall := got[i][1], got[i][2], got[i][3]
		if i == 3 {
			if intact > 0.55 {
				t.Errorf("said twice, a text is intact by %g", intact)
			}
		} else if math.Abs(intact-want[0]) > 1e-9 {
			t.Errorf("draft %d: intact %g, want %g", i, intact, want[0])
		}
		if synthetic != want[1] || math.Abs(recall-want[2]) > 1e-9 {
			t.Errorf("draft %d: synthetic %g, recall %g, want %g and %g", i, synthetic, recall, want[1], want[2])
		}
	}
}

func TestAlignment(t *testing.T) {
	a, b := [][]float32{{1, 0}, {0, 1}}, [][]float32{{1, 0}, {0.6, 0.8}, {-1, 0}}
	if got := matched(a, b); math.Abs(got-0.9) > 1e-6 {
		t.Errorf("recall %g", got)
	}
	if got := matched(b, a); math.Abs(got-(1+0.8+0)/3) > 1e-6 {
		t.Errorf("precision %g", got)
	}
	if matched(nil, a) != 0 || matched(a, nil) != 0 {
		t.Error("an empty text is aligned")
	}
}
