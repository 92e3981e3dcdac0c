package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/decode"
	"lastmile/harness/model"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
	"lastmile/metrics"
)

// tried is a temperature and what it scored on dev.
type tried struct {
	Temperature float64 `json:"temperature"`
	Score       float64 `json:"score"`
}

// decodeResult is the file decode.json: the temperature that the test set was
// decoded at, and those that were tried on dev for it.
type decodeResult struct {
	Temperature float64 `json:"temperature"`
	Tuned       []tried `json:"tuned"`
}

func decodingFile(dir string) string { return filepath.Join(dir, "decode.json") }

// runDecode decodes the test set with a policy: outputs.jsonl and decode.json.
func runDecode(ctx context.Context, job *stage.Job) error {
	c := job.Config
	var o experiments.Decode
	var name string
	for name, o = range c.Decode {
	}
	dir := job.Inputs[policyInput]
	l, err := openLanguage(dir, c.Task)
	if err != nil {
		return err
	}
	examples, err := data.ReadExamples(splitFile(job.Inputs[prepareKind], data.Test))
	if err != nil {
		return err
	}
	return withSession(job.Threads, job.Device, func(s *torch.Session) error {
		m, err := loadModel(s, dir, c.Task)
		if err != nil {
			return err
		}
		d := decoder{job: job, l: l, m: m, name: name}
		result := decodeResult{Temperature: o.Temperature, Tuned: []tried{}}
		if o.Strategy == "sample" && len(o.Temperatures) > 0 {
			if result, err = d.tune(ctx, o); err != nil {
				return err
			}
			o.Temperature = result.Temperature
		}
		outputs, err := d.decode(ctx, examples, o, data.Test)
		if err != nil {
			return err
		}
		if err := data.WriteLines(outputsFile(job.Dir), outputs); err != nil {
			return err
		}
		text, err := json.MarshalIndent(result, "", "  ")
		if err != nil {
			return err
		}
		return os.WriteFile(decodingFile(job.Dir), append(text, '\n'), 0o666)
	})
}

type decoder struct {
	job  *stage.Job
	l    language
	m    *model.Model
	name string
}

// tune decodes dev at each temperature and takes the one that scores best.
func (d decoder) tune(ctx context.Context, o experiments.Decode) (decodeResult, error) {
	examples, err := data.ReadExamples(splitFile(d.job.Inputs[prepareKind], data.Dev))
	if err != nil {
		return decodeResult{}, err
	}
	options, err := metricOptions(d.job.Config.Metrics, examples)
	if err != nil {
		return decodeResult{}, fmt.Errorf("tuning the temperature: %w", err)
	}
	selected, err := metrics.Select([]string{o.TuneOn}, options)
	if err != nil {
		return decodeResult{}, fmt.Errorf("tuning the temperature: %w", err)
	}
	var result decodeResult
	best := 0.0
	for i, temperature := range o.Temperatures {
		o.Temperature = temperature
		outputs, err := d.decode(ctx, examples, o, data.Dev)
		if err != nil {
			return decodeResult{}, err
		}
		scored, err := score(selected, examples, outputs, d.job.Threads)
		if err != nil {
			return decodeResult{}, fmt.Errorf("tuning the temperature: %w", err)
		}
		mean := 0.0
		for _, s := range scored {
			mean += s[selected[0].Name()] / float64(len(scored))
		}
		if i == 0 || mean > best {
			best, result.Temperature = mean, temperature
		}
		result.Tuned = append(result.Tuned, tried{temperature, mean})
	}
	return result, nil
}

// decode writes one output for each example. The split and the decoding's name
// name the random streams, so that two decodings of a run are independent and
// the temperatures tried on dev see the same draws.
func (d decoder) decode(ctx context.Context, examples []data.Example, o experiments.Decode, split data.Split) ([]output, error) {
	requests := make([]decode.Request, len(examples))
	for i, e := range examples {
		requests[i] = decode.Request{ID: e.ID, Prompt: d.l.codec.Prompt(e)}
	}
	responses, err := decode.Decode(ctx, d.m, requests, decode.Options{
		Decode:    o,
		MaxTokens: d.l.codec.MaxResponse(),
		EOS:       d.l.EOS(),
		Seed:      d.job.Config.Seed,
		Stage:     "decode " + d.name + " " + split,
		Progress:  func(done, total int) { d.job.Progress(done, total, split) },
		Tokens:    d.job.Tokens,
	})
	if err != nil {
		return nil, err
	}
	outputs := make([]output, len(examples))
	for i, e := range examples {
		r := responses[i][0]
		n := len(r.Tokens)
		if r.Ended {
			n--
		}
		outputs[i] = output{ID: e.ID, Text: d.l.codec.Text(r.Tokens), Tokens: n, Ended: r.Ended}
	}
	return outputs, nil
}
