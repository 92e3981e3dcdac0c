package experiments

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

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
	sweep, err := testSchema.Load("s.toml", options)
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
	if differences := Diff(s.Runs[0].Config, testSchema.Default()); len(differences) > 0 {
		t.Errorf("differs from the defaults in %v", differences)
	}
	if r := Get[report](s.Config, "report"); r.Examples != 10 || r.Baseline != "" || s.Config.Has("mle") {
		t.Errorf("report %+v", r)
	}
	if r := Get[runtime](s.Config, "runtime"); r.Workers != 1 || s.Runs[0].Config.Has("runtime") {
		t.Errorf("runtime %+v", r)
	}
}

func TestProductOfAxesWithinEachVariant(t *testing.T) {
	s := load(t, `
		[grid]
		rl.kl.coefficient = [0.1, 0.2]
		seed = [1, 2]
		"mle.batch_size" = [7]
		[[variant]]
		name = "slow"
		mle.epochs = 3
		rl.kl = { coefficient = 0.3 }  # this variant has one place on the axis
		[[variant]]
		name = "ppo"
	`, LoadOptions{})
	expectLabels(t, s,
		"slow, mle.batch_size=7 #1", "slow, mle.batch_size=7 #2",
		"ppo, kl.coefficient=0.1, mle.batch_size=7 #1", "ppo, kl.coefficient=0.1, mle.batch_size=7 #2",
		"ppo, kl.coefficient=0.2, mle.batch_size=7 #1", "ppo, kl.coefficient=0.2, mle.batch_size=7 #2")
	first := s.Runs[0]
	want := []AxisValue{{"rl.kl.coefficient", "0.3"}, {"seed", "1"}, {"mle.batch_size", "7"}}
	if m := Get[mle](first.Config, "mle"); !slices.Equal(first.Axes, want) || m.Epochs != 3 || m.BatchSize != 7 {
		t.Errorf("axes %v of a run with %+v", first.Axes, m)
	}
	if !slices.Equal(s.Variants, []string{"slow", "ppo"}) {
		t.Errorf("variants %q", s.Variants)
	}
}

func TestAnAxisThatARunDoesNotUseIsNoneOfIts(t *testing.T) {
	s := load(t, `
		[grid]
		rl.kl.coefficient = [0.1, 0.2]
		seed = [1, 2]
		[[variant]]
		name = "mle"
		algorithm = "none"
		[[variant]]
		name = "ppo"
	`, LoadOptions{})
	expectLabels(t, s, "mle #1", "mle #2",
		"ppo, kl.coefficient=0.1 #1", "ppo, kl.coefficient=0.1 #2", "ppo, kl.coefficient=0.2 #1", "ppo, kl.coefficient=0.2 #2")
	if axes := s.Runs[0].Axes; !slices.Equal(axes, []AxisValue{{"seed", "1"}}) {
		t.Errorf("axes %v", axes)
	}
}

func TestAnAxisThatMakesAnElementGoStaysInLabels(t *testing.T) {
	text := `
		[grid]
		negatives.copy.weight = [0, 2]
		negatives.copy.unended = [0.2, 0.3]
		[[exclude]]
		negatives.copy.unended = 0.3
	`
	s := load(t, text, LoadOptions{})
	expectLabels(t, s, "copy.weight=0 #1", "copy.weight=2, copy.unended=0.2 #1")
	if s.Runs[0].Config.Has("negatives.copy") || !s.Runs[1].Config.Has("negatives.copy") {
		t.Error("a weight of 0 does not switch a kind off")
	}
	expectLabels(t, load(t, text, LoadOptions{Where: []string{"negatives.copy.weight=0"}}), "copy.weight=0 #1")
}

