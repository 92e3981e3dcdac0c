package scoring

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"lastmile/harness/progress"
	"lastmile/harness/results"
	"lastmile/harness/stages"

	"github.com/dustin/go-humanize/english"

	"lastmile/experiments"
	"lastmile/metrics"
	"lastmile/runs"
)

// noFiles says which of the names of runs is that of a file.
func noFiles(names ...string) error {
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			return stages.Mistakef("%s is a file: files need their references, --refs FILE", name)
		}
	}
	return nil
}

// Selection says which texts of which runs are meant.
type Selection struct {
	// Work is the work folder with the store.
	Work string
	// Sweep is the name of the sweep whose runs are meant; "" for all sweeps.
	Sweep string
	// Decode names decodings, and Form "raw" or "post". [Compare] takes one
	// of each for both systems, or two, and by default greedy and raw;
	// [ScoreRuns] takes any number, and by default all.
	Decode, Form []string
}

// check says which form there is not.
func (s Selection) check() error {
	for _, form := range s.Form {
		if form != runs.Raw && form != runs.Post {
			return stages.Mistakef("unknown form %q; one of %s (as the model wrote it), %s (after post-processing)", form, runs.Raw, runs.Post)
		}
	}
	return nil
}

// wanted says which texts of a run are meant, and what there is.
type wanted func(there []runs.Decoded) ([]runs.Decoded, error)

// all means every text that the selection does not rule out.
func (s Selection) all(there []runs.Decoded) ([]runs.Decoded, error) {
	for _, decode := range s.Decode {
		if !slices.ContainsFunc(there, func(of runs.Decoded) bool { return of.Decode == decode }) {
			return nil, noDecoding(decode, there)
		}
	}
	return slices.DeleteFunc(slices.Clone(there), func(of runs.Decoded) bool {
		return len(s.Decode) > 0 && !slices.Contains(s.Decode, of.Decode) || len(s.Form) > 0 && !slices.Contains(s.Form, of.Form)
	}), nil
}

// defaultDecode is the decoding that is meant where none is named.
const defaultDecode = "greedy"

// one means the texts of one decoding and form, those for the system at a
// place of two.
func (s Selection) one(place int) wanted {
	of := func(values []string, otherwise string) string {
		if len(values) == 0 {
			return otherwise
		}
		return values[min(place, len(values)-1)]
	}
	decode, form := of(s.Decode, defaultDecode), of(s.Form, runs.Raw)
	return func(there []runs.Decoded) ([]runs.Decoded, error) {
		if slices.Contains(there, runs.Decoded{Decode: decode, Form: form}) {
			return []runs.Decoded{{Decode: decode, Form: form}}, nil
		}
		return nil, noDecoding(decode, there)
	}
}

func noDecoding(decode string, there []runs.Decoded) error {
	var known []string
	for _, of := range there {
		if !slices.Contains(known, of.Decode) {
			known = append(known, of.Decode)
		}
	}
	return fmt.Errorf("there is no decoding %q; there are %s", decode, results.Listed(known))
}

// withResults opens the store of a work folder for as long as use takes.
func withResults(ctx context.Context, work string, use func(*runs.Store) error) (err error) {
	store, err := results.Open(ctx, work)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return use(store)
}

