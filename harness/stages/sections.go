package stages

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"lastmile/experiments"
	"lastmile/harness/algorithms"
	"lastmile/harness/bertscore"
	"lastmile/harness/data"
	"lastmile/harness/decode"
	"lastmile/harness/external"
	"lastmile/harness/faithfulness"
	"lastmile/harness/likelihood"
	"lastmile/harness/model"
	"lastmile/harness/negatives"
	"lastmile/harness/postprocess"
	"lastmile/harness/reward"
	"lastmile/harness/reward/evaluation"
	"lastmile/harness/rollout"
	"lastmile/harness/rule"
	"lastmile/harness/scorer"
	"lastmile/harness/train"
	"lastmile/metrics"
)

// Schema is what a sweep file can say of its runs, each section where its feature
// is. Sections of the sweep as a whole are added by those that read them.
func Schema() *experiments.Schema {
	s := &experiments.Schema{Renamed: maps.Clone(renamed)}
	s.Sections = []experiments.Section{
		data.TaskSection(),
		modelSection(),
		trained(model.LoRASection()),
		train.BaseSection(fromScratch),
		trained(train.MLESection(selectOn())),
		samplesSection(),
		negatives.Section(needsNegatives),
		reward.ModelSection(needsRewardModel),
		evaluation.Section(rewardsNeedModel),
		rollout.Section(algorithms.IsOnPolicy, selectOn()),
	}
	s.Sections = append(s.Sections, algorithms.Sections()...)
	s.Sections = append(s.Sections,
		rule.Section(algorithms.IsRule, tuneOn()),
		postprocess.Section(),
		metricsSection(),
		scorer.Section(needsScorer),
		likelihood.Section(measuredBySection("likelihood")),
		bertscore.Section(measuredBySection("bertscore")),
		faithfulness.Section(measuredBySection("faithfulness")),
	)
	rewards := reward.ListGroup(algorithms.IsOnPolicy)
	rewards.After = "reward_eval"
	decodings := decode.Group(tuneOn(), utility())
	own := decodings.Check
	decodings.Check = func(c experiments.Config) []experiments.Complaint {
		if algorithms.IsRule(c) {
			return experiments.Complaints(noRuleDecoding(c))
		}
		return slices.Concat(own(c), noUtility(c), noMatch(c))
	}
	decodings.Element = ofRules(decodings.Element)
	decodings.After = algorithms.Names()[len(algorithms.Names())-1]
	s.Groups = []experiments.Group{negatives.Group(needsNegatives), rewards, commandGroup(), decodings}
	s.Sources = []fs.FS{
		data.Sources, model.Sources, train.Sources, negatives.Sources, reward.Sources, evaluation.Sources, rollout.Sources,
		algorithms.Sources, rule.Sources, postprocess.Sources, scorer.Sources, likelihood.Sources, bertscore.Sources, faithfulness.Sources, decode.Sources, external.Sources, Sources,
	}
	return s
}

// renamed are keys of before and what they are called now.
var renamed = map[string]string{
	"rl.algorithm":                  "algorithm",
	"rl.mle_steps":                  "mle_longer.steps",
	"rl.clip":                       "ppo.clip",
	"rl.value_clip":                 "ppo.value_clip",
	"rl.value_coefficient":          "ppo.value_coefficient",
	"rl.gamma":                      "ppo.gamma",
	"rl.lambda":                     "ppo.lambda",
	"rl.whiten_rewards":             "ppo.whiten_rewards",
	"rl.whiten_advantages":          "ppo.whiten_advantages",
	"rl.reward.baseline":            "reward.learned.baseline",
	"rl.reward.clip":                "reward.learned.clip",
	"rl.reward.length_penalty":      "reward.length.weight",
	"rl.reward.repetition_penalty":  "reward.repetition.weight",
	"rl.reward.missing_end_penalty": "reward.ending.weight",
	"reward":                        "reward_model",
}

// modelSection is the section [model] with what it must agree in with the task.
func modelSection() experiments.Section {
	s := model.Section()
	own := s.Check
	s.Check = func(c experiments.Config) []experiments.Complaint {
		return append(own(c), experiments.Complaints(noRoom(c), noChat(c))...)
	}
	return s
}

