package external

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// example are the settings of one of the examples, which need Python.
func example(t *testing.T, name string, arguments ...string) Settings {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not there, which the examples are written in")
	}
	folder, err := filepath.Abs("../../experiments/commands")
	if err != nil {
		t.Fatal(err)
	}
	s := Default()
	s.Run, s.Folder, s.Restarts, s.Batch = append([]string{"python3", name}, arguments...), folder, 0, 4
	s.Timeout, s.StartTimeout = 60, 60
	return s
}

func TestBERTScoreServesInBatches(t *testing.T) {
	stub, err := filepath.Abs("testdata/stub")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PYTHONPATH", stub)
	t.Setenv("PYTHONDONTWRITEBYTECODE", "1")
	var said []string
	p := New(t.Context(), example(t, "bertscore.py", "--model", "tiny", "--layers", "2", "--batch", "3"), Options{
		Name: "bertscore", Numbers: []string{"precision", "recall", "f1"}, Say: func(line string) { said = append(said, line) },
	})
	items := []Item{
		{ID: "1", Hypothesis: "a", References: []string{"bb", "ccc"}}, {ID: "2", Hypothesis: "ää", References: []string{"b"}},
		{ID: "3", References: []string{"b"}}, {ID: "4", Hypothesis: "four", References: []string{"b"}}, {ID: "5", Hypothesis: "five5", References: []string{"b"}},
	}
	answers, err := p.Ask(items, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := [][]float64{{1, 3, 3}, {2, 1, 3}, {0, 1, 3}, {4, 1, 1}, {5, 1, 1}}; !reflect.DeepEqual(answers, want) {
		t.Errorf("%v, want %v", answers, want)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if want := "bertscore: loading tiny 2"; len(said) != 4 || said[0] != want {
		t.Errorf("said %q, want %q and three lines more", said, want)
	}
	if _, err := New(t.Context(), example(t, "bertscore.py"), Options{Name: "bertscore"}).Ask([]Item{{ID: "7"}}, nil); err == nil || !strings.HasSuffix(err.Error(), "the example '7' has no reference") {
		t.Error(err)
	}
}

// judgeServer is a chat model that scores a text with the number in it, the later the
// smaller, and is busy at first.
func judgeServer(t *testing.T) *httptest.Server {
	var asked atomic.Int32
	digits := regexp.MustCompile(`text (\d+)`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Model       string
			Temperature float64
			Messages    []struct{ Role, Content string }
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Messages) != 1 {
			t.Errorf("%+v %v", body, err)
			return
		}
		prompt := body.Messages[0].Content
		switch {
		case r.URL.Path != "/v1/chat/completions" || r.Header.Get("Authorization") != "Bearer secret":
			http.Error(w, "who are you?", http.StatusUnauthorized)
		case asked.Add(1)%5 == 1:
			w.Header().Set("Retry-After", "0")
			http.Error(w, "busy", http.StatusTooManyRequests)
		case strings.Contains(prompt, "odd"):
			fmt.Fprint(w, `{"choices":[{"message":{"content":"I would rather not."}}]}`)
		default:
			number := digits.FindStringSubmatch(prompt)[1]
			if number == "1" {
				time.Sleep(50 * time.Millisecond)
			}
			fmt.Fprintf(w, `{"choices":[{"message":{"role":"assistant","content":"Score: %s.5 of 10"}}]}`, number)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func TestHTTPJudgeAsksAChatModel(t *testing.T) {
	server := judgeServer(t)
	prompt := filepath.Join(t.TempDir(), "prompt.txt")
	if err := os.WriteFile(prompt, []byte("Is {hypothesis} as {references}, of {input}?"), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Setenv("JUDGE_KEY", "secret")
	t.Setenv("no_proxy", "127.0.0.1")
	judge := func(arguments ...string) Settings {
		return example(t, "http_judge.py", append([]string{"--url", server.URL + "/v1/", "--model", "m", "--key-env", "JUDGE_KEY", "--prompt", prompt}, arguments...)...)
	}
	var items []Item
	for i := range 9 {
		items = append(items, Item{ID: fmt.Sprint(i), Hypothesis: fmt.Sprint("text ", i+1, " {input}"), References: []string{"a"}, Input: "b"})
	}
	p := New(t.Context(), judge(), Options{Name: "judge", Numbers: []string{"score"}})
	answers, err := p.Ask(items, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []float64{1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5}; !slices.Equal(slices.Concat(answers...), want) {
		t.Errorf("%v, want %v", answers, want)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	for _, test := range []struct {
		settings   Settings
		hypothesis string
		want       string // in the error, or the score
	}{
		{judge("--otherwise", "0"), "odd", "[[0]]"},
		{judge(), "odd", `the example 'x': no number from 1 to 10 in the reply 'I would rather not.'`},
		{judge(), "text 70", `no number from 1 to 10 in the reply 'Score: 70.5 of 10'`},
		{judge("--key-env", "NO_SUCH_KEY"), "text 1", `the example 'x': 401 Unauthorized: who are you?`},
		{judge("--url", "http://127.0.0.1:1", "--retries", "0"), "text 1", `tried 1 times: <urlopen error [Errno 111] Connection refused>`},
		{judge("--url", "file:///etc"), "text 1", `--url begins with http:// or https://`},
	} {
		answers, err := New(t.Context(), test.settings, Options{Name: "judge", Numbers: []string{"score"}}).Ask([]Item{{ID: "x", Hypothesis: test.hypothesis}}, nil)
		if got := fmt.Sprint(answers); err != nil && !strings.Contains(err.Error(), test.want) || err == nil && got != test.want {
			t.Errorf("%q: %s %v, want %s", test.settings.Run[2:], got, err, test.want)
		}
	}
}

// TestVersionsOfTheExamples asks what stands behind the numbers, for the setting version.
func TestVersionsOfTheExamples(t *testing.T) {
	s := example(t, "http_judge.py", "--version")
	c := exec.Command(s.Run[0], s.Run[1:]...)
	c.Dir = s.Folder
	if text, err := c.CombinedOutput(); err != nil || !regexp.MustCompile(`^\d+\n$`).Match(text) {
		t.Errorf("%q %v", text, err)
	}
}
