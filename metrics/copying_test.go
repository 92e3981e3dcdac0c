package metrics

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestNoveltyAndCopying(t *testing.T) {
	const source = "The tool reads a file. It writes a report, quickly."
	for _, c := range []struct {
		metric, hypothesis, source string
		want                       float64
	}{
		{"novelty1", "a tool", source, 0},
		{"novelty2", "a tool", source, 1},
		{"novelty1", "A new tool reads", source, 1.0 / 4},
		{"novelty2", "A new tool reads", source, 2.0 / 3},
		{"novelty3", "tool reads a report", source, 1.0 / 2},
		{"novelty4", "tool reads a", source, 0}, // has no 4-gram
		{"novelty1", "", source, 0},
		{"novelty1", "да нет", "да, да", 1.0 / 2},
		// Fragments: "the tool", "writes a report".
		{"coverage", "the tool now writes a report", source, 5.0 / 6},
		{"density", "the tool now writes a report", source, (4.0 + 9.0) / 6},
		{"coverage", "nothing at all", source, 0},
		{"density", "nothing at all", source, 0},
		{"coverage", "", source, 0},
		{"density", "reads a file it writes", source, 5},
		{"density", "a b x a b c", "a b c", (4.0 + 9.0) / 6},
	} {
		m, err := New(c.metric, DefaultOptions())
		if err != nil {
			t.Fatal(err)
		}
		got, err := One(m, Input{Hypothesis: c.hypothesis, Source: c.source})
		if err != nil {
			t.Fatal(err)
		}
		if !near(got, c.want) {
			t.Errorf("%s of %q: got %v, want %v", c.metric, c.hypothesis, got, c.want)
		}
	}
	m, err := New("novelty2", DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.ScoreAll([]Input{{Source: "a"}, {}}); err == nil || !strings.Contains(err.Error(), "example 2 has no input text, and novelty2 needs one") {
		t.Errorf("without an input: %v", err)
	}
}

// plainFragments are the lengths of the fragments by the procedure of Grusky
// et al. (2018, figure 3), word by word.
func plainFragments(summary, article []string) []int {
	var fragments []int
	for i := 0; i < len(summary); {
		longest := 0
		for j := 0; j < len(article); {
			if summary[i] != article[j] {
				j++
				continue
			}
			length := 0
			for i+length < len(summary) && j < len(article) && summary[i+length] == article[j] {
				length++
				j++
			}
			longest = max(longest, length)
		}
		if longest > 0 {
			fragments = append(fragments, longest)
		}
		i += max(longest, 1)
	}
	return fragments
}

func TestFragmentsEqualTheProcedureOfThePaper(t *testing.T) {
	draw := rand.New(rand.NewPCG(3, 4))
	text := func(words, vocabulary int) []string {
		var list []string
		for range words {
			list = append(list, string(rune('a'+draw.IntN(vocabulary))))
		}
		return list
	}
	r := readers.Get().(*reader)
	defer readers.Put(r)
	for range 2000 {
		vocabulary := 1 + draw.IntN(8)
		summary, article := text(draw.IntN(30), vocabulary), text(draw.IntN(60), vocabulary)
		r.load(&Input{Hypothesis: strings.Join(summary, " "), Source: strings.Join(article, " ")}, false)
		var got []int
		r.fragments(func(length int) { got = append(got, length) })
		if want := plainFragments(summary, article); !slices.Equal(got, want) {
			t.Fatalf("fragments of %q in %q: got %v, want %v", summary, article, got, want)
		}
	}
}

func TestDistinctOverARun(t *testing.T) {
	for _, c := range []struct {
		texts []string
		want  []float64 // by n
	}{
		{[]string{"a b", "a c"}, []float64{3.0 / 4, 1, 0}},
		{[]string{"a b a b", "", "a b"}, []float64{2.0 / 6, 2.0 / 4, 1}},
		{[]string{"the same text", "the same text"}, []float64{0.5, 0.5, 0.5}},
		{[]string{""}, []float64{0, 0, 0}},
	} {
		var inputs []Input
		for _, text := range c.texts {
			inputs = append(inputs, Input{Hypothesis: text})
		}
		for i, want := range c.want {
			if got := average(t, distinct{i + 1}.Name(), DefaultOptions(), inputs); !near(got, want) {
				t.Errorf("distinct%d of %q: got %v, want %v", i+1, c.texts, got, want)
			}
		}
	}
	// As a count of strings has it.
	draw := rand.New(rand.NewPCG(5, 6))
	var inputs []Input
	seen, all := map[string]bool{}, 0
	for range 100 {
		var words []string
		for range draw.IntN(12) {
			words = append(words, string(rune('a'+draw.IntN(6))))
		}
		for i := 0; i+2 <= len(words); i++ {
			seen[words[i]+words[i+1]] = true
			all++
		}
		inputs = append(inputs, Input{Hypothesis: strings.Join(words, " ")})
	}
	if got, want := average(t, "distinct2", DefaultOptions(), inputs), float64(len(seen))/float64(all); !near(got, want) {
		t.Errorf("distinct2: got %v, want %v", got, want)
	}
}
