package runs

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// scaleKeep is where the benchmarks leave their stores, as work folders that
// `lastmile show`, `compare` and `report` read too.
var scaleKeep = flag.String("scale.keep", "", "`folder` to make the stores of the benchmarks in, and to leave them there")

// scale is the size of a sweep like the demo's, with more of it.
type scale struct {
	name     string
	labels   int // variants; label 0 is the baseline
	seeds    int
	examples int // in the test set
	// All labels share the stages up to the reward model. Each run has its own
	// policy, outputs and scores.
	decodings []string
	points    int // of each curve of a policy
}

func (c scale) runs() int { return c.labels * c.seeds }

var (
	// manyRuns is a sweep of 10,000 runs with hardly any outputs.
	manyRuns = scale{name: "10000-runs", labels: 5000, seeds: 2, examples: 2, decodings: []string{"greedy", "sample"}, points: 2}
	// manyOutputs has 200,000 outputs, each of them raw and post-processed.
	manyOutputs = scale{name: "200000-outputs", labels: 50, seeds: 2, examples: 1000, decodings: []string{"greedy", "sample"}, points: 42}
	// finishedRuns are 1,000 runs, 800,000 outputs and 6.4 million scores.
	finishedRuns = scale{name: "1000-runs", labels: 500, seeds: 2, examples: 200, decodings: []string{"greedy", "sample"}, points: 42}
)

// scaleMetrics are the demo's.
var scaleMetrics = []string{"bleurt", "ended", "la-rougeL", "length_ratio", "repetition", "rouge1", "rouge2", "rougeL"}

var scaleCurves = []string{"ended", "entropy", "kl", "kl_coefficient", "length", "loss", "policy_loss", "reward", "score", "value_loss"}

