package experiments

import (
	"fmt"
	"sync"
	"testing"
)

func TestProjection(t *testing.T) {
	c := testSchema.Default().With("negatives.random.weight", 0).With("negatives.irrelevant", negative{Weight: 1}).
		With("reward.rougeL.weight", 2).Only("negatives", "irrelevant")
	for _, test := range []struct {
		reads, cost        []string
		settings, identity string
	}{
		{[]string{"seed", "algorithm"}, nil, `{"algorithm":"ppo","seed":1}`, ""},
		{[]string{"task.prompt", "task.dev", "task.fields"}, nil,
			`{"task":{"fields":{"input":"input","references":["reference","references"]},"prompt":"{input}\n=\u003e"}}`, ""},
		{[]string{"mle"}, []string{"mle.batch_size", "mle.micro_batch"},
			`{"mle":{"batch_size":32,"beta2":0.98,"clip_norm":1,"epochs":1,"learning_rate":0.001,"warmup":0.05}}`,
			`{"mle":{"beta2":0.98,"clip_norm":1,"epochs":1,"learning_rate":0.001,"warmup":0.05}}`},
		{[]string{"rl.kl"}, []string{"*.kl.estimator"}, `{"rl":{"kl":{"coefficient":0.1,"estimator":"k3"}}}`, `{"rl":{"kl":{"coefficient":0.1}}}`},
		{[]string{"negatives"}, nil, `{"negatives":{"irrelevant":{"weight":1},"per_example":6}}`, ""},
		{[]string{"negatives.*.unended", "negatives.per_example"}, nil, `{"negatives":{"irrelevant":{},"per_example":6}}`, ""},
		{[]string{"decode.*.batch_size", "decode.greedy.beams", "decode.absent"}, []string{"decode.*.batch_size"},
			`{"decode":{"greedy":{"batch_size":64,"beams":4},"sample":{"batch_size":64}}}`, `{"decode":{"greedy":{"beams":4},"sample":{}}}`},
		{[]string{"reward"}, []string{"reward.learned"},
			`{"reward":{"learned":{"clip":2.5,"weight":1},"rougeL":{"weight":2}}}`, `{"reward":{"rougeL":{"weight":2}}}`},
		{[]string{"base", "scorer"}, nil, `{}`, ""},
	} {
		part := NewProjection(test.reads, test.cost).Of(c)
		if test.identity == "" {
			test.identity = test.settings
		}
		if string(part.Settings) != test.settings || string(part.Identity) != test.identity {
			t.Errorf("%q without %q:\n%s\n%s\nwant\n%s\n%s", test.reads, test.cost, part.Settings, part.Identity, test.settings, test.identity)
		}
	}
}

func TestEqualPartsAreOne(t *testing.T) {
	p := NewProjection([]string{"mle", "task.prompt", "decode"}, []string{"mle.micro_batch"})
	c := testSchema.Default()
	first := p.Of(c)
	for name, same := range map[string]Config{
		"the same again":        testSchema.Default(),
		"what it does not read": c.With("task.response", "{reference}").With("seed", 3).With("algorithm", "none"),
		"there and back":        c.With("mle.epochs", 3).With("mle.epochs", 1),
	} {
		if p.Of(same) != first {
			t.Errorf("%s: another part", name)
		}
	}
	if cheaper := p.Of(c.With("mle.micro_batch", 2)); cheaper == first || string(cheaper.Identity) != string(first.Identity) {
		t.Errorf("a cost: %s", cheaper.Identity)
	}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			if p.Of(c.With("mle.epochs", i+1)) == first != (i == 0) {
				t.Errorf("%d epochs", i+1)
			}
		})
	}
	group.Wait()
}

