package reports

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lastmile/runs"
)

// algorithms are those that the tests know.
var algorithms = []Algorithm{
	{"none", "MLE", Decoding}, {"mle_longer", "MLE trained on", Likelihood},
	{"ppo", "PPO", OnPolicy}, {"rloo", "RLOO", OnPolicy}, {"dpo", "DPO", Preference},
}

// synthetic describes a store made of random numbers whose means are chosen.
type synthetic struct {
	examples int
	seeds    []int
	labels   []syntheticLabel
	metrics  []string
	fail     string // a label whose first seed failed
	reason   string
}

// syntheticLabel is a variant. gain is what it scores above the first label,
// by decoding.
type syntheticLabel struct {
	name      string
	algorithm string // none, mle and ppo are written as in older stores
	gain      map[string]float64
	curves    []string // of its training after MLE; nil for those of ppo
}

// isModern tells whether a label's runs are written as today.
func (l syntheticLabel) isModern() bool {
	return !slices.Contains([]string{"none", "mle", "ppo"}, l.algorithm)
}

// demo is the store that most tests begin with.
func demo() synthetic {
	return synthetic{
		examples: 60,
		seeds:    []int{1, 2, 3},
		metrics:  []string{"rougeL", "la-rougeL", "bleurt", "length_ratio", "repetition", "ended"},
		labels: []syntheticLabel{
			{name: "mle", algorithm: "none", gain: map[string]float64{"best": 0.06}},
			{name: "mle, longer", algorithm: "mle", gain: map[string]float64{"sample": 0.01, "best": 0.07}},
			{name: "ppo", algorithm: "ppo", gain: map[string]float64{"sample": 0.06, "greedy": -0.002, "best": 0.05}},
		},
	}
}

func (s synthetic) config(label syntheticLabel, seed int) json.RawMessage {
	config := map[string]any{
		"seed":  seed,
		"task":  map[string]any{"data": "debian-descriptions", "test": s.examples, "prompt": "{input}\n=>"},
		"model": map[string]any{"path": "builtin"},
		"rl":    map[string]any{"algorithm": label.algorithm, "updates": 40, "kl": map[string]any{"coefficient": 0.1}},
		"decode": map[string]any{
			"greedy": map[string]any{"strategy": "greedy", "temperature": 1, "temperatures": []float64{}},
			"sample": map[string]any{"strategy": "sample", "temperature": 1, "temperatures": []float64{}, "top_p": 1},
			"best":   map[string]any{"strategy": "sample", "temperature": 1, "temperatures": []float64{0.5, 0.7, 0.9}, "top_p": 1},
		},
		"postprocess": map[string]any{"chain": []string{"first-line", "cap-words"}},
	}
	if label.isModern() {
		delete(config, "rl")
		config["algorithm"] = label.algorithm
	}
	text, err := json.Marshal(config)
	if err != nil {
		panic(err)
	}
	return text
}

// defaults is a default configuration that differs in one setting.
const defaults = `{"seed":1,"task":{"data":"debian-descriptions","test":0,"prompt":"{input}\n=>"},"model":{"path":"builtin"},"rl":{"algorithm":"ppo","updates":50,"kl":{"coefficient":0.1}}}`

var vocabulary = strings.Fields("a the library for tool to read write and convert images network packets of daemon simple fast documentation headers plugin client server")

func words(r *rand.Rand, n int) string {
	var picked []string
	for range n {
		picked = append(picked, vocabulary[r.IntN(len(vocabulary))])
	}
	return strings.Join(picked, " ")
}

