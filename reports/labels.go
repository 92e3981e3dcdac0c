package reports

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lastmile/runs"
)

// evidence is all that a report is made from.
type evidence struct {
	sweep      runs.ListedSweep
	labels     []label
	decodings  []decoding // in the order in which they are reported
	scores     runs.Scores
	outputs    []runs.SystemOutputs
	examples   []runs.Example
	curves     []runs.Curve
	accuracies []runs.RunAccuracy
	tuned      []runs.RunDecoding
	costs      []runs.StageCost
}

// label is a label of the sweep and what its runs have in common.
type label struct {
	name      string
	variant   string
	algorithm string // rl.algorithm
	axes      map[string]json.RawMessage
	settings  map[string]string // of its first run
	decode    map[string]decodeSettings
}

// decodeSettings is what a report says of a decoding.
type decodeSettings struct {
	Strategy     string
	Temperature  float64
	Temperatures []float64
	TopK         int     `json:"top_k"`
	TopP         float64 `json:"top_p"`
	Beams        int
}

// decoding is a named way of decoding.
type decoding struct {
	name string
	decodeSettings
}

// isTuned says that the temperature was chosen on dev.
func (d decoding) isTuned() bool { return d.Strategy == "sample" && len(d.Temperatures) > 0 }

// gather reads a sweep from the store.
func gather(ctx context.Context, store *runs.Store, sweep string) (*evidence, error) {
	var e evidence
	var err error
	if e.sweep, err = store.Sweep(ctx, sweep); err != nil {
		return nil, err
	}
	if e.scores, err = store.Scores(ctx, sweep); err != nil {
		return nil, err
	}
	if e.outputs, err = store.SystemOutputs(ctx, sweep); err != nil {
		return nil, err
	}
	if e.examples, err = store.TaskExamples(ctx, sweep); err != nil {
		return nil, err
	}
	if e.curves, err = store.Curves(ctx, sweep); err != nil {
		return nil, err
	}
	if e.accuracies, err = store.RewardAccuracies(ctx, sweep); err != nil {
		return nil, err
	}
	if e.tuned, err = store.Decodings(ctx, sweep); err != nil {
		return nil, err
	}
	if e.costs, err = store.Costs(ctx, sweep); err != nil {
		return nil, err
	}
	if err := e.readLabels(); err != nil {
		return nil, err
	}
	e.orderDecodings()
	return &e, nil
}

// readLabels lists the labels of the sweep, in its order.
func (e *evidence) readLabels() error {
	for _, run := range e.sweep.Runs {
		if slices.ContainsFunc(e.labels, func(l label) bool { return l.name == run.Label }) {
			continue
		}
		var config struct {
			RL     struct{ Algorithm string }
			Decode map[string]decodeSettings
		}
		l := label{name: run.Label, variant: run.Variant, settings: map[string]string{}}
		if err := json.Unmarshal(run.Config, &config); err != nil {
			return fmt.Errorf("reading the configuration of run %s: %w", run.Run, err)
		}
		if err := json.Unmarshal(run.Axes, &l.axes); err != nil {
			return fmt.Errorf("reading the axes of run %s: %w", run.Run, err)
		}
		settings, err := runs.Settings(run.Config)
		if err != nil {
			return fmt.Errorf("reading the configuration of run %s: %w", run.Run, err)
		}
		for _, s := range settings {
			l.settings[s.Key] = s.Value
		}
		l.algorithm, l.decode = config.RL.Algorithm, config.Decode
		e.labels = append(e.labels, l)
	}
	return nil
}

// orderDecodings lists the decodings: sampling at a given temperature first,
// since that shows the policy as it is, then greedy and beam search, then
// those with a temperature chosen on dev.
func (e *evidence) orderDecodings() {
	seen := map[string]bool{}
	for _, l := range e.labels {
		for name, settings := range l.decode {
			if !seen[name] {
				seen[name] = true
				e.decodings = append(e.decodings, decoding{name, settings})
			}
		}
	}
	rank := func(d decoding) int {
		switch {
		case d.isTuned():
			return 3
		case d.Strategy == "sample":
			return 0
		case d.Strategy == "greedy":
			return 1
		default:
			return 2
		}
	}
	slices.SortFunc(e.decodings, func(a, b decoding) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a.name, b.name))
	})
}

// label returns the label of that name.
func (e *evidence) label(name string) label {
	for _, l := range e.labels {
		if l.name == name {
			return l
		}
	}
	return label{}
}

// system returns the scores of a system, or nil where it has none.
func (e *evidence) system(of runs.System) *runs.SystemScores {
	for i := range e.scores.Systems {
		if e.scores.Systems[i].System == of {
			return &e.scores.Systems[i]
		}
	}
	return nil
}

// manner says how a label's outputs were decoded: "sampled at temperature 1".
// It follows a noun.
func (e *evidence) manner(of string, d decoding) string {
	if settings, ok := e.label(of).decode[d.name]; ok {
		d.decodeSettings = settings
	}
	switch d.Strategy {
	case "greedy":
		return "decoded greedily"
	case "beam":
		return fmt.Sprintf("decoded with %d beams", d.Beams)
	}
	var limits []string
	if d.TopK > 0 {
		limits = append(limits, fmt.Sprintf("top-k %d", d.TopK))
	}
	if d.TopP > 0 && d.TopP < 1 {
		limits = append(limits, fmt.Sprintf("top-p %g", d.TopP))
	}
	text := fmt.Sprintf("sampled at temperature %g", d.Temperature)
	if d.isTuned() {
		text = "sampled at its best temperature on dev"
		if chosen := e.chosen(of, d.name); chosen != "" {
			text += " (" + chosen + ")"
		}
	}
	if len(limits) > 0 {
		text += " with " + enumerate(limits)
	}
	return text
}

// chosen lists the temperatures that were chosen on dev for a label's runs.
func (e *evidence) chosen(of, decode string) string {
	var all []float64
	for _, t := range e.tuned {
		if t.Label == of && t.Decode == decode {
			all = append(all, t.Temperature)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	switch len(all) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("%g", all[0])
	default:
		return fmt.Sprintf("%g to %g", all[0], all[len(all)-1])
	}
}
