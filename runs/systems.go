package runs

import (
	"context"
	"encoding/json"
	"math"
)

// System is what a row of a report's table stands for: the runs of one label,
// decoded in one way, before or after post-processing.
type System struct {
	Label  string
	Decode string
	Form   string // "raw" or "post"
}

// Metric is a metric and how it was computed.
type Metric struct {
	Name      string
	Signature string
}

// Scores are all scores of a sweep on its test examples.
type Scores struct {
	Examples []string // the ids of the examples, in the order of the task
	Metrics  []Metric // by name; a name with several signatures is there several times
	Systems  []SystemScores
}

// SystemScores are the scores of one system.
type SystemScores struct {
	System
	Seeds []int // in the order of the sweep
	// Values holds [seed][example] for each metric's name, in the order of
	// Seeds and of Scores.Examples; NaN where there is no score.
	Values map[string][][]float64
}

// SystemOutputs are the texts of one system by one seed.
type SystemOutputs struct {
	System
	Seed    int
	Outputs []Output // in the order of the task
}

// Curve is one training curve of one run.
type Curve struct {
	Label  string
	Seed   int
	Kind   string // the kind of its stage
	Stage  string // the key of its stage, which runs may share
	Split  string
	Name   string
	Steps  []int
	Values []float64
}

// RunAccuracy is an accuracy of a run's reward model.
type RunAccuracy struct {
	Label string
	Seed  int
	Stage string // the key of the reward stage, which runs may share
	RewardAccuracy
}

// RunDecoding is the temperature that a run was decoded at.
type RunDecoding struct {
	Label  string
	Seed   int
	Decode string
	Decoding
}

// formRank orders a system's forms: as it came, then repaired.
const formRank = `CASE form WHEN 'raw' THEN 0 ELSE 1 END`

// Scores returns all scores of a sweep. Systems are in the order of the
// sweep's labels, then of the decodings' names, raw before post.
func (s *Store) Scores(ctx context.Context, sweep string) (Scores, error) {
	var scores Scores
	columns := map[int64]int{} // example id to its place in scores.Examples
	places := map[string]int{} // example name to that place: two tasks may share examples
	var id int64
	var name string
	err := s.read(ctx, "reading the examples of sweep "+sweep, `
		SELECT e.id, e.name FROM examples e WHERE e.id IN (
			SELECT o.example FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id
			JOIN run_stages rs ON rs.run = sr.run AND rs.kind = 'score'
			JOIN scores o ON o.stage = rs.stage
			WHERE s.name = ?) ORDER BY e.id`, []any{sweep}, []any{&id, &name}, func() error {
		place, ok := places[name]
		if !ok {
			place = len(scores.Examples)
			places[name] = place
			scores.Examples = append(scores.Examples, name)
		}
		columns[id] = place
		return nil
	})
	if err != nil {
		return scores, err
	}
	metrics := map[int64]string{}
	var metric Metric
	err = s.read(ctx, "reading metrics", `SELECT id, name, signature FROM metrics ORDER BY name, signature`, nil,
		[]any{&id, &metric.Name, &metric.Signature}, func() error {
			metrics[id] = metric.Name
			return nil
		})
	if err != nil {
		return scores, err
	}
	err = s.read(ctx, "reading the metrics of sweep "+sweep, `
		SELECT DISTINCT m.name, m.signature FROM metrics m WHERE m.id IN (
			SELECT o.metric FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id
			JOIN run_stages rs ON rs.run = sr.run AND rs.kind = 'score'
			JOIN scores o ON o.stage = rs.stage
			WHERE s.name = ?) ORDER BY m.name, m.signature`, []any{sweep}, []any{&metric.Name, &metric.Signature}, func() error {
		scores.Metrics = append(scores.Metrics, metric)
		return nil
	})
	if err != nil {
		return scores, err
	}

	// First which run, decoding and stage there are, then the numbers of each
	// score stage, with as few columns a row as can be: there are many rows.
	type source struct {
		label, decode string
		seed          int
		stage         int64
	}
	var sources []source
	var from source
	err = s.read(ctx, "reading the score stages of sweep "+sweep, `
		SELECT sr.label, rs.role, sr.seed, rs.stage
		FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id
		JOIN run_stages rs ON rs.run = sr.run AND rs.kind = 'score'
		WHERE s.name = ?
		ORDER BY (SELECT min(f.position) FROM sweep_runs f WHERE f.sweep = s.id AND f.label = sr.label), rs.role, sr.position`,
		[]any{sweep}, []any{&from.label, &from.decode, &from.seed, &from.stage}, func() error {
			sources = append(sources, from)
			return nil
		})
	if err != nil {
		return scores, err
	}
	index := map[System]int{}
	for _, from := range sources {
		var form string
		var metricID, example int64
		var value float64
		present := map[string]int{} // form to the seed's row in its system
		err := s.read(ctx, "reading scores of sweep "+sweep, `
			SELECT form, metric, example, value FROM scores WHERE stage = ?
			ORDER BY `+formRank+`, metric, example`, []any{from.stage}, []any{&form, &metricID, &example, &value}, func() error {
			system := System{from.label, from.decode, form}
			at, ok := index[system]
			if !ok {
				at = len(scores.Systems)
				index[system] = at
				scores.Systems = append(scores.Systems, SystemScores{System: system, Values: map[string][][]float64{}})
			}
			of := &scores.Systems[at]
			row, ok := present[form]
			if !ok {
				row = len(of.Seeds)
				present[form] = row
				of.Seeds = append(of.Seeds, from.seed)
			}
			name := metrics[metricID]
			for len(of.Values[name]) <= row {
				of.Values[name] = append(of.Values[name], missing(len(scores.Examples)))
			}
			of.Values[name][row][columns[example]] = value
			return nil
		})
		if err != nil {
			return scores, err
		}
	}
	// A metric that the last seeds lack still has a row for each of them.
	for _, of := range scores.Systems {
		for name := range of.Values {
			for len(of.Values[name]) < len(of.Seeds) {
				of.Values[name] = append(of.Values[name], missing(len(scores.Examples)))
			}
		}
	}
	return scores, nil
}

