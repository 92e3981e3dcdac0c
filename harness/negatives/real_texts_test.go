package negatives

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"lastmile/harness/data"
)

// further are the kinds that are not made by default, as a sweep may name them.
const further = `{"per_example":6,"entity":{"weight":1,"nearby":0.5},"number":{"weight":1},"negation":{"weight":1},"truncated":{"weight":1,"keep":0.3},
	"overlong":{"weight":1,"unended":0.2,"sentences":2},"near-miss":{"weight":1,"same":0.85}}`

// builtin is the folder of the model that ships with lastmile, whose tokens are made for
// the embedded data set.
const builtin = "../../experiments/builtin"

// realTexts are examples of the embedded data set.
func realTexts(t testing.TB, n int) []data.Example {
	t.Helper()
	task := data.DefaultTask()
	task.Dev = n
	examples, err := data.Read(task, data.Dev)
	if err != nil {
		t.Fatal(err)
	}
	return examples
}

// withoutNumbers puts a sign in the place of each number of a text.
func withoutNumbers(text string) string {
	var out strings.Builder
	behind := 0
	for _, p := range numbers(text) {
		out.WriteString(text[behind:p.start] + "№")
		behind = p.end
	}
	return out.String() + text[behind:]
}

// unlike returns the words that one of two texts has more often than the other.
func unlike(a, b string) (onlyA, onlyB []string) {
	count := map[string]int{}
	for _, word := range strings.Fields(a) {
		count[word]++
	}
	for _, word := range strings.Fields(b) {
		count[word]--
	}
	for word, n := range count {
		for ; n > 0; n-- {
			onlyA = append(onlyA, word)
		}
		for ; n < 0; n++ {
			onlyB = append(onlyB, word)
		}
	}
	return onlyA, onlyB
}

func TestFurtherKindsAreWhatTheirNamesSay(t *testing.T) {
	pool := realTexts(t, 600)
	m := newMakerOf(t, builtin, further, pool)
	references := map[string]bool{}
	for _, e := range pool {
		references[e.References[0]] = true
	}
	possible := map[string]float64{}
	for i, e := range pool {
		truth := e.References[0]
		for _, n := range m.MakeAll(1, i) {
			check(t, m, e, n)
			if !n.Ended {
				if whole, _ := m.codec.Response(truth); !strings.HasPrefix(n.Text, strings.TrimSpace(truth)) && len(whole) < maxResponse {
					t.Errorf("%s, %s without end: %q does not begin with the truth %q", e.ID, n.Kind, n.Text, truth)
				}
				continue
			}
			possible[n.Kind] += 1 / float64(len(pool))
			gone, came := unlike(truth, n.Text)
			bad := ""
			switch n.Kind {
			case "entity":
				if len(gone) > 0 && len(strings.Fields(truth)) > 4 && len(gone) > len(strings.Fields(truth))*4/5 {
					bad = "changed nearly all"
				}
			case "number":
				if withoutNumbers(n.Text) != withoutNumbers(truth) {
					bad = "differs in more than numbers"
				}
			case "negation":
				if len(gone) > 2 || len(came) > 3 {
					bad = "differs in more than a negation"
				}
			case "truncated":
				lost, isPrefix := strings.CutPrefix(truth, n.Text)
				if !isPrefix || !slices.ContainsFunc(strings.Fields(lost), hasContent) {
					bad = "is no beginning that lacks content"
				}
			case "overlong":
				if rest, isPrefix := strings.CutPrefix(n.Text, truth); !isPrefix || len(strings.Fields(rest)) == 0 || len(gone) > 1 {
					bad = "is not the truth and more"
				}
			case "near-miss":
				if !references[n.Text] {
					bad = "is nobody's reference"
				}
			}
			if bad != "" {
				t.Errorf("%s, %s: %q, made of %q, %s", e.ID, n.Kind, n.Text, truth, bad)
			}
		}
	}
	// Of a task without numbers none is made, and phrases often have nothing to negate.
	for kind, least := range map[string]float64{"entity": 0.85, "number": 0.03, "negation": 0.5, "truncated": 0.98, "overlong": 0.95, "near-miss": 0.9} {
		if possible[kind] < least {
			t.Errorf("%s was possible for a share of %.3f, expected at least %g", kind, possible[kind], least)
		}
	}
}

func TestFurtherKindsOfHardTexts(t *testing.T) {
	pool := append(examples(), data.Example{ID: "marks", Input: "“ ' # 1", References: []string{"“”  \"\" '' # 1st — ( 2:3:4"}},
		data.Example{ID: "names", Input: "Ä Ö", References: []string{"Ä Ö #Ü# 'Ä Ö' \"Ä\" 0"}})
	m := newMaker(t, further, pool)
	for seed := range 4 {
		for i, e := range pool {
			for _, n := range append(m.Make(seed, i), m.MakeAll(seed, i)...) {
				check(t, m, e, n)
			}
		}
	}
}

