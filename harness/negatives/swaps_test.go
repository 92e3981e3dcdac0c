package negatives

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/data"
)

func TestNumbersOfATextAndOthers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		text string
		want []string
		form string // of what replaces the first
	}{
		{"MP3 player with 256 colours", []string{"256"}, `^(8|16|32|64|128|512|1024)$`},
		{"at 9:30 in 1999", []string{"9:30", "1999"}, `^([2-8]:30|9:([0-245][05]|35))$`},
		{"the 3rd of 12,000", []string{"3rd", "12,000"}, `^(2nd|[4-9]th)$`},
		{"12,000 people", []string{"12,000"}, `^[1-9]\d,000$`},
		{"#Person1# pays 55 dollars", []string{"55"}, `^[1-9]\d$`},
		{"born in 1987", []string{"1987"}, `^(19[6-9]\d|200\d)$`},
		{"Two of seven", []string{"Two", "seven"}, `^(Three|Four|Five|Six|Seven|Eight|Nine|Ten|Eleven|Twelve)$`},
		{"one of them, at first, for 1 second", nil, ""},
		{"version 2.10.3", []string{"2.10.3"}, `^\d\.\d0\.\d$`},
		{"16x16 pixels", []string{"16", "16"}, `^\d+$`},
		{"agent 007", []string{"007"}, `^\d{3}$`},
		{"none", nil, ""},
	} {
		var got []string
		for _, p := range numbers(c.text) {
			got = append(got, c.text[p.start:p.end])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q has the numbers %q, expected %q", c.text, got, c.want)
			continue
		}
		for range 200 {
			if len(got) == 0 {
				break
			}
			if other := otherNumber(got[0], r); other == got[0] || !regexp.MustCompile(c.form).MatchString(other) {
				t.Errorf("%q becomes %q, expected another of the form %s", got[0], other, c.form)
				break
			}
		}
	}
	for n, want := range map[string]string{"1": "st", "2": "nd", "3": "rd", "4": "th", "11": "th", "12": "th", "21": "st", "112": "th"} {
		if got := ordinal(n); got != want {
			t.Errorf("%s%s, expected %s%s", n, got, n, want)
		}
	}
}

