package experiments

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// rule says which values a key may have. In its key, "*" stands for any one
// part.
type rule struct {
	key string
	check
}

// check is a condition on a single value.
type check struct {
	// allowed names the values for people: "at least 1".
	allowed string
	// broken says what is wrong with a value, or "".
	broken func(value any, known Known) string
}

// Known lists, by kind, the names that other packages register: "metrics" and
// "postprocess". A kind that is missing is not checked.
type Known map[string][]string

// rules has one line for every key that a sweep file can set, and the first
// that fits counts.
var rules = []rule{
	{"name", matching("letters, digits, dots, hyphens and underscores", `^[A-Za-z0-9][A-Za-z0-9._-]*$`)},
	{"description", anything},
	{"extends", nonEmpty},

	{"seed", atLeast(0)},

	{"task.data", choice("data set", "debian-descriptions", "files")},
	{"task.files.*", anything},
	{"task.fields.id", anything},
	{"task.fields.input", nonEmpty},
	{"task.fields.references", list(nonEmpty, 1)},
	{"task.prompt", containing("{input}")},
	{"task.chat", anything},
	{"task.response", containing("{reference}")},
	{"task.max_prompt_tokens", atLeast(1)},
	{"task.max_response_tokens", atLeast(1)},
	{"task.base_share", fromBelow(0, 1)},
	{"task.train", atLeast(0)},
	{"task.dev", atLeast(0)},
	{"task.test", atLeast(0)},

	{"model.path", anything},
	{"model.vocab_size", atLeast(257)}, // all bytes and the end token
	{"model.hidden_size", atLeast(1)},
	{"model.intermediate_size", atLeast(1)},
	{"model.num_hidden_layers", atLeast(1)},
	{"model.num_attention_heads", atLeast(1)},
	{"model.num_key_value_heads", atLeast(1)},
	{"model.max_position_embeddings", atLeast(2)},
	{"model.rope_theta", above(0)},

	{"lora.r", atLeast(0)},
	{"lora.alpha", above(0)},
	{"lora.dropout", fromBelow(0, 1)},
	{"lora.target_modules", list(choice("module", "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"), 1)},

	{"*.learning_rate", aboveTo(0, 10)},
	{"*.warmup", from(0, 1)},
	{"*.schedule", choice("schedule", "cosine", "linear", "constant")},
	{"*.final_learning_rate", from(0, 1)},
	{"*.weight_decay", from(0, 1)},
	{"*.beta1", fromBelow(0, 1)},
	{"*.beta2", fromBelow(0, 1)},
	{"*.epsilon", aboveTo(0, 1)},
	{"*.clip_norm", notBelow(0)},
	{"*.muon_learning_rate", from(0, 10)},
	{"*.micro_batch", atLeast(0)},
	{"*.gradient_checkpointing", anything},
	{"*.bf16", anything},
	{"*.checkpoint_every", atLeast(1)},

	{"base.steps", atLeast(1)},
	{"base.batch_tokens", atLeast(1)},
	{"base.copy", from(0, 1)},
	{"base.copy_steps", atLeast(0)},
	{"base.reversed", from(0, 1)},

	{"mle.epochs", above(0)},
	{"mle.batch_size", atLeast(1)},
	{"mle.eval_every", atLeast(1)},
	{"mle.patience", atLeast(0)},

	{"negatives.per_example", atLeast(1)},
	{"negatives.*.weight", notBelow(0)},
	{"negatives.*.unended", from(0, 1)},

	{"reward.loss", choice("loss", "bradley-terry", "bce")},
	{"reward.steps", atLeast(1)},
	{"reward.batch_size", atLeast(1)},
	{"reward.dev_examples", atLeast(0)},
	{"reward.eval_every", atLeast(1)},

	{"rl.algorithm", choice("algorithm", "none", "ppo", "mle")},
	{"rl.mle_steps", atLeast(1)},
	{"rl.updates", atLeast(1)},
	{"rl.prompts", atLeast(1)},
	{"rl.samples", atLeast(1)},
	{"rl.temperature", above(0)},
	{"rl.epochs", atLeast(1)},
	{"rl.minibatches", atLeast(1)},
	{"rl.clip", between(0, 1)},
	{"rl.value_clip", above(0)},
	{"rl.value_coefficient", notBelow(0)},
	{"rl.gamma", from(0, 1)},
	{"rl.lambda", from(0, 1)},
	{"rl.whiten_rewards", anything},
	{"rl.whiten_advantages", anything},
	{"rl.target_kl", notBelow(0)},
	{"rl.kl.coefficient", notBelow(0)},
	{"rl.kl.estimator", choice("estimator", "k1", "k2", "k3")},
	{"rl.kl.adaptive", anything},
	{"rl.kl.target", above(0)},
	{"rl.kl.horizon", above(0)},
	{"rl.reward.baseline", choice("baseline", "truth", "none")},
	{"rl.reward.clip", notBelow(0)},
	{"rl.reward.length_penalty", notBelow(0)},
	{"rl.reward.repetition_penalty", notBelow(0)},
	{"rl.reward.missing_end_penalty", notBelow(0)},

	{"decode.*.enabled", anything},
	{"decode.*.strategy", choice("strategy", "greedy", "sample", "beam")},
	{"decode.*.temperature", above(0)},
	{"decode.*.temperatures", list(above(0), 0)},
	{"decode.*.tune_on", registered("metric", "metrics")},
	{"decode.*.top_k", atLeast(0)},
	{"decode.*.top_p", aboveTo(0, 1)},
	{"decode.*.beams", atLeast(1)},
	{"decode.*.length_penalty", from(-10, 10)},
	{"decode.*.batch_size", atLeast(1)},

	{"postprocess.chain", list(registered("processor", "postprocess"), 0)},
	{"postprocess.max_words", atLeast(1)},
	{"postprocess.ngram", atLeast(1)},
	{"postprocess.echo_words", atLeast(1)},

	{"metrics.names", list(registered("metric", "metrics"), 1)},
	{"metrics.stemming", anything},
	{"metrics.length_adjustment", choice("formula", "ratio", "exp", "brevity", "length-normalised")},
	{"metrics.length_alpha", notBelow(0)},

	{"scorer.path", anything},
	{"scorer.exclude", list(registered("kind of distortion", "distortions"), 0)},
	{"scorer.targets", list(registered("target", "targets"), 0)},
	{"scorer.score", list(registered("target", "targets"), 0)},
	{"scorer.sentences", anything},
	{"scorer.ratings", anything},
	{"scorer.rating_epochs", atLeast(1)},
	{"scorer.rating_learning_rate", aboveTo(0, 10)},
	{"scorer.steps", atLeast(0)},
	{"scorer.batch_size", atLeast(1)},
	{"scorer.hidden_size", atLeast(1)},
	{"scorer.intermediate_size", atLeast(1)},
	{"scorer.num_hidden_layers", atLeast(1)},
	{"scorer.num_attention_heads", atLeast(1)},
	{"scorer.seed", atLeast(0)},

	{"report.baseline", anything},
	{"report.treatment", anything},
	{"report.columns", list(registered("metric", "metrics"), 0)},
	{"report.published", anything},
	{"report.examples", atLeast(0)},
	{"report.seed", atLeast(0)},

	{"runtime.workers", atLeast(1)},
	{"runtime.threads", atLeast(0)},
	{"runtime.device", matching("auto, cpu or a CUDA device such as cuda:0", `^(auto|cpu|cuda:[0-9]+)$`)},
}