func TestLabelsSpellOutAxesThatWouldLookAlike(t *testing.T) {
	s := load(t, `
		[grid.decode]
		a.top_k = [1]
		[grid.negatives]
		copy.weight = [2]
		[grid]
		mle.warmup = [0]
		rl.warmup = [0]
		rl.kl.estimator = ["k1"]
	`, LoadOptions{})
	expectLabels(t, s, "a.top_k=1, copy.weight=2, mle.warmup=0, rl.warmup=0, kl.estimator=k1 #1")
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
	s, err := testSchema.Load("s.toml", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	expectLabels(t, s, "middle, rl.clip=0.1 #5", "middle, rl.clip=0.3 #5")
	here, _ := filepath.Abs(".")
	task := Get[task](s.Runs[0].Config, "task")
	if want := (files{here + "/below/a.jsonl", here + "/b.jsonl", "/c.jsonl"}); task.Files != want {
		t.Errorf("files %+v, want %+v", task.Files, want)
	}
	if task.Train != 9 || task.Dev != 6 || s.Name != "top" || s.Description != "" {
		t.Errorf("train %d, dev %d, name %q, description %q", task.Train, task.Dev, s.Name, s.Description)
	}
	if names := Get[metrics](s.Runs[1].Config, "metrics").Names; !slices.Equal(names, []string{"rouge1"}) {
		t.Errorf("lists are replaced, got %q", names)
	}
}

func TestMissingFilesAreReportedWhereTheyWereNamed(t *testing.T) {
	write(t, chain)
	s, err := testSchema.Load("s.toml", LoadOptions{Set: []string{`report.published="p.toml"`}})
	if err != nil {
		t.Fatal(err)
	}
	here, _ := filepath.Abs(".")
	if err := os.WriteFile("b.jsonl", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	want := "below/middle.toml:5: task.files.train: there is no " + here + "/below/a.jsonl\n" +
		"below/middle.toml:5: task.files.test: there is no /c.jsonl\n" +
		"--set: report.published: there is no " + here + "/p.toml"
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
	plain, tuned := s.Runs[0].Config, s.Runs[1].Config
	sample := defaultDecoding("sample")
	sample.Temperature = 0.7
	if names := plain.Names("decode"); !slices.Equal(names, []string{"beam", "sample"}) {
		t.Errorf("decodings %q", names)
	}
	if beam := Get[decoding](plain, "decode.beam"); !reflect.DeepEqual(beam, defaultDecoding("beam")) {
		t.Errorf("beam %+v", beam)
	}
	if got := Get[decoding](plain, "decode.sample"); !reflect.DeepEqual(got, sample) {
		t.Errorf("sample %+v", got)
	}
	tempered := Get[decoding](tuned, "decode.tempered")
	if names := tuned.Names("decode"); len(names) != 3 || !slices.Equal(tempered.Temperatures, []float64{0.3, 1}) || tempered.Strategy != "sample" {
		t.Errorf("decodings %q, %+v", names, tempered)
	}
}

const small = `
	[grid]
	seed = [1, 2, 3]
	[[variant]]
	name = "mle"
	algorithm = "none"
	[[variant]]
	name = "ppo, fast"
	rl.updates = 3
`

func TestSet(t *testing.T) {
	s := load(t, small, LoadOptions{Set: []string{
		"seed = 4", "rl.kl.estimator=k1", `decode.greedy.enabled=false`, "reward.learned.clip=0", "metrics.names=['rouge1']",
		"name=other", "runtime.threads=3", "task.data=files", "task.files.train=x", "task.files.dev=y", "task.files.test=/z",
		"rl.updates=4",
	}})
	expectLabels(t, s, "mle #4", "ppo, fast #4")
	c := s.Runs[1].Config
	here, _ := filepath.Abs(".")
	r := Get[rl](c, "rl")
	if r.KL.Estimator != "k1" || r.Updates != 4 || len(c.Names("decode")) != 1 || Get[learned](c, "reward.learned").Clip != 0 ||
		Get[task](c, "task").Files.Train != here+"/x" {
		t.Errorf("config %v", Flatten(c))
	}
	if r := Get[runtime](s.Config, "runtime"); s.Name != "other" || r.Threads != 3 {
		t.Errorf("name %q, runtime %+v", s.Name, r)
	}
	s = load(t, small, LoadOptions{Set: []string{"grid.seed=[8, 9]", "grid.rl.clip=[0.1]"}})
	expectLabels(t, s, "mle #8", "mle #9", "ppo, fast, rl.clip=0.1 #8", "ppo, fast, rl.clip=0.1 #9")
}

func TestWhere(t *testing.T) {
	for _, test := range []struct {
		where []string
		want  []string
	}{
		{[]string{"seed=2"}, []string{"mle #2", "ppo, fast #2"}},
		{[]string{"variant=ppo, fast", "seed=1", "seed=3"}, []string{"ppo, fast #1", "ppo, fast #3"}},
		{[]string{"algorithm=none", "seed=1"}, []string{"mle #1"}},
		{[]string{"label=mle", "seed=1"}, []string{"mle #1"}},
	} {
		expectLabels(t, load(t, small, LoadOptions{Where: test.where}), test.want...)
	}
}

func TestEveryPathStartsAtTheFolderOfItsFile(t *testing.T) {
	write(t, map[string]string{
		"s.toml":          "extends = 'below/base.toml'\nmodel.path = 'm'\n[grid]\nseed = [1, 2]",
		"below/base.toml": "metrics.names = ['bleurt']\nscorer.path = 'enc'\nreport.published = 'p.toml'\nreward.length.words = 'w'\nbase.copy = 0.1",
	})
	s, err := testSchema.Load("s.toml", LoadOptions{Set: []string{"reward.rougeL.words=v"}})
	if err != nil {
		t.Fatal(err)
	}
	here, _ := filepath.Abs(".")
	c := s.Runs[0].Config
	for key, want := range map[string]string{
		"scorer.path": here + "/below/enc", "model.path": here + "/m", "reward.length.words": here + "/below/w", "reward.rougeL.words": here + "/v",
	} {
		if got, _ := c.Value(key); got != want {
			t.Errorf("%s = %v, want %s", key, got, want)
		}
	}
	want := "below/base.toml:2: scorer.path: there is no " + here + "/below/enc\n" +
		"below/base.toml:3: report.published: there is no " + here + "/below/p.toml\n" +
		"below/base.toml:4: reward.length.words: there is no " + here + "/below/w\n" +
		"s.toml:2: model.path: there is no " + here + "/m\n" +
		"--set: reward.rougeL.words: there is no " + here + "/v"
	lines := func(text string) []string { return slices.Sorted(strings.SplitSeq(text, "\n")) }
	if err := s.CheckFiles(); err == nil || !slices.Equal(lines(err.Error()), lines(want)) {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	// What no run uses is not looked for.
	s = load(t, "scorer.path = 'enc'\nreward.length.words = 'w'\nalgorithm = 'none'\nmodel.path = 'builtin'", LoadOptions{})
	if err := s.CheckFiles(); err != nil {
		t.Error(err)
	}
}

func TestAxesThatOthersLeaveWithoutRuns(t *testing.T) {
	text := "[grid]\nseed = [1, 2]\nrl.clip = [0.1, 0.2]\n"
	expectLabels(t, load(t, text, LoadOptions{Set: []string{"algorithm=none"}}), "s #1", "s #2")
	write(t, map[string]string{"s.toml": "extends = 'base.toml'\nalgorithm = 'none'", "base.toml": text})
	s, err := testSchema.Load("s.toml", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	expectLabels(t, s, "s #1", "s #2")
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
		{"rl.algorithm=none", "", `--set: rl.algorithm: is called algorithm now`},
		{"ppo.kl.estimator=k1", "", `--set: ppo.kl.estimator: is called rl.kl.estimator now`},
		{"reward.lerned.clip=1", "", `--set: reward.lerned.clip: unknown reward "lerned"; one of learned, rougeL, length`},
		{"grid.base.copy=[1]", "", `--set: grid.base.copy: no run uses this key, so the axis changes nothing`},
		{"rl.minibatches=1000", "", `--set: rl.minibatches: 1000 minibatches cannot be made of prompts × samples = 96 responses`},
		{"report.baseline=x", "", `--set: report.baseline: there is no variant "x"; one of mle; ppo, fast`},
		{"", "rl.algorithm=none", `--where: rl.algorithm: is called algorithm now`},
		{"", "report.examples=3", `--where: report.examples: belongs to the sweep as a whole, and cannot differ between its runs`},
		{"", "rl=3", `--where: rl: expected the key of a value, and this is a table`},
		{"", "rl.updates=9", `--where: rl.updates: no run is left; rl.updates is one of (none), 3`},
		{"", "seed=9", `--where: seed: no run is left; seed is one of 1, 2, 3`},
		{"", "sed=9", `--where: sed: unknown key; did you mean "seed"?`},
		{"", "seed=x", `--where: seed: expected an integer, found the string "x"`},
		{"", "seed", `--where: expected key=value, found "seed"`},
		{"", "variant=x", `--where: variant: no run is left; variant is one of "mle", "ppo, fast"`},
	} {
		write(t, map[string]string{"s.toml": small})
		var options LoadOptions
		if test.set != "" {
			options.Set = []string{test.set}
		}
		if test.where != "" {
			options.Where = []string{test.where}
		}
		if _, err := testSchema.Load("s.toml", options); err == nil || err.Error() != test.want {
			t.Errorf("%q %q: got\n%v\nwant\n%s", test.set, test.where, err, test.want)
		}
	}
}

func TestErrorsCanBeTold(t *testing.T) {
	_, err := testSchema.Load("nowhere.toml", LoadOptions{})
	var mistakes Errors
	if !errors.As(err, &mistakes) || err.Error() != "nowhere.toml: cannot read the sweep file: no such file or directory" {
		t.Errorf("got %v", err)
	}
}