// noRoom complains about texts that a model from scratch has no positions for.
func noRoom(c experiments.Config) experiments.Complaint {
	task, m := experiments.Get[data.Task](c, "task"), experiments.Get[model.Settings](c, "model")
	total := task.MaxPromptTokens + task.MaxResponseTokens
	if !m.FromScratch() || total <= m.MaxPositionEmbeddings {
		return experiments.Complaint{}
	}
	return experiments.Complaint{
		Keys: []string{"task.max_prompt_tokens", "task.max_response_tokens", "model.max_position_embeddings", "model.path"},
		Message: fmt.Sprintf("max_prompt_tokens and max_response_tokens make %d, more than the model's max_position_embeddings of %d",
			total, m.MaxPositionEmbeddings),
	}
}

// noChat complains about a chat template that no folder has.
func noChat(c experiments.Config) experiments.Complaint {
	path := experiments.Get[model.Settings](c, "model").Path
	if !experiments.Get[data.Task](c, "task").Chat || path != "" && path != model.Builtin {
		return experiments.Complaint{}
	}
	return experiments.Complaint{
		Keys:    []string{"task.chat", "model.path"},
		Message: fmt.Sprintf("chat needs the chat template of a Hugging Face folder, and model.path is %q", path),
	}
}

// tuneOn allows the metrics that can score dev: the learned one is not trained by
// then.
func tuneOn() experiments.Check {
	known := experiments.OneOf("metric", metrics.Names)
	return experiments.Check{Allowed: known.Allowed, Broken: func(value any) string {
		name, _ := value.(string)
		switch {
		case name == LearnedMetric:
			return fmt.Sprintf("%s is trained beside the policies, and cannot choose on dev; another metric can", LearnedMetric)
		case IsPretrained(name):
			return fmt.Sprintf("%s needs a model of its own, and cannot choose on dev; another metric can", name)
		}
		return known.Broken(value)
	}}
}

// What a run uses of a sweep file follows from these.

func fromScratch(c experiments.Config) bool {
	return experiments.Get[model.Settings](c, "model").FromScratch()
}

// rewardsNeedModel tells whether the algorithm's rewards ask the reward model.
func rewardsNeedModel(c experiments.Config) bool {
	return algorithms.IsOnPolicy(c) && reward.NeedsModel(c)
}

func needsRewardModel(c experiments.Config) bool {
	return rewardsNeedModel(c) || slices.ContainsFunc(c.Names("decode"), func(name string) bool {
		return experiments.Get[decode.Settings](c, "decode."+name).ByReward()
	})
}

func needsNegatives(c experiments.Config) bool {
	m, _ := algorithms.Of(c)
	return m.Needs.Pairs || needsRewardModel(c)
}

// rewardsNeedScorer tells whether the algorithm's rewards ask the learned scorer.
func rewardsNeedScorer(c experiments.Config) bool {
	return algorithms.IsOnPolicy(c) && reward.NeedsScorer(c)
}

// measuresByScorer tells whether a run's outputs are scored by the learned scorer.
func measuresByScorer(c experiments.Config) bool {
	return slices.Contains(experiments.Get[Metrics](c, "metrics").Names, LearnedMetric)
}

func needsScorer(c experiments.Config) bool {
	return measuresByScorer(c) || rewardsNeedScorer(c)
}

// BF16 is the key of a stage of a run that is to compute in bf16, or "".
func BF16(c experiments.Config) string {
	for _, key := range bf16Keys() {
		if on, _ := c.Value(key); on == true {
			return key
		}
	}
	return ""
}

// bf16Keys are those of all sections that train.
var bf16Keys = sync.OnceValue(func() []string {
	var keys []string
	for _, section := range ofRuns().Sections {
		if _, trains := section.Rules["bf16"]; trains {
			keys = append(keys, section.Key+".bf16")
		}
	}
	return keys
})

// ofRuns is the schema of what runs can say.
var ofRuns = sync.OnceValue(Schema)

// Changed are the settings of a run that differ from their defaults.
func Changed(c experiments.Config) []experiments.Difference { return ofRuns().Changed(c) }

// Default is the configuration of a run of which nothing is said.
func Default() experiments.Config { return ofRuns().Default() }

// Defaults are the defaults of all that a run can use, whether or not together.
func Defaults() experiments.Config { return ofRuns().All() }

// ReadConfig reads the configuration of a stored run.
func ReadConfig(canonical []byte) (experiments.Config, error) {
	c, err := ofRuns().Decode(canonical)
	if err != nil {
		return c, fmt.Errorf("reading the configuration of a run: %w", err)
	}
	return c, nil
}
