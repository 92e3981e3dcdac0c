package experiments

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var known = Known{
	"metrics":     {"rouge1", "rouge2", "rougeL", "la-rougeL", "bleurt", "length_ratio", "repetition", "ended"},
	"postprocess": {"first-line", "drop-unfinished", "cap-words"},
}

// write puts sweep files into a fresh folder and makes it the working folder,
// so that paths in messages are short.
func write(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func load(t *testing.T, text string, options LoadOptions) *Sweep {
	t.Helper()
	write(t, map[string]string{"s.toml": text})
	options.Known = known
	sweep, err := Load("s.toml", options)
	if err != nil {
		t.Fatal(err)
	}
	return sweep
}

func labels(s *Sweep) []string {
	var found []string
	for _, run := range s.Runs {
		found = append(found, run.Label+" #"+render(run.Seed))
	}
	return found
}

func expectLabels(t *testing.T, s *Sweep, want ...string) {
	t.Helper()
	if got := labels(s); !slices.Equal(got, want) {
		t.Errorf("runs:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAnEmptyFileIsOneRunOfDefaults(t *testing.T) {
	s := load(t, "", LoadOptions{})
	if len(s.Runs) != 1 || s.Name != "s" || s.Runs[0].Label != "s" || s.Runs[0].Seed != 1 {
		t.Errorf("got %+v", s)
	}
	if differences := Diff(s.Runs[0].Config, Default()); len(differences) > 0 {
		t.Errorf("differs from the defaults in %v", differences)
	}
	if s.Report.Baseline != "s" || !slices.Equal(s.Report.Columns, Default().Metrics.Names) || s.Report.Examples != 10 {
		t.Errorf("report %+v", s.Report)
	}
	if s.Runtime.Workers != 1 || s.Runtime.Threads < 1 {
		t.Errorf("runtime %+v", s.Runtime)
	}
}

func TestProductOfAxesWithinEachVariant(t *testing.T) {
	s := load(t, `
		[grid]
		rl.kl.coefficient = [0.1, 0.2]
		seed = [1, 2]
		"rl.updates" = [7]
		[[variant]]
		name = "mle"
		rl.algorithm = "none"
		rl.kl = { coefficient = 0.3 }  # this variant has one place on the axis
		[[variant]]
		name = "ppo"
	`, LoadOptions{})
	expectLabels(t, s,
		"mle, rl.updates=7 #1", "mle, rl.updates=7 #2",
		"ppo, kl.coefficient=0.1, rl.updates=7 #1", "ppo, kl.coefficient=0.1, rl.updates=7 #2",
		"ppo, kl.coefficient=0.2, rl.updates=7 #1", "ppo, kl.coefficient=0.2, rl.updates=7 #2")
	first := s.Runs[0]
	want := []AxisValue{{"rl.kl.coefficient", "0.3"}, {"seed", "1"}, {"rl.updates", "7"}}
	if !slices.Equal(first.Axes, want) || first.Config.RL.Algorithm != "none" || first.Config.RL.Updates != 7 {
		t.Errorf("axes %v of a run with %+v", first.Axes, first.Config.RL)
	}
	if !slices.Equal(s.Variants, []string{"mle", "ppo"}) || s.Report.Baseline != "mle" {
		t.Errorf("variants %q, baseline %q", s.Variants, s.Report.Baseline)
	}
}

func TestLabelsSpellOutAxesThatWouldLookAlike(t *testing.T) {
	s := load(t, `
		[grid.decode]
		a.top_k = [1]
		[grid.negatives]
		copy.weight = [0]
		[grid]
		mle.epochs = [2]
		rl.epochs = [2]
	`, LoadOptions{})
	expectLabels(t, s, "a.top_k=1, copy.weight=0, mle.epochs=2, rl.epochs=2 #1")
}

func TestExclude(t *testing.T) {
	s := load(t, `
		[grid]
		"rl.updates" = [1, 2]
		seed = [1, 2]
		[[variant]]
		name = "a"
		[[variant]]
		name = "b"
		mle.epochs = 2
		[[exclude]]
		variant = "a"
		rl.updates = 2
		[[exclude]]
		variant = "b"
		seed = 2
	`, LoadOptions{})
	expectLabels(t, s, "a, rl.updates=1 #1", "a, rl.updates=1 #2", "b, rl.updates=1 #1", "b, rl.updates=2 #1")
}

const chained = `
	name = "top"
	extends = "below/middle.toml"
	[grid]
	seed = [5]
	[task]
	train = 9
`

var chain = map[string]string{
	"s.toml": chained,
	"below/middle.toml": `
		extends = "base.toml"
		[task]
		data = "files"
		files = { train = "a.jsonl", dev = "../b.jsonl", test = "/c.jsonl" }
		[[variant]]
		name = "middle"
		metrics.names = ["rouge1"]
	`,
	"below/base.toml": `
		name = "base"
		description = "of the base"
		[task]
		train = 5
		dev = 6
		[grid]
		seed = [1, 2, 3]
		"rl.clip" = [0.1, 0.3]
		[[variant]]
		name = "one"
		[[variant]]
		name = "two"
	`,
}

func TestExtends(t *testing.T) {
	write(t, chain)
	s, err := Load("s.toml", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	expectLabels(t, s, "middle, rl.clip=0.1 #5", "middle, rl.clip=0.3 #5")
	here, _ := filepath.Abs(".")
	task := s.Runs[0].Config.Task
	if want := (Files{here + "/below/a.jsonl", here + "/b.jsonl", "/c.jsonl"}); task.Files != want {
		t.Errorf("files %+v, want %+v", task.Files, want)
	}
	if task.Train != 9 || task.Dev != 6 || s.Name != "top" || s.Description != "" {
		t.Errorf("train %d, dev %d, name %q, description %q", task.Train, task.Dev, s.Name, s.Description)
	}
	if names := s.Runs[1].Config.Metrics.Names; !slices.Equal(names, []string{"rouge1"}) {
		t.Errorf("lists are replaced, got %q", names)
	}
}

func TestMissingFilesAreReportedWhereTheyWereNamed(t *testing.T) {
	write(t, chain)
	s, err := Load("s.toml", LoadOptions{Set: []string{`report.published="p.toml"`}})
	if err != nil {
		t.Fatal(err)
	}
	here, _ := filepath.Abs(".")
	if err := os.WriteFile("b.jsonl", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	want := "below/middle.toml:5: task.files.train: there is no " + here + "/below/a.jsonl\n" +
		"below/middle.toml:5: task.files.test: there is no /c.jsonl\n" +
		"s.toml: report.published: there is no " + here + "/p.toml"
	if err := s.CheckFiles(); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestDecodings(t *testing.T) {
	s := load(t, `
		decode.greedy.enabled = false
		[decode.beam]
		[decode.sample]
		temperature = 0.7
		[[variant]]
		name = "plain"
		[[variant]]
		name = "tuned"
		decode.tempered.temperatures = [0.3, 1]
	`, LoadOptions{})
	plain, tuned := s.Runs[0].Config.Decode, s.Runs[1].Config.Decode
	sample := DefaultDecode("sample")
	sample.Temperature = 0.7
	if len(plain) != 2 || plain["beam"].Strategy != "beam" || plain["sample"].Temperature != sample.Temperature || plain["sample"].TopP != 1 {
		t.Errorf("decodings %+v", plain)
	}
	if len(tuned) != 3 || !slices.Equal(tuned["tempered"].Temperatures, []float64{0.3, 1}) || tuned["tempered"].Strategy != "sample" {
		t.Errorf("decodings %+v", tuned)
	}
}

const small = `
	[grid]
	seed = [1, 2, 3]
	[[variant]]
	name = "mle"
	rl.algorithm = "none"
	[[variant]]
	name = "ppo, fast"
	rl.updates = 3
`

func TestSet(t *testing.T) {
	s := load(t, small, LoadOptions{Set: []string{
		"seed = 4", "rl.kl.estimator=k1", `decode.greedy.enabled=false`, "rl.reward.clip=0", "metrics.names=['rouge1']",
		"name=other", "runtime.threads=3", "task.data=files", "task.files.train=x", "task.files.dev=y", "task.files.test=/z",
		"rl.updates=4",
	}})
	expectLabels(t, s, "mle #4", "ppo, fast #4")
	c := s.Runs[1].Config
	here, _ := filepath.Abs(".")
	if c.RL.KL.Estimator != "k1" || len(c.Decode) != 1 || c.RL.Shaping.Clip != 0 || c.RL.Updates != 4 || c.Task.Files.Train != here+"/x" {
		t.Errorf("config %+v", c)
	}
	if s.Name != "other" || s.Runtime.Threads != 3 {
		t.Errorf("name %q, runtime %+v", s.Name, s.Runtime)
	}
	s = load(t, small, LoadOptions{Set: []string{"grid.seed=[8, 9]", "grid.rl.clip=[0.1]"}})
	expectLabels(t, s, "mle, rl.clip=0.1 #8", "mle, rl.clip=0.1 #9", "ppo, fast, rl.clip=0.1 #8", "ppo, fast, rl.clip=0.1 #9")
}

func TestWhere(t *testing.T) {
	for _, test := range []struct {
		where []string
		want  []string
	}{
		{[]string{"seed=2"}, []string{"mle #2", "ppo, fast #2"}},
		{[]string{"variant=ppo, fast", "seed=1", "seed=3"}, []string{"ppo, fast #1", "ppo, fast #3"}},
		{[]string{"rl.algorithm=none", "seed=1"}, []string{"mle #1"}},
		{[]string{"label=mle", "seed=1"}, []string{"mle #1"}},
	} {
		expectLabels(t, load(t, small, LoadOptions{Where: test.where}), test.want...)
	}
}

func TestMistakesOfOptions(t *testing.T) {
	for _, test := range []struct{ set, where, want string }{
		{"rl.kl.estimator=k4", "", `--set: rl.kl.estimator: unknown estimator "k4"; one of k1, k2, k3`},
		{"rl.updats=4", "", `--set: rl.updats: unknown key; did you mean "rl.updates"?`},
		{"rl.updates=many", "", `--set: rl.updates: expected an integer, found the string "many"`},
		{"rl.updates=1\nrl.clip=2", "", `--set: rl.updates: expected an integer, found the string "1\nrl.clip=2"`},
		{"rl.updates", "", `--set: expected key=value, found "rl.updates"`},
		{"extends=a.toml", "", `--set: extends: can be set in a sweep file only`},
		{"grid.seed=3", "", `--set: grid.seed: expected a list of values, found the integer 3`},
		{"rl=3", "", `--set: rl: expected a table, found the integer 3`},
		{"", "seed=9", `--where: seed: no run is left; seed is one of 1, 2, 3`},
		{"", "sed=9", `--where: sed: unknown key; did you mean "seed"?`},
		{"", "seed=x", `--where: seed: expected an integer, found the string "x"`},
		{"", "seed", `--where: expected key=value, found "seed"`},
		{"", "variant=x", `--where: variant: no run is left; variant is one of "mle", "ppo, fast"`},
	} {
		write(t, map[string]string{"s.toml": small})
		options := LoadOptions{Known: known}
		if test.set != "" {
			options.Set = []string{test.set}
		}
		if test.where != "" {
			options.Where = []string{test.where}
		}
		if _, err := Load("s.toml", options); err == nil || err.Error() != test.want {
			t.Errorf("%q %q: got\n%v\nwant\n%s", test.set, test.where, err, test.want)
		}
	}
}

func TestErrorsCanBeTold(t *testing.T) {
	_, err := Load("nowhere.toml", LoadOptions{})
	var mistakes Errors
	if !errors.As(err, &mistakes) || err.Error() != "nowhere.toml: cannot read the sweep file: no such file or directory" {
		t.Errorf("got %v", err)
	}
}

func TestSweepsThatComeAlong(t *testing.T) {
	files, err := filepath.Glob("*.toml")
	if err != nil || len(files) < 3 {
		t.Fatalf("found %q, %v", files, err)
	}
	for _, file := range files {
		s, err := Load(file, LoadOptions{})
		if err != nil {
			t.Error(err)
			continue
		}
		if len(s.Runs) == 0 || s.Report.Baseline == "" {
			t.Errorf("%s: %d runs, baseline %q", file, len(s.Runs), s.Report.Baseline)
		}
	}
}
