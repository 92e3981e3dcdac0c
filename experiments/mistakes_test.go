package experiments

import (
	"strings"
	"testing"
)

// The mistakes that people make, each with the lines that they see.
func TestMistakes(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"unknown key", `
[rl.kl]
estimatr = "k1"`, `
s.toml:3: rl.kl.estimatr: unknown key; did you mean "rl.kl.estimator"?`},
		{"key in the wrong place", `
kl.estimator = "k1"
learning_rate = 1
hidden_size = 8`, `
s.toml:2: kl.estimator: unknown key; did you mean "rl.kl.estimator"?
s.toml:3: learning_rate: unknown key; did you mean "base.learning_rate" or "mle.learning_rate" or "reward_model.learning_rate"?
s.toml:4: hidden_size: unknown key; did you mean "model.hidden_size" or "scorer.hidden_size"?`},
		{"a key that resembles nothing", `
rl.kl.zzzzzzzz = 1
zzzzzzzz = 1`, `
s.toml:2: rl.kl.zzzzzzzz: unknown key; rl.kl has coefficient, estimator, adaptive
s.toml:3: zzzzzzzz: unknown key`},
		{"unknown key of a decoding", `decode.mine.topp = 0.5`, `
s.toml:1: decode.mine.topp: unknown key; did you mean "decode.mine.top_p"?`},
		{"unknown table, once", `
[r1]
clip = 1
updates = 2
[r1.kl]
x = 1
[[variants]]
name = "a"
[mle.epochs]
x = 1`, `
s.toml:2: r1: unknown table; did you mean "rl"?
s.toml:7: variants: unknown table; did you mean "variant"?
s.toml:9: mle.epochs: expected a number, found a table`},
		{"unknown choice", `

rl.kl = { coefficient = 0.1, estimator = "k4" }`, `
s.toml:3: rl.kl.estimator: unknown estimator "k4"; one of k1, k2, k3`},
		{"unknown names", `
metrics.names = ["rouge1", "bleu"]
decode.a.tune_on = "x"
[postprocess]
chain = ["first"]`, `
s.toml:2: metrics.names: unknown metric "bleu"; one of rouge1, rouge2, rougeL, la-rougeL, bleurt, length_ratio, repetition, ended
s.toml:3: decode.a.tune_on: unknown metric "x"; one of rouge1, rouge2, rougeL, la-rougeL, bleurt, length_ratio, repetition, ended
s.toml:5: postprocess.chain: unknown processor "first"; one of first-line, drop-unfinished, cap-words`},
		{"wrong types", `
seed = "1"
mle.batch_size = 8.0
mle.epochs = true
task.prompt = 3
rl.whiten_rewards = "yes"
rl.kl = 0.1
metrics.names = "rouge1"
decode.greedy.temperatures = [1, "x"]
task.dev = 2026-01-01
[[base]]
copy = 3`, `
s.toml:2: seed: expected an integer, found the string "1"
s.toml:3: mle.batch_size: expected an integer, found the number 8.0
s.toml:4: mle.epochs: expected a number, found true
s.toml:5: task.prompt: expected a string, found the integer 3
s.toml:6: rl.whiten_rewards: expected true or false, found the string "yes"
s.toml:7: rl.kl: expected a table, found the number 0.1
s.toml:8: metrics.names: expected a list of strings, found the string "rouge1"
s.toml:9: decode.greedy.temperatures: expected a list of numbers, found the string "x" in it
s.toml:10: task.dev: expected an integer, found a date
s.toml:11: base: expected one table, found [[base]]`},
		{"out of range", `
[rl]
clip = 1
gamma = 1.5
updates = 0
temperature = nan
[mle]
epochs = inf
learning_rate = -1
beta2 = 1
[decode.x]
top_p = 0
temperatures = [0.5, 0]
[decode."y z"]
beams = 2`, `
s.toml:3: rl.clip: 1 is out of range: above 0, below 1
s.toml:4: rl.gamma: 1.5 is out of range: from 0 to 1
s.toml:5: rl.updates: 0 is out of range: at least 1
s.toml:6: rl.temperature: NaN is out of range: above 0
s.toml:8: mle.epochs: +Inf is out of range: above 0
s.toml:9: mle.learning_rate: -1 is out of range: above 0, at most 10
s.toml:10: mle.beta2: 1 is out of range: at least 0, below 1
s.toml:12: decode.x.top_p: 0 is out of range: above 0, at most 1
s.toml:13: decode.x.temperatures: 0 is out of range: above 0
s.toml:14: decode.y z: the name of a decoding is made of letters, digits, hyphens and underscores; found "y z"`},
		{"texts and lists", `
name = "a/b"
[task]
prompt = "Summarize:"
response = "{reference} {reference}"
fields = { input = "", references = [] }
[metrics]
names = ["rouge1", "rouge1"]`, `
s.toml:2: name: "a/b" is not made of letters, digits, dots, hyphens and underscores
s.toml:4: task.prompt: "Summarize:" must contain {input} once, and has it 0 times
s.toml:5: task.response: "{reference} {reference}" must contain {reference} once, and has it 2 times
s.toml:6: task.fields.input: must not be empty
s.toml:6: task.fields.references: the list is empty
s.toml:8: metrics.names: rouge1 is listed twice`},
		{"said twice", `
rl.clip = 0.1
"rl.clip" = 0.2`, `
s.toml:3: rl.clip: given twice, first on line 2`},
		{"not TOML", `
[rl]
clip = 0.1
clip = 0.2`, `
s.toml:4: not valid TOML: Key 'rl.clip' has already been defined.`},
		{"axes", `
[grid]
seed = []
rl.clip = 0.1
rl.updates = [1, 2, 1]
rl.kl.estimatr = ["k1"]
rl.kl.estimator = ["k1", "k4", 3]
mle = [1]
report.examples = [1]
task.prompt = [
  "{input}",
  "no",
]`, `
s.toml:3: grid.seed: the axis is empty; give it a value or leave it out
s.toml:4: grid.rl.clip: expected a list of values, found the number 0.1
s.toml:5: grid.rl.updates: 1 is listed twice
s.toml:6: rl.kl.estimatr: unknown key; did you mean "rl.kl.estimator"?
s.toml:7: rl.kl.estimator: unknown estimator "k4"; one of k1, k2, k3
s.toml:7: rl.kl.estimator: expected a string, found the integer 3
s.toml:8: mle: expected a table, found a list
s.toml:9: report.examples: belongs to the sweep as a whole, and cannot differ between its runs
s.toml:10: task.prompt: "no" must contain {input} once, and has it 0 times`},
		{"a grid without end", `
grid.seed = [` + numbers(400) + `]
grid.rl.updates = [` + numbers(400) + `]`, `
s.toml:3: grid.rl.updates: with this axis there are 160000 runs or more; at most 100000 are possible`},
		{"variants without end", `
grid.seed = [` + numbers(400) + `]
grid.rl.updates = [` + numbers(100) + `]
[[variant]]
name = "a"
[[variant]]
name = "b"
rl.clip = 0.1
[[variant]]
name = "c"
rl.clip = 0.3`, `
s.toml:9: variant: with "c" there are 120000 runs or more; at most 100000 are possible`},
		{"variants", `
[[variant]]
name = "a"
[[variant]]
rl.clip = 0.1
[[variant]]
name = "a"
rl.clip = 0.3
[[variant]]
name = 3
decod.x.top_k = 1
seed.x = 1`, `
s.toml:4: variant: has no name
s.toml:6: variant: "a" is the name of two variants, first on line 2
s.toml:10: variant.name: expected a name on one line, found the integer 3
s.toml:11: decod.x.top_k: unknown key; did you mean "decode.x.top_k"?
s.toml:12: seed.x: unknown key; did you mean "seed"?`},
		{"variants as a table", `
[variant]
name = "a"
[exclude]
seed = 1
[[grid]]
seed = [1]`, `
s.toml:2: variant: expected [[variant]], found a table
s.toml:4: exclude: expected [[exclude]], found a table
s.toml:6: grid: expected a table of axes, found [[grid]]`},
		{"equal variants", `
grid.seed = [1, 2]
[[variant]]
name = "a"
[[variant]]
name = "b"
rl.clip = 0.2`, `
s.toml:5: "a" and "b" are the same configuration; drop one`},
		{"two variants of one label", `
grid.rl.clip = [0.1, 0.3]
[[variant]]
name = "a"
[[variant]]
name = "a, rl.clip=0.1"
rl.clip = 0.4`, `
s.toml:5: two different runs are called "a, rl.clip=0.1, seed 1"; rename a variant`},
		{"exclusions", `
grid.seed = [1, 2]
[[variant]]
name = "first"
[[exclude]]
variant = "frist"
[[exclude]]
[[exclude]]
sed = 1`, `
s.toml:7: exclude: has no conditions, and would drop every run
s.toml:8: exclude: has no conditions, and would drop every run
s.toml:9: sed: unknown key; did you mean "seed"?`},
		{"exclusion of a variant that is not", `
[[variant]]
name = "first"
[[exclude]]
variant = "frist"`, `
s.toml:5: exclude.variant: there is no variant "frist"; did you mean "first"?`},
		{"exclusion of nothing", `
grid.seed = [1, 2]
[[exclude]]
seed = 3`, `
s.toml:3: exclude: no run meets these conditions, or an earlier [[exclude]] dropped them all`},
		{"exclusion of all", `
[[exclude]]
seed = 1`, `
s.toml:2: exclude: no run is left`},
		{"report of what is not", `
[[variant]]
name = "a"
[report]
baseline = "b"
columns = ["rouge1", "rouge3"]`, `
s.toml:6: report.columns: unknown metric "rouge3"; one of rouge1, rouge2, rougeL, la-rougeL, bleurt, length_ratio, repetition, ended`},
		{"a sweep that does not fit its runs", `
[[variant]]
name = "a"
[report]
baseline = "b"`, `
s.toml:5: report.baseline: there is no variant "b"; one of a`},
		{"what belongs to the sweep", `
[[variant]]
name = "a"
runtime.workers = 2
[variant.report]
examples = 3
[[exclude]]
name = "a"`, `
s.toml:4: runtime.workers: belongs to the sweep as a whole, and cannot differ between its runs
s.toml:5: report: belongs to the sweep as a whole, and cannot differ between its runs
s.toml:7: exclude: has no conditions, and would drop every run
s.toml:8: name: belongs to the sweep as a whole, and cannot differ between its runs`},
		{"files", `
task.files.train = "x"
[[variant]]
name = "a"
[[variant]]
name = "b"
task.data = "files"
task.files.dev = "y"`, `
s.toml:2: task.files.train: task.files.train is not read, since task.data is "debian-descriptions"
s.toml:7: task.data: task.data = "files" needs task.files.test`},
		{"sizes", `
[model]
hidden_size = 100
num_attention_heads = 6`, `
s.toml:4: model.num_attention_heads: hidden_size 100 is not divisible by num_attention_heads 6`},
		{"values that do not go together", `
base.copy = 0.6
base.reversed = 0.5
model.path = ""
rl = { prompts = 2, samples = 1, minibatches = 4 }
negatives = { random.weight = 0, irrelevant.weight = 0, shuffled.weight = 0, repetitive.weight = 0 }
negatives.copy.weight = 0
decode.greedy.temperatures = [1]
decode.a = { temperatures = [1], strategy = "beam" }
`, `
s.toml:3: base.reversed: copy and reversed are shares, and more than 1 together
s.toml:5: rl.minibatches: 4 minibatches cannot be made of prompts × samples = 2 responses
s.toml:7: negatives.copy.weight: the weights of all kinds of negatives are 0; at least one must be above
s.toml:8: decode.greedy.temperatures: temperatures are tried with the strategy sample only, and that of greedy is greedy
s.toml:9: decode.a.strategy: temperatures are tried with the strategy sample only, and that of a is beam`},
		{"values of what no run uses", `
algorithm = "none"
rl = { clip = 2, minibatches = 1000, updats = 3 }
reward.learned.clip = -1
reward.lerned.clip = 1`, `
s.toml:3: rl.clip: 2 is out of range: above 0, below 1
s.toml:3: rl.updats: unknown key; did you mean "rl.updates"?
s.toml:4: reward.learned.clip: -1 is out of range: at least 0
s.toml:5: reward.lerned.clip: unknown reward "lerned"; one of learned, rougeL, length`},
		{"an axis that no run uses", `
[grid]
seed = [1, 2]
base.copy = [0, 0.1]`, `
s.toml:4: grid.base.copy: no run uses this key, so the axis changes nothing`},
		{"elements", `
[negatives.copi]
weight = 2
unended = 3
[negatives]
per_exmple = 3
shufled.weight = 3
copy = 3
truncated.weight = -1
truncated.unended = 1
[decode]
greedy = true
[reward]
name = "learned"`, `
s.toml:2: negatives.copi: unknown kind of negatives "copi"; one of random, irrelevant, shuffled, repetitive, copy, truncated
s.toml:6: negatives.per_exmple: unknown key; did you mean "negatives.per_example"?
s.toml:7: negatives.shufled.weight: unknown kind of negatives "shufled"; one of random, irrelevant, shuffled, repetitive, copy, truncated
s.toml:8: negatives.copy: expected a table, found the integer 3
s.toml:9: negatives.truncated.weight: -1 is out of range: at least 0
s.toml:10: negatives.truncated.unended: unknown key; negatives.truncated has weight, words, penalty.length
s.toml:12: decode.greedy: expected a table, found true
s.toml:14: reward.name: expected [[reward]] above the name of a reward`},
		{"lists", `
[[reward]]
name = "rougeL"
penalty = { length = -1, lenth = 2 }
[[reward]]
weight = 3
[[reward]]
name = "lerned"
[[reward]]
name = "rougeL"
[[reward]]
name = 3
[[reward]]
name = "learned"
[reward.penalty]
length = 3
[[decode]]
name = "greedy"
[[variant]]
name = "a"
reward = 3
[[variant]]
name = "b"
[[variant.reward]]`, `
s.toml:4: reward.rougeL.penalty.length: -1 is out of range: at least 0
s.toml:4: reward.rougeL.penalty.lenth: unknown key; did you mean "reward.rougeL.penalty.length"?
s.toml:5: reward: has no name; one of learned, rougeL, length
s.toml:8: reward.name: unknown reward "lerned"; one of learned, rougeL, length
s.toml:9: reward: "rougeL" is in the list twice, first on line 2
s.toml:12: reward.name: expected a string, found the integer 3
s.toml:15: reward.learned.penalty: unknown table; reward.learned has weight, clip
s.toml:17: decode: expected one table, found [[decode]]
s.toml:21: reward: expected a list of tables with the key name, found the integer 3
s.toml:24: reward: has no name; one of learned, rougeL, length`},
		{"a list in one value, over lines", `
reward = [
  { name = "learned" },
  { name = "rougeL",
    weight = "x" },
  { name = "learned" },
]
seed = [{ a = 1 }]
[grid]
reward = [{ name = "learned" }]
[[exclude.reward]]
name = "learned"`, `
s.toml:5: reward.rougeL.weight: expected a number, found the string "x"
s.toml:6: reward: "learned" is in the list twice, first on line 3
s.toml:8: seed: expected an integer, found a list of tables
s.toml:10: reward: cannot be a list here; expected the key of one element, as in reward.NAME.KEY
s.toml:11: exclude: expected [[exclude]] before what it holds`},
		{"elements that do not go together", `
[[reward]]
name = "rougeL"
penalty.length = 3
[[variant]]
name = "a"
reward.rougeL.weight = 2
[[variant]]
name = "b"
[[variant.reward]]
name = "length"
penalty.length = 2
[[variant]]
name = "c"
reward = []`, `
s.toml:7: reward.rougeL.weight: the penalty is above the weight
s.toml:12: reward.length.penalty.length: the penalty is above the weight
s.toml:15: reward: no reward is left`},
		{"names of earlier versions", `
[rl]
algorithm = "ppo"
mle_steps = 3
reward.clip = 1
[ppo]
clip = 1
zzz = 1
[ppo.kl]
estimator = "k1"
[scoring]
stem = true
metric = 3
what = 1
[reward]
steps = 3
[grid]
rl.algorithm = ["none"]
[[variant]]
name = "a"
rl.algorithm = "none"
[[exclude]]
ppo.clip = 3`, `
s.toml:3: rl.algorithm: is called algorithm now
s.toml:4: rl.mle_steps: has gone; set mle.epochs
s.toml:5: rl.reward.clip: is called reward.learned.clip now
s.toml:6: ppo: is called rl now
s.toml:12: scoring.stem: is called metrics.stemming now
s.toml:13: scoring.metric: is called metrics.names now
s.toml:14: scoring.what: unknown key
s.toml:16: reward.steps: is called reward_model.steps now
s.toml:18: rl.algorithm: is called algorithm now
s.toml:21: rl.algorithm: is called algorithm now
s.toml:22: exclude: has no conditions, and would drop every run
s.toml:23: ppo.clip: is called rl.clip now`},
		{"numbers that JSON does not have", `
rl.bonus = inf`, `
s.toml:2: rl.bonus: expected finite numbers, found +Inf`},
		{"no decoding", `
decode = { greedy.enabled = false, sample.enabled = false }`, `
s.toml:2: decode.sample.enabled: no decoding is left; enable one`},
		{"extends", `
extends = 3`, `
s.toml:2: extends: expected a string, found the integer 3`},
		{"extends nothing", `
extends = "not/there.toml"
seed = -1`, `
s.toml:2: extends: cannot read not/there.toml: no such file or directory
s.toml:3: seed: -1 is out of range: at least 0`},
		{"extends itself", `
name = "x"
extends = "./s.toml"`, `
s.toml:3: extends: goes in a circle: s.toml → s.toml`},
		{"mistakes of two files", `
extends = "other.toml"
seed = -1`, `
other.toml:1: rl.clip: 3 is out of range: above 0, below 1
other.toml:2: extends: goes in a circle: s.toml → other.toml → s.toml
s.toml:3: seed: -1 is out of range: at least 0`},
	} {
		t.Run(test.name, func(t *testing.T) {
			write(t, map[string]string{"s.toml": test.text, "other.toml": "rl.clip = 3\nextends = 's.toml'\n"})
			_, err := testSchema.Load("s.toml", LoadOptions{})
			if want := strings.TrimPrefix(test.want, "\n"); err == nil || err.Error() != want {
				t.Errorf("got\n%v\nwant\n%s", err, want)
			}
		})
	}
}

// numbers writes the numbers from 1 to n for a TOML list.
func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(render(i+1) + ",")
	}
	return b.String()
}
