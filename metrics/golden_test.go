package metrics

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// lines reads a golden file.
func lines(t testing.TB, name string) []string {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(unzipped)
	scanner.Buffer(nil, 1<<20)
	var all []string
	for scanner.Scan() {
		all = append(all, scanner.Text())
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// pair is a line of rouge.jsonl.gz.
type pair struct {
	Hypothesis string      `json:"h"`
	References []string    `json:"r"`
	Stemmed    [][]float64 `json:"stem"`
	Plain      [][]float64 `json:"plain"`
}

var goldenKinds = []string{"rouge1", "rouge2", "rouge4", "rougeL", "rougeLsum"}

func pairs(t testing.TB) []pair {
	t.Helper()
	var all []pair
	for _, line := range lines(t, "rouge.jsonl.gz") {
		var p pair
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p.filled())
	}
	return all
}

// filled adds what a line leaves out where it is the same.
func (p pair) filled() pair {
	if p.Plain == nil {
		p.Plain = p.Stemmed
	}
	return p
}

func TestROUGEEqualsRougeScore(t *testing.T) {
	equalRougeScore(t, pairs(t))
}

// equalRougeScore checks what each part of each kind of ROUGE is, with and
// without stemming.
func equalRougeScore(t *testing.T, all []pair) {
	t.Helper()
	if len(all) < 3000 {
		t.Fatalf("%d golden pairs, expected at least 3000", len(all))
	}
	inputs := make([]Input, len(all))
	for i, p := range all {
		inputs[i] = Input{Hypothesis: p.Hypothesis, References: p.References}
	}
	for _, stemming := range []bool{true, false} {
		var names []string
		for _, kind := range goldenKinds {
			names = append(names, kind+"-precision", kind+"-recall", kind)
		}
		metrics, err := Select(names, Options{Stemming: stemming})
		if err != nil {
			t.Fatal(err)
		}
		scores, err := All(metrics, inputs, 2)
		if err != nil {
			t.Fatal(err)
		}
		wrong := 0
		for i, p := range all {
			golden := p.Plain
			if stemming {
				golden = p.Stemmed
			}
			for k := range names {
				want := 0.0
				if of := golden[k/3]; len(of) == 3 {
					want = of[k%3]
				}
				if got := scores[k][i]; math.Abs(got-want) > 1e-12 {
					if wrong++; wrong < 10 {
						t.Errorf("%s, stemming %v, of %q against %q: got %v, want %v", names[k], stemming, p.Hypothesis, p.References, got, want)
					}
				}
			}
		}
		if wrong > 0 {
			t.Errorf("%d scores differ", wrong)
		}
	}
}

func TestStemsEqualNLTK(t *testing.T) {
	all := lines(t, "stems.txt.gz")
	if len(all) < 20000 {
		t.Fatalf("%d golden stems, expected at least 20000", len(all))
	}
	for _, line := range all {
		word, want, _ := strings.Cut(line, " ")
		if got := stemWord(word); got != want {
			t.Errorf("stem of %q: got %q, want %q", word, got, want)
		}
	}
}

func TestTokenizeEqualsRougeScoreOnUnicode(t *testing.T) {
	all := lines(t, "unicode.jsonl.gz")
	held := make(map[string][]string)
	if err := json.Unmarshal([]byte(all[0]), &held); err != nil {
		t.Fatal(err)
	}
	for point := rune(0); point <= 0x10FFFF; point++ {
		if point >= 0xD800 && point < 0xE000 {
			continue
		}
		want, ok := held[strings.ToUpper(strconv.FormatInt(int64(point), 16))]
		if !ok {
			want = []string{"a", "b"}
		}
		if got := Tokenize("a"+string(point)+"b", false); !slices.Equal(got, want) {
			t.Errorf("%U between a and b: got %q, want %q", point, got, want)
		}
	}
	for _, line := range all[1:] {
		var row [2]json.RawMessage
		var text string
		var want []string
		for _, err := range []error{json.Unmarshal([]byte(line), &row), json.Unmarshal(row[0], &text), json.Unmarshal(row[1], &want)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := Tokenize(text, true); !slices.Equal(got, want) {
			t.Errorf("words of %q: got %q, want %q", text, got, want)
		}
	}
}