// store makes the store.
func (s synthetic) store(t testing.TB) *runs.Store {
	t.Helper()
	ctx := context.Background()
	store, err := runs.Open(ctx, filepath.Join(t.TempDir(), "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	clock := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	add := func(kind, key string, seconds float64, tokens int, content runs.Content) {
		t.Helper()
		clock = clock.Add(time.Minute)
		check(store.AddStage(ctx, runs.Stage{Key: key, Kind: kind, Version: 1, Started: clock, Seconds: seconds, Tokens: tokens, PeakMemoryBytes: 600 << 20, Threads: 2}, content))
	}
	draw := func(name string) *rand.Rand {
		seed := uint64(0)
		for _, c := range name {
			seed = seed*131 + uint64(c)
		}
		return rand.New(rand.NewPCG(seed, 7))
	}

	var prepare runs.Content
	r := draw("examples")
	difficulty := make([]float64, s.examples)
	for i := range s.examples {
		difficulty[i] = 0.1 * r.NormFloat64()
		prepare.Examples = append(prepare.Examples, runs.Example{
			Split: "test", ID: fmt.Sprintf("pkg-%03d", i),
			Input:      capitalize(words(r, 30)) + ".\nIt also has | pipes, `ticks` and <b>tags</b>: " + words(r, 10) + ".",
			References: []string{words(r, 4+r.IntN(6))},
		})
	}
	add("prepare", "prepare", 2, 0, prepare)
	sweep := runs.Sweep{Name: "demo", File: "experiments/demo.toml"}
	for _, label := range s.labels {
		for i, seed := range s.seeds {
			run := fmt.Sprintf("%s-%d", label.name, seed)
			check(store.AddRun(ctx, runs.Run{Name: run, Seed: seed, Config: s.config(label, seed)}))
			sweep.Runs = append(sweep.Runs, runs.SweepRun{Run: run, Label: label.name, Variant: label.name, Seed: seed})
			check(store.Link(ctx, run, "", "prepare"))
			mle := fmt.Sprint("mle-", seed)
			add("mle", mle, 60, 500_000, runs.Content{Curves: falling(draw(mle), 40, 5)})
			check(store.Link(ctx, run, "", mle))
			if label.name == s.fail && i == 0 {
				check(store.MarkFailed(ctx, run, s.reason))
				continue
			}
			s.addRun(run, label, seed, difficulty, draw, add, func(role, key string) { check(store.Link(ctx, run, role, key)) })
			check(store.MarkDone(ctx, run))
		}
	}
	check(store.AddSweep(ctx, sweep))
	return store
}

// addRun adds the stages of a run after MLE.
func (s synthetic) addRun(run string, label syntheticLabel, seed int, difficulty []float64, draw func(string) *rand.Rand,
	add func(string, string, float64, int, runs.Content), link func(role, key string)) {
	switch label.algorithm {
	case "mle":
		add("rl", run+"/rl", 95, 800_000, runs.Content{Curves: falling(draw(run), 60, 3)})
		link("", run+"/rl")
	case "ppo":
		key := fmt.Sprint("reward-", seed)
		var reward runs.Content
		r := draw(key)
		for _, kind := range []string{"random", "irrelevant", "shuffled", "repetitive", "copy"} {
			for _, ended := range []bool{true, false} {
				if kind != "irrelevant" || ended {
					reward.RewardAccuracies = append(reward.RewardAccuracies, runs.RewardAccuracy{Kind: kind, Ended: ended, Accuracy: min(1, 0.93+0.03*r.NormFloat64()), N: 400})
				}
			}
		}
		add("reward", key, 40, 300_000, reward)
		link("", key)
		add("rl", run+"/rl", 55, 200_000, runs.Content{Curves: learning(draw(run), 40)})
		link("", run+"/rl")
	}
	if label.isModern() {
		add("policy", run+"/policy", 55, 200_000, runs.Content{Curves: named(draw(run), 40, label.curves)})
		link("", run+"/policy")
	}
	for d, decode := range []string{"greedy", "sample", "best"} {
		content := runs.Content{Task: "prepare", Split: "test"}
		post := content
		score := content
		score.Signatures = map[string]string{}
		for _, m := range s.metrics {
			score.Signatures[m] = m + "|v:1.0"
		}
		temperature := []float64{1, 1, 0.7}[d]
		content.Decoding = &runs.Decoding{Temperature: temperature}
		r := draw(run + decode)
		for i := range s.examples {
			id := fmt.Sprintf("pkg-%03d", i)
			base := 0.12 + difficulty[i] + label.gain[decode]
			for _, form := range []string{"raw", "post"} {
				own := clamp(base + 0.05*r.NormFloat64())
				if form == "post" {
					own = clamp(own + 0.02)
				}
				values := map[string]float64{
					"rougeL": own, "la-rougeL": clamp(own * 0.9), "bleurt": own - 0.5,
					"length_ratio": 1 + 0.2*r.NormFloat64(), "repetition": clamp(0.1 - label.gain["sample"] + 0.05*r.NormFloat64()), "ended": 1,
				}
				if form == "raw" && r.Float64() < 0.1 {
					values["ended"] = 0
				}
				for _, m := range s.metrics {
					if v, ok := values[m]; ok {
						score.Scores = append(score.Scores, runs.Score{ID: id, Form: form, Metric: m, Value: v})
					}
				}
				n := max(0, int(6+3*r.NormFloat64()))
				output := runs.Output{ID: id, Text: words(r, n), Tokens: 2 * n, Ended: values["ended"] == 1}
				if form == "raw" {
					content.Outputs = append(content.Outputs, output)
				} else {
					post.Outputs = append(post.Outputs, output)
				}
			}
		}
		for _, stage := range []struct {
			kind    string
			content runs.Content
		}{{"decode", content}, {"postprocess", post}, {"score", score}} {
			key := run + "/" + decode + "/" + stage.kind
			add(stage.kind, key, 5, 0, stage.content)
			link(decode, key)
		}
	}
}

func clamp(v float64) float64 { return max(0, min(1, v)) }

// falling is the loss of a model that learns.
func falling(r *rand.Rand, steps int, from float64) []runs.CurvePoint {
	var points []runs.CurvePoint
	for step := 1; step <= steps; step++ {
		value := from * (0.6 + 0.4*math.Exp(-float64(step)/15))
		points = append(points, runs.CurvePoint{Step: step * 10, Split: "train", Name: "loss", Value: value + 0.15*r.NormFloat64()})
		if step%10 == 0 {
			points = append(points, runs.CurvePoint{Step: step * 10, Split: "dev", Name: "loss", Value: value + 0.1})
		}
	}
	return points
}

// learning is the curves of reinforcement learning.
func learning(r *rand.Rand, updates int) []runs.CurvePoint {
	var points []runs.CurvePoint
	for step := 1; step <= updates; step++ {
		x := float64(step) / float64(updates)
		for name, value := range map[string]float64{
			"reward": -1 + 1.2*(1-math.Exp(-3*x)), "kl": 3 * x, "score": 0.5 * x, "length": 9 - 2*x, "ended": 0.9 + 0.08*x, "entropy": 2 - x,
		} {
			points = append(points, runs.CurvePoint{Step: step, Split: "train", Name: name, Value: value * (1 + 0.04*r.NormFloat64())})
		}
	}
	return points
}

// named is curves of these names.
func named(r *rand.Rand, updates int, names []string) []runs.CurvePoint {
	var points []runs.CurvePoint
	for step := 1; step <= updates; step++ {
		for _, name := range names {
			points = append(points, runs.CurvePoint{Step: step, Split: "train", Name: name, Value: r.Float64()})
		}
	}
	return points
}
