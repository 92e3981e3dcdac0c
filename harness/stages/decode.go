package stages

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"lastmile/experiments"
	"lastmile/harness/algorithms"
	"lastmile/harness/data"
	"lastmile/harness/decode"
	"lastmile/harness/model"
	"lastmile/harness/rule"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
	"lastmile/metrics"
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
			if len(settings.Temperatures) > 0 || settings.Strategy == "mbr" {
				keys = append(keys, metricKeys...)
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
		return []Need{in(Prepare), policy}
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
		stored := runs.Decoding{Temperature: result.Temperature, Candidate: result.Candidate}
		for _, t := range result.Tuned {
			stored.Tried = append(stored.Tried, runs.Tried(t))
		}
		w.Decoding(stored)
		return nil
	},
	Split: data.Test,
}

// policyInput is the name under which a decode stage knows the stage that made
// its model: policy, or mle where nothing follows it.
const policyInput = "policy"

// tried is a temperature, or a candidate in words, and what it scored on dev.
type tried struct {
	Temperature float64 `json:"temperature,omitempty"`
	Candidate   string  `json:"candidate,omitempty"`
	Score       float64 `json:"score"`
}

// Decoding is the file decode.json: the temperature that the test set was
// decoded at, or in words what made its outputs, and those that were tried on dev for
// it.
type Decoding struct {
	Temperature float64 `json:"temperature,omitempty"`
	Candidate   string  `json:"candidate,omitempty"`
	Tuned       []tried `json:"tuned"`
}

func decodingFile(dir string) string { return filepath.Join(dir, "decode.json") }

// ReadDecoding reads how the test set was decoded in the artifact of a decode
// stage.
func ReadDecoding(dir string) (d Decoding, err error) {
	return d, stage.ReadJSON(decodingFile(dir), &d)
}

// metricKeys are the options of the metric by which something is chosen on dev.
var metricKeys = []string{"metrics.stemming", "metrics.length_adjustment", "metrics.length_alpha"}

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
	dir := job.Inputs[policyInput]
	l, err := OpenLanguage(dir, c.Task)
	if err != nil {
		return err
	}
	examples, err := data.ReadExamples(splitFile(job.Inputs[Prepare], data.Test))
	if err != nil {
		return err
	}
	return WithSession(job.Threads, job.Device, func(s *torch.Session) error {
		m, err := LoadModel(s, dir, c.Task)
		if err != nil {
			return err
		}
		d := Decoder{Job: job, Language: l, Model: m, Metrics: c.Metrics, Name: name, Seed: c.Seed}
		result := Decoding{Temperature: o.Temperature, Tuned: []tried{}}
		if len(o.Temperatures) > 0 {
			if result, err = d.tune(ctx, o); err != nil {
				return err
			}
			o.Temperature = result.Temperature
		}
		outputs, err := d.Decode(ctx, examples, o, data.Test)
		if err != nil {
			return err
		}
		if err := data.WriteLines(outputsFile(job.Dir), outputs); err != nil {
			return err
		}
		return stage.WriteJSON(decodingFile(job.Dir), result)
	})
}

// Decoder writes outputs with a model.
type Decoder struct {
	Job      *stage.Job
	Language Language
	Model    *model.Model
	// Metrics are the options of the metric by which candidates are chosen, and of
	// the one by which a temperature is.
	Metrics Metrics
	// Name is that of the decoding; with Seed it names random streams.
	Name string
	Seed int
}

// tune decodes dev at each temperature and takes the one that scores best.
func (d Decoder) tune(ctx context.Context, o decode.Settings) (Decoding, error) {
	dev, err := newDevScorer(d.Job, d.Metrics, o.TuneOn)
	if err != nil {
		return Decoding{}, fmt.Errorf("tuning the temperature: %w", err)
	}
	var result Decoding
	best := 0.0
	for i, temperature := range o.Temperatures {
		o.Temperature = temperature
		outputs, err := d.Decode(ctx, dev.examples, o, data.Dev)
		if err != nil {
			return Decoding{}, err
		}
		mean, err := dev.score(outputs)
		if err != nil {
			return Decoding{}, fmt.Errorf("tuning the temperature: %w", err)
		}
		if i == 0 || mean > best {
			best, result.Temperature = mean, temperature
		}
		result.Tuned = append(result.Tuned, tried{Temperature: temperature, Score: mean})
	}
	return result, nil
}

// devScorer scores outputs for the dev set by one metric.
type devScorer struct {
	examples []data.Example
	metric   []metrics.Metric // there is one
	threads  int
}

// newDevScorer reads the dev set that a stage is given.
func newDevScorer(job *stage.Job, c Metrics, metric string) (d devScorer, err error) {
	d.threads = job.Threads
	if d.examples, err = data.ReadExamples(splitFile(job.Inputs[Prepare], data.Dev)); err != nil {
		return d, err
	}
	options, err := metricOptions(c, d.examples)
	if err != nil {
		return d, err
	}
	d.metric, err = metrics.Select([]string{metric}, options)
	return d, err
}

// score is the mean over the dev set.
func (d devScorer) score(outputs []Output) (float64, error) {
	scored, err := score(d.metric, d.examples, outputs, d.threads)
	if err != nil {
		return 0, err
	}
	mean := 0.0
	for _, s := range scored {
		mean += s[d.metric[0].Name()] / float64(len(scored))
	}
	return mean, nil
}

// Decode writes one output for each example. The split and the decoding's name
// name the random streams, so that two decodings of a run are independent and
// the temperatures tried on dev see the same draws.
func (d Decoder) Decode(ctx context.Context, examples []data.Example, o decode.Settings, split data.Split) ([]Output, error) {
	requests := make([]decode.Request, len(examples))
	for i, e := range examples {
		requests[i] = decode.Request{ID: e.ID, Prompt: d.Language.Codec.Prompt(e)}
	}
	var utilities func([]decode.Pair) ([]float64, error)
	if o.Strategy == "mbr" {
		var err error
		if utilities, err = d.utilities(o.UtilityMetric()); err != nil {
			return nil, err
		}
	}
	responses, err := decode.Decode(ctx, d.Model, requests, decode.Options{
		Settings:  o,
		MaxTokens: d.Language.Codec.MaxResponse(),
		EOS:       d.Language.EOS(),
		Text:      d.Language.Codec.Text,
		Utilities: utilities,
		Seed:      d.Seed,
		Stage:     "decode " + d.Name + " " + split,
		Progress:  func(done, total int) { d.Job.Progress(done, total, split) },
		Tokens:    d.Job.Tokens,
	})
	if err != nil {
		return nil, err
	}
	outputs := make([]Output, len(examples))
	for i, e := range examples {
		r := responses[i][0]
		n := len(r.Tokens)
		if r.Ended {
			n--
		}
		outputs[i] = Output{ID: e.ID, Text: d.Language.Codec.Text(r.Tokens), Tokens: n, Ended: r.Ended}
	}
	return outputs, nil
}