// decodeName is how a decoding may be called: it is part of folders' names and
// of tables.
var decodeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

// ruleOf finds the rule of a dotted key.
func ruleOf(key string) (rule, bool) {
	i := slices.IndexFunc(rules, func(r rule) bool { return fits(r.key, key) })
	if i < 0 {
		return rule{}, false
	}
	return rules[i], true
}

// fits tells whether a dotted key is one that a pattern with "*" stands for.
func fits(pattern, key string) bool {
	return slices.EqualFunc(strings.Split(pattern, "."), strings.Split(key, "."), func(p, part string) bool {
		return p == "*" || p == part
	})
}

var anything = check{"", func(any, Known) string { return "" }}

var nonEmpty = check{"not empty", func(value any, _ Known) string {
	if value == "" {
		return "must not be empty"
	}
	return ""
}}

func matching(allowed, pattern string) check {
	compiled := regexp.MustCompile(pattern)
	return check{allowed, func(value any, _ Known) string {
		if text, ok := value.(string); ok && !compiled.MatchString(text) {
			return fmt.Sprintf("%s is not made of %s", quoteShort(text), allowed)
		}
		return ""
	}}
}

func containing(place string) check {
	return check{"contains " + place + " once", func(value any, _ Known) string {
		text, _ := value.(string)
		if n := strings.Count(text, place); n != 1 {
			return fmt.Sprintf("%s must contain %s once, and has it %d times", quoteShort(text), place, n)
		}
		return ""
	}}
}