func missing(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = math.NaN()
	}
	return values
}

// TaskExamples returns the examples that a sweep's outputs belong to, in the
// order of the task.
func (s *Store) TaskExamples(ctx context.Context, sweep string) ([]Example, error) {
	var examples []Example
	seen := map[string]bool{}
	var e Example
	var references string
	err := s.read(ctx, "reading the examples of sweep "+sweep, `
		SELECT e.split, e.name, e.input, e."references" FROM examples e WHERE e.id IN (
			SELECT o.example FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id
			JOIN run_stages rs ON rs.run = sr.run AND rs.kind IN ('decode', 'postprocess')
			JOIN outputs o ON o.stage = rs.stage
			WHERE s.name = ?) ORDER BY e.id`, []any{sweep}, []any{&e.Split, &e.ID, &e.Input, &references}, func() error {
		if seen[e.ID] {
			return nil
		}
		seen[e.ID] = true
		e.References = nil
		if err := json.Unmarshal([]byte(references), &e.References); err != nil {
			return err
		}
		examples = append(examples, e)
		return nil
	})
	return examples, err
}

// SystemOutputs returns all texts of a sweep, ordered as the systems of
// [Store.Scores], then by seed in the order of the sweep.
func (s *Store) SystemOutputs(ctx context.Context, sweep string) ([]SystemOutputs, error) {
	var all []SystemOutputs
	var of SystemOutputs
	var o Output
	err := s.read(ctx, "reading the outputs of sweep "+sweep, `
		SELECT sr.label, rs.role, CASE rs.kind WHEN 'decode' THEN 'raw' ELSE 'post' END AS form, sr.seed,
		       e.name, o.text, o.tokens, o.ended
		FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id
		JOIN run_stages rs ON rs.run = sr.run AND rs.kind IN ('decode', 'postprocess')
		JOIN outputs o ON o.stage = rs.stage
		JOIN examples e ON e.id = o.example
		WHERE s.name = ?
		ORDER BY (SELECT min(f.position) FROM sweep_runs f WHERE f.sweep = s.id AND f.label = sr.label), rs.role, `+formRank+`, sr.position, e.id`,
		[]any{sweep}, []any{&of.Label, &of.Decode, &of.Form, &of.Seed, &o.ID, &o.Text, &o.Tokens, &o.Ended}, func() error {
			last := len(all) - 1
			if last < 0 || all[last].System != of.System || all[last].Seed != of.Seed {
				all = append(all, SystemOutputs{System: of.System, Seed: of.Seed})
				last++
			}
			all[last].Outputs = append(all[last].Outputs, o)
			return nil
		})
	return all, err
}

