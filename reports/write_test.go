package reports

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/runs"
)

var update = flag.Bool("update", false, "write the golden report and the tables of README.md anew")

// options are those of the tests.
func options(dir string) Options {
	return Options{
		Dir: dir, Baseline: "mle", Examples: 4, Seed: 1, Defaults: json.RawMessage(defaults), Algorithms: algorithms, Stages: stageKinds,
		Command: "lastmile report experiments/demo.toml", Versions: []Version{{"lastmile", "v0.1.0"}},
	}
}

func write(t *testing.T, store *runs.Store, o Options) (Summary, string) {
	t.Helper()
	summary, err := Write(context.Background(), store, "demo", o)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(summary.Readme)
	if err != nil {
		t.Fatal(err)
	}
	return summary, string(page)
}

// contains checks that a text has each of the pieces.
func contains(t *testing.T, text string, pieces ...string) {
	t.Helper()
	for _, piece := range pieces {
		if !strings.Contains(text, piece) {
			t.Errorf("%q is missing in:\n%s", piece, text)
		}
	}
}

func TestGoldenReport(t *testing.T) {
	dir := t.TempDir()
	summary, _ := write(t, demo().store(t), options(dir))
	if err := os.WriteFile(filepath.Join(dir, "terminal.txt"), []byte(summary.Table.Text(0)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README.md", "table.csv", "report.json", "terminal.txt"} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", "golden", name)
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from %s; after looking at it, run go test ./reports -update. It is now:\n%s", name, golden, got)
		}
	}
	for _, name := range []string{"scores", "reward-accuracy", "reward-calibration", "learning-curves", "losses", "lengths"} {
		for ending, magic := range map[string]string{".svg": "<?xml", ".png": "\x89PNG"} {
			plot, err := os.ReadFile(filepath.Join(dir, "plots", name+ending))
			if err != nil || !bytes.HasPrefix(plot, []byte(magic)) {
				t.Errorf("plot %s%s: %.20q, %v", name, ending, plot, err)
			}
		}
	}
}

