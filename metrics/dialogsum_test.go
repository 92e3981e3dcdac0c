package metrics

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// dialogSumVariable names the environment variable with the folder of
// DialogSum, whose texts may not be kept here.
const dialogSumVariable = "LASTMILE_DIALOGSUM"

func TestROUGEEqualsRougeScoreOnDialogSum(t *testing.T) {
	folder := os.Getenv(dialogSumVariable)
	if folder == "" {
		t.Skipf("%s does not name the folder of DialogSum (test.jsonl.gz, dev.jsonl.gz)", dialogSumVariable)
	}
	texts := append(summaries(t, filepath.Join(folder, "test.jsonl.gz"), "summary1", "summary2", "summary3"),
		summaries(t, filepath.Join(folder, "dev.jsonl.gz"), "summary")...)
	golden := lines(t, "dialogsum.jsonl.gz")
	sum := sha256.New()
	for _, text := range texts {
		sum.Write([]byte(text + "\n"))
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != golden[0] {
		t.Fatalf("the summaries in %s have the hash %s, expected %s: testdata/make_dialogsum.py saw others", folder, got, golden[0])
	}
	var all []pair
	for _, line := range golden[1:] {
		var row struct {
			pair
			Hypothesis recipe   `json:"h"`
			References []recipe `json:"r"`
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		p := row.pair.filled()
		p.Hypothesis = row.Hypothesis.text(t, texts)
		for _, reference := range row.References {
			p.References = append(p.References, reference.text(t, texts))
		}
		all = append(all, p)
	}
	equalRougeScore(t, all)
}

// recipe says how a text is made of summaries, as make_dialogsum.py has it.
type recipe struct {
	Parts []json.RawMessage `json:"p"`
	By    string            `json:"by"`
	Upper bool              `json:"upper"`
}

func (r recipe) text(t *testing.T, texts []string) string {
	t.Helper()
	var parts []string
	for _, raw := range r.Parts {
		var literal string
		var whole int
		var words []int
		switch {
		case json.Unmarshal(raw, &literal) == nil:
			parts = append(parts, literal)
		case json.Unmarshal(raw, &whole) == nil:
			parts = append(parts, texts[whole])
		case json.Unmarshal(raw, &words) == nil:
			of := strings.Split(texts[words[0]], " ")
			var chosen []string
			for _, k := range words[1:] {
				chosen = append(chosen, of[k])
			}
			parts = append(parts, strings.Join(chosen, " "))
		default:
			t.Fatalf("a part of a recipe is %s, expected a text, a number or numbers", raw)
		}
	}
	joined := strings.Join(parts, r.By)
	if r.Upper {
		joined = strings.ToUpper(joined)
	}
	return joined
}

// summaries reads fields of JSON lines, line by line.
func summaries(t *testing.T, path string, fields ...string) []string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(unzipped)
	scanner.Buffer(nil, 1<<24)
	var texts []string
	for scanner.Scan() {
		var dialogue map[string]any
		if err := json.Unmarshal(scanner.Bytes(), &dialogue); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, field := range fields {
			text, ok := dialogue[field].(string)
			if !ok {
				t.Fatalf("%s: a dialogue has no text %q", path, field)
			}
			texts = append(texts, text)
		}
	}
	if err := scanner.Err(); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return texts
}
