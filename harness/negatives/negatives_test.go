package negatives

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/data"
	"lastmile/harness/tokenizer"
)

const maxResponse = 32

// examples returns ordinary examples, and after them those that are hard to
// make negatives of.
func examples() []data.Example {
	vocabulary := strings.Fields("library daemon reads writes images network archives formats small fast tool game levels arrows signs letters files compiler manual tutorial server requests python perl folders terminal")
	r := rand.New(rand.NewPCG(1, 1))
	pick := func(n int) string {
		var words []string
		for range n {
			words = append(words, vocabulary[r.IntN(len(vocabulary))])
		}
		return strings.Join(words, " ")
	}
	var all []data.Example
	add := func(input string, references ...string) {
		all = append(all, data.Example{ID: fmt.Sprint("e", len(all)), Input: input, References: references})
	}
	for range 150 {
		add("The "+pick(5+r.IntN(10))+".\nIt "+pick(5+r.IntN(20))+".", pick(3+r.IntN(6)))
	}
	add("", "a truth without an input")
	add("a", "a")
	add("Editor", "Editor")
	add("Truth and input are equal.", "truth and input are equal")
	add("same same same same", "same same same")
	add("日本語の文書を読み書きするための小さな道具です。", "日本語の道具")
	add(strings.Repeat("a long input ", 80), strings.Repeat("and a longer truth ", 40))
	add("Two sentences. And two.", "One sentence. Another one. A third.")
	add("Two truths", "first truth", "truth first")
	add("an end <|endoftext|> within", "a truth <|endoftext|> within")
	add("  spaces  around \n\n", " more  spaces ")
	return all
}

func newMaker(t testing.TB, config string, pool []data.Example) *Maker {
	t.Helper()
	return newMakerOf(t, "../tokenizer/testdata/trained", config, pool)
}

