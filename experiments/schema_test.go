package experiments

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing/fstest"
)

// The schema of the tests has a section or a group of every sort.

type top struct {
	// Algorithm is what follows MLE.
	Algorithm string `toml:"algorithm" json:"algorithm"`
}

type task struct {
	// Data is the name of an embedded data set, or "files".
	Data string `toml:"data" json:"data"`
	// Files are the JSON-lines files where Data is "files".
	Files files `toml:"files" json:"files"`
	// Fields says where a line of Files holds what.
	Fields lineFields `toml:"fields" json:"fields"`
	// Prompt is the template of the prompt.
	Prompt string `toml:"prompt" json:"prompt"`
	// Chat wraps the prompt.
	Chat bool `toml:"chat" json:"chat,omitempty"`
	// Response is the template of the response.
	Response string `toml:"response" json:"response"`
	// Train, Dev and Test are the most examples of each split; 0 means all.
	Train int `toml:"train" json:"train"`
	Dev   int `toml:"dev" json:"dev"`
	Test  int `toml:"test" json:"test"`
}

// files are the paths of the splits.
type files struct {
	Train string `toml:"train" json:"train"`
	Dev   string `toml:"dev" json:"dev"`
	Test  string `toml:"test" json:"test"`
}

type lineFields struct {
	// Input is the field with the input text.
	Input string `toml:"input" json:"input"`
	// References are the fields with references.
	References []string `toml:"references" json:"references"`
}

type model struct {
	// Path is "builtin", a folder, or "" for a model from scratch.
	Path string `toml:"path" json:"path"`
	// The sizes of a model from scratch.
	HiddenSize        int `toml:"hidden_size" json:"hidden_size"`
	NumAttentionHeads int `toml:"num_attention_heads" json:"num_attention_heads"`
}

type optimizer struct {
	// LearningRate is the peak learning rate.
	LearningRate float64 `toml:"learning_rate" json:"learning_rate"`
	// Warmup is the share of the steps over which the rate rises.
	Warmup float64 `toml:"warmup" json:"warmup"`
	// Beta2 is Adam's.
	Beta2 float64 `toml:"beta2" json:"beta2"`
	// ClipNorm is the largest norm; 0 means no clipping.
	ClipNorm float64 `toml:"clip_norm" json:"clip_norm"`
	// MicroBatch changes memory and no results.
	MicroBatch int `toml:"micro_batch" json:"micro_batch"`
}

type base struct {
	optimizer
	// Copy and Reversed are shares of the texts.
	Copy     float64 `toml:"copy" json:"copy"`
	Reversed float64 `toml:"reversed" json:"reversed"`
}

type mle struct {
	optimizer
	// Epochs is the number of passes.
	Epochs float64 `toml:"epochs" json:"epochs"`
	// BatchSize is the number of examples in a step.
	BatchSize int `toml:"batch_size" json:"batch_size"`
}

type negatives struct {
	// PerExample is the number of negatives for each truth.
	PerExample int `toml:"per_example" json:"per_example"`
}

type negative struct {
	// Weight is the share of the kind; 0 switches it off.
	Weight float64 `toml:"weight" json:"weight"`
	// Unended is the share that lacks the end token.
	Unended float64 `toml:"unended" json:"unended"`
}

type rewardModel struct {
	optimizer
	// Steps is the number of steps.
	Steps int `toml:"steps" json:"steps"`
}

type rl struct {
	optimizer
	// Updates is the number of rounds.
	Updates int `toml:"updates" json:"updates"`
	// Prompts is the number of prompts in a round.
	Prompts int `toml:"prompts" json:"prompts"`
	// Samples is the number of responses to a prompt.
	Samples int `toml:"samples" json:"samples"`
	// Temperature is that of sampling.
	Temperature float64 `toml:"temperature" json:"temperature"`
	// Epochs is the number of passes.
	Epochs int `toml:"epochs" json:"epochs"`
	// Minibatches is the number of steps in a pass.
	Minibatches int `toml:"minibatches" json:"minibatches"`
	// Clip bounds the ratio.
	Clip float64 `toml:"clip" json:"clip"`
	// Gamma is the discount.
	Gamma float64 `toml:"gamma" json:"gamma"`
	// WhitenRewards scales rewards.
	WhitenRewards bool `toml:"whiten_rewards" json:"whiten_rewards"`
	// Bonus came later than the others.
	Bonus float64 `toml:"bonus" json:"bonus,omitempty"`

	KL kl `toml:"kl" json:"kl"`
}

