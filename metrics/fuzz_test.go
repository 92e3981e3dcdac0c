package metrics

import (
	"math/rand/v2"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// plainTokens is the tokenizer as its description says.
func plainTokens(text string) []string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, " "), "İ", "i\u0307")
	return strings.FieldsFunc(notAlphanumeric.ReplaceAllString(strings.ToLower(text), " "), func(r rune) bool { return r == ' ' })
}

var notAlphanumeric = regexp.MustCompile(`[^a-z0-9]+`)

func FuzzTokenize(f *testing.F) {
	for _, text := range []string{"", "A b-C3", "İİ K300 ΣΑΣ", "\xff\xfea\xe2\x84", "🙂x", "\x00a\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, want := Tokenize(text, false), plainTokens(text)
		if !slices.Equal(got, want) {
			t.Errorf("words of %q: got %q, want %q", text, got, want)
		}
		if n := Words(text); n != len(want) {
			t.Errorf("%d words in %q, want %d", n, text, len(want))
		}
		Tokenize(text, true)
	})
}

// lcsTable is the dynamic programme, kept whole.
func lcsTable(reference, candidate []int32) [][]int {
	table := make([][]int, len(reference)+1)
	table[0] = make([]int, len(candidate)+1)
	for i, a := range reference {
		row := make([]int, len(candidate)+1)
		for j, b := range candidate {
			if a == b {
				row[j+1] = table[i][j] + 1
			} else {
				row[j+1] = max(table[i][j+1], row[j])
			}
		}
		table[i+1] = row
	}
	return table
}

// plainMarks reads a longest common subsequence out of the table from its end.
func plainMarks(table [][]int, reference, candidate []int32) []bool {
	marks := make([]bool, len(reference))
	i, j := len(reference), len(candidate)
	for i > 0 && j > 0 {
		switch {
		case reference[i-1] == candidate[j-1]:
			marks[i-1] = true
			i, j = i-1, j-1
		case table[i][j-1] > table[i-1][j]:
			j--
		default:
			i--
		}
	}
	return marks
}

func checkLCS(t *testing.T, l *lcs, reference, candidate []int32) {
	t.Helper()
	table := lcsTable(reference, candidate)
	if got, want := l.length(reference, candidate), table[len(reference)][len(candidate)]; got != want {
		t.Fatalf("length for %v and %v: got %d, want %d", reference, candidate, got, want)
	}
	marks := make([]bool, len(reference))
	l.mark(reference, candidate, marks)
	if want := plainMarks(table, reference, candidate); !slices.Equal(marks, want) {
		t.Fatalf("marks for %v and %v: got %v, want %v", reference, candidate, marks, want)
	}
}

func FuzzLCS(f *testing.F) {
	f.Add([]byte("abcbdab"), []byte("bdcaba"))
	f.Add([]byte(""), []byte("a"))
	f.Add([]byte(strings.Repeat("ab", 70)), []byte(strings.Repeat("ba", 65)))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if len(a) > 2000 || len(b) > 2000 {
			return
		}
		numbers := func(text []byte) []int32 {
			var ids []int32
			for _, c := range text {
				ids = append(ids, int32(c))
			}
			return ids
		}
		l := newLCS()
		checkLCS(t, l, numbers(a), numbers(b))
		l.maxRows = 1 // rows made again on the way back
		checkLCS(t, l, numbers(a), numbers(b))
	})
}

func randomWords(draw *rand.Rand, n, vocabulary int) []int32 {
	words := make([]int32, n)
	for i := range words {
		words[i] = int32(draw.IntN(vocabulary))
	}
	return words
}

func TestLCSEqualsItsTable(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	l, frugal := newLCS(), newLCS()
	frugal.maxRows = 1
	for range 2000 {
		vocabulary := 1 + draw.IntN(20)
		a := randomWords(draw, draw.IntN(200), vocabulary)
		b := randomWords(draw, draw.IntN(200), vocabulary)
		checkLCS(t, l, a, b)
		checkLCS(t, frugal, a, b)
	}
}

