package runs

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
)

// System is what a row of a report's table stands for: the runs of one label,
// decoded in one way, before or after post-processing.
type System struct {
	Label  string
	Decode string
	Form   string // Raw or Post
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
	// Seeds and of the examples; NaN where there is no score.
	Values map[string][][]float64
}

// RunScores are the scores of one run's texts by one metric.
type RunScores struct {
	Decode    string
	Form      string
	Signature string
	Values    map[string]float64 // by the example's id
}

// RunMeans are the mean scores of one run's texts by each metric, over the
// examples where it is defined.
type RunMeans struct {
	Decode string
	Form   string // Raw or Post
	Means  map[string]float64
}

// RunDecoding is how a run was decoded.
type RunDecoding struct {
	Label  string
	Seed   int
	Decode string
	Decoding
}

// Scores returns all scores of a sweep by these metrics, or by all where none
// is named. [Store.Systems] gives them one system after the other.
func (s *Store) Scores(ctx context.Context, sweep string, metrics ...string) (Scores, error) {
	var scores Scores
	var err error
	if scores.Examples, err = s.ScoredExamples(ctx, sweep); err != nil {
		return scores, err
	}
	if scores.Metrics, err = s.Metrics(ctx, sweep); err != nil {
		return scores, err
	}
	for of, err := range s.Systems(ctx, sweep, metrics...) {
		if err != nil {
			return scores, err
		}
		scores.Systems = append(scores.Systems, of)
	}
	return scores, nil
}

// Metrics lists the metrics by which the outputs of a sweep's labels, or of all where
// none is named, were scored, by name; a name with several signatures is there several
// times.
func (s *Store) Metrics(ctx context.Context, sweep string, labels ...string) ([]Metric, error) {
	condition, arguments := ofLabels(sweep, labels)
	var all []Metric
	var metric Metric
	err := s.read(ctx, "reading the metrics of sweep "+sweep, `
		SELECT m.name, m.signature FROM metrics m WHERE m.id IN (
			SELECT c.metric FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id
			JOIN run_stages rs ON rs.run = sr.run JOIN scores c ON c.stage = rs.stage
			WHERE `+condition+`) ORDER BY m.name, m.signature`, arguments, []any{&metric.Name, &metric.Signature}, func() error {
		all = append(all, metric)
		return nil
	})
	return all, err
}

// ScoredExamples lists the ids of the examples that a sweep's scores are for,
// in the order of the task. Two tasks may share examples.
func (s *Store) ScoredExamples(ctx context.Context, sweep string) ([]string, error) {
	doing := "reading the examples of sweep " + sweep
	sources, err := s.sources(ctx, doing, sweep, hasScores)
	if err != nil {
		return nil, err
	}
	p, err := s.placing(ctx, doing, sources)
	return p.names, err
}

// placing is where the examples of a sweep's tasks stand in one list of them.
type placing struct {
	names []string
	of    map[split][]int // by examples.position
}