type kl struct {
	// Coefficient weighs the penalty.
	Coefficient float64 `toml:"coefficient" json:"coefficient"`
	// Estimator is "k1", "k2" or "k3".
	Estimator string `toml:"estimator" json:"estimator"`
	// Adaptive moves Coefficient.
	Adaptive bool `toml:"adaptive" json:"adaptive"`
}

type learned struct {
	// Weight is that in the sum of rewards; 0 switches it off.
	Weight float64 `toml:"weight" json:"weight"`
	// Clip bounds the score.
	Clip float64 `toml:"clip" json:"clip"`
}

type rouge struct {
	// Weight is that in the sum of rewards; 0 switches it off.
	Weight float64 `toml:"weight" json:"weight"`
	// Words is a file with words that count.
	Words string `toml:"words" json:"words"`
	// Penalty is taken off.
	Penalty penalty `toml:"penalty" json:"penalty"`
}

type penalty struct {
	// Length weighs the length.
	Length float64 `toml:"length" json:"length"`
}

type decoding struct {
	// Enabled is false where a file takes a decoding out.
	Enabled bool `toml:"enabled" json:"-"`
	// Strategy is "greedy", "sample" or "beam".
	Strategy string `toml:"strategy" json:"strategy"`
	// Temperature of the strategy "sample".
	Temperature float64 `toml:"temperature" json:"temperature"`
	// Temperatures are tried on dev.
	Temperatures []float64 `toml:"temperatures" json:"temperatures"`
	// TuneOn is the metric that chooses among Temperatures.
	TuneOn string `toml:"tune_on" json:"tune_on"`
	// TopK keeps the K likeliest tokens.
	TopK int `toml:"top_k" json:"top_k"`
	// TopP keeps the likeliest tokens.
	TopP float64 `toml:"top_p" json:"top_p"`
	// Beams is the width.
	Beams int `toml:"beams" json:"beams"`
	// BatchSize changes speed and no results.
	BatchSize int `toml:"batch_size" json:"batch_size"`
}

type postprocess struct {
	// Chain names the processors.
	Chain []string `toml:"chain" json:"chain"`
}

type metrics struct {
	// Names lists the metrics.
	Names []string `toml:"names" json:"names"`
	// Stemming applies Porter's stemmer.
	Stemming bool `toml:"stemming" json:"stemming"`
}

type scorer struct {
	// Path is a folder, or "" for a scorer from scratch.
	Path string `toml:"path" json:"path,omitempty"`
	// HiddenSize is that of the encoder.
	HiddenSize int `toml:"hidden_size" json:"hidden_size"`
}

type report struct {
	// Baseline is the variant that the others are compared with.
	Baseline string `toml:"baseline" json:"baseline"`
	// Columns are the metrics in the main table.
	Columns []string `toml:"columns" json:"columns"`
	// Published is the path of a file with published values.
	Published string `toml:"published" json:"published"`
	// Examples is the number of examples.
	Examples int `toml:"examples" json:"examples"`
}

type runtime struct {
	// Workers is the number of stages at once.
	Workers int `toml:"workers" json:"workers"`
	// Threads is the number of threads of a worker; 0 means all.
	Threads int `toml:"threads" json:"threads"`
	// Device is where models compute.
	Device string `toml:"device" json:"device"`
}

var knownMetrics = []string{"rouge1", "rouge2", "rougeL", "la-rougeL", "bleurt", "length_ratio", "repetition", "ended"}

var metric = OneOf("metric", func() []string { return knownMetrics })

