package external

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// settingsOf are those of a process that behaves in some way.
func settingsOf(behaviour string, arguments ...string) Settings {
	s := Default()
	s.Run = fakeLine(behaviour, arguments...)
	s.Timeout, s.StartTimeout, s.Restarts, s.Batch = 20, 20, 0, 4
	return s
}

// texts are so many items, no two of them with one text.
func texts(n int) []Item {
	items := make([]Item, n)
	for i := range items {
		items[i] = Item{ID: fmt.Sprint("e", i/2), Input: "<in> \u2028", References: []string{"a"}, Hypothesis: strings.Repeat("word ", i)}
	}
	return items
}

func ask(t *testing.T, s Settings, items []Item) ([][]float64, []string, error) {
	t.Helper()
	var said []string
	p := New(t.Context(), s, Options{Name: "judge", Numbers: []string{"score", "words"}, Say: func(line string) { said = append(said, line) }})
	answers, err := p.Ask(items, nil)
	return answers, said, errors.Join(err, p.Close())
}

func expectLengths(t *testing.T, answers [][]float64, items []Item) {
	t.Helper()
	for i, item := range items {
		if len(answers) != len(items) || !slices.Equal(answers[i], []float64{float64(len(item.Hypothesis)), float64(len(strings.Fields(item.Hypothesis))) + 0.5}) {
			t.Fatalf("the answers are %v", answers)
		}
	}
}

func TestAnswersComeInTheOrderOfTheTexts(t *testing.T) {
	for _, batch := range []int{1, 4, 100} {
		for _, behaviour := range []string{"plain", "slow", "flood"} {
			s := settingsOf(behaviour)
			s.Batch = batch
			answers, _, err := ask(t, s, texts(13))
			if err != nil {
				t.Fatalf("%s in batches of %d: %v", behaviour, batch, err)
			}
			expectLengths(t, answers, texts(13))
		}
	}
}

func TestAFloodOfWordsIsShownInPart(t *testing.T) {
	_, said, err := ask(t, settingsOf("flood"), texts(3))
	if err != nil || len(said) != mostShown || len(said[0]) > mostOfLine+len("judge: ") || said[1] != "judge: progress 0" {
		t.Errorf("%d lines are shown, %q first (%v)", len(said), said[:2], err)
	}
}