func TestANewDefaultChangesOnlyPartsThatReadIt(t *testing.T) {
	type grown struct {
		mle
		New int `toml:"new" json:"new"`
	}
	schema := later("mle", grown{mle{optimizerWith(1e-3), 1, 32}, 3}, Rules{"new": AtLeast(0)})
	for _, test := range []struct {
		reads string
		same  bool
	}{{"task", true}, {"rl", true}, {"mle.epochs", true}, {"mle", false}} {
		p := NewProjection([]string{test.reads}, nil)
		a, b := p.Of(testSchema.Default()), p.Of(schema.Default())
		if (string(a.Settings) == string(b.Settings)) != test.same {
			t.Errorf("%s:\n%s\n%s", test.reads, a.Settings, b.Settings)
		}
	}
	type zero struct {
		mle
		New int `toml:"new" json:"new"`
		Sub kl  `toml:"sub" json:"sub"`
	}
	schema = later("mle", zero{mle: mle{optimizerWith(1e-3), 1, 32}}, Rules{
		"new": AtLeast(0), "sub.coefficient": Anything, "sub.estimator": Anything, "sub.adaptive": Anything,
	})
	p := NewProjection([]string{"mle"}, nil)
	if a, b := p.Of(testSchema.Default()), p.Of(schema.Default()); string(a.Identity) != string(b.Identity) {
		t.Errorf("new zeros:\n%s\n%s", a.Identity, b.Identity)
	}
}

// sweepsOf10000 are two sweep files with 10,000 runs.
var sweepsOf10000 = map[string]string{
	"grid":        "[grid]\nrl.updates = [" + numbers(100) + "]\nseed = [" + numbers(100) + "]\n",
	"one section": "[grid]\nseed = [1]\nrl.updates = [" + numbers(100) + "]\nrl.samples = [" + numbers(100) + "]\n",
	"variants": "[grid]\nseed = [" + numbers(2000) + "]\n" + `
[[variant]]
name = "mle"
algorithm = "none"
[[variant]]
name = "ppo"
[[variant]]
name = "rouge"
reward = [{ name = "rougeL" }]
[[variant]]
name = "both"
reward.rougeL.weight = 0.5
[[variant]]
name = "tempered"
decode.tempered.temperatures = [0.3, 0.5]
`,
}

func TestTenThousandRunsShareWhatTheyAgreeIn(t *testing.T) {
	l := loader{index: testSchema.compiled(), read: func(string) ([]byte, error) { return []byte(sweepsOf10000["variants"]), nil }}
	sweep, err := l.load("s.toml", LoadOptions{})
	if err != nil || len(sweep.Runs) != 10_000 {
		t.Fatalf("%d runs, %v", len(sweep.Runs), err)
	}
	p := NewProjection([]string{"mle", "rl", "reward", "decode"}, nil)
	parts := map[*Part]bool{}
	for _, run := range sweep.Runs {
		parts[p.Of(run.Config)] = true
	}
	if len(parts) != 5 {
		t.Errorf("%d parts of 5 variants", len(parts))
	}
}

func BenchmarkLoad10000(b *testing.B) {
	for _, name := range []string{"grid", "one section", "variants"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				schema := &Schema{Sections: testSections, Groups: testGroups}
				l := loader{index: schema.compiled(), read: func(string) ([]byte, error) { return []byte(sweepsOf10000[name]), nil }}
				sweep, err := l.load("s.toml", LoadOptions{})
				if err != nil || len(sweep.Runs) != 10_000 {
					b.Fatal(err, len(sweep.Runs))
				}
			}
		})
	}
}

func BenchmarkParts10000(b *testing.B) {
	for _, name := range []string{"grid", "one section", "variants"} {
		b.Run(name, func(b *testing.B) {
			l := loader{index: testSchema.compiled(), read: func(string) ([]byte, error) { return []byte(sweepsOf10000[name]), nil }}
			sweep, err := l.load("s.toml", LoadOptions{})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				parts := map[*Part]bool{}
				for _, reads := range [][]string{{"task"}, {"task", "mle", "seed"}, {"negatives", "reward_model"}, {"rl", "reward", "algorithm"}} {
					p := NewProjection(reads, []string{"mle.micro_batch"})
					for _, run := range sweep.Runs {
						parts[p.Of(run.Config)] = true
					}
				}
				if len(parts) == 0 {
					b.Fatal(fmt.Sprint(parts))
				}
			}
		})
	}
}