func TestTheSameStoreGivesTheSameBytes(t *testing.T) {
	store := demo().store(t)
	one, two := t.TempDir(), t.TempDir()
	write(t, store, options(one))
	write(t, store, options(two))
	err := filepath.WalkDir(one, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == fingerprintFile {
			return err // the fingerprint knows the folder
		}
		name, err := filepath.Rel(one, path)
		if err != nil {
			return err
		}
		a, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		b, err := os.ReadFile(filepath.Join(two, name))
		if err != nil {
			return err
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAReportThatIsThereIsNotMadeAgain(t *testing.T) {
	ctx := context.Background()
	store := demo().store(t)
	o := options(t.TempDir())
	first, _ := write(t, store, o)
	mark := func() {
		t.Helper()
		if err := os.WriteFile(first.Readme, []byte("marked"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	mark()
	again, page := write(t, store, o)
	if page != "marked" {
		t.Error("the report was made again")
	}
	if again.Table.Text(0) != first.Table.Text(0) || strings.Join(again.Sentences, "\n") != strings.Join(first.Sentences, "\n") || again.Readme != first.Readme {
		t.Error("the summary of a report that was there differs")
	}
	for name, change := range map[string]func() error{
		"another seed": func() error { o.Seed++; return nil },
		"a lost table": func() error { return os.Remove(filepath.Join(o.Dir, "table.csv")) },
		"a failed run": func() error {
			in, err := store.Ingest(ctx)
			if err != nil {
				return err
			}
			return errors.Join(in.Run(ctx, runs.Run{Name: "ppo-1"}, runs.State{Status: runs.Failed, Reason: "out of memory"}, nil), in.Close())
		},
	} {
		mark()
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if _, page := write(t, store, o); page == "marked" {
			t.Errorf("%s: the report was not made again", name)
		}
	}
	plot := filepath.Join(o.Dir, "plots", "lengths.png")
	if err := os.Remove(plot); err != nil {
		t.Fatal(err)
	}
	write(t, store, o)
	if _, err := os.Stat(plot); err != nil {
		t.Errorf("a lost plot: %v", err)
	}
}

func TestAFailedRunIsSaidToHaveFailed(t *testing.T) {
	s := demo()
	s.seeds = s.seeds[:3]
	s.fail, s.reason = "ppo", "rl: the loss is not a number at update 3 | see *log*"
	summary, page := write(t, s.store(t), options(t.TempDir()))
	contains(t, page, "Not in the numbers:", `- PPO, seed 1, failed: rl: the loss is not a number at update 3 \| see \*log\*.`, "ppo: seeds 1 (failed), 2, 3", "examples, 2 seeds)", "2 seeds: the interval is for these two models, over examples")
	contains(t, strings.Join(summary.Sentences, "\n"), "PPO, seed 1, failed: rl: the loss is not a number at update 3 | see *log*.")
	for _, row := range summary.Table.Rows {
		if want := 3; row.Label == "ppo" && len(row.Seeds) != want-1 || row.Label != "ppo" && len(row.Seeds) != want {
			t.Errorf("%s has the seeds %v", row.Label, row.Seeds)
		}
	}
}

func TestAMetricThatNobodyScored(t *testing.T) {
	o := options(t.TempDir())
	o.Columns = []string{"rougeL", "exact", "repetition"}
	summary, page := write(t, demo().store(t), o)
	contains(t, page, "exact was asked for, and no run has scored it.", "better than MLE's by 0.0", "] ROUGE-L** (0.")
	// A reward model is measured against la-ROUGE-L whatever the columns are.
	before, rest, _ := strings.Cut(page, "## Reward models")
	_, after, _ := strings.Cut(rest, "## Training")
	if strings.Contains(before+after, "la-ROUGE") {
		t.Error("the report speaks of a metric that is not among its columns")
	}
	if cell := summary.Table.cell(runs.System{Label: "ppo", Decode: "sample", Form: "raw"}, "exact"); cell == nil || cell.Score != nil || cell.Versus != nil {
		t.Errorf("the cell of a missing metric is %+v", cell)
	}
	contains(t, summary.Table.Text(0), "–")
}

func TestBeforeAnythingWasComputed(t *testing.T) {
	ctx := context.Background()
	s := demo()
	s.labels, s.seeds = s.labels[:1], s.seeds[:1]
	s.fail, s.reason = "mle", "the disk is full"
	summary, page := write(t, s.store(t), options(t.TempDir()))
	contains(t, page, "There is one system only, so nothing is compared", "No run has scores yet.", "the disk is full")
	if len(summary.Table.Rows) != 0 {
		t.Errorf("the table has rows: %v", summary.Table.Rows)
	}
	_, err := Write(ctx, s.store(t), "other", options(t.TempDir()))
	if err == nil || !strings.Contains(err.Error(), `no sweep "other"; it has demo`) {
		t.Errorf("an unknown sweep: %v", err)
	}
	o := options(t.TempDir())
	o.Baseline = "sft"
	_, err = Write(ctx, demo().store(t), "demo", o)
	if err == nil || !strings.Contains(err.Error(), `"sft" is neither a variant nor a label`) || !strings.Contains(err.Error(), "mle, longer; ppo") {
		t.Errorf("an unknown baseline: %v", err)
	}
}

func TestPublishedValues(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "published.toml")
	save := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	o := options(dir)
	o.Published = file
	save(`source = "Somebody (2024), table 2"
[[value]]
system = "mle"
decode = "sample"
form = "raw"
metric = "rougeL"
value = 0.31
[[value]]
system = "ppo"
decode = "greedy"
form = "post"
metric = "la-rougeL"
value = 0.0
source = "Another | one"
[[value]]
system = "rloo"
form = "raw"
metric = "rougeL"
value = 0.5
`)
	summary, page := write(t, demo().store(t), o)
	contains(t, page, `Published values: Somebody (2024), table 2; Another \| one.`, "A published value has no place in the table: rloo, raw, rougeL.")
	var rows []string
	for line := range strings.Lines(page) {
		if strings.Contains(line, "| published ") {
			rows = append(rows, strings.Join(strings.Fields(line), " "))
		}
	}
	want := []string{"| | published | 0.310 | | | | | |", "| | published | | 0.000 | | | | |"}
	if strings.Join(rows, "\n") != strings.Join(want, "\n") {
		t.Errorf("published rows\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
	cell := summary.Table.cell(runs.System{Label: "mle", Decode: "sample", Form: "post"}, "rougeL")
	if len(cell.Published) != 0 {
		t.Errorf("a value was invented: %v", cell.Published)
	}
	for text, want := range map[string]string{
		"[[value]]\nsystem = \"mle\"\nmetric = \"rougeL\"\nform = \"raw\"\nvalue = 1.0\nyear = 2024": `unknown key "value.year"`,
		"[[value]]\nsystem = \"mle\"\nmetric = \"rougeL\"\nform = \"raw\"":                           "value 1 needs system, metric and value",
		"[[value]]\nsystem = \"mle\"\nmetric = \"rougeL\"\nform = \"cooked\"\nvalue = 1.0":           `the form "cooked"`,
		"[[value]]\nsystem = \"mle\"\nmetric = \"rougeL\"\nform = \"raw\"\nvalue = 1.0":              "has no source",
		"[[value]": file,
	} {
		save(text)
		if _, err := Write(context.Background(), demo().store(t), "demo", o); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), file) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
