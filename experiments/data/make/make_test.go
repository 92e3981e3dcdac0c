package main

import (
	"slices"
	"strings"
	"testing"
)

func TestNoHeldOutInputHasANearTwinInTraining(t *testing.T) {
	train, dev, test, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	for name, pairs := range map[string][]pair{"dev": dev, "test": test} {
		if share, largest := leakShare(pairs, train); share >= 0.01 {
			t.Errorf("%.2f%% of %s have a 5-gram Jaccard index above %g to a training input (largest %.2f), want under 1%%", 100*share, name, maxJaccard, largest)
		}
	}
	synopses := map[string]bool{}
	for _, p := range train {
		synopses[normal(p.Reference)] = true
	}
	for _, p := range slices.Concat(dev, test) {
		if synopses[normal(p.Reference)] {
			t.Errorf("%s: the synopsis %q stands in train", p.ID, p.Reference)
		}
	}
}

func TestTheMeasureFindsTwins(t *testing.T) {
	train := []pair{
		{Input: "a small program that shows the time of day in a corner of the screen"},
		{Input: "something else altogether, which has nothing to do with any clock"},
	}
	held := []pair{
		{Input: "A small program that shows the time of day in a corner of the window."},
		{Input: "A library for reading and writing the configuration of network cards."},
	}
	// 11 runs of 5 words each, 10 of them common.
	share, largest := leakShare(held, train)
	if share != 0.5 || largest < 0.8 || largest > 0.84 {
		t.Errorf("share %g, largest %g; want 0.5 and 10/12", share, largest)
	}
}

func TestParagraphsUndoMarkup(t *testing.T) {
	lines := strings.Split(strings.Trim(`
Foo draws trees. It is
fast, and “small”.
.
Features:
 * many kinds of tree,
   also in winter;
 - a forest (e.g. of pines)
.
Homepage: https://example.org/foo`, "\n"), "\n")
	want := []string{
		`Foo draws trees. It is fast, and "small".`,
		"Features: many kinds of tree, also in winter; a forest (e.g. of pines).",
		"Homepage: https://example.org/foo.",
	}
	got := paragraphs(lines)
	// The address ends in a letter, as a sentence without a full stop does.
	if !slices.Equal(got, want) {
		t.Errorf("paragraphs\n%q, want\n%q", got, want)
	}
}

func TestSentences(t *testing.T) {
	got := sentences(`It reads e.g. PNG files. "Fast!" said D. Knuth. Version 1.2 of it is here. foo is next`)
	want := []string{"It reads e.g. PNG files.", `"Fast!" said D. Knuth.`, "Version 1.2 of it is here. foo is next"}
	if !slices.Equal(got, want) {
		t.Errorf("sentences %q, want %q", got, want)
	}
}

func TestCleanDropsWhatIsNoDescription(t *testing.T) {
	text := "Foo draws the trees of a garden and of a forest, in summer and in winter."
	tests := []struct {
		name, synopsis string
		lines          []string
		reason         string
	}{
		{"foo", "draws trees", []string{text}, ""},
		{"foo-old", "transitional package", []string{text}, "transitional, dummy or metapackage"},
		{"foo", "trees", []string{text}, "synopsis too short or too long"},
		{"libfoo-dev", "tree library (development files)", []string{"This package contains the development files."}, "nothing but boilerplate"},
		{"foo-de", "Bäume zeichnen", []string{"Foo zeichnet viele Bäume im Garten, auch im Winter und im Wald."}, "not English"},
		{"foo", "draws trees", []string{"Foo draws trees."}, "input too short"},
	}
	for _, test := range tests {
		st := stanza{name: test.name, source: "foo", synopsis: test.synopsis, lines: test.lines}
		if _, reason := clean(st, paragraphs(st.lines), boilerplate{}); reason != test.reason {
			t.Errorf("%s, %q: dropped for %q, want %q", test.name, test.synopsis, reason, test.reason)
		}
	}
}

func TestBoilerplateIsWhatSeveralSourcesSay(t *testing.T) {
	var stanzas []stanza
	var bodies [][]string
	for _, name := range []string{"oak", "elm", "ash"} {
		st := stanza{name: "lib" + name + "1", source: name, synopsis: "library for trees (shared library)",
			lines: []string{"A library about the " + name + " and about nothing else, with leaves.", ".", "It is a part of Forest.", ".", "Read more at <https://example.org/" + name + ">."}}
		stanzas, bodies = append(stanzas, st), append(bodies, paragraphs(st.lines))
	}
	stanzas[2].lines[0], bodies[2][0] = "", "A tall tree that the other two libraries do not know of."
	known := findBoilerplate(stanzas, bodies)
	p, reason := clean(stanzas[2], bodies[2], known)
	if reason != "" || p.Input != bodies[2][0] || p.Reference != "library for trees" {
		t.Errorf("cleaned to %+v, dropped for %q", p, reason)
	}
}

func TestFamiliesJoinTransitively(t *testing.T) {
	start := "one two three four five six seven eight nine ten eleven twelve "
	pairs := []pair{
		{ID: "a", source: "x", Input: "alpha beta gamma delta epsilon", first: "1", Reference: "first thing"},
		{ID: "b", source: "x", Input: start + "and more", first: "2", Reference: "second thing"},
		{ID: "c", source: "y", Input: start + "or less", first: "3", Reference: "third thing"},
		{ID: "d", source: "z", Input: "quite another text", first: "4", Reference: "fourth thing"},
	}
	var sizes []int
	for _, family := range families(pairs) {
		sizes = append(sizes, len(family))
	}
	slices.Sort(sizes)
	if !slices.Equal(sizes, []int{1, 3}) {
		t.Errorf("families of %v packages, want 1 and 3", sizes)
	}
}
