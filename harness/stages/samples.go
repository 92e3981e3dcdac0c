package stages

import (
	"context"
	"fmt"
	"math/rand/v2"

	"lastmile/experiments"
	"lastmile/harness/algorithms"
	"lastmile/harness/data"
	"lastmile/harness/decode"
	"lastmile/harness/negatives"
	"lastmile/harness/random"
	"lastmile/harness/reward"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
	"lastmile/metrics"
)

// Samples is the kind that draws responses from the MLE policy.
const Samples = "samples"

var samplesKind = Kind{
	Name:    Samples,
	Version: 1,
	Reads: func(c experiments.Config) []string {
		return append(append(append([]string{"seed"}, textKeys...), "samples"), wordKeys(c)...)
	},
	Cost: []string{"samples.batch_size"},
	Inputs: func(c experiments.Config) []Need {
		inputs := []Need{in(Prepare), in(MLE)}
		if rounds := experiments.Get[SamplesSettings](c, "samples").Rounds; rounds > 0 {
			before := in(Policy)
			before.Round = fmt.Sprintf("round %d", rounds)
			before.With = func(c experiments.Config) experiments.Config { return c.With("samples.rounds", rounds-1) }
			inputs = append(inputs, before)
		}
		return inputs
	},
	Improves: true,
	Run:      drawSamples,
}

// MostSamples is the most responses that a prompt may have.
const MostSamples = 1 << 16

// SamplesSettings are the MLE policy's own responses, which negatives of the kind
// "policy" and ranked pairs of the reward model (reward_model.ranked) are made of.
type SamplesSettings struct {
	// Prompts is the number of training prompts, drawn at random, that are
	// answered; 0 means all.
	Prompts int `toml:"prompts" json:"prompts"`
	// DevPrompts is the number of dev prompts, the first ones, that are answered;
	// 0 means all.
	DevPrompts int `toml:"dev_prompts" json:"dev_prompts"`
	// PerPrompt is the number of responses to each.
	PerPrompt int `toml:"per_prompt" json:"per_prompt"`
	// Temperature is that of sampling, from all tokens.
	Temperature float64 `toml:"temperature" json:"temperature"`
	// Rounds is how many times everything that is made of the samples is made before:
	// negatives, the reward model and, against it, the policy. From each such policy, not
	// from the MLE policy, half of the samples of the next round are drawn, rounded
	// down (Touvron et al. 2023, arXiv 2307.09288, on keeping a reward model on its
	// policy's distribution). 0 means that all samples are the MLE policy's.
	Rounds int `toml:"rounds" json:"rounds,omitempty"`
	// BatchSize is the number of prompts sampled at once; it changes speed and
	// memory, and nothing else but rounding.
	BatchSize int `toml:"batch_size" json:"batch_size"`
}

// samplesSection is the section [samples] of a sweep file.
func samplesSection() experiments.Section {
	return experiments.Section{
		Key:     "samples",
		Default: SamplesSettings{Prompts: 3000, PerPrompt: 8, Temperature: 1, BatchSize: 24},
		Rules: experiments.Rules{
			"prompts":     experiments.AtLeast(0),
			"dev_prompts": experiments.AtLeast(0),
			"per_prompt":  experiments.Whole(2, MostSamples),
			"temperature": experiments.Temperature,
			"rounds":      experiments.Whole(0, 100),
			"batch_size":  experiments.Whole(1, 1<<16),
		},
		Active: func(c experiments.Config) bool { return needsPolicySamples(c) || needsRankings(c) },
		Check:  roundsTrain,
	}
}

// roundsTrain complains about rounds of a run that trains no policy on what is made of
// samples.
func roundsTrain(c experiments.Config) []experiments.Complaint {
	m, _ := algorithms.Of(c)
	if experiments.Get[SamplesSettings](c, "samples").Rounds == 0 || rewardsNeedModel(c) || m.Needs.Pairs {
		return nil
	}
	return []experiments.Complaint{{
		Keys:    []string{"samples.rounds", "algorithm"},
		Message: "in each round a policy is trained on what is made of the samples, and this run trains none on it; 0 rounds are possible",
	}}
}

// needsPolicySamples tells whether a run has negatives of the kind "policy".
func needsPolicySamples(c experiments.Config) bool {
	return needsNegatives(c) && c.Has("negatives."+negatives.PolicyKind)
}

// needsRankings tells whether a run's reward model learns which of two samples is
// better.
func needsRankings(c experiments.Config) bool {
	ranked, _ := c.Value("reward_model.ranked")
	return needsRewardModel(c) && ranked != nil && ranked != 0.0
}

// drawSamples draws responses from the MLE policy and, in a later round, from the policy
// of the round before: train.jsonl and dev.jsonl.
func drawSamples(ctx context.Context, job *stage.Job) error {
	t, err := openTexts(job, MLE)
	if err != nil {
		return err
	}
	var settings SamplesSettings
	if err := job.Read("samples", &settings); err != nil {
		return err
	}
	splits := []sampledSplit{
		{name: data.Train, examples: someOf(t.train, settings.Prompts, t.Seed)},
		{name: data.Dev, examples: firstOf(t.dev, settings.DevPrompts)},
	}
	ofPolicy := 0
	if settings.Rounds > 0 {
		ofPolicy = settings.PerPrompt / 2
	}
	kept := keptIn(job)
	if err := t.draw(ctx, job, kept, MLE, splits, settings.PerPrompt-ofPolicy, settings); err != nil {
		return err
	}
	if ofPolicy > 0 {
		if err := t.draw(ctx, job, kept, Policy, splits, ofPolicy, settings); err != nil {
			return err
		}
	}
	tokenizer, err := wordsOf(job)
	if err != nil {
		return err
	}
	for _, split := range splits {
		samples, err := t.samples(split.examples, split.responses, tokenizer, job.Threads)
		if err != nil {
			return err
		}
		if err := data.WriteLines(splitFile(job.Dir, split.name), samples); err != nil {
			return err
		}
	}
	return nil
}