// FuzzROUGE compares n-gram scores with counts of strings.
func FuzzROUGE(f *testing.F) {
	f.Add("a b a b c", "b a b", uint8(2))
	f.Add("", "x", uint8(1))
	f.Fuzz(func(t *testing.T, hypothesis, reference string, size uint8) {
		n := 1 + int(size)%9
		count := func(text string) (map[string]int, int) {
			words := plainTokens(text)
			counts, total := make(map[string]int), 0
			for i := 0; i+n <= len(words); i++ {
				counts[strings.Join(words[i:i+n], " ")]++
				total++
			}
			return counts, total
		}
		h, hTotal := count(hypothesis)
		r, rTotal := count(reference)
		hits := 0
		for gram, times := range r {
			hits += min(times, h[gram])
		}
		got, err := ROUGE(rougeKinds()[n-1].name, Options{}, hypothesis, reference)
		if err != nil {
			t.Fatal(err)
		}
		if want := newScore(hits, hTotal, rTotal); got != want {
			t.Errorf("rouge%d of %q against %q: got %v, want %v", n, hypothesis, reference, got, want)
		}
		for _, name := range Names() {
			m, err := New(name, DefaultOptions())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := One(m, Input{Hypothesis: hypothesis, References: []string{reference}, Source: "a " + reference}); err != nil {
				t.Errorf("%s of %q against %q: %v", name, hypothesis, reference, err)
			}
		}
	})
}

// FuzzMetrics scores texts with all metrics at once, and each alone.
func FuzzMetrics(f *testing.F) {
	f.Add("the cat sat.", "a cat\nsat", "the cat", "the cat and the mat", byte(0), 3)
	f.Add("\xff日本 語。", "", "İ \u0301", "٣½", byte(7), -1)
	f.Fuzz(func(t *testing.T, hypothesis, one, other, source string, options byte, tokens int) {
		source += " a" // without an input, some metrics refuse to score
		inputs := []Input{
			{ID: "a", Hypothesis: hypothesis, References: []string{one, other}, Source: source, Ended: options&1 == 1, Tokens: tokens},
			{ID: "b", Hypothesis: one, References: []string{hypothesis}, Source: "a " + other},
		}
		o := DefaultOptions()
		o.Stemming, o.SplitSentences = options&2 == 0, options&4 == 4
		if options&8 == 8 {
			o.Tokenizer = "unicode"
		}
		var all []Metric
		for _, name := range Names() {
			m, err := New(name, o)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, m)
		}
		together, err := All(all, inputs, 1)
		if err != nil {
			t.Fatalf("scoring %+v: %v", inputs, err)
		}
		for i, m := range all {
			alone, err := m.ScoreAll(inputs)
			if err != nil || !slices.Equal(alone, together[i]) {
				t.Errorf("%s of %+v is %v, %v, and %v with the others", m.Name(), inputs, alone, err, together[i])
			}
			for _, score := range alone {
				if score-score != 0 || strings.HasPrefix(m.Name(), "rouge") && (score < 0 || score > 1) {
					t.Errorf("%s of %+v is %g", m.Name(), inputs, score)
				}
			}
		}
	})
}

// FuzzSentences splits a text, of which nothing but space is lost.
func FuzzSentences(f *testing.F) {
	for _, text := range []string{"One. Two! Three?", "e.g. this, Dr. Who", "\xff.\u2028 a。b", "...", " \n\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sentences := Sentences(text)
		squeezed := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if got := squeezed(strings.Join(sentences, " ")); got != squeezed(text) {
			t.Errorf("%q has the sentences %q", text, sentences)
		}
	})
}

// TestLongTexts scores texts of 10,000 words, and of 30,000, whose table of
// subsequences would have 900 million cells.
func TestLongTexts(t *testing.T) {
	draw := rand.New(rand.NewPCG(5, 6))
	text := func(words int) string {
		var b strings.Builder
		for range words {
			b.WriteString("word")
			b.WriteString(strings.Repeat("x", draw.IntN(3)))
			b.WriteByte(byte('a' + draw.IntN(26)))
			b.WriteByte(' ')
		}
		return b.String()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, words := range []int{10_000, 30_000} {
		h, r := text(words), text(words)
		for _, kind := range []string{"rouge2", "rouge9", "rougeL", "rougeLsum"} {
			s, err := ROUGE(kind, DefaultOptions(), h+"\n"+h[:100], r)
			if err != nil {
				t.Fatal(err)
			}
			if s.F1 < 0 || s.F1 > 1 {
				t.Errorf("%s of %d words: got %v", kind, words, s)
			}
		}
	}
	runtime.ReadMemStats(&after)
	if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 300 {
		t.Errorf("long texts took %d MB in all", used)
	}
}