// ingest brings the sweep into a store, as a graph does.
func (c scale) ingest(ctx context.Context, s *Store) (err error) {
	in, err := s.Ingest(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	config, err := os.ReadFile("testdata/config.json")
	if err != nil {
		return err
	}
	var settings map[string]any
	if err := json.Unmarshal(config, &settings); err != nil {
		return err
	}
	sweep := Sweep{Name: c.name, File: "experiments/" + c.name + ".toml", Report: []byte(`{"baseline":"variant 0"}`)}
	shared := []Link{{"", c.key("prepare", 0)}, {"", c.key("base", 0)}, {"", c.key("scorer", 0)}}
	for i, link := range shared {
		if err := c.stage(ctx, in, []string{"prepare", "base", "scorer"}[i], link.Stage, 0); err != nil {
			return err
		}
	}
	for label := range c.labels {
		for seed := range c.seeds {
			run := SweepRun{Run: c.key("run", label*c.seeds+seed), Label: fmt.Sprint("variant ", label), Variant: fmt.Sprint("variant ", label),
				Seed: seed + 1, Axes: fmt.Appendf(nil, `{"seed":"%d"}`, seed+1)}
			if err := c.run(ctx, in, run, label*c.seeds+seed, settings, shared); err != nil {
				return err
			}
			sweep.Runs = append(sweep.Runs, run)
		}
	}
	return in.Sweep(ctx, sweep)
}

// run ingests one run and its stages.
func (c scale) run(ctx context.Context, in *Ingest, run SweepRun, n int, settings map[string]any, shared []Link) error {
	links := append([]Link{}, shared...)
	add := func(kind, role string, number int) error {
		link := Link{role, c.key(kind+role, number)}
		links = append(links, link)
		return c.stage(ctx, in, kind, link.Stage, number)
	}
	var err error
	for _, kind := range []string{"mle", "negatives", "reward"} {
		err = errors.Join(err, add(kind, "", run.Seed))
	}
	err = errors.Join(err, add("rl", "", n))
	for _, decoding := range c.decodings {
		for _, kind := range []string{"decode", "postprocess", "score"} {
			err = errors.Join(err, add(kind, decoding, n))
		}
	}
	var config []byte
	if err == nil && !in.HasRun(run.Run) {
		settings["seed"] = run.Seed
		settings["rl"].(map[string]any)["updates"] = n / c.seeds
		config, err = json.Marshal(settings)
	}
	if err != nil {
		return err
	}
	return in.Run(ctx, Run{Name: run.Run, Seed: run.Seed, Config: config}, State{Status: Done}, links)
}

// key is a name that looks like a hash, is the same each time, and begins in
// as many ways as there are.
func (c scale) key(kind string, n int) string {
	r := rand.New(rand.NewPCG(uint64(n), uint64(len(kind))<<32|uint64(kind[0])<<8|uint64(kind[len(kind)-1])))
	return fmt.Sprintf("%016x%04x", r.Uint64(), n)
}

// stage ingests a stage that made up what it has.
func (c scale) stage(ctx context.Context, in *Ingest, kind, key string, n int) error {
	s := stage(kind, key, n)
	s.Task = c.key("prepare", 0)
	r := rand.New(rand.NewPCG(uint64(n), 1))
	id := func(i int) string { return fmt.Sprintf("package-%d", i) }
	return in.Stage(ctx, s, func(w *Writer) error {
		switch kind {
		case "prepare":
			for _, split := range []string{"train", "dev", "test"} {
				var examples []Example
				for i := range c.examples {
					examples = append(examples, Example{Split: split, ID: id(i), Input: words(r, 40), References: []string{words(r, 6)}})
				}
				w.Examples(examples)
			}
		case "mle", "rl":
			return w.Curves(c.curves(r))
		case "reward":
			for _, of := range []string{"copy", "random", "shuffled"} {
				w.RewardAccuracies([]RewardAccuracy{{Kind: of, Ended: true, Accuracy: r.Float64(), N: 600}})
			}
		case "decode", "postprocess":
			var outputs []Output
			for i := range c.examples {
				outputs = append(outputs, Output{ID: id(i), Text: words(r, 6), Tokens: 6 + r.IntN(18), Ended: r.IntN(10) > 0})
			}
			if kind == "postprocess" {
				return w.Outputs(Post, outputs)
			}
			w.Decoding(Decoding{Temperature: 1})
			return w.Outputs(Raw, outputs)
		case "score":
			signatures := map[string]string{}
			for _, metric := range scaleMetrics {
				signatures[metric] = metric + "|v:1.0"
			}
			var scored []Scored
			for i := range c.examples {
				for _, form := range []string{Raw, Post} {
					of := Scored{id(i), form, map[string]float64{}}
					for _, metric := range scaleMetrics {
						of.Scores[metric] = r.Float64()
					}
					scored = append(scored, of)
				}
			}
			return w.Scores(signatures, scored)
		}
		return nil
	})
}

func (c scale) curves(r *rand.Rand) []CurvePoint {
	var points []CurvePoint
	for _, name := range scaleCurves {
		for step := range c.points {
			points = append(points, CurvePoint{Step: step + 1, Split: "train", Name: name, Value: r.Float64()})
		}
	}
	return points
}

func words(r *rand.Rand, n int) string {
	all := strings.Fields("library for reading and writing a small file of headers in the language that its users know best development documentation")
	text := all[r.IntN(len(all))]
	for range n - 1 {
		text += " " + all[r.IntN(len(all))]
	}
	return text
}

// made opens a store with the sweep in it, which it makes unless it is there.
func (c scale) made(b *testing.B) *Store {
	b.Helper()
	work := filepath.Join(*scaleKeep, c.name)
	if *scaleKeep == "" {
		work = b.TempDir()
	}
	must(b, os.MkdirAll(work, 0o777))
	s, err := Open(context.Background(), Path(work))
	must(b, err)
	b.Cleanup(func() { s.Close() })
	must(b, c.ingest(context.Background(), s))
	return s
}

// peak measures f as the benchmark name, and the most memory that the process
// then has, its own and SQLite's.
func peak(b *testing.B, name string, f func() error) {
	b.Run(name, func(b *testing.B) {
		// Linux forgets the peak so far; elsewhere there is no figure.
		_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
		for b.Loop() {
			must(b, f())
		}
		status, _ := os.ReadFile("/proc/self/status")
		for line := range strings.Lines(string(status)) {
			if kilobytes, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kilobytes), "kB")))
				must(b, err)
				b.ReportMetric(float64(n)/1024, "peak-MB")
			}
		}
	})
}

