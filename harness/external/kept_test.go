package external

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/kept"
	"lastmile/metrics"
)

// TestAnswersAreKept has a process die that had answered to two texts, and another go on
// with the rest, though a byte of the file changes or its end is lost.
func TestAnswersAreKept(t *testing.T) {
	dir := t.TempDir()
	path, asked := filepath.Join(dir, "checkpoint", "answers.jsonl"), filepath.Join(dir, "asked")
	var inputs []metrics.Input
	for _, item := range texts(5) {
		inputs = append(inputs, metrics.Input{ID: item.ID, Source: item.Input, References: item.References, Hypothesis: item.Hypothesis})
	}
	score := func(s Settings, numbers ...string) ([]float64, error) {
		t.Helper()
		directions := make([]metrics.Direction, len(numbers))
		m, err := NewMeasures(New(t.Context(), s, Options{Name: "judge", Numbers: numbers}), "judge", directions)
		if err != nil {
			t.Fatal(err)
		}
		answers, err := kept.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		m.Keep(answers)
		defer func() {
			if err := errors.Join(m.Close(), answers.Close()); err != nil {
				t.Error(err)
			}
		}()
		return m.Metrics()[0].(metric).ScoreAll(inputs)
	}
	dies := settingsOf("dies")
	dies.Batch = 1
	if _, err := score(dies, "score", "words"); err == nil || !strings.Contains(err.Error(), "out of luck") {
		t.Fatalf("error %v, want that it dies", err)
	}
	change := func(f func(text []byte) []byte) func() {
		return func() {
			text, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, f(text), 0o666)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, step := range []struct {
		what    string
		before  func()
		numbers []string
		asked   []int
	}{
		{"after its end", func() {}, []string{"score", "words"}, []int{2, 3, 4}},
		{"with all there", func() {}, []string{"score", "words"}, nil},
		{"the end is lost", change(func(text []byte) []byte { return text[:len(text)-3] }), []string{"score", "words"}, []int{4}},
		{"after that", func() {}, []string{"score", "words"}, nil},
		{"another number", change(func(text []byte) []byte {
			return bytes.Replace(text, []byte(`"numbers":[5,`), []byte(`"numbers":[6,`), 1)
		}), []string{"score", "words"}, []int{1}},
		{"fewer numbers", func() {}, []string{"score"}, []int{0, 1, 2, 3, 4}},
	} {
		step.before()
		if err := os.WriteFile(asked, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		scores, err := score(settingsOf("count", asked), step.numbers...)
		if err != nil || !slices.Equal(scores, []float64{0, 5, 10, 15, 20}) {
			t.Errorf("%s: scores %v, %v", step.what, scores, err)
		}
		text, err := os.ReadFile(asked)
		if err != nil {
			t.Fatal(err)
		}
		var want strings.Builder
		for _, i := range step.asked {
			want.WriteString(inputs[i].Hypothesis + "\n")
		}
		if string(text) != want.String() {
			t.Errorf("%s: asked was %q, want %q", step.what, text, want.String())
		}
	}
}

// TestAnswersWithoutAnIDAreNotKept asks a process whose answers could be those of other
// texts.
func TestAnswersWithoutAnIDAreNotKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "answers.jsonl")
	m, err := NewMeasures(New(t.Context(), settingsOf("batches"), Options{Name: "judge", Numbers: []string{"score"}}), "judge", make([]metrics.Direction, 1))
	if err != nil {
		t.Fatal(err)
	}
	answers, err := kept.Open(path)
	if err == nil {
		m.Keep(answers)
		_, err = m.Metrics()[0].(metric).ScoreAll([]metrics.Input{{ID: "a", Hypothesis: "b"}})
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("there is a file, %v", err)
	}
}