// runTexts reads the texts of the runs that name means, a system for each
// decoding and form that is wanted.
func runTexts(ctx context.Context, store *runs.Store, sweep, name string, want wanted) ([]*texts, error) {
	group, err := results.FindGroup(ctx, store, sweep, name)
	if err != nil {
		return nil, err
	}
	var all []*texts
	for place, run := range group {
		there, err := store.Decoded(ctx, run.Run)
		if err != nil {
			return nil, err
		}
		who := fmt.Sprintf("run %s (%s)", run.Run, results.Called(run))
		if len(there) == 0 {
			state := run.Status
			if run.Reason != "" {
				state += ": " + progress.FirstLine(run.Reason)
			}
			return nil, stages.Mistakef("%s has no outputs: it is %s", who, state)
		}
		selected, err := want(there)
		if err != nil {
			return nil, stages.Mistakef("%s: %w", who, err)
		}
		settings, err := metricSettings(ctx, store, run.Run)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", who, err)
		}
		learned := map[string][]runs.RunScores{}
		for _, name := range settings.Names {
			if !stages.MadeElsewhere(name) {
				continue
			}
			if learned[name], err = store.RunScores(ctx, run.Run, name); err != nil {
				return nil, err
			}
		}
		for _, of := range selected {
			read, err := store.Texts(ctx, run.Run, runs.Selection{Decode: of.Decode, Form: of.Form})
			if err != nil {
				return nil, err
			}
			outputs := read[0]
			system := System{Name: name, Decode: outputs.Decode, Form: outputs.Form}
			i := slices.IndexFunc(all, func(t *texts) bool { return t.Decode == outputs.Decode && t.Form == outputs.Form })
			if i < 0 && place > 0 {
				return nil, stages.Mistakef("%s has the decoding %q, and %s has not", who, outputs.Decode, results.Called(group[0]))
			}
			if i < 0 {
				t := &texts{System: system, settings: settings, learned: map[string]*learnedScores{}}
				for name := range learned {
					t.learned[name] = &learnedScores{}
				}
				for _, e := range outputs.Examples {
					t.examples = append(t.examples, textExample{id: e.ID})
				}
				all = append(all, t)
				i = len(all) - 1
			}
			if err := all[i].add(run, outputs); err != nil {
				return nil, stages.Mistakef("%s: %w", who, err)
			}
			for name := range all[i].learned {
				all[i].addLearned(name, learned[name])
			}
		}
	}
	for _, t := range all {
		if len(t.Seeds) != len(group) {
			return nil, stages.Mistakef("%s: only %s of %s has this decoding", t.System, english.Plural(len(t.Seeds), "run", ""), english.Plural(len(group), "run", ""))
		}
	}
	return all, nil
}

// metricSettings are the settings of metrics in the configuration of the run of that
// name.
func metricSettings(ctx context.Context, store *runs.Store, run string) (stages.Metrics, error) {
	of, err := store.Run(ctx, run)
	if err != nil {
		return stages.Metrics{}, err
	}
	c, err := stages.ReadConfig(of.Config)
	return experiments.Get[stages.Metrics](c, "metrics"), err
}

// add takes in the texts of one run.
func (t *texts) add(run runs.FoundRun, outputs runs.RunOutputs) error {
	if len(outputs.Examples) != len(t.examples) {
		return fmt.Errorf("it has outputs for %s, expected %d as the first run of %s has", english.Plural(len(outputs.Examples), "example", ""), len(t.examples), t.Name)
	}
	inputs := make([]metrics.Input, len(outputs.Examples))
	for i, e := range outputs.Examples {
		if e.ID != t.examples[i].id {
			return fmt.Errorf("its example %d is %s, expected %s as in the first run of %s", i+1, e.ID, t.examples[i].id, t.Name)
		}
		o := outputs.Outputs[i]
		inputs[i] = metrics.Input{ID: e.ID, Hypothesis: o.Text, References: e.References, Source: e.Input, Ended: o.Ended, Tokens: o.Tokens}
	}
	t.Runs, t.Seeds, t.inputs = append(t.Runs, run.Run), append(t.Seeds, run.Seed), append(t.inputs, inputs)
	return nil
}

// addLearned takes in the last run's stored scores by a metric that needs a model,
// and gives up those of all runs where it lacks them or has others.
func (t *texts) addLearned(name string, learned []runs.RunScores) {
	scores := t.learned[name]
	of := slices.IndexFunc(learned, func(of runs.RunScores) bool { return of.Decode == t.Decode && of.Form == t.Form })
	if of < 0 || len(learned[of].Values) != len(t.examples) || len(t.Runs) > 1 && learned[of].Signature != scores.signature {
		delete(t.learned, name)
		return
	}
	values := make([]float64, len(t.examples))
	for i, e := range t.examples {
		values[i] = learned[of].Values[e.id]
	}
	scores.signature, scores.values = learned[of].Signature, append(scores.values, values)
}