// newMakerOf returns a maker with the tokenizer of a folder.
func newMakerOf(t testing.TB, folder, config string, pool []data.Example) *Maker {
	t.Helper()
	tok, err := tokenizer.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	task := data.DefaultTask()
	task.MaxPromptTokens, task.MaxResponseTokens = 128, maxResponse
	codec, err := data.NewCodec(task, tok, tok.Ends(), nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(settings(t, config), codec, tok, pool)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// byDefault are the settings of which nothing is said.
const byDefault = `{"per_example":6,"random":{"weight":1.2,"unended":0.1},"irrelevant":{"weight":2.6},"shuffled":{"weight":1,"unended":0.1},
	"repetitive":{"weight":2.6,"unended":0.1},"copy":{"weight":0.8,"unended":0.1}}`

func settings(t testing.TB, text string) Settings {
	t.Helper()
	var s Settings
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// check tests what holds for every negative.
func check(t *testing.T, m *Maker, e data.Example, n Negative) {
	t.Helper()
	if n.Example != e.ID || !slices.Contains(Names(), n.Kind) {
		t.Errorf("%s has a negative of %q, kind %q", e.ID, n.Example, n.Kind)
	}
	if end := slices.Index(n.Tokens, m.codec.End()); n.Ended && end != len(n.Tokens)-1 || !n.Ended && end >= 0 {
		t.Errorf("%s, %s, ended %v: the end token is at %d of %d", e.ID, n.Kind, n.Ended, end, len(n.Tokens))
	}
	if n.Ended && len(n.Tokens) < 2 || len(n.Tokens) > maxResponse || !n.Ended && len(n.Tokens) != maxResponse {
		t.Errorf("%s, %s, ended %v: %d tokens", e.ID, n.Kind, n.Ended, len(n.Tokens))
	}
	if n.Text != m.codec.Text(n.Tokens) {
		t.Errorf("%s, %s: text %q of tokens that say %q", e.ID, n.Kind, n.Text, m.codec.Text(n.Tokens))
	}
	for _, reference := range e.References {
		truth, _ := m.codec.Response(reference)
		if slices.Equal(truth, n.Tokens) || strings.EqualFold(strings.TrimSpace(reference), strings.TrimSpace(n.Text)) {
			t.Errorf("%s, %s: %q is the truth", e.ID, n.Kind, n.Text)
		}
	}
}

func TestNegativesAreBadResponses(t *testing.T) {
	pool := examples()
	m := newMaker(t, strings.Replace(byDefault, `"weight":2.6}`, `"weight":2.6,"unended":0.5}`, 1), pool)
	for seed := range 4 {
		for i, e := range pool {
			made := m.Make(seed, i)
			if len(made) != 6 {
				t.Errorf("%s has %d negatives, want 6", e.ID, len(made))
			}
			for _, n := range append(made, m.MakeAll(seed, i)...) {
				check(t, m, e, n)
			}
		}
	}
}

func TestMakeAllHasOneOfEach(t *testing.T) {
	pool := examples()
	m := newMaker(t, `{"per_example":6,"random":{"weight":1.2,"unended":0.1},"irrelevant":{"weight":2.6},"shuffled":{"weight":1},
		"repetitive":{"weight":2.6,"unended":0.1},"copy":{"unended":0.1}}`, pool)
	want := []string{"random true", "random false", "irrelevant true", "shuffled true", "repetitive true", "repetitive false", "copy true", "copy false"}
	var got []string
	for _, n := range m.MakeAll(1, 0) {
		got = append(got, fmt.Sprint(n.Kind, " ", n.Ended))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, n := range m.MakeAll(1, slices.IndexFunc(pool, func(e data.Example) bool { return e.Input == "" })) {
		if n.Kind == "copy" {
			t.Errorf("an empty input was copied: %q", n.Text)
		}
	}
}

func TestNegativesDependOnSeedAndExampleAlone(t *testing.T) {
	pool := examples()
	a, b := newMaker(t, byDefault, pool), newMaker(t, byDefault, pool)
	var forward, backward [][]Negative
	for i := range pool {
		forward = append(forward, append(a.Make(7, i), a.MakeAll(7, i)...))
	}
	for i := len(pool) - 1; i >= 0; i-- {
		backward = append(backward, append(b.Make(7, i), b.MakeAll(7, i)...))
	}
	slices.Reverse(backward)
	if !reflect.DeepEqual(forward, backward) {
		t.Error("the order of the work changed the negatives")
	}
	if reflect.DeepEqual(a.Make(7, 0), a.Make(8, 0)) {
		t.Error("two seeds made the same negatives")
	}
}

func TestSharesFollowWeights(t *testing.T) {
	pool := examples()[:150]
	for _, perExample := range []int{1, 3, 5, 6} {
		config := fmt.Sprintf(`{"per_example":%d,"irrelevant":{"weight":2},"shuffled":{"weight":1,"unended":1},
			"repetitive":{"weight":1,"unended":0.5},"copy":{"weight":1,"unended":0.3}}`, perExample)
		m := newMaker(t, config, pool)
		count, unended, total := map[string]float64{}, map[string]float64{}, 0.0
		for seed := range 4 {
			for i := range pool {
				group := map[string]int{}
				texts := map[string]bool{}
				for _, n := range m.Make(seed, i) {
					group[n.Kind]++
					count[n.Kind]++
					total++
					if !n.Ended {
						unended[n.Kind]++
					}
					if n.Kind == "irrelevant" && texts[n.Text] {
						t.Errorf("%s: %q twice in a group", n.Example, n.Text)
					}
					texts[n.Text] = true
				}
				if share := float64(2*perExample) / 5; math.Abs(float64(group["irrelevant"])-share) >= 1 {
					t.Errorf("%d irrelevant ones in a group of %d, want about %g", group["irrelevant"], perExample, share)
				}
			}
		}
		if count["random"] != 0 {
			t.Errorf("%g negatives of a kind of weight 0", count["random"])
		}
		for kind, share := range map[string]float64{"irrelevant": 0.4, "shuffled": 0.2, "repetitive": 0.2, "copy": 0.2} {
			if got := count[kind] / total; math.Abs(got-share) > 0.05 {
				t.Errorf("per example %d: share of %s is %.3f, want %.3f", perExample, kind, got, share)
			}
		}
		for kind, share := range map[string]float64{"irrelevant": 0, "shuffled": 1, "repetitive": 0.5, "copy": 0.3} {
			if got := unended[kind] / count[kind]; math.Abs(got-share) > 0.15 || (share == 0 || share == 1) && got != share {
				t.Errorf("per example %d: %.3f of %s do not end, want %.3f", perExample, got, kind, share)
			}
		}
	}
}

func TestKindsAreWhatTheirNamesSay(t *testing.T) {
	pool := examples()[:150]
	m := newMaker(t, byDefault, pool)
	references := map[string]bool{}
	for _, e := range pool {
		references[e.References[0]] = true
	}
	sorted := func(text string) string {
		words := strings.Fields(text)
		slices.Sort(words)
		return strings.Join(words, " ")
	}
	lengths := map[string]float64{}
	truths := 0.0
	for i, e := range pool {
		truth, _ := m.codec.Response(e.References[0])
		truths += float64(len(truth))
		for _, n := range m.MakeAll(1, i) {
			if !n.Ended {
				if n.Kind == "repetitive" {
					all := strings.Fields(n.Text)
					whole := strings.Join(all[:len(all)-1], " ") // the last may be cut
					if len(all)-1 <= len(slices.Compact(strings.Fields(sorted(whole)))) {
						t.Errorf("%q does not repeat itself", n.Text)
					}
				}
				continue
			}
			lengths[n.Kind] += float64(len(n.Tokens))
			switch n.Kind {
			case "irrelevant":
				if !references[n.Text] {
					t.Errorf("%q is nobody's reference", n.Text)
				}
			case "shuffled":
				if sorted(n.Text) != sorted(e.References[0]) {
					t.Errorf("%q is no shuffle of %q", n.Text, e.References[0])
				}
			case "repetitive":
				if len(strings.Fields(n.Text)) <= len(slices.Compact(strings.Fields(sorted(n.Text)))) {
					t.Errorf("%q repeats nothing", n.Text)
				}
			case "copy":
				if !strings.Contains(e.Input, n.Text) {
					t.Errorf("%q is no copy from %q", n.Text, e.Input)
				}
			}
		}
	}
	for _, kind := range []string{"random", "irrelevant", "shuffled"} {
		if ratio := lengths[kind] / truths; ratio < 0.8 || ratio > 1.25 {
			t.Errorf("%s is %.2f times as long as the truth", kind, ratio)
		}
	}
}

func TestNothingToMake(t *testing.T) {
	const config = `{"per_example":3,"irrelevant":{"weight":1}}`
	m := newMaker(t, config, examples()[:1])
	if made := m.Make(1, 0); len(made) != 0 {
		t.Errorf("irrelevant responses out of a pool of one: %v", made)
	}
	m = newMaker(t, config, examples()[:3])
	if made := m.Make(1, 0); len(made) != 2 {
		t.Errorf("%d irrelevant responses out of a pool of three, want 2", len(made))
	}
}

func TestMistakes(t *testing.T) {
	pool := examples()
	m := newMaker(t, byDefault, pool)
	tok := m.vocabulary
	for _, c := range []struct {
		config   string
		examples []data.Example
		want     string
	}{
		{`{"copy":{"weight":1}}`, pool, "negatives.per_example: found 0"},
		{`{"per_example":1,"copy":{}}`, pool, "all weights are 0"},
		{`{"per_example":1,"copy":{"weight":-1}}`, pool, "negatives.copy.weight: found -1"},
		{byDefault, []data.Example{{ID: "x"}}, `example 0 ("x") has no reference`},
	} {
		if _, err := New(settings(t, c.config), m.codec, tok, c.examples); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

func TestNamesInJSON(t *testing.T) {
	got, err := json.Marshal(Negative{"e1", "copy", true, []int{5, 0}, "x"})
	if err != nil || string(got) != `{"example":"e1","kind":"copy","ended":true,"tokens":[5,0],"text":"x"}` {
		t.Errorf("%s, %v", got, err)
	}
}

func BenchmarkMake(b *testing.B) {
	pool := examples()
	m := newMaker(b, byDefault, pool)
	i := 0
	for b.Loop() {
		m.Make(1, i%len(pool))
		i++
	}
}

func TestRepetitionLater(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := 3; n < 12; n++ {
		var parts []string
		for i := range n {
			parts = append(parts, fmt.Sprint("word", i))
		}
		none := 0
		for range 200 {
			parts[n/2] = "the" // a little word, which may be repeated among others
			made := repeatLater(parts, r)
			if made == nil {
				none++
				continue
			}
			twice := false
			for i, first := range made {
				for j := i + 2; j < len(made); j++ {
					twice = twice || made[j] == first && first != "the"
				}
				if i > 0 && made[i-1] == first {
					t.Fatalf("%v has a word twice in a row", made)
				}
			}
			if !twice || len(made) < n || len(made) > n+longestSpan {
				t.Fatalf("%v of %d parts repeats no word", made, n)
			}
		}
		if none > 130 {
			t.Errorf("%d parts gave none in %d of 200 cases", n, none)
		}
	}
}

func TestRepetitionInPlace(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	parts := strings.Fields("A Theme for Sphinx documents")
	for range 200 {
		made := repeatInPlace(parts, "this theme, for readers of (Sphinx)", r)
		if len(made) != len(parts) {
			t.Fatalf("%v has another length than %v", made, parts)
		}
		changed := map[string]int{}
		for i, word := range made {
			if word != parts[i] {
				changed[word]++
			}
		}
		if len(changed) != 1 {
			t.Fatalf("%v repeats %d words, expected 1", made, len(changed))
		}
		for word, n := range changed {
			if word == "A" || word == "documents" || n > len(parts)/2 {
				t.Fatalf("%v has %q %d times in place of others", made, word, n)
			}
		}
	}
	if made := repeatInPlace(parts, "something else", r); made != nil {
		t.Fatalf("%v repeats a word that the input does not have", made)
	}
}