func BenchmarkScaleIngest(b *testing.B) {
	for _, c := range []scale{finishedRuns, manyOutputs, manyRuns} {
		peak(b, c.name, func() error {
			s, err := Open(context.Background(), filepath.Join(b.TempDir(), "store.db"))
			if err != nil {
				return err
			}
			return errors.Join(c.ingest(context.Background(), s), s.Close())
		})
	}
}

func BenchmarkScaleQueries(b *testing.B) {
	for _, c := range []scale{manyRuns, manyOutputs} {
		b.Run(c.name, func(b *testing.B) { c.queries(b, c.made(b)) })
	}
}

// queries measures what commands ask of the store.
func (c scale) queries(b *testing.B, s *Store) {
	ctx := context.Background()
	run := c.key("run", c.runs()/2)
	found := func(name string, want int) func() error {
		return func() error {
			runs, err := s.FindRuns(ctx, "", name)
			if err == nil && len(runs) != want {
				err = fmt.Errorf("found %d runs, want %d", len(runs), want)
			}
			return err
		}
	}
	label := fmt.Sprint("variant ", c.labels/2)
	for _, q := range []struct {
		name string
		ask  func() error
	}{
		{"ingest again", func() error { return c.ingest(ctx, s) }},
		{"progress", func() error { _, err := s.Progress(ctx); return err }},
		{"find label", found(label, c.seeds)},
		{"find label and seed", found(label+", seed 2", 1)},
		{"find prefix", found(run[:12], 1)},
		{"find nothing", found("nothing", 0)},
		{"label names", func() error { _, err := s.LabelNames(ctx, "", 20); return err }},
		{"run", func() error { _, err := s.Run(ctx, run); return err }},
		{"run means", func() error { _, err := s.RunMeans(ctx, run); return err }},
		{"run scores", func() error { _, err := s.RunScores(ctx, run, "bleurt"); return err }},
		{"run's first texts", func() error { _, err := s.Texts(ctx, run, Selection{Form: Raw, First: 2}); return err }},
		{"run's texts", func() error { _, err := s.Texts(ctx, run, Selection{Decode: "greedy", Form: Raw}); return err }},
		{"listing", func() error { _, err := s.Listing(ctx, c.name); return err }},
		{"labels", func() error { return drain(s.Labels(ctx, c.name)) }},
		{"digest", func() error { _, err := s.Digest(ctx, c.name); return err }},
		{"costs", func() error { _, err := s.Costs(ctx, c.name); return err }},
		{"metrics", func() error { _, err := s.Metrics(ctx, c.name); return err }},
		{"systems", func() error { return drain(s.Systems(ctx, c.name)) }},
		{"systems by 2 metrics", func() error { return drain(s.Systems(ctx, c.name, "bleurt", "rougeL")) }},
		{"all scores", func() error { _, err := s.Scores(ctx, c.name); return err }},
		{"all outputs", func() error { return drain(s.Outputs(ctx, c.name, Selection{})) }},
		{"outputs for 2 examples", func() error {
			return drain(s.Outputs(ctx, c.name, Selection{Decode: "greedy", Seeds: []int{1}, Examples: []string{"package-0", "package-1"}}))
		}},
		{"lengths", func() error { _, err := s.Lengths(ctx, c.name); return err }},
		{"view of scores", func() error {
			var n int
			return s.db.QueryRow(`SELECT count(*) FROM v_scores WHERE sweep = ?`, c.name).Scan(&n)
		}},
		{"examples", func() error { return drain(s.Examples(ctx, c.name)) }},
		{"2 curves", func() error {
			_, err := s.Curves(ctx, c.name, CurveName{"rl", "reward", "train"}, CurveName{"rl", "kl", "train"})
			return err
		}},
		{"accuracies", func() error { _, err := s.RewardAccuracies(ctx, c.name); return err }},
		{"decodings", func() error { _, err := s.Decodings(ctx, c.name); return err }},
	} {
		peak(b, q.name, q.ask)
	}
}

// drain reads what a query gives.
func drain[T any](values func(func(T, error) bool)) error {
	for _, err := range values {
		if err != nil {
			return err
		}
	}
	return nil
}
