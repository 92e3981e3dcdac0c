package reports

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"lastmile/runs"
)

// store makes the store.
func (s synthetic) store(t testing.TB) *runs.Store {
	t.Helper()
	ctx := context.Background()
	store, err := runs.Open(ctx, filepath.Join(t.TempDir(), "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	in, err := store.Ingest(ctx)
	if err != nil {
		t.Fatal(err)
	}
	m := maker{synthetic: s, t: t, in: in, clock: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)}
	m.prepare("prepare", "")
	for _, label := range s.labels {
		if label.file != "" {
			m.prepare(label.examples(), "News: ")
		}
	}
	sweep := runs.Sweep{Name: "demo", File: "experiments/demo.toml"}
	for _, label := range s.labels {
		for i, seed := range s.seeds {
			run := runs.Run{Name: fmt.Sprintf("%s-%d", label.name, seed), Seed: seed, Config: s.config(label, seed)}
			m.links = []runs.Link{{Stage: label.examples()}}
			if label.algorithm != "rule" {
				m.add("mle", fmt.Sprint("mle-", seed), 60, 500_000, func(w *runs.Writer) error {
					return w.Curves(falling(stream(fmt.Sprint("mle-", seed)), 40, 5))
				})
			}
			state := runs.State{Status: runs.Failed, Reason: s.reason}
			if label.name != s.fail || i > 0 {
				m.train(run.Name, label, seed)
				// The usual ones in the order that keeps the golden report's clock.
				order := []string{"greedy", "sample", "best"}
				if label.decode != nil {
					order = slices.Sorted(maps.Keys(label.decode))
				}
				if label.algorithm == "rule" {
					order = []string{"greedy"}
				}
				for _, name := range order {
					how := runs.Decoding{Temperature: 1}
					switch {
					case label.algorithm == "rule":
						how = runs.Decoding{Chosen: "strip, lead-7 words"}
					case name == "best":
						how.Temperature = 0.7
					}
					m.decode(run.Name, label, name, how)
				}
				state = runs.State{Status: runs.Done}
			}
			m.check(in.Run(ctx, run, state, m.links))
			sweep.Runs = append(sweep.Runs, runs.SweepRun{Run: run.Name, Label: label.name, Variant: label.name, Seed: seed})
		}
	}
	m.check(in.Sweep(ctx, sweep))
	m.check(in.Close())
	return store
}

// maker fills the store.
type maker struct {
	synthetic
	t          testing.TB
	in         *runs.Ingest
	clock      time.Time
	difficulty []float64   // of the examples
	links      []runs.Link // of the run that is being made
}

func (m *maker) check(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// add adds a stage to the store and to the run.
func (m *maker) add(kind, key string, seconds float64, tokens int, write func(*runs.Writer) error) {
	m.t.Helper()
	m.addFor("", runs.Stage{Key: key, Kind: kind, Seconds: seconds, Tokens: tokens}, write)
}

func (m *maker) addFor(role string, stage runs.Stage, write func(*runs.Writer) error) {
	m.t.Helper()
	m.clock = m.clock.Add(time.Minute)
	stage.Version, stage.Started, stage.PeakMemoryBytes, stage.Threads = 1, m.clock, 600<<20, 2
	m.check(m.in.Stage(context.Background(), stage, write))
	m.links = append(m.links, runs.Link{Role: role, Stage: stage.Key})
}

// stream is a stream of random numbers of that name.
func stream(name string) *rand.Rand {
	seed := uint64(0)
	for _, c := range name {
		seed = seed*131 + uint64(c)
	}
	return rand.New(rand.NewPCG(seed, 7))
}

// prepare adds the examples, whose inputs begin with a text.
func (m *maker) prepare(key, begin string) {
	var examples []runs.Example
	r := stream("examples")
	m.difficulty = make([]float64, m.examples)
	for i := range m.examples {
		m.difficulty[i] = 0.1 * r.NormFloat64()
		examples = append(examples, runs.Example{
			Split: "test", ID: fmt.Sprintf("pkg-%03d", i),
			Input:      begin + capitalize(words(r, 30)) + ".\nIt also has | pipes, `ticks` and <b>tags</b>: " + words(r, 10) + ".",
			References: []string{words(r, 4+r.IntN(6))},
		})
	}
	m.add("prepare", key, 2, 0, func(w *runs.Writer) error { w.Examples(examples); return nil })
}

// train adds the stages of a run between MLE and decoding.
func (m *maker) train(run string, label syntheticLabel, seed int) {
	switch {
	case label.algorithm == "rule":
	case label.course != nil:
		m.add("policy", run+"/policy", 55, 200_000, func(w *runs.Writer) error { return w.Curves(label.course(seed)) })
	case label.algorithm == "mle":
		m.add("rl", run+"/rl", 95, 800_000, func(w *runs.Writer) error { return w.Curves(falling(stream(run), 60, 3)) })
	case label.algorithm == "ppo":
		key := fmt.Sprint("reward-", seed)
		trained := func(kind string, ended bool) bool { return ended && kind != "negation" }
		if label.negatives != nil {
			key = run + "/reward"
			trained = func(kind string, ended bool) bool { return ended && slices.Contains(label.negatives, kind) }
		}
		var accuracies []runs.RewardAccuracy
		r := stream(key)
		for _, kind := range []string{"random", "irrelevant", "shuffled", "repetitive", "copy"} {
			for _, ended := range []bool{true, false} {
				if kind != "irrelevant" || ended {
					accuracy := 0.93
					if label.negatives != nil && !trained(kind, ended) {
						accuracy = 0.4
					}
					accuracies = append(accuracies, runs.RewardAccuracy{Kind: kind, Ended: ended, Accuracy: min(1, accuracy+0.03*r.NormFloat64()), N: 400})
				}
			}
		}
		evaluation := evaluated(stream(run), accuracies, trained)
		if slices.Contains(label.negatives, "ranked") {
			accuracies = append(accuracies, runs.RewardAccuracy{Kind: "ranked", Ended: true, Accuracy: 0.66, N: 400})
		}
		m.add("reward", key, 40, 300_000, func(w *runs.Writer) error { w.RewardAccuracies(accuracies); return nil })
		m.add("rl", run+"/rl", 55, 200_000, func(w *runs.Writer) error { return w.Curves(learning(stream(run), 40)) })
		m.add("reward_eval", run+"/reward_eval", 12, 90_000, func(w *runs.Writer) error { w.RewardEvaluation(evaluation); return nil })
	case label.isModern():
		m.add("policy", run+"/policy", 55, 200_000, func(w *runs.Writer) error { return w.Curves(named(stream(run), 40, label.curves)) })
	}
}

// evaluated is an evaluation of a reward model on these kinds and on negations.
func evaluated(r *rand.Rand, accuracies []runs.RewardAccuracy, trained func(kind string, ended bool) bool) runs.RewardEvaluation {
	var e runs.RewardEvaluation
	around := func(value float64) float64 { return clamp(value + 0.02*r.NormFloat64()) }
	e.Kinds = append(e.Kinds, runs.RewardKind{Kind: "number", Ended: true, N: 1, Trivial: []runs.TrivialAccuracy{{Scorer: "overlap", Accuracy: 1}}}) // one pair says nothing
	for _, a := range append(accuracies, runs.RewardAccuracy{Kind: "negation", Ended: true, Accuracy: 0.55}) {
		kind := runs.RewardKind{Kind: a.Kind, Ended: a.Ended, Trained: trained(a.Kind, a.Ended), Accuracy: around(a.Accuracy), N: 200}
		for scorer, value := range map[string]float64{"end token": 0.5, "longer": 0.4, "overlap": 0.6} {
			switch {
			case scorer == "end token" && !a.Ended:
				value = 1
			case scorer == "overlap" && a.Kind == "copy":
				value = 0.02
			}
			kind.Trivial = append(kind.Trivial, runs.TrivialAccuracy{Scorer: scorer, Accuracy: value})
		}
		e.Kinds = append(e.Kinds, kind)
	}
	for i, policy := range []string{"before", "after"} {
		add := func(statistic, metric string, value float64) {
			value = around(value - 0.1*float64(i))
			low, high := value-0.05, value+0.05
			e.Samples = append(e.Samples, runs.RewardMeasure{Policy: policy, Statistic: statistic, Metric: metric, Value: value, Low: &low, High: &high, N: 200})
		}
		add("truth above", "", 0.6)
		add("ranked", "la-rougeL", 0.64)
		for _, statistic := range []string{"kendall", "spearman", "pearson"} {
			for _, metric := range []string{"rouge1", "rougeL", "la-rougeL", "length closeness", "tokens"} {
				add(statistic, metric, 0.25)
			}
		}
	}
	for _, pairs := range []string{"trained", "left out", "before", "after"} {
		for bin := range 10 {
			e.Calibration = append(e.Calibration, runs.RewardBin{Pairs: pairs, Bin: bin, Confidence: 0.525 + 0.05*float64(bin), Right: around(0.5 + 0.04*float64(bin)), N: 20 + 10*bin})
		}
	}
	return e
}

// decode adds the stages of one decoding of a run.
func (m *maker) decode(run string, label syntheticLabel, decode string, how runs.Decoding) {
	var raw, post []runs.Output
	var scored []runs.Scored
	signatures := map[string]string{}
	for _, metric := range m.metrics {
		signatures[metric] = metric + "|v:1.0"
	}
	r := stream(run + decode)
	for i := range m.examples {
		id := fmt.Sprintf("pkg-%03d", i)
		base := 0.12 + m.difficulty[i] + label.gain[decode]
		for _, form := range []string{runs.Raw, runs.Post} {
			own := clamp(base + 0.05*r.NormFloat64())
			if form == runs.Post {
				own = clamp(own + 0.02)
			}
			values := map[string]float64{
				"rouge1": own, "rouge2": clamp(own / 2), "rougeL": own, "la-rougeL": clamp(own * 0.9), "bleurt": own - 0.5,
				"length_ratio": 1 + 0.2*r.NormFloat64(), "repetition": clamp(0.1 - label.gain["sample"] + 0.05*r.NormFloat64()), "ended": 1,
			}
			if form == runs.Raw && r.Float64() < 0.1 {
				values["ended"] = 0
			}
			ended := values["ended"] == 1
			maps.DeleteFunc(values, func(metric string, _ float64) bool { return !slices.Contains(m.metrics, metric) })
			scored = append(scored, runs.Scored{ID: id, Form: form, Scores: values})
			n := max(0, int(float64(cmp.Or(m.length, 6))+3*r.NormFloat64()))
			output := runs.Output{ID: id, Text: words(r, n), Tokens: 2 * n, Ended: ended}
			if form == runs.Raw {
				raw = append(raw, output)
			} else {
				post = append(post, output)
			}
		}
	}
	for _, stage := range []struct {
		kind  string
		write func(*runs.Writer) error
	}{
		{"decode", func(w *runs.Writer) error {
			w.Decoding(how)
			return w.Outputs(runs.Raw, raw)
		}},
		{"postprocess", func(w *runs.Writer) error { return w.Outputs(runs.Post, post) }},
		{"score", func(w *runs.Writer) error { return w.Scores(signatures, scored) }},
	} {
		m.addFor(decode, runs.Stage{Key: run + "/" + decode + "/" + stage.kind, Kind: stage.kind, Task: label.examples(), Split: "test", Seconds: 5}, stage.write)
	}
}