func TestNegations(t *testing.T) {
	for text, want := range map[string][]string{
		"It is fast":                          {"It is not fast"},
		"It is not fast":                      {"It is fast"},
		"It isn't fast":                       {"It is fast"},
		"a tool that can draw":                {"a tool that cannot draw"},
		"#Person1# cannot come":               {"#Person1# can come"},
		"Tom won't come":                      {"Tom will come"},
		"Tom provides a room":                 {"Tom does not provide a room"},
		"#Person2# tells #Person1# the fare":  {"#Person2# does not tell #Person1# the fare"},
		"She has a car":                       {"She does not have a car"},
		"She has been there":                  {"She has not been there"},
		"Without a key":                       {"With a key"},
		"editor with colours":                 {"editor without colours"},
		"library to read images":              {"library not to read images"},
		"always on time":                      {"never on time"},
		"non-free fonts":                      {"free fonts"},
		"small images":                        nil,
		"whether or not":                      nil,
		"the plans, views and prints of Rome": nil,
	} {
		var got []string
		for _, n := range append(negate(text, turning), verbs(text)...) {
			got = append(got, text[:n.start]+n.text+text[n.end:])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q is negated as %q, expected %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"bindings for Java":  "bindings not for Java",
		"fast and accurate":  "fast but not accurate",
		"tools not for kids": "tools for kids",
	} {
		turns := negate(text, ofPhrases)
		if len(turns) != 1 || text[:turns[0].start]+turns[0].text+text[turns[0].end:] != want {
			t.Errorf("%q is negated by %v, expected %q", text, turns, want)
		}
	}
}

func TestNames(t *testing.T) {
	pool := namesOf([]data.Example{
		{References: []string{"a tool for Python"}}, {References: []string{"bindings of Python"}}, {References: []string{"some small tool"}}, {References: []string{"the fast tool"}},
	})
	for text, want := range map[string][]string{
		"Python tool for reading PDF files":   {"Python: capitalised", "PDF: all capitals"},
		"Fast tool for Tom":                   {"Tom: capitalised"},
		"#Person1# meets Tom in New York.":    {"Person1: letters and digits after #", "Tom: capitalised", "New York: several words"},
		`the song "Let it be" by Paul`:        {"Let it be: quotation", "Paul: capitalised"},
		"Mr. Smith's car; I like PostgreSQL":  {"Smith: capitalised", "PostgreSQL: mixed case"},
		"nothing here":                        nil,
		"Small Tool, 64-bit, 'Anything' else": {"Anything: quotation"},
	} {
		var got []string
		for _, n := range pool.in(text) {
			if text[n.start:n.end] != n.text {
				t.Errorf("%q stands at %q", n.text, text[n.start:n.end])
			}
			got = append(got, n.text+": "+n.class)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q has the names %q, expected %q", text, got, want)
		}
	}
}

func TestEntities(t *testing.T) {
	pool := []data.Example{
		{ID: "a", Input: "#Person1#: Hi. #Person2#: Hi.", References: []string{"#Person1# greets #Person2#"}},
		{ID: "b", Input: "Tom and Ann talk.", References: []string{"Tom and Ann talk"}},
		{ID: "c", Input: "Tom likes Ann.", References: []string{"Somebody told Tom that Tom is late"}},
		{ID: "d", Input: "nothing", References: []string{"nothing but this"}},
	}
	m := newMaker(t, `{"per_example":1,"entity":{"weight":1,"nearby":1}}`, pool)
	seen := map[string]bool{}
	for seed := range 40 {
		for i := range pool {
			for _, n := range m.Make(seed, i) {
				seen[n.Text] = true
			}
		}
	}
	for _, want := range []string{"#Person2# greets #Person1#", "Somebody told Ann that Ann is late"} {
		if !seen[want] {
			t.Errorf("never made %q", want)
		}
	}
	for _, not := range []string{"Ann and Tom talk", "nothing but this"} {
		if seen[not] {
			t.Errorf("made %q", not)
		}
	}
	for text := range seen {
		if strings.Contains(text, "nothing") {
			t.Errorf("made %q of a text without a name and of words that are not rare", text)
		}
	}
}

func TestAnEntityGoesWithItsArticle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	from := []name{{text: "XML"}, {text: "ISO"}, {text: "PDF"}}
	for range 100 {
		if got := (name{text: "HTML", before: "a"}).draw(from, "a HTML file", r); got == "ISO" {
			t.Errorf("drew %q behind a", got)
		}
	}
	if got := (name{text: "Ann"}).draw([]name{{text: "Paris", before: "in"}}, "Ann says hello", r); got != "" {
		t.Errorf("drew %q for a person", got)
	}
	if got := (name{text: "XML"}).draw(from[:1], "an XML file", r); got != "" {
		t.Errorf("drew %q, which is in the truth", got)
	}
}

func TestTruncatedAndOverlong(t *testing.T) {
	pool := []data.Example{
		{ID: "a", Input: "x", References: []string{"One two, three of four five"}},
		{ID: "b", Input: "x", References: []string{"alone"}},
		{ID: "c", Input: "x", References: []string{"Tom leaves. Ann stays."}},
	}
	m := newMaker(t, `{"per_example":1,"truncated":{"weight":1,"keep":0.3}}`, pool)
	cuts := map[string]bool{}
	for seed := range 60 {
		for _, n := range m.Make(seed, 0) {
			cuts[n.Text] = true
		}
		if made := m.Make(seed, 1); len(made) > 0 {
			t.Errorf("cut a truth of one word: %q", made[0].Text)
		}
	}
	for _, want := range []string{"One two", "One two, three", "One two, three of", "One two, three of four"} {
		if !cuts[want] {
			t.Errorf("never cut after %q", want)
		}
		delete(cuts, want)
	}
	if len(cuts) > 0 {
		t.Errorf("other cuts: %v", cuts)
	}
	m = newMaker(t, `{"per_example":1,"overlong":{"weight":1,"sentences":1}}`, pool[1:])
	longer := map[string]bool{}
	for seed := range 60 {
		for i := range 2 {
			for _, n := range m.Make(seed, i) {
				longer[n.Text] = true
			}
		}
	}
	for _, want := range []string{"alone, Tom leaves.", "alone and Ann stays.", "alone; Ann stays.", "Tom leaves. Ann stays. alone"} {
		if !longer[want] {
			t.Errorf("never made %q among %v", want, longer)
		}
	}
	if len(longer) != 7 {
		t.Errorf("%d texts, expected 7: %v", len(longer), longer)
	}
}