func TestFurtherKindsDependOnSeedAndExampleAlone(t *testing.T) {
	pool := realTexts(t, 120)
	a, b := newMakerOf(t, builtin, further, pool), newMakerOf(t, builtin, further, pool)
	forward, backward := make([][]Negative, len(pool)), make([][]Negative, len(pool))
	for i := range pool {
		forward[i] = append(a.Make(7, i), a.MakeAll(7, i)...)
	}
	var all sync.WaitGroup
	for i := len(pool) - 1; i >= 0; i-- {
		all.Go(func() { backward[i] = append(b.Make(7, i), b.MakeAll(7, i)...) })
	}
	all.Wait()
	if !reflect.DeepEqual(forward, backward) {
		t.Error("the order of the work changed the negatives")
	}
	for i := range pool {
		for _, n := range a.Make(7, i) {
			check(t, a, pool[i], n)
		}
	}
}

// TestAFurtherKindIsTheSameBesideOthers is what lets a kind be compared alone and among
// others.
func TestAFurtherKindIsTheSameBesideOthers(t *testing.T) {
	pool := realTexts(t, 60)
	together := newMakerOf(t, builtin, further, pool)
	for _, kind := range Names() {
		if !strings.Contains(further, `"`+kind+`"`) {
			continue
		}
		all, err := settings(t, further).Only(kind)
		if err != nil {
			t.Fatal(err)
		}
		alone, err := New(all, together.codec, together.vocabulary, pool)
		if err != nil {
			t.Fatal(err)
		}
		for i := range pool {
			others := slices.DeleteFunc(together.MakeAll(1, i), func(n Negative) bool { return n.Kind != kind })
			if got, want := fmt.Sprint(alone.MakeAll(1, i)), fmt.Sprint(others); got != want {
				t.Errorf("%s alone makes %s, beside others %s", kind, got, want)
			}
		}
	}
}

func TestOnly(t *testing.T) {
	s, err := settings(t, `{"per_example":2,"copy":{"weight":0,"unended":0.3},"number":{"weight":5}}`).Only("truncated", "copy")
	if got := inUse(s); err != nil || !slices.Equal(got, []string{"copy 1 0.3", "truncated 1 0"}) || s.PerExample.PerExample != 2 {
		t.Errorf("%d of %q, %v", s.PerExample.PerExample, got, err)
	}
	if s, err = s.Only(); err != nil || len(inUse(s)) != len(kinds) {
		t.Errorf("%q, %v; expected all kinds", inUse(s), err)
	}
	if _, err := s.Only("copi"); err == nil || !strings.Contains(err.Error(), `unknown kind of negatives "copi"; one of random`) {
		t.Errorf("got %v", err)
	}
}

// TestNearestReferences sets the nearest references against a search through
// all of them.
func TestNearestReferences(t *testing.T) {
	pool := realTexts(t, 300)
	x := indexTruths(pool)
	cosine := func(a, b []weighed) float64 {
		sum := 0.0
		for _, v := range a {
			for _, w := range b {
				if v.number == w.number {
					sum += v.weight * w.weight
				}
			}
		}
		return sum
	}
	for i := range pool {
		found := x.nearest(i, 0.85)
		if len(found) > mostSimilar {
			t.Fatalf("found %d", len(found))
		}
		least := 2.0
		for _, other := range found {
			c := cosine(x.texts[i], x.texts[other])
			if c > least+1e-9 || c <= 0 || c >= 0.85 || other == i || x.sameInput(i, other) {
				t.Errorf("%q: %q has the cosine %g, after %g", pool[i].References[0], pool[other].References[0], c, least)
			}
			least = c
		}
		for other := range pool {
			c := cosine(x.texts[i], x.texts[other])
			better := c > least+1e-9 || len(found) < mostSimilar && c > 0
			if better && c < 0.85 && other != i && !x.sameInput(i, other) && !slices.Contains(found, other) {
				t.Errorf("%q: %q has the cosine %g and is missing", pool[i].References[0], pool[other].References[0], c)
			}
		}
	}
}

func TestANearMissIsNotTrueOfTheSameText(t *testing.T) {
	pool := []data.Example{
		{ID: "a", Input: "Tom asks Ann for the way to the old station, and she tells him.", References: []string{"Ann tells Tom the way to the station"}},
		{ID: "b", Input: "Tom asks Ann for the way to the old station, and she tells him it.", References: []string{"Tom gets to know the way to the station"}},
		{ID: "c", Input: "Buses leave here every hour.", References: []string{"There are buses to the station"}},
		{ID: "d", Input: "It rains.", References: []string{"Bad weather"}},
	}
	m := newMaker(t, `{"per_example":3,"near-miss":{"weight":1,"same":0.85}}`, pool)
	for i, want := range []string{"There are buses to the station", "There are buses to the station", "", ""} {
		var got []string
		for _, n := range m.Make(1, i) {
			got = append(got, n.Text)
		}
		if i < 2 && !slices.Equal(got, []string{want}) || i == 3 && len(got) > 0 {
			t.Errorf("%s has the near misses %q, expected %q", pool[i].ID, got, want)
		}
	}
}

func BenchmarkNearest(b *testing.B) {
	task := data.DefaultTask()
	task.BaseShare = 0
	task.Train = 20000
	pool, err := data.Read(task, data.Train)
	if err != nil {
		b.Fatal(err)
	}
	x := indexTruths(pool)
	b.ResetTimer()
	i := 0
	for b.Loop() {
		x.nearest(i%len(pool), 0.85)
		i++
	}
}