// choice allows the names of a short list.
func choice(noun string, names ...string) check {
	return check{"one of " + strings.Join(names, ", "), func(value any, _ Known) string {
		return unknownName(noun, value, names)
	}}
}

// registered allows the names that another package knows.
func registered(noun, kind string) check {
	return check{"a " + noun, func(value any, known Known) string {
		if names, checked := known[kind]; checked {
			return unknownName(noun, value, names)
		}
		return nonEmpty.broken(value, nil)
	}}
}

func unknownName(noun string, value any, names []string) string {
	text, _ := value.(string)
	if slices.Contains(names, text) {
		return ""
	}
	return fmt.Sprintf("unknown %s %s; one of %s", noun, quoteShort(text), strings.Join(names, ", "))
}

// list allows lists of at least so many different values, each of which passes
// a check.
func list(each check, least int) check {
	allowed := "a list"
	if each.allowed != "" {
		allowed = "each " + each.allowed
	}
	if least > 0 {
		allowed += fmt.Sprintf("; at least %d", least)
	}
	return check{allowed, func(value any, known Known) string {
		switch elements := value.(type) {
		case []string:
			return brokenList(elements, each, least, known)
		case []float64:
			return brokenList(elements, each, least, known)
		}
		return ""
	}}
}

func brokenList[T comparable](elements []T, each check, least int, known Known) string {
	if len(elements) < least {
		return "the list is empty"
	}
	for i, element := range elements {
		if complaint := each.broken(element, known); complaint != "" {
			return complaint
		}
		if slices.Contains(elements[:i], element) {
			return render(element) + " is listed twice"
		}
	}
	return ""
}

func atLeast(least int) check {
	return ranged(fmt.Sprintf("at least %d", least), func(v float64) bool { return v >= float64(least) })
}

func notBelow(low float64) check {
	return ranged("at least "+render(low), func(v float64) bool { return v >= low })
}

func above(low float64) check {
	return ranged("above "+render(low), func(v float64) bool { return v > low })
}

func from(low, high float64) check {
	return ranged("from "+render(low)+" to "+render(high), func(v float64) bool { return v >= low && v <= high })
}

func aboveTo(low, high float64) check {
	return ranged("above "+render(low)+", at most "+render(high), func(v float64) bool { return v > low && v <= high })
}

func fromBelow(low, high float64) check {
	return ranged("at least "+render(low)+", below "+render(high), func(v float64) bool { return v >= low && v < high })
}

func between(low, high float64) check {
	return ranged("above "+render(low)+", below "+render(high), func(v float64) bool { return v > low && v < high })
}

// ranged allows the finite numbers that a function accepts.
func ranged(allowed string, inside func(float64) bool) check {
	return check{allowed, func(value any, _ Known) string {
		var v float64
		switch n := value.(type) {
		case int:
			v = float64(n)
		case float64:
			v = n
		default:
			return ""
		}
		if inside(v) && !math.IsInf(v, 0) {
			return ""
		}
		return fmt.Sprintf("%s is out of range: %s", render(value), allowed)
	}}
}
