package scorer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/model/modeltest"
	"lastmile/harness/random"
	"lastmile/harness/tokenizer"
	"lastmile/harness/torch"
	"lastmile/harness/train"
	"lastmile/metrics"
)

// texts makes n references of a small language.
func texts(n int, name string) []string {
	vocabulary := strings.Fields("a tool library for the fast small web mail file system game server to read write show fonts images sound C Perl GNU with and of data text in X11 console daemon plugin modules headers")
	var out []string
	for i := range n {
		r := random.New(1, "texts", name, i)
		words := make([]string, 3+r.IntN(6))
		for k := range words {
			words[k] = vocabulary[r.IntN(len(vocabulary))]
		}
		out = append(out, strings.Join(words, " "))
	}
	return out
}

func trained(t *testing.T) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.Train(slices.Values(texts(200, "tokenizer")), 330, []string{tokenizer.EndOfText})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func small(steps int) Settings {
	c := DefaultSettings()
	c.LearningRate = 2e-3
	c.Steps, c.BatchSize, c.CheckpointEvery = steps, 16, 5
	c.HiddenSize, c.IntermediateSize, c.NumHiddenLayers, c.NumAttentionHeads = 32, 64, 2, 2
	return c
}

func TestTrainLearns(t *testing.T) {
	dir := t.TempDir()
	s := session(t, torch.Options{})
	c := small(220)
	c.HiddenSize, c.IntermediateSize, c.NumAttentionHeads = 64, 64, 2
	c.CheckpointEvery = 0
	q, err := Train(context.Background(), s, trained(t), Texts{Train: texts(500, "train"), Dev: texts(20, "dev")}, c, train.Hooks{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", q)
	if q.Pearson < 0.7 || q.Spearman < 0.7 {
		t.Errorf("pearson %g, spearman %g, want at least 0.7", q.Pearson, q.Spearman)
	}
	m := open(t, dir)
	scores, err := m.ScoreAll([]metrics.Input{
		{Hypothesis: "fast web server for images", References: []string{"fast web server for images"}},
		{Hypothesis: "the Perl headers", References: []string{"fast web server for images"}},
		{Hypothesis: "fast web server for images", References: []string{"sound in C", "fast web server for images"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if scores[0] < scores[1]+0.3 || scores[2] != scores[0] {
		t.Errorf("scores of truth, another text, and truth among two references: %v", scores)
	}
}

func open(t *testing.T, dir string) *Scorer {
	t.Helper()
	return modeltest.OpenMetric(t, func(dir string, threads int, _ string) (*Scorer, error) { return Open(dir, threads) }, dir)
}

// files reads the files of an artifact, without the checkpoint.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string][]byte)
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		if out[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestAnInterruptedTrainingEndsWithTheSameBytes(t *testing.T) {
	tok := trained(t)
	learn := func(ctx context.Context, dir string, progress func(done, total int, note string)) error {
		s := session(t, torch.Options{})
		_, err := Train(ctx, s, tok, Texts{Train: texts(50, "train"), Dev: texts(4, "dev")}, small(14), train.Hooks{Dir: dir, Progress: progress})
		return err
	}
	whole := t.TempDir()
	if err := learn(context.Background(), whole, nil); err != nil {
		t.Fatal(err)
	}
	broken := t.TempDir()
	for _, at := range []int{7, 11} {
		ctx, cancel := context.WithCancel(context.Background())
		err := learn(ctx, broken, func(done, _ int, _ string) {
			if done == at {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled at step %d: %v", at, err)
		}
	}
	if err := learn(context.Background(), broken, nil); err != nil {
		t.Fatal(err)
	}
	want, got := files(t, whole), files(t, broken)
	for _, name := range []string{"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "curves.jsonl", "quality.json"} {
		if len(want[name]) == 0 || !bytes.Equal(got[name], want[name]) {
			t.Errorf("%s differs: %d bytes, want %d", name, len(got[name]), len(want[name]))
		}
	}
}

// saved is a folder with a random scorer.
func saved(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	tok := trained(t)
	c := small(1)
	c.NumHiddenLayers = 1
	e, err := New(session(t, torch.Options{}), newConfig(c, tok), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Save(dir); err != nil {
		t.Fatal(err)
	}
	if err := tok.Save(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestSaveAndLoad(t *testing.T) {
	dir := saved(t)
	e, err := Load(session(t, torch.Options{}), dir)
	if err != nil {
		t.Fatal(err)
	}
	again := t.TempDir()
	if err := e.Save(again); err != nil {
		t.Fatal(err)
	}
	want := files(t, dir)
	for name, text := range files(t, again) {
		if !bytes.Equal(text, want[name]) {
			t.Errorf("%s differs after loading and saving", name)
		}
	}
}

func TestTheMetric(t *testing.T) {
	m := open(t, saved(t))
	if m.Name() != "bleurt" || m.Direction() != metrics.Higher {
		t.Errorf("name %q, direction %v", m.Name(), m.Direction())
	}
	var hash uint32
	if n, err := fmt.Sscanf(m.Signature(), "bleurt|model:lastmile-%08x|agg:max|v:1.0", &hash); n != 1 || err != nil {
		t.Errorf("signature %q", m.Signature())
	}
	var inputs []metrics.Input
	for i, text := range texts(100, "hypotheses") {
		inputs = append(inputs, metrics.Input{Hypothesis: strings.Repeat(text+" ", 1+i%5), References: texts(1+i%3, "references")})
	}
	inputs = append(inputs,
		metrics.Input{Hypothesis: "", References: []string{""}},
		metrics.Input{Hypothesis: strings.Repeat("long ", 5000), References: []string{strings.Repeat("longer ", 5000)}},
		metrics.Input{Hypothesis: "\xff\xfe <|endoftext|> 😀", References: []string{"é"}},
	)
	scores, err := metrics.All([]metrics.Metric{m}, inputs, 0)
	if err != nil {
		t.Fatal(err)
	}
	clear(m.known)
	for i := len(inputs) - 1; i >= 0; i-- {
		alone, err := metrics.One(m, inputs[i])
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(alone-scores[0][i]) > 1e-5 {
			t.Errorf("example %d: score %.8f alone, %.8f among others", i, alone, scores[0][i])
		}
	}
	if _, err := m.ScoreAll([]metrics.Input{{Hypothesis: "a"}}); err == nil || !strings.Contains(err.Error(), "example 1 has no reference") {
		t.Errorf("without a reference: %v", err)
	}
}

func TestWhatIsNoScorerIsNotOpened(t *testing.T) {
	edit := func(name, from, to string) string {
		dir := saved(t)
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.Replace(text, []byte(from), []byte(to), 1), 0o666); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for want, dir := range map[string]string{
		"no such file":                           t.TempDir(),
		"expected BertForSequenceClassification": edit("config.json", "BertForSequenceClassification", "BertModel"),
		"but config.json makes it [330 64]":      edit("config.json", `"hidden_size": 32`, `"hidden_size": 64`),
		`"classifier.bias" is missing`:           edit("model.safetensors", "classifier.bias", "classifier.bear"),
		"hidden_act \"relu\" is not supported":   edit("config.json", `"gelu"`, `"relu"`),
		"type_vocab_size is 1":                   edit("config.json", `"type_vocab_size": 2`, `"type_vocab_size": 1`),
		"not a tokenizer.json":                   edit("tokenizer.json", "{", "["),
	} {
		m, err := Open(dir, 1)
		if err == nil {
			m.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// TestTrainFromAnEncoder trains with all kinds of targets from a folder of each family,
// and on ratings.
func TestTrainFromAnEncoder(t *testing.T) {
	for _, path := range []string{"testdata/encoder", "../encoder/testdata/roberta", "../encoder/testdata/deberta"} {
		t.Run(filepath.Base(path), func(t *testing.T) { trainFrom(t, path) })
	}
}

func trainFrom(t *testing.T, path string) {
	dir := t.TempDir()
	c := small(12)
	c.Path = path
	if err := c.CheckFiles(); err != nil {
		t.Fatal(err)
	}
	c.Targets = []string{"intact", "synthetic", "alignment-precision", "alignment-recall", "alignment-f1", "rougeL"}
	c.Score = []string{"overlap", "intact"}
	c.Ratings = filepath.Join(dir, "ratings.jsonl")
	c.RatingEpochs, c.RatingLearningRate = 40, 3e-3
	var lines strings.Builder
	for i, text := range texts(32, "rated") {
		fmt.Fprintf(&lines, "{\"reference\": %q, \"candidate\": %q, \"rating\": %d}\n", text, []string{text, "!!! ???"}[i%2], 6-5*(i%2))
	}
	if err := os.WriteFile(c.Ratings, []byte(lines.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Train(context.Background(), session(t, torch.Options{}), nil, Texts{Train: texts(60, "train"), Dev: texts(5, "dev")}, c, train.Hooks{Dir: out}); err != nil {
		t.Fatal(err)
	}
	m := open(t, out)
	names, values, err := m.Outputs(context.Background(), []Pair{{"a fast web tool", "a fast web tool"}, {"a fast web tool", "!!! ???"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := append([]string{"score", "overlap"}, c.Targets...); !slices.Equal(names, want) {
		t.Errorf("outputs %q, want %q", names, want)
	}
	for i := range 2 {
		if want := (values[1][i] + values[2][i]) / 2; math.Abs(values[0][i]-want) > 1e-6 {
			t.Errorf("pair %d: the score is %g, the mean of its outputs %g", i, values[0][i], want)
		}
	}
	if values[0][0] < values[0][1]+0.3 {
		t.Errorf("what people rated 6 scores %g, what they rated 1 %g", values[0][0], values[0][1])
	}
	if _, err := os.Stat(filepath.Join(out, "training.json")); err != nil {
		t.Error(err)
	}
}

func TestBadRatings(t *testing.T) {
	for text, want := range map[string]string{
		"": "is empty",
		"{\"reference\": \"a\", \"candidate\": 3}": ":1: field \"candidate\" is 3, expected a text",
		"{\"reference\": \"a\", \"candidate\": \"b\", \"rating\": 2}\n\n{\"reference\": \"a\", \"candidate\": \"b\"}": ":3: field \"rating\" is null, expected a number",
	} {
		path := filepath.Join(t.TempDir(), "ratings.jsonl")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadRatings(path, "rating"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