// Curves returns all training curves of a sweep, in the order of its runs. A
// stage that several runs share is there for each of them.
func (s *Store) Curves(ctx context.Context, sweep string) ([]Curve, error) {
	var all []Curve
	var c Curve
	var step int
	var value float64
	err := s.read(ctx, "reading the curves of sweep "+sweep, `
		SELECT sr.label, sr.seed, t.kind, t.key, c.split, c.name, c.step, c.value
		FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id
		JOIN run_stages rs ON rs.run = sr.run
		JOIN stages t ON t.id = rs.stage
		JOIN curves c ON c.stage = t.id
		WHERE s.name = ? ORDER BY sr.position, t.kind, c.name, c.split, c.step`,
		[]any{sweep}, []any{&c.Label, &c.Seed, &c.Kind, &c.Stage, &c.Split, &c.Name, &step, &value}, func() error {
			last := len(all) - 1
			if last < 0 || all[last].Label != c.Label || all[last].Seed != c.Seed || all[last].Stage != c.Stage ||
				all[last].Name != c.Name || all[last].Split != c.Split {
				all = append(all, c)
				last++
			}
			all[last].Steps = append(all[last].Steps, step)
			all[last].Values = append(all[last].Values, value)
			return nil
		})
	return all, err
}

// RewardAccuracies returns the accuracies of a sweep's reward models, in the
// order of its runs.
func (s *Store) RewardAccuracies(ctx context.Context, sweep string) ([]RunAccuracy, error) {
	var all []RunAccuracy
	var a RunAccuracy
	err := s.read(ctx, "reading the reward accuracies of sweep "+sweep, `
		SELECT sr.label, sr.seed, t.key, a.kind, a.ended, a.accuracy, a.n
		FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id
		JOIN run_stages rs ON rs.run = sr.run
		JOIN stages t ON t.id = rs.stage
		JOIN reward_accuracies a ON a.stage = t.id
		WHERE s.name = ? ORDER BY sr.position, a.kind, a.ended DESC`,
		[]any{sweep}, []any{&a.Label, &a.Seed, &a.Stage, &a.Kind, &a.Ended, &a.Accuracy, &a.N}, func() error {
			all = append(all, a)
			return nil
		})
	return all, err
}

// Decodings returns the temperatures of a sweep's decodings, in the order of
// its runs.
func (s *Store) Decodings(ctx context.Context, sweep string) ([]RunDecoding, error) {
	var all []RunDecoding
	var d RunDecoding
	var tried string
	err := s.read(ctx, "reading the decodings of sweep "+sweep, `
		SELECT sr.label, sr.seed, rs.role, d.temperature,
		       (SELECT json_group_array(json_array(temperature, score)) FROM
		          (SELECT temperature, score FROM tried_temperatures WHERE stage = d.stage ORDER BY temperature))
		FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id
		JOIN run_stages rs ON rs.run = sr.run AND rs.kind = 'decode'
		JOIN decodings d ON d.stage = rs.stage
		WHERE s.name = ? ORDER BY sr.position, rs.role`,
		[]any{sweep}, []any{&d.Label, &d.Seed, &d.Decode, &d.Temperature, &tried}, func() error {
			var pairs [][2]float64
			if err := json.Unmarshal([]byte(tried), &pairs); err != nil {
				return err
			}
			d.Tried = nil
			for _, p := range pairs {
				d.Tried = append(d.Tried, TriedTemperature{Temperature: p[0], Score: p[1]})
			}
			all = append(all, d)
			return nil
		})
	return all, err
}