var optimizerRules = Rules{
	"learning_rate": AboveTo(0, 10),
	"warmup":        From(0, 1),
	"beta2":         FromBelow(0, 1),
	"clip_norm":     NotBelow(0),
	"micro_batch":   AtLeast(0),
}

func optimizerWith(rate float64) optimizer {
	return optimizer{LearningRate: rate, Warmup: 0.05, Beta2: 0.98, ClipNorm: 1}
}

func reinforces(c Config) bool { return Get[top](c, "").Algorithm == "ppo" }

func learns(c Config) bool { return c.Has("reward.learned") }

var negativeKinds = []string{"random", "irrelevant", "shuffled", "repetitive", "copy", "truncated"}

var testSections = []Section{
	{Default: top{"ppo"}, Rules: Rules{"algorithm": Choice("algorithm", "none", "ppo", "mle")}},
	{
		Key: "task",
		Default: task{
			Data: "debian-descriptions", Fields: lineFields{"input", []string{"reference", "references"}},
			Prompt: "{input}\n=>", Response: " {reference}",
		},
		Rules: Rules{
			"data": Choice("data set", "debian-descriptions", "files"), "files.train": Anything, "files.dev": Anything, "files.test": Anything,
			"fields.input": NonEmpty, "fields.references": List(NonEmpty, 1), "chat": Anything,
			"prompt": Containing("{input}"), "response": Containing("{reference}"),
			"train": AtLeast(0), "dev": AtLeast(0), "test": AtLeast(0),
		},
		Paths: []Path{{Key: "files.train"}, {Key: "files.dev"}, {Key: "files.test"}},
		Check: func(c Config) []Complaint {
			t := Get[task](c, "task")
			var found []Complaint
			for i, path := range []string{t.Files.Train, t.Files.Dev, t.Files.Test} {
				key := "task.files." + []string{"train", "dev", "test"}[i]
				switch {
				case t.Data == "files" && path == "":
					found = append(found, Complaint{[]string{key, "task.data"}, `task.data = "files" needs ` + key})
				case t.Data != "files" && path != "":
					found = append(found, Complaint{[]string{key, "task.data"}, fmt.Sprintf("%s is not read, since task.data is %q", key, t.Data)})
				}
			}
			return found
		},
	},
	{
		Key:     "model",
		Default: model{"builtin", 256, 4},
		Rules:   Rules{"path": Anything, "hidden_size": AtLeast(1), "num_attention_heads": AtLeast(1)},
		Paths:   []Path{{Key: "path", Except: []string{"builtin"}}},
		Check: func(c Config) []Complaint {
			m := Get[model](c, "model")
			if m.HiddenSize%m.NumAttentionHeads == 0 {
				return nil
			}
			return []Complaint{{[]string{"model.hidden_size", "model.num_attention_heads"},
				fmt.Sprintf("hidden_size %d is not divisible by num_attention_heads %d", m.HiddenSize, m.NumAttentionHeads)}}
		},
	},
	{
		Key:     "base",
		Default: base{optimizer: optimizerWith(1e-2), Copy: 0.1, Reversed: 0.2},
		Rules:   optimizerRules.And(Rules{"copy": From(0, 1), "reversed": From(0, 1)}),
		Active:  func(c Config) bool { return Get[model](c, "model").Path == "" },
		Check: func(c Config) []Complaint {
			b := Get[base](c, "base")
			if b.Copy+b.Reversed <= 1 {
				return nil
			}
			return []Complaint{{[]string{"base.copy", "base.reversed"}, "copy and reversed are shares, and more than 1 together"}}
		},
	},
	{
		Key:     "mle",
		Default: mle{optimizerWith(1e-3), 1, 32},
		Rules:   optimizerRules.And(Rules{"epochs": Above(0), "batch_size": AtLeast(1)}),
	},
	{
		Key: "negatives", Default: negatives{6}, Rules: Rules{"per_example": AtLeast(1)},
		Active: learns,
	},
	{
		Key:     "reward_model",
		Default: rewardModel{optimizerWith(1e-3), 500},
		Rules:   optimizerRules.And(Rules{"steps": AtLeast(1)}),
		Active:  learns,
	},
	{
		Key: "rl",
		Default: rl{
			optimizer: optimizerWith(1e-4), Updates: 50, Prompts: 24, Samples: 4, Temperature: 0.7, Epochs: 2, Minibatches: 2,
			Clip: 0.2, Gamma: 1, WhitenRewards: true, KL: kl{0.1, "k3", false},
		},
		Rules: optimizerRules.And(Rules{
			"updates": AtLeast(1), "prompts": AtLeast(1), "samples": AtLeast(1), "temperature": Above(0), "epochs": AtLeast(1),
			"minibatches": AtLeast(1), "clip": Between(0, 1), "gamma": From(0, 1), "whiten_rewards": Anything, "bonus": Anything,
			"kl.coefficient": NotBelow(0), "kl.estimator": Choice("estimator", "k1", "k2", "k3"), "kl.adaptive": Anything,
		}),
		Active: reinforces,
		Check: func(c Config) []Complaint {
			r := Get[rl](c, "rl")
			if r.Minibatches <= r.Prompts*r.Samples {
				return nil
			}
			return []Complaint{{[]string{"rl.minibatches", "rl.prompts", "rl.samples"},
				fmt.Sprintf("%d minibatches cannot be made of prompts × samples = %d responses", r.Minibatches, r.Prompts*r.Samples)}}
		},
	},
	{
		Key: "postprocess", Default: postprocess{[]string{"first-line"}},
		Rules: Rules{"chain": List(OneOf("processor", func() []string { return []string{"first-line", "drop-unfinished", "cap-words"} }), 0)},
	},
	{
		Key: "metrics", Default: metrics{[]string{"rouge1", "la-rougeL", "ended"}, true},
		Rules: Rules{"names": List(metric, 1), "stemming": Anything},
	},
	{
		Key: "scorer", Default: scorer{HiddenSize: 128}, Rules: Rules{"path": Anything, "hidden_size": AtLeast(1)},
		Paths:  []Path{{Key: "path"}},
		Active: func(c Config) bool { return slices.Contains(Get[metrics](c, "metrics").Names, "bleurt") },
	},
	{
		Key: "report", Default: report{Columns: []string{}, Examples: 10}, OfSweep: true,
		Rules: Rules{"baseline": Anything, "columns": List(metric, 0), "published": Anything, "examples": AtLeast(0)},
		Paths: []Path{{Key: "published"}},
		CheckSweep: func(s *Sweep) []Complaint {
			r := Get[report](s.Config, "report")
			if r.Baseline == "" || slices.Contains(s.Variants, r.Baseline) {
				return nil
			}
			return []Complaint{{[]string{"report.baseline"}, fmt.Sprintf("there is no variant %q; one of %s", r.Baseline, strings.Join(s.Variants, "; "))}}
		},
	},
	{
		Key: "runtime", Default: runtime{1, 0, "auto"}, OfSweep: true,
		Rules: Rules{
			"workers": AtLeast(1), "threads": AtLeast(0),
			"device": Matching("auto, cpu or a CUDA device such as cuda:0", `^(auto|cpu|cuda:[0-9]+)$`),
		},
	},
}

