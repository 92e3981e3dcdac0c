package experiments

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// constraint is a condition on several values of one run.
type constraint struct {
	// keys are the values that it is about; a mistake is reported where the
	// last of them was set.
	keys []string
	// broken says what is wrong with a run, or "".
	broken func(c Config) string
}

// constraints lists all conditions across values. Those of single values are
// the rules.
var constraints = []constraint{
	{[]string{"task.files.train", "task.data"}, func(c Config) string { return brokenFile(c, "train", c.Task.Files.Train) }},
	{[]string{"task.files.dev", "task.data"}, func(c Config) string { return brokenFile(c, "dev", c.Task.Files.Dev) }},
	{[]string{"task.files.test", "task.data"}, func(c Config) string { return brokenFile(c, "test", c.Task.Files.Test) }},
	{[]string{"model.hidden_size", "model.num_attention_heads"}, func(c Config) string {
		return indivisible("hidden_size", c.Model.HiddenSize, "num_attention_heads", c.Model.NumAttentionHeads)
	}},
	{[]string{"model.hidden_size", "model.num_attention_heads"}, func(c Config) string {
		if size := c.Model.HiddenSize / c.Model.NumAttentionHeads; size%2 != 0 {
			return fmt.Sprintf("hidden_size / num_attention_heads is %d; rotary positions need an even size of a head", size)
		}
		return ""
	}},
	{[]string{"model.num_attention_heads", "model.num_key_value_heads"}, func(c Config) string {
		return indivisible("num_attention_heads", c.Model.NumAttentionHeads, "num_key_value_heads", c.Model.NumKeyValueHeads)
	}},
	{[]string{"task.max_prompt_tokens", "task.max_response_tokens", "model.max_position_embeddings", "model.path"}, func(c Config) string {
		total := c.Task.MaxPromptTokens + c.Task.MaxResponseTokens
		if c.Model.Path != "" || total <= c.Model.MaxPositionEmbeddings {
			return ""
		}
		return fmt.Sprintf("max_prompt_tokens and max_response_tokens make %d, more than the model's max_position_embeddings of %d",
			total, c.Model.MaxPositionEmbeddings)
	}},
	{[]string{"task.chat", "model.path"}, func(c Config) string {
		if !c.Task.Chat || c.Model.Path != "" && c.Model.Path != "builtin" {
			return ""
		}
		return fmt.Sprintf("chat needs the chat template of a Hugging Face folder, and model.path is %q", c.Model.Path)
	}},
	{[]string{"base.copy", "base.reversed"}, func(c Config) string {
		if c.Base.Copy+c.Base.Reversed <= 1 {
			return ""
		}
		return fmt.Sprintf("copy and reversed are shares, and make %s together, more than 1", render(c.Base.Copy+c.Base.Reversed))
	}},
	{[]string{"negatives.random.weight", "negatives.irrelevant.weight", "negatives.shuffled.weight", "negatives.repetitive.weight", "negatives.copy.weight"}, func(c Config) string {
		n := c.Negatives
		if n.Random.Weight+n.Irrelevant.Weight+n.Shuffled.Weight+n.Repetitive.Weight+n.Copy.Weight > 0 {
			return ""
		}
		return "the weights of all kinds of negatives are 0; at least one must be above"
	}},
	{[]string{"rl.minibatches", "rl.prompts", "rl.samples"}, func(c Config) string {
		if responses := c.RL.Prompts * c.RL.Samples; c.RL.Minibatches > responses {
			return fmt.Sprintf("%d minibatches cannot be made of prompts × samples = %d responses", c.RL.Minibatches, responses)
		}
		return ""
	}},
	{[]string{"scorer.hidden_size", "scorer.num_attention_heads"}, func(c Config) string {
		return indivisible("hidden_size", c.Scorer.HiddenSize, "num_attention_heads", c.Scorer.NumAttentionHeads)
	}},
	{[]string{"scorer.targets", "scorer.score"}, func(c Config) string {
		for _, name := range c.Scorer.Score {
			if name != "overlap" && !slices.Contains(c.Scorer.Targets, name) {
				return fmt.Sprintf("score names %s, which is not among the targets", quoteShort(name))
			}
		}
		return ""
	}},
	{[]string{"scorer.targets", "scorer.path"}, func(c Config) string {
		for _, name := range c.Scorer.Targets {
			if strings.HasPrefix(name, "alignment-") && c.Scorer.Path == "" {
				return fmt.Sprintf("the target %s needs an encoder that is trained already: scorer.path", quoteShort(name))
			}
		}
		return ""
	}},
	{[]string{"decode.greedy.enabled", "decode.sample.enabled"}, func(c Config) string {
		if len(c.Decode) == 0 {
			return "no decoding is left; enable one"
		}
		return ""
	}},
}

// brokenFile checks the path of one split against the name of the data set.
func brokenFile(c Config, split, path string) string {
	switch {
	case c.Task.Data == "files" && path == "":
		return `task.data = "files" needs task.files.` + split
	case c.Task.Data != "files" && path != "":
		return fmt.Sprintf(`task.files.%s is not read, since task.data is %q; set task.data = "files"`, split, c.Task.Data)
	}
	return ""
}

func indivisible(what string, n int, by string, d int) string {
	if n%d == 0 {
		return ""
	}
	return fmt.Sprintf("%s %d is not divisible by %s %d", what, n, by, d)
}

// setting is where a value of a run was set, and as which of all in order.
type setting struct {
	at    Position
	order int
}

// checkRun reports what is wrong with a run as a whole; fallback is where a
// mistake is reported about keys that nobody set.
func checkRun(c Config, set map[string]setting, fallback Position, mistakes *Errors) {
	report := func(complaint string, keys ...string) {
		key, last := keys[0], setting{at: fallback, order: -1}
		for _, candidate := range keys {
			if s, ok := set[candidate]; ok && s.order > last.order {
				key, last = candidate, s
			}
		}
		mistakes.add(last.at, key, "%s", complaint)
	}
	for _, rule := range constraints {
		if complaint := rule.broken(c); complaint != "" {
			report(complaint, rule.keys...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Decode)) {
		if d := c.Decode[name]; len(d.Temperatures) > 0 && d.Strategy != "sample" {
			report(fmt.Sprintf("temperatures are tried with the strategy sample only, and that of %s is %s", name, d.Strategy),
				"decode."+name+".temperatures", "decode."+name+".strategy")
		}
	}
}