// sampledSplit is a split with the responses drawn to its examples.
type sampledSplit struct {
	name      data.Split
	examples  []data.Example
	responses [][]decode.Response
}

// draw adds to splits n responses to each example, from the policy that a stage of that
// kind made.
func (t texts) draw(ctx context.Context, job *stage.Job, kept *keptDecodings, kind string, splits []sampledSplit, n int, settings SamplesSettings) error {
	return WithSession(job.Threads, job.Device, func(s *torch.Session) error {
		m, err := LoadModel(s, job.Inputs[kind], t.Task)
		if err != nil {
			return err
		}
		for k := range splits {
			split := &splits[k]
			requests := make([]decode.Request, len(split.examples))
			for i, e := range split.examples {
				requests[i] = decode.Request{ID: e.ID, Prompt: t.Codec.Prompt(e)}
			}
			stream := "samples " + split.name
			if kind != MLE {
				stream = fmt.Sprintf("samples %s %s", kind, split.name)
			}
			drawn, err := decode.Decode(ctx, m, requests, decode.Options{
				Settings:  decode.Settings{Strategy: "sample", Temperature: settings.Temperature, TopP: 1, BatchSize: settings.BatchSize},
				MaxTokens: t.Codec.MaxResponse(), Ends: t.Ends(), Samples: n,
				Seed: t.Seed, Stage: stream, Tokens: job.Tokens,
				Progress: func(done, total int) { job.Progress(done, total, fmt.Sprintf("%s, from %s", split.name, kind)) },
				Keeper:   kept.next(),
			})
			if err != nil {
				return err
			}
			if split.responses == nil {
				split.responses = make([][]decode.Response, len(drawn))
			}
			for i := range drawn {
				split.responses[i] = append(split.responses[i], drawn[i]...)
			}
		}
		return nil
	})
}

// someOf draws n examples, 0 for all, and keeps their order.
func someOf(examples []data.Example, n, seed int) []data.Example {
	if n == 0 || n >= len(examples) {
		return examples
	}
	some, _ := divided(examples, n, random.New(seed, "samples", "prompts"))
	return some
}

// divided draws n examples; they and the others keep their order.
func divided(examples []data.Example, n int, stream *rand.Rand) (drawn, others []data.Example) {
	in := make([]bool, len(examples))
	for _, i := range stream.Perm(len(examples))[:n] {
		in[i] = true
	}
	for i, e := range examples {
		if in[i] {
			drawn = append(drawn, e)
		} else {
			others = append(others, e)
		}
	}
	return drawn, others
}

// firstOf are the first n examples, 0 for all.
func firstOf(examples []data.Example, n int) []data.Example {
	if n == 0 || n >= len(examples) {
		return examples
	}
	return examples[:n]
}

// samples are responses with what they say, and how near that is to the truth.
func (l Language) samples(examples []data.Example, responses [][]decode.Response, tokenizer string, workers int) ([]negatives.Sample, error) {
	var samples []negatives.Sample
	var inputs []metrics.Input
	for i, e := range examples {
		for _, r := range responses[i] {
			text := l.Codec.Text(r.Tokens)
			samples = append(samples, negatives.Sample{Example: e.ID, Ended: r.Ended, Tokens: r.Tokens, Text: text})
			inputs = append(inputs, metrics.Input{Hypothesis: text, References: e.References[:1]})
		}
	}
	options := metrics.DefaultOptions()
	options.Tokenizer = tokenizer
	similarity, err := metrics.Select([]string{"rougeL"}, options)
	if err != nil {
		return nil, err
	}
	scores, err := metrics.All(similarity, inputs, workers)
	if err != nil {
		return nil, err
	}
	for i := range samples {
		samples[i].Similarity = scores[0][i]
	}
	return samples, nil
}

// rankings are examples with the samples that a file holds for them and what a metric
// says of each. Examples without any are left out.
func (l Language) rankings(examples []data.Example, path string, settings reward.ModelSettings, tokenizer string) ([]reward.Ranking, error) {
	drawn, err := data.ReadLines[negatives.Sample](path)
	if err != nil {
		return nil, err
	}
	of := make(map[string][]negatives.Sample)
	for _, s := range drawn {
		of[s.Example] = append(of[s.Example], s)
	}
	var rankings []reward.Ranking
	for _, e := range examples {
		if len(of[e.ID]) == 0 {
			continue
		}
		texts := make([]string, len(of[e.ID]))
		ranking := reward.Ranking{Prompt: l.Codec.Prompt(e)}
		for i, s := range of[e.ID] {
			texts[i] = s.Text
			ranking.Samples = append(ranking.Samples, s.Tokens)
		}
		if ranking.Values, err = settings.Rank(texts, e.References, tokenizer); err != nil {
			return nil, err
		}
		rankings = append(rankings, ranking)
	}
	return rankings, nil
}