var testGroups = []Group{
	{
		Key: "negatives", Noun: "kind of negatives", Names: negativeKinds,
		Present: []string{"random", "irrelevant", "shuffled", "repetitive", "copy"},
		Element: func(name string) (Section, bool) {
			if name == "truncated" {
				return Section{Default: rouge{Weight: 1}, Rules: Rules{"weight": NotBelow(0), "words": Anything, "penalty.length": Anything}}, true
			}
			return Section{Default: negative{1, 0.1}, Rules: Rules{"weight": NotBelow(0), "unended": From(0, 1)}}, true
		},
		Gone: func(element any) bool {
			n, ok := element.(negative)
			return ok && n.Weight == 0
		},
		Active: learns,
		Check: func(c Config) []Complaint {
			if len(c.Names("negatives")) > 0 {
				return nil
			}
			return []Complaint{{[]string{"negatives"}, "the weights of all kinds of negatives are 0; at least one must be above"}}
		},
	},
	{
		Key: "reward", List: true, Noun: "reward", Names: []string{"learned", "rougeL", "length"}, Present: []string{"learned"},
		Element: func(name string) (Section, bool) {
			if name == "learned" {
				return Section{Default: learned{1, 2.5}, Rules: Rules{"weight": Anything, "clip": NotBelow(0)}}, true
			}
			return Section{
				Default: rouge{Weight: 1},
				Rules:   Rules{"weight": Anything, "words": Anything, "penalty.length": NotBelow(0)},
				Paths:   []Path{{Key: "words"}},
				Check: func(c Config) []Complaint {
					key := "reward." + name
					if r := Get[rouge](c, key); r.Penalty.Length > r.Weight {
						return []Complaint{{[]string{key + ".weight", key + ".penalty.length"}, "the penalty is above the weight"}}
					}
					return nil
				},
			}, true
		},
		Gone: func(element any) bool {
			switch e := element.(type) {
			case learned:
				return e.Weight == 0
			case rouge:
				return e.Weight == 0
			}
			return false
		},
		Active: reinforces,
		Check: func(c Config) []Complaint {
			if len(c.Names("reward")) > 0 {
				return nil
			}
			return []Complaint{{[]string{"reward"}, "no reward is left"}}
		},
		After: "rl",
	},
	{
		Key: "decode", Noun: "decoding", Present: []string{"greedy", "sample"},
		Element: func(name string) (Section, bool) {
			return Section{
				Default: defaultDecoding(name),
				Rules: Rules{
					"enabled": Anything, "strategy": Choice("strategy", "greedy", "sample", "beam"), "temperature": Above(0),
					"temperatures": List(Above(0), 0), "tune_on": metric, "top_k": AtLeast(0), "top_p": AboveTo(0, 1),
					"beams": AtLeast(1), "batch_size": AtLeast(1),
				},
				Check: func(c Config) []Complaint {
					key := "decode." + name
					if d := Get[decoding](c, key); len(d.Temperatures) > 0 && d.Strategy != "sample" {
						return []Complaint{{[]string{key + ".temperatures", key + ".strategy"},
							"temperatures are tried with the strategy sample only, and that of " + name + " is " + d.Strategy}}
					}
					return nil
				},
			}, true
		},
		Gone: func(element any) bool { return !element.(decoding).Enabled },
		Check: func(c Config) []Complaint {
			if len(c.Names("decode")) > 0 {
				return nil
			}
			return []Complaint{{[]string{"decode.greedy.enabled", "decode.sample.enabled"}, "no decoding is left; enable one"}}
		},
		After: "reward",
	},
}

func defaultDecoding(name string) decoding {
	strategy := "sample"
	if name == "greedy" || name == "beam" {
		strategy = name
	}
	return decoding{
		Enabled: true, Strategy: strategy, Temperature: 1, Temperatures: []float64{}, TuneOn: "la-rougeL", TopP: 1, Beams: 4, BatchSize: 64,
	}
}

// testSource is this file, as the documentation of the keys.
func testSource() fs.FS {
	text, err := os.ReadFile("schema_test.go")
	if err != nil {
		panic(err)
	}
	return fstest.MapFS{"settings.go": {Data: text}}
}

var testSchema = &Schema{
	Sections: testSections,
	Groups:   testGroups,
	Sources:  []fs.FS{testSource()},
	Renamed: map[string]string{
		"rl.algorithm":   "algorithm",
		"rl.reward":      "reward.learned",
		"rl.mle_steps":   "has gone; set mle.epochs",
		"ppo":            "rl",
		"reward":         "reward_model",
		"scoring.stem":   "metrics.stemming",
		"scoring.metric": "metrics.names",
	},
}
