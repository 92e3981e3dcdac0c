package external

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/metrics"
)

// files writes files into a folder, those with a text that begins with #! executable.
func files(t *testing.T, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		mode := os.FileMode(0o666)
		if strings.HasPrefix(text, "#!") {
			mode = 0o777
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestCheckFindsTheProgramAndItsScript(t *testing.T) {
	dir := files(t, map[string]string{"run": "#!/bin/sh\n", "text": "no program", "a.py": ""})
	for _, test := range []struct {
		run  []string
		want string
	}{
		{[]string{"sh", "-c", "true"}, ""},
		{[]string{"./run"}, ""},
		{[]string{dir + "/run", "more"}, ""},
		{[]string{"sh", "a.py"}, ""},
		{[]string{"sh", "b.py"}, "there is no file " + dir + "/b.py"},
		{[]string{"no-such-program"}, "there is no program no-such-program in PATH"},
		{[]string{"run"}, "there is no program run in PATH"},
		{[]string{"./text"}, "the program ./text cannot be run: permission denied"},
		{[]string{"./none"}, "the program ./none cannot be run: "},
	} {
		got := ""
		if err := (Settings{Run: test.run, Folder: dir}).Check(); err != nil {
			got = err.Error()
		}
		if got != test.want && (test.want == "" || !strings.HasPrefix(got, test.want)) {
			t.Errorf("%q: %q, want %q", test.run, got, test.want)
		}
	}
}

// TestTheHashKnowsContentAndNotPlace hashes command lines.
func TestTheHashKnowsContentAndNotPlace(t *testing.T) {
	dir := files(t, map[string]string{"a.py": "one", "b.py": "one", "c.py": "two"})
	hash := func(run ...string) string {
		t.Helper()
		h, err := Settings{Run: run, Folder: dir}.Hash(t.Context(), func(_ context.Context, path string) (string, error) { return hashFile(path) })
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	if a := hash("python3", "a.py"); a != hash("python3", dir+"/b.py") || a == hash("python3", "c.py") || a == hash("python3", "none.py") || a == hash("python3", "a.py", "-v") {
		t.Error("a script counts by its path, or not at all")
	}
	if a := hash("x", "--config=a.py"); a != hash("x", "--config=b.py") || a == hash("x", "--config=c.py") || a == hash("x", "--other=a.py") {
		t.Error("a file behind the sign of an option counts by its path, or not at all")
	}
	if hash("x", "a b") == hash("x", "a", "b") {
		t.Error("words run together")
	}
}

func TestSignatures(t *testing.T) {
	dir := files(t, map[string]string{"judge.py": "one"})
	s := Settings{Run: []string{"python3", "judge.py", "--say", `"|"`}, Folder: dir, Version: "2"}
	m, err := NewMeasures(New(t.Context(), s, Options{Numbers: []string{"score", "cost"}}), "judge", []metrics.Direction{metrics.Higher, metrics.Lower})
	if err != nil {
		t.Fatal(err)
	}
	all := m.Metrics()
	const want = `judge-cost|command:"python3 judge.py@7692c3ad --say \"|\""|version:"2"|better:lower|v:1.0`
	if got := all[1].Signature(); got != want || all[1].Name() != "judge-cost" || all[1].Direction() != metrics.Lower {
		t.Errorf("%s, want %s", got, want)
	}
	if !metrics.IsExternal(want) || metrics.ExternalDirection(want) != metrics.Lower || metrics.ExternalDirection(all[0].Signature()) != metrics.Higher {
		t.Error("the signature does not tell its direction")
	}
}

// TestMetricsShareTheirProcess scores by two numbers of one process.
func TestMetricsShareTheirProcess(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	p := New(t.Context(), settingsOf("count", log), Options{Name: "judge", Numbers: []string{"score", "words"}})
	m, err := NewMeasures(p, "judge", make([]metrics.Direction, 2))
	if err != nil {
		t.Fatal(err)
	}
	inputs := []metrics.Input{{ID: "1", Hypothesis: "one two"}, {ID: "2", Hypothesis: "three"}}
	var heard [][2]int
	if err := m.Foresee(func(done, total int) { heard = append(heard, [2]int{done, total}) }, inputs[:1], inputs); err != nil {
		t.Fatal(err)
	}
	if len(heard) != 2 || heard[1] != [2]int{2, 2} {
		t.Errorf("heard %v", heard)
	}
	scores, err := metrics.All(m.Metrics(), inputs, 1)
	if err != nil || scores[0][0] != 7 || scores[0][1] != 5 || scores[1][0] != 2.5 || scores[1][1] != 1.5 {
		t.Errorf("%v %v", scores, err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(log); err != nil || string(text) != "one two\nthree\n" {
		t.Errorf("asked about %q (%v)", text, err)
	}
}

func TestALineHoldsTheWholeItem(t *testing.T) {
	item := Item{ID: `"1"`, Input: "a\nb <&>", Hypothesis: "h\xff"}
	line := item.line(3)
	if got, want := string(line), `{"id":"\"1\"","input":"a\nb <&>","references":[],"hypothesis":"h\ufffd","more":3}`+"\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	var r request
	if err := json.Unmarshal(line, &r); err != nil || r.Input != item.Input || r.More != 3 {
		t.Errorf("%+v %v", r, err)
	}
}
