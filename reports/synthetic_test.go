package reports

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"lastmile/runs"
)

// stageKinds are those that the tests know, in their order.
var stageKinds = []Stage{
	{"prepare", false}, {"base", false}, {"mle", false}, {"negatives", true}, {"reward", true}, {"policy", true}, {"rl", true}, {"reward_eval", false},
	{"decode", false}, {"postprocess", false}, {"scorer", false}, {"score", false},
}

// algorithms are those that the tests know.
var algorithms = []Algorithm{
	{"none", "MLE", Decoding}, {"mle_longer", "MLE trained on", Likelihood},
	{"ppo", "PPO", OnPolicy}, {"rloo", "RLOO", OnPolicy}, {"raft", "RAFT", OnPolicy}, {"dpo", "DPO", Preference}, {"rule", "a rule", Rule},
}

// synthetic describes a store made of random numbers whose means are chosen.
type synthetic struct {
	examples int
	length   int // of outputs, in words; 0 means 6
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
	file      string // of other test examples than the embedded ones, with the same ids
	gain      map[string]float64
	curves    []string // of its training after MLE; nil for those of ppo
	rewards   []string
	course    func(seed int) []runs.CurvePoint // its curves instead of these
	decode    map[string]any                   // its decodings instead of the usual ones
	negatives []string                         // the kinds that its own reward models are trained on; nil for those of all ppo
}

// examples is the key of the stage with the label's examples.
func (l syntheticLabel) examples() string { return "prepare" + l.file }

// isModern tells whether a label's runs are written as today.
func (l syntheticLabel) isModern() bool {
	return !slices.Contains([]string{"none", "mle", "ppo"}, l.algorithm)
}

// decodings are the settings of a label's decodings.
func (l syntheticLabel) decodings() map[string]any {
	if l.decode != nil {
		return l.decode
	}
	return map[string]any{"greedy": greedy, "sample": sampled, "best": tempered}
}

// Settings of decodings.
var (
	greedy   = map[string]any{"strategy": "greedy", "temperature": 1, "temperatures": []float64{}}
	sampled  = map[string]any{"strategy": "sample", "temperature": 1, "temperatures": []float64{}, "top_p": 1}
	tempered = map[string]any{"strategy": "sample", "temperature": 1, "temperatures": []float64{0.5, 0.7, 0.9}, "top_p": 1}
)

// demo is the store that most tests begin with.
func demo() synthetic {
	return synthetic{
		examples: 60,
		seeds:    []int{1, 2, 3, 4, 5, 6},
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
		"seed":        seed,
		"task":        map[string]any{"data": "debian-descriptions", "test": s.examples, "prompt": "{input}\n=>"},
		"model":       map[string]any{"path": "builtin"},
		"rl":          map[string]any{"algorithm": label.algorithm, "updates": 40, "kl": map[string]any{"coefficient": 0.1}},
		"decode":      label.decodings(),
		"postprocess": map[string]any{"chain": []string{"first-line", "cap-words"}},
	}
	if label.algorithm == "rule" {
		config["decode"] = map[string]any{"greedy": map[string]any{"strategy": "greedy", "temperature": 1, "temperatures": []float64{}}}
	}
	if label.file != "" {
		config["task"] = map[string]any{"data": "files", "files": map[string]any{"test": label.file}}
	}
	if label.isModern() {
		delete(config, "rl")
		config["algorithm"] = label.algorithm
	}
	if len(label.rewards) > 0 {
		rewards := map[string]any{}
		for _, name := range label.rewards {
			rewards[name] = map[string]any{"weight": 1}
		}
		config["reward"] = rewards
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