// TestBatches asks a process that answers to a batch when it has all of it: where batches
// begin depends on nothing but the texts.
func TestBatches(t *testing.T) {
	p := New(t.Context(), settingsOf("batches"), Options{Numbers: []string{"score"}})
	for range 3 {
		answers, err := p.Ask(texts(10), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := slices.Concat(answers...), []float64{4, 4, 4, 4, 4, 4, 4, 4, 2, 2}; !slices.Equal(got, want) {
			t.Errorf("the batches have the sizes %v, want %v", got, want)
		}
	}
	if p.begun != 1 {
		t.Errorf("the process was begun %d times", p.begun)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestEqualTextsAreAskedOnce(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	items := append(texts(3), texts(2)...)
	answers, _, err := ask(t, settingsOf("count", log), items)
	if err != nil {
		t.Fatal(err)
	}
	expectLengths(t, answers, items)
	if text, err := os.ReadFile(log); err != nil || strings.Count(string(text), "\n") != 3 {
		t.Errorf("asked about %q (%v), want 3 texts", text, err)
	}
}

// TestTextsLongerThanAPipe writes more than a pipe holds while the process answers.
func TestTextsLongerThanAPipe(t *testing.T) {
	items := texts(8)
	for i := range items {
		items[i].Hypothesis = strings.Repeat("a", 300_000+i)
	}
	answers, _, err := ask(t, settingsOf("flood"), items)
	if err != nil {
		t.Fatal(err)
	}
	expectLengths(t, answers, items)
}

func TestAProcessThatDiesIsBegunAgainWhereItStopped(t *testing.T) {
	s := settingsOf("once", filepath.Join(t.TempDir(), "begun"))
	s.Restarts = 1
	answers, said, err := ask(t, s, texts(7))
	if err != nil {
		t.Fatal(err)
	}
	expectLengths(t, answers, texts(7))
	if want := []string{"judge: out of luck", "judge: ended with exit status 3; it is begun again (1 of 1 times)"}; !slices.Equal(said, want) {
		t.Errorf("said %q, want %q", said, want)
	}
}

func TestWhyThereIsNoAnswer(t *testing.T) {
	for _, test := range []struct {
		behaviour string
		arguments []string
		change    func(*Settings)
		want      string
	}{
		{"dies", nil, nil, `ended with exit status 3 before it had answered to "e1": Traceback; a line; Error: ` + "\x1b[31mout of luck\uFFFD"},
		{"dies", nil, func(s *Settings) { s.Restarts = 2 }, `before it had answered to "e3", begun 3 times: Traceback`},
		{"killed", nil, nil, `was ended by signal 9 (killed) before it had answered to "e1"`},
		{"half", nil, nil, `ended with exit status 0 before it had answered to "e1"`},
		{"closes", nil, nil, `closed its standard output before it had answered to "e1"`},
		{"hangs", []string{"/dev/null"}, func(s *Settings) { s.Timeout = 0.3 }, `gave no answer for 0.3 s (timeout) before it had answered to "e1"`},
		{"deaf", nil, func(s *Settings) { s.StartTimeout = 0.3 }, `gave no answer for 0.3 s (start_timeout) before it had answered to "e0"`},
		{"huge", nil, nil, `the command judge: the answer to "e1" cannot be used: it has more than 1048576 bytes: {"score":1,`},
		{"twice", nil, nil, `the command judge: the answer to "e2" cannot be used: its id is "e1": answers come in the order of the texts: {"score":15`},
		{"chatters", nil, nil, "wrote a line to its standard output that nothing was asked for: {\"score\":1,\"words\":1}"},
		{"last word", nil, nil, `the command judge wrote a line to its standard output that nothing was asked for: {"score":1}`},
		{"says", []string{"loading…"}, nil, `the answer to "e1" cannot be used: it is no JSON object: loading…`},
		{"says", []string{""}, nil, `it is no JSON object`},
		{"says", []string{"null"}, nil, `it is no JSON object`},
		{"says", []string{`[{"score":1}]`}, nil, `it is no JSON object`},
		{"says", []string{`{"score":1} {"score":1}`}, nil, `it is no JSON object`},
		{"says", []string{`{"score":NaN}`}, nil, `it is no JSON object (JSON has no NaN and no Infinity): {"score":NaN}`},
		{"says", []string{`{"score":1}`}, nil, `it lacks the number "words"`},
		{"says", []string{`{"score":null,"words":1}`}, nil, `its "score" is null, and every text needs a number`},
		{"says", []string{`{"score":"1","words":1}`}, nil, `its "score" is no number`},
		{"says", []string{`{"score":1e400,"words":1}`}, nil, `its "score" is out of range`},
		{"says", []string{`{"score":1,"words":1,"id":7}`}, nil, `its id is 7`},
	} {
		t.Run(test.behaviour, func(t *testing.T) {
			t.Parallel()
			s := settingsOf(test.behaviour, test.arguments...)
			s.Batch = 2
			if test.change != nil {
				test.change(&s)
			}
			_, _, err := ask(t, s, texts(8))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%q:\n%v\nwant\n%s", test.arguments, err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("%q has several lines", err)
			}
		})
	}
}

func TestAProgramThatIsNotThere(t *testing.T) {
	s := Default()
	s.Run = []string{"./none"}
	if _, _, err := ask(t, s, texts(1)); err == nil || !strings.Contains(err.Error(), "the program ./none cannot be run: ") {
		t.Error(err)
	}
}

// TestTheGroupIsKilled ends processes that do not end by themselves, and those that they
// have begun, with the context and where an answer does not come.
func TestTheGroupIsKilled(t *testing.T) {
	for _, behaviour := range []string{"hangs", "stubborn"} {
		for _, byContext := range []bool{false, true} {
			t.Run(fmt.Sprint(behaviour, byContext), func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				number := filepath.Join(t.TempDir(), "number")
				s := settingsOf(behaviour, number)
				if byContext {
					go func() {
						for text, _ := os.ReadFile(number); len(text) == 0; text, _ = os.ReadFile(number) {
							time.Sleep(time.Millisecond)
						}
						cancel()
					}()
				} else {
					s.Timeout = 0.5
				}
				begin := time.Now()
				_, err := New(ctx, s, Options{Numbers: []string{"score"}}).Ask(texts(6), nil)
				if err == nil || byContext != errors.Is(err, context.Canceled) {
					t.Errorf("%s: %v", behaviour, err)
				}
				if took := time.Since(begin); took > 2500*time.Millisecond {
					t.Errorf("%s: it took %v", behaviour, took)
				}
				text, err := os.ReadFile(number)
				if err != nil {
					t.Fatal(err)
				}
				pid, err := strconv.Atoi(string(text))
				if err != nil {
					t.Fatal(err)
				}
				if !gone(pid) {
					t.Errorf("%s: process %d, which it began, is still there", behaviour, pid)
					syscall.Kill(pid, syscall.SIGKILL)
				}
			})
		}
	}
}

// gone tells whether a process ends within a second; one that nobody waited for is gone.
func gone(pid int) bool {
	for range 100 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if _, after, _ := strings.Cut(string(stat), ") "); err != nil || strings.HasPrefix(after, "Z") {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

func TestAProcessThatStaysWhenItsInputHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := New(ctx, settingsOf("stays"), Options{Numbers: []string{"score"}})
	if _, err := p.Ask(texts(1), nil); err != nil {
		t.Fatal(err)
	}
	pid := p.child.pid
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := p.Close(); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if !gone(pid) {
		t.Errorf("process %d is still there", pid)
	}
}
