package harness

import (
	"lastmile/experiments"
	"lastmile/harness/stage"
)

// Each function below copies what a kind of stage depends on out of a run's
// configuration. A stage is given nothing else, so that it cannot come to
// depend on a setting that its key does not tell apart. The seed is a part of
// those that draw.

func preparePart(c experiments.Config) experiments.Config {
	task := experiments.Task{Data: c.Task.Data, Train: c.Task.Train, BaseShare: c.Task.BaseShare, Dev: c.Task.Dev, Test: c.Task.Test}
	if c.Task.Data == userFiles {
		task.Files, task.Fields, task.BaseShare = c.Task.Files, c.Task.Fields, 0
	}
	return experiments.Config{Task: task}
}

// basePart is the path alone where the model is there already.
func basePart(c experiments.Config) experiments.Config {
	if !fromScratch(c) {
		return experiments.Config{Model: experiments.Model{Path: c.Model.Path}}
	}
	return experiments.Config{Seed: c.Seed, Task: text(c), Model: c.Model, Base: c.Base}
}

func mlePart(c experiments.Config) experiments.Config {
	return experiments.Config{Seed: c.Seed, Task: text(c), MLE: c.MLE, LoRA: lora(c)}
}

func negativesPart(c experiments.Config) experiments.Config {
	return experiments.Config{Seed: c.Seed, Task: text(c), Negatives: c.Negatives}
}

func rewardPart(c experiments.Config) experiments.Config {
	return experiments.Config{
		Seed: c.Seed, Task: text(c), Reward: c.Reward, LoRA: lora(c),
		Negatives: experiments.Negatives{PerExample: c.Negatives.PerExample},
	}
}

func rlPart(c experiments.Config) experiments.Config {
	part := experiments.Config{Seed: c.Seed, Task: text(c), RL: c.RL, LoRA: lora(c)}
	if c.RL.Algorithm == moreMLE {
		part.RL = experiments.RL{Algorithm: c.RL.Algorithm, MLESteps: c.RL.MLESteps}
		part.MLE = c.MLE
	} else {
		part.RL.MLESteps = 0
	}
	return part
}

// decodePart is for a configuration that has one decoding.
func decodePart(c experiments.Config) experiments.Config {
	part := experiments.Config{Task: text(c), Decode: c.Decode}
	for _, decode := range c.Decode {
		if decode.Strategy == "sample" {
			part.Seed = c.Seed
		}
		if len(decode.Temperatures) > 0 {
			part.Metrics = experiments.Metrics{Stemming: c.Metrics.Stemming, LengthAdjustment: c.Metrics.LengthAdjustment, LengthAlpha: c.Metrics.LengthAlpha}
		}
	}
	return part
}

func postprocessPart(c experiments.Config) experiments.Config {
	return experiments.Config{Postprocess: c.Postprocess}
}

func scorerPart(c experiments.Config) experiments.Config {
	return experiments.Config{Scorer: c.Scorer}
}

func scorePart(c experiments.Config) experiments.Config {
	return experiments.Config{Metrics: c.Metrics}
}

// lora is that of a stage that trains a language model: nothing where it trains
// all parameters.
func lora(c experiments.Config) experiments.LoRA {
	if c.LoRA.R == 0 {
		return experiments.LoRA{}
	}
	return c.LoRA
}

// text is what of the task makes tokens of texts.
func text(c experiments.Config) experiments.Task {
	return experiments.Task{
		Prompt:            c.Task.Prompt,
		Chat:              c.Task.Chat,
		Response:          c.Task.Response,
		MaxPromptTokens:   c.Task.MaxPromptTokens,
		MaxResponseTokens: c.Task.MaxResponseTokens,
	}
}

// Values of the configuration that change the graph.
const (
	userFiles    = "files"   // task.data
	builtinModel = "builtin" // model.path
	noRL         = "none"    // rl.algorithm
	moreMLE      = "mle"     // rl.algorithm
)

func fromScratch(c experiments.Config) bool { return c.Model.Path == "" }

// identity is what of a stage's part makes its key: all but where files lie,
// whose content counts instead, and what changes no more than time and memory.
type identity struct {
	experiments.Config
	// Content is the hash of the data or the model.
	Content string `json:"content"`
}

func identify(part experiments.Config, content string) identity {
	if content != "" {
		part.Task.Files = experiments.Files{}
		part.Model.Path = ""
		part.Scorer.Path, part.Scorer.Ratings = "", ""
	}
	for _, optimizer := range []*experiments.Optimizer{
		&part.Base.Optimizer, &part.MLE.Optimizer, &part.Reward.Optimizer, &part.RL.Optimizer, &part.Scorer.Optimizer,
	} {
		optimizer.CheckpointEvery = 0
	}
	decodings := map[string]experiments.Decode{}
	for name, decode := range part.Decode {
		decode.BatchSize = 0
		decodings[name] = decode
	}
	part.Decode = decodings
	return identity{part, content}
}

// node makes the stage of a kind for a configuration. content is the hash of
// the files that the stage reads besides its inputs, "" for most kinds.
func (k kind) node(c experiments.Config, content string, inputs ...stage.Input) (*stage.Stage, error) {
	part := k.part(c)
	st, err := stage.New(k.name, k.version, identify(part, content), inputs, k.run)
	if err != nil {
		return nil, err
	}
	st.Config = part
	return st, nil
}