func (s *Store) placing(ctx context.Context, doing string, sources []source) (placing, error) {
	p := placing{of: map[split][]int{}}
	var tasks []split
	for _, of := range sources {
		if _, ok := p.of[of.examples]; !ok {
			p.of[of.examples] = nil
			tasks = append(tasks, of.examples)
		}
	}
	slices.SortFunc(tasks, func(a, b split) int { return cmp.Or(cmp.Compare(a.task, b.task), cmp.Compare(a.name, b.name)) })
	places := map[string]int{}
	for _, task := range tasks {
		var name string
		err := s.read(ctx, doing, `SELECT name FROM examples WHERE stage = ? AND split = ? ORDER BY position`, []any{task.task, task.name}, []any{&name}, func() error {
			place, ok := places[name]
			if !ok {
				place = len(p.names)
				places[name] = place
				p.names = append(p.names, name)
			}
			p.of[task] = append(p.of[task], place)
			return nil
		})
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

// Systems gives the scores of a sweep by these metrics, or by all where none is
// named, system by system: in the order of the sweep's labels, then of the
// decodings' names, raw before post. The examples are those of
// [Store.ScoredExamples].
func (s *Store) Systems(ctx context.Context, sweep string, metrics ...string) iter.Seq2[SystemScores, error] {
	return func(yield func(SystemScores, error) bool) {
		fail := func(err error) { yield(SystemScores{}, err) }
		doing := "reading the scores of sweep " + sweep
		sources, err := s.sources(ctx, doing, sweep, hasScores)
		if err != nil {
			fail(err)
			return
		}
		p, err := s.placing(ctx, doing, sources)
		if err != nil {
			fail(err)
			return
		}
		named, err := s.metricNames(ctx, doing, metrics)
		if err != nil {
			fail(err)
			return
		}
		for len(sources) > 0 {
			n := 1
			for n < len(sources) && sources[n].rank == sources[0].rank && sources[n].decode == sources[0].decode {
				n++
			}
			for _, form := range []string{Raw, Post} {
				system, err := s.system(ctx, doing, sources[:n], form, named, p)
				if err != nil {
					fail(err)
					return
				}
				if len(system.Seeds) > 0 && !yield(system, nil) {
					return
				}
			}
			sources = sources[n:]
		}
	}
}

// system reads the scores of one system.
func (s *Store) system(ctx context.Context, doing string, sources []source, form string, metrics metricNames, p placing) (SystemScores, error) {
	system := SystemScores{System: System{sources[0].label, sources[0].decode, form}, Values: map[string][][]float64{}}
	for _, of := range sources {
		row := len(system.Seeds)
		var metric int64
		var list string
		err := s.read(ctx, doing, `SELECT metric, by_example FROM scores WHERE stage = ? AND form = ? AND metric IN (SELECT value FROM json_each(?))`,
			[]any{of.stage, form, metrics.list}, []any{&metric, &list}, func() error {
				values, err := decodeScores(list)
				if err != nil {
					return err
				}
				places := p.of[of.examples]
				if len(values) != len(places) {
					return fmt.Errorf("%d scores, expected one for each of %d examples", len(values), len(places))
				}
				if len(system.Seeds) == row {
					system.Seeds = append(system.Seeds, of.seed)
				}
				name := metrics.names[metric]
				rows := system.Values[name]
				for len(rows) <= row {
					rows = append(rows, missing(len(p.names)))
				}
				for i, place := range places {
					rows[row][place] = values[i]
				}
				system.Values[name] = rows
				return nil
			})
		if err != nil {
			return system, err
		}
	}
	// A metric that the last seeds lack still has a row for each of them.
	for name, rows := range system.Values {
		for len(rows) < len(system.Seeds) {
			rows = append(rows, missing(len(p.names)))
		}
		system.Values[name] = rows
	}
	return system, nil
}

// metricNames are metrics by their ids, and those as a JSON list.
type metricNames struct {
	names map[int64]string
	list  string
}

// metricNames reads the ids of metrics of some names, or of all where none is
// given.
func (s *Store) metricNames(ctx context.Context, doing string, wanted []string) (metricNames, error) {
	found := metricNames{names: map[int64]string{}}
	var ids []int64
	var id int64
	var name string
	err := s.read(ctx, doing, `SELECT id, name FROM metrics ORDER BY id`, nil, []any{&id, &name}, func() error {
		if len(wanted) == 0 || slices.Contains(wanted, name) {
			found.names[id] = name
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		return found, err
	}
	list, err := json.Marshal(ids)
	found.list = string(list)
	return found, err
}

// RunScores returns the scores by one metric of the run of that name, by
// decoding, raw before post.
func (s *Store) RunScores(ctx context.Context, run, metric string) ([]RunScores, error) {
	doing := "reading the scores of run " + run
	sources, err := s.runSources(ctx, doing, run, hasScores)
	if err != nil {
		return nil, err
	}
	p, err := s.placing(ctx, doing, sources)
	if err != nil {
		return nil, err
	}
	var all []RunScores
	for _, of := range sources {
		r := RunScores{Decode: of.decode}
		var list string
		err := s.read(ctx, doing, `
			SELECT c.form, m.signature, c.by_example FROM scores c JOIN metrics m ON m.id = c.metric
			WHERE c.stage = ? AND m.name = ? ORDER BY CASE c.form WHEN 'raw' THEN 0 ELSE 1 END, m.id`,
			[]any{of.stage, metric}, []any{&r.Form, &r.Signature, &list}, func() error {
				values, err := decodeScores(list)
				if err != nil {
					return err
				}
				r.Values = map[string]float64{}
				for i, value := range values {
					if value == value {
						r.Values[p.names[p.of[of.examples][i]]] = value
					}
				}
				all = append(all, r)
				return nil
			})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// RunMeans returns the mean scores of the run of that name, by decoding, raw
// before post.
func (s *Store) RunMeans(ctx context.Context, run string) ([]RunMeans, error) {
	var all []RunMeans
	var decode, form, metric, list string
	err := s.read(ctx, "reading the mean scores of run "+run, `
		SELECT rs.role, c.form, m.name, c.by_example
		FROM runs r JOIN run_stages rs ON rs.run = r.id JOIN scores c ON c.stage = rs.stage JOIN metrics m ON m.id = c.metric
		WHERE r.name = ? ORDER BY rs.role, CASE c.form WHEN 'raw' THEN 0 ELSE 1 END, m.id`,
		[]any{run}, []any{&decode, &form, &metric, &list}, func() error {
			values, err := decodeScores(list)
			if err != nil {
				return err
			}
			last := len(all) - 1
			if last < 0 || all[last].Decode != decode || all[last].Form != form {
				all = append(all, RunMeans{decode, form, map[string]float64{}})
				last++
			}
			sum, n := 0.0, 0
			for _, value := range values {
				if value == value {
					sum, n = sum+value, n+1
				}
			}
			if n > 0 {
				all[last].Means[metric] = sum / float64(n)
			}
			return nil
		})
	return all, err
}

// Decodings returns what was chosen for a sweep's decodings, in the order of
// its runs.
func (s *Store) Decodings(ctx context.Context, sweep string) ([]RunDecoding, error) {
	var all []RunDecoding
	var d RunDecoding
	var tried string
	err := s.read(ctx, "reading the decodings of sweep "+sweep, `
		SELECT sr.label, sr.seed, rs.role, d.temperature, d.chosen,
		       (SELECT json_group_array(json_object('decoding', decoding, 'score', score)) FROM
		          (SELECT decoding, score FROM tried_decodings WHERE stage = d.stage ORDER BY position))
		FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id
		JOIN run_stages rs ON rs.run = sr.run
		JOIN decodings d ON d.stage = rs.stage
		WHERE s.name = ? ORDER BY sr.position, rs.role`,
		[]any{sweep}, []any{&d.Label, &d.Seed, &d.Decode, &d.Temperature, &d.Chosen, &tried}, func() error {
			d.Tried = nil
			if err := json.Unmarshal([]byte(tried), &d.Tried); err != nil {
				return err
			}
			all = append(all, d)
			return nil
		})
	return all, err
}
