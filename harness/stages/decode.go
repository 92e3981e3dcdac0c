package stages

import (
	"context"
	"slices"

	"lastmile/experiments"
	"lastmile/harness/algorithms"
	"lastmile/harness/data"
	"lastmile/harness/decode"
	"lastmile/harness/rule"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
	"lastmile/runs"
)

// Decode is the kind that decodes the test set.
const Decode = "decode"

var decodeKind = Kind{
	Name:    Decode,
	Version: 2,
	Each:    "decode",
	Reads: func(c experiments.Config) []string {
		if algorithms.IsRule(c) {
			return append(slices.Clone(metricKeys), "rule")
		}
		keys := append(slices.Clone(textKeys), "decode")
		for _, name := range c.Names("decode") {
			settings := experiments.Get[decode.Settings](c, "decode."+name)
			if settings.Draws() {
				keys = append(keys, "seed")
			}
			if settings.Tunes() || settings.Strategy == decode.MBR || settings.ByReference() {
				keys = append(keys, metricKeys...)
			}
			if settings.ByReward() && withLoRA(c) {
				keys = append(keys, "lora")
			}
		}
		return keys
	},
	Cost: []string{"decode.*.batch_size"},
	Inputs: func(c experiments.Config) []Need {
		if algorithms.IsRule(c) {
			return []Need{in(Prepare)}
		}
		policy := Need{Name: policyInput, Kind: Policy}
		if _, ok := algorithms.Of(c); !ok {
			policy.Kind = MLE
		}
		inputs := []Need{in(Prepare), policy}
		for _, name := range c.Names("decode") {
			settings := experiments.Get[decode.Settings](c, "decode."+name)
			if settings.ByReward() {
				inputs = append(inputs, in(Reward))
			}
			if settings.Strategy == decode.Matched || settings.ByReward() && withLoRA(c) {
				inputs = append(inputs, in(MLE))
			}
		}
		return inputs
	},
	Run: decodeTest,
	Ingest: func(dir string, w *runs.Writer) error {
		if err := ingestOutputs(dir, runs.Raw, w); err != nil {
			return err
		}
		result, err := ReadDecoding(dir)
		if err != nil {
			return err
		}
		stored := runs.Decoding{Temperature: result.Temperature, Chosen: result.chosen()}
		for _, t := range result.Tuned {
			stored.Tried = append(stored.Tried, runs.TriedDecoding{Decoding: t.words(), Score: t.Score})
		}
		w.Decoding(stored)
		return nil
	},
	Split: data.Test,
}

// policyInput is the name under which a decode stage knows the stage that made
// its model: policy, or mle where nothing follows it.
const policyInput = "policy"

// decodeTest decodes the test set with a policy, or makes its outputs by a rule:
// outputs.jsonl and decode.json.
func decodeTest(ctx context.Context, job *stage.Job) error {
	var c struct {
		common
		Decode  map[string]decode.Settings `json:"decode"`
		Metrics Metrics                    `json:"metrics"`
		Rule    *rule.Settings             `json:"rule"`
	}
	if err := job.Read("", &c); err != nil {
		return err
	}
	if c.Rule != nil {
		return applyRule(ctx, job, *c.Rule, c.Metrics)
	}
	var name string
	var o decode.Settings
	for name, o = range c.Decode { // there is one
	}
	l, err := OpenLanguage(job.Inputs[policyInput], c.Task)
	if err != nil {
		return err
	}
	examples, err := data.ReadExamples(splitFile(job.Inputs[Prepare], data.Test))
	if err != nil {
		return err
	}
	return WithSession(job.Threads, job.Device, func(s *torch.Session) error {
		d := Decoder{Job: job, Language: l, Metrics: c.Metrics, Name: name, Seed: c.Seed, kept: keptIn(job)}
		result := Decoding{Temperature: o.Temperature, Tuned: []tried{}}
		var err error
		if o.Strategy == decode.Matched {
			if result, err = d.match(ctx, s, c.Task, o); err != nil {
				return err
			}
		} else if d.Model, err = LoadModel(s, job.Inputs[policyInput], c.Task); err != nil {
			return err
		}
		if o.ByReward() {
			of := RewardFolders{Policy: job.Inputs[policyInput], MLE: job.Inputs[MLE], Reward: job.Inputs[Reward]}
			if err := d.LoadReward(s, of, c.Task, c.LoRA); err != nil {
				return err
			}
		}
		if o.Tunes() {
			if result, err = d.tune(ctx, o); err != nil {
				return err
			}
		}
		settled, err := result.Settled(o)
		if err != nil {
			return err
		}
		outputs, err := d.Decode(ctx, examples, settled, data.Test)
		if err != nil {
			return err
		}
		if err := data.WriteLines(outputsFile(job.Dir), outputs); err != nil {
			return err
		}
		return stage.WriteJSON(decodingFile(job.Dir), result)
	})
}
