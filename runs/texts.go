package runs

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Selection says which outputs are meant. What is empty rules nothing out.
type Selection struct {
	Decode   string   // the name of a decoding
	Form     string   // Raw or Post
	Seeds    []int    // of a sweep's runs
	Examples []string // their ids
	First    int      // only the first so many, in the order of the task
}

// RunOutputs are the texts of one run by one decoding, before or after
// post-processing.
type RunOutputs struct {
	Decode string
	Form   string // Raw or Post
	// Examples are those of the task, in its order, and Outputs holds the text
	// for each.
	Examples []Example
	Outputs  []Output
}

// Decoded says that a run has outputs.
type Decoded struct {
	Decode string
	Form   string // Raw or Post
}

// SystemOutputs are the texts of one system by one seed.
type SystemOutputs struct {
	System
	Seed    int
	Outputs []Output // in the order of the task
}

// SystemLengths are the lengths of one system's texts, of all seeds together.
type SystemLengths struct {
	System
	Lengths []Length // by tokens
}

// Length counts the texts of one length.
type Length struct {
	Tokens int
	Texts  int
	Ended  int // of them, how many have the end token
}

// source is a stage with outputs or scores, and whose it is.
type source struct {
	label, decode, form string
	rank                int // of the label in the sweep
	seed                int
	stage               int64
	examples            split
}

// split is the examples of a task.
type split struct {
	task int64
	name string
}

// formRank orders the forms: as it came, then repaired.
func formRank(form string) int {
	if form == Raw {
		return 0
	}
	return 1
}

// sources lists the stages of a sweep that a condition on the table stages,
// called t, wants, ordered by label, in the order of the sweep, decoding, form
// and, in the order of the sweep, seed.
func (s *Store) sources(ctx context.Context, doing, sweep, condition string) ([]source, error) {
	var all []source
	var of source
	ranks := map[string]int{}
	var task *int64
	err := s.read(ctx, doing, `
		SELECT sr.label, rs.role, t.form, sr.seed, t.id, t.task, t.split
		FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id JOIN run_stages rs ON rs.run = sr.run JOIN stages t ON t.id = rs.stage
		WHERE s.name = ? AND `+condition+` ORDER BY sr.position`, []any{sweep},
		[]any{&of.label, &of.decode, &of.form, &of.seed, &of.stage, &task, &of.examples.name}, func() error {
			rank, ok := ranks[of.label]
			if !ok {
				rank = len(ranks)
				ranks[of.label] = rank
			}
			of.rank, of.examples.task = rank, 0
			if task != nil {
				of.examples.task = *task
			}
			all = append(all, of)
			return nil
		})
	slices.SortStableFunc(all, func(a, b source) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.decode, b.decode), cmp.Compare(formRank(a.form), formRank(b.form)))
	})
	return all, err
}

// Conditions on the table stages, called t.
const (
	hasOutputs = `t.form <> ''`
	hasScores  = `EXISTS (SELECT 1 FROM scores c WHERE c.stage = t.id)`
)

// ofLabels is the condition on sweeps, called s, and their runs, called sr, for the runs
// of some labels, or of all where none is named, and its arguments.
func ofLabels(sweep string, labels []string) (condition string, arguments []any) {
	if len(labels) == 0 {
		return `s.name = ?`, []any{sweep}
	}
	arguments = []any{sweep}
	for _, label := range labels {
		arguments = append(arguments, label)
	}
	return `s.name = ? AND sr.label IN (?` + strings.Repeat(`, ?`, len(labels)-1) + `)`, arguments
}

// Examples gives the examples that the outputs of a sweep's labels, or of all where
// none is named, belong to, in the order of the task.
func (s *Store) Examples(ctx context.Context, sweep string, labels ...string) iter.Seq2[Example, error] {
	return func(yield func(Example, error) bool) {
		condition, arguments := ofLabels(sweep, labels)
		seen := map[string]bool{} // two tasks may share examples
		var e Example
		var references string
		doing := "reading the examples of sweep " + sweep
		s.each(ctx, doing, `
			SELECT e.split, e.name, e.input, e."references"
			FROM (SELECT DISTINCT t.task, t.split FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id
			      JOIN run_stages rs ON rs.run = sr.run JOIN stages t ON t.id = rs.stage
			      WHERE `+condition+` AND `+hasOutputs+`) u
			JOIN examples e ON e.stage = u.task AND e.split = u.split ORDER BY e.id`, arguments,
			[]any{&e.Split, &e.ID, &e.Input, &references}, func(err error) bool {
				if err == nil && seen[e.ID] {
					return true
				}
				if err == nil {
					seen[e.ID] = true
					e.References = nil
					if err = json.Unmarshal([]byte(references), &e.References); err != nil {
						yield(e, s.failed(doing, err))
						return false
					}
				}
				return yield(e, err)
			})
	}
}

// Outputs gives the selected texts of a sweep, ordered as the systems of
// [Store.Systems], then by seed in the order of the sweep.
func (s *Store) Outputs(ctx context.Context, sweep string, want Selection) iter.Seq2[SystemOutputs, error] {
	return func(yield func(SystemOutputs, error) bool) {
		doing := "reading the outputs of sweep " + sweep
		sources, err := s.sources(ctx, doing, sweep, hasOutputs)
		if err != nil {
			yield(SystemOutputs{}, err)
			return
		}
		tasks := map[split]map[int64]Example{}
		for _, of := range sources {
			if !want.takes(of.decode, of.form) || len(want.Seeds) > 0 && !slices.Contains(want.Seeds, of.seed) {
				continue
			}
			result := SystemOutputs{System: System{of.label, of.decode, of.form}, Seed: of.seed}
			if tasks[of.examples] == nil {
				if tasks[of.examples], err = s.examples(ctx, doing, of.examples, want, false); err != nil {
					yield(result, err)
					return
				}
			}
			if result.Outputs, _, err = s.outputs(ctx, doing, of.stage, tasks[of.examples], want); err != nil {
				yield(result, err)
				return
			}
			if len(result.Outputs) > 0 && !yield(result, nil) {
				return
			}
		}
	}
}

func (want Selection) takes(decode, form string) bool {
	return (want.Decode == "" || want.Decode == decode) && (want.Form == "" || want.Form == form)
}

// examples reads the examples of a task that are selected, by their ids. Their
// texts are left out unless they are asked for.
func (s *Store) examples(ctx context.Context, doing string, of split, want Selection, texts bool) (map[int64]Example, error) {
	columns, condition, arguments := `'', '[]'`, "", []any{of.task, of.name}
	if texts {
		columns = `input, "references"`
	}
	if want.First > 0 {
		condition += ` AND position < ?`
		arguments = append(arguments, want.First)
	}
	if len(want.Examples) > 0 {
		list, err := json.Marshal(want.Examples)
		if err != nil {
			return nil, s.failed(doing, err)
		}
		condition += ` AND name IN (SELECT value FROM json_each(?))`
		arguments = append(arguments, string(list))
	}
	examples := map[int64]Example{}
	e := Example{Split: of.name}
	var id int64
	var references string
	err := s.read(ctx, doing, `SELECT id, name, `+columns+` FROM examples WHERE stage = ? AND split = ?`+condition, arguments,
		[]any{&id, &e.ID, &e.Input, &references}, func() error {
			e.References = nil
			if texts {
				if err := json.Unmarshal([]byte(references), &e.References); err != nil {
					return err
				}
			}
			examples[id] = e
			return nil
		})
	return examples, err
}

// outputs reads a stage's texts for the selected examples, whose ids it gives
// too.
func (s *Store) outputs(ctx context.Context, doing string, stage int64, examples map[int64]Example, want Selection) (all []Output, ids []int64, err error) {
	condition, arguments := "", []any{stage}
	if want.First > 0 || len(want.Examples) > 0 {
		list, err := json.Marshal(slices.Collect(maps.Keys(examples)))
		if err != nil {
			return nil, nil, s.failed(doing, err)
		}
		condition = ` AND example IN (SELECT value FROM json_each(?))`
		arguments = append(arguments, string(list))
	}
	var o Output
	var id int64
	err = s.read(ctx, doing, `SELECT example, text, tokens, ended FROM outputs WHERE stage = ?`+condition+` ORDER BY example`, arguments,
		[]any{&id, &o.Text, &o.Tokens, &o.Ended}, func() error {
			o.ID = examples[id].ID
			all, ids = append(all, o), append(ids, id)
			return nil
		})
	return all, ids, err
}

// Lengths returns the lengths in tokens of a sweep's outputs, in the order of
// [Store.Systems].
func (s *Store) Lengths(ctx context.Context, sweep string) ([]SystemLengths, error) {
	doing := "reading the lengths of outputs of sweep " + sweep
	sources, err := s.sources(ctx, doing, sweep, hasOutputs)
	if err != nil {
		return nil, err
	}
	var all []SystemLengths
	ofStage := map[int64][]Length{} // several systems may share a stage
	for _, of := range sources {
		lengths, ok := ofStage[of.stage]
		if !ok {
			var l Length
			err := s.read(ctx, doing, `SELECT tokens, count(*), sum(ended) FROM outputs WHERE stage = ? GROUP BY tokens ORDER BY tokens`,
				[]any{of.stage}, []any{&l.Tokens, &l.Texts, &l.Ended}, func() error {
					lengths = append(lengths, l)
					return nil
				})
			if err != nil {
				return nil, err
			}
			ofStage[of.stage] = lengths
		}
		system := System{of.label, of.decode, of.form}
		if last := len(all) - 1; last >= 0 && all[last].System == system {
			all[last].Lengths = together(all[last].Lengths, lengths)
		} else if len(lengths) > 0 {
			all = append(all, SystemLengths{system, lengths})
		}
	}
	return all, nil
}

// together adds counts, both of which are ordered by length.
func together(a, b []Length) []Length {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(a, b Length) int { return cmp.Compare(a.Tokens, b.Tokens) })
	sum := all[:0]
	for _, l := range all {
		if last := len(sum) - 1; last >= 0 && sum[last].Tokens == l.Tokens {
			sum[last].Texts += l.Texts
			sum[last].Ended += l.Ended
		} else {
			sum = append(sum, l)
		}
	}
	return sum
}

// runSources lists the stages of one run as sources does.
func (s *Store) runSources(ctx context.Context, doing, run, condition string) ([]source, error) {
	var all []source
	var of source
	err := s.read(ctx, doing, `
		SELECT rs.role, t.form, t.id, ifnull(t.task, 0), t.split
		FROM runs r JOIN run_stages rs ON rs.run = r.id JOIN stages t ON t.id = rs.stage
		WHERE r.name = ? AND `+condition+` ORDER BY rs.role`, []any{run},
		[]any{&of.decode, &of.form, &of.stage, &of.examples.task, &of.examples.name}, func() error {
			all = append(all, of)
			return nil
		})
	slices.SortStableFunc(all, func(a, b source) int {
		return cmp.Or(cmp.Compare(a.decode, b.decode), cmp.Compare(formRank(a.form), formRank(b.form)))
	})
	return all, err
}

// Decoded lists the outputs that the run of that name has, by decoding, raw
// before post.
func (s *Store) Decoded(ctx context.Context, run string) ([]Decoded, error) {
	sources, err := s.runSources(ctx, "listing the outputs of run "+run, run, hasOutputs)
	var all []Decoded
	for _, of := range sources {
		all = append(all, Decoded{of.decode, of.form})
	}
	return all, err
}

// Texts returns the selected texts of the run of that name, with their
// examples, by decoding, raw before post.
func (s *Store) Texts(ctx context.Context, run string, want Selection) ([]RunOutputs, error) {
	doing := "reading the outputs of run " + run
	sources, err := s.runSources(ctx, doing, run, hasOutputs)
	if err != nil {
		return nil, err
	}
	var all []RunOutputs
	tasks := map[split]map[int64]Example{}
	for _, of := range sources {
		if !want.takes(of.decode, of.form) {
			continue
		}
		if tasks[of.examples] == nil {
			if tasks[of.examples], err = s.examples(ctx, doing, of.examples, want, true); err != nil {
				return nil, err
			}
		}
		result := RunOutputs{Decode: of.decode, Form: of.form}
		var ids []int64
		if result.Outputs, ids, err = s.outputs(ctx, doing, of.stage, tasks[of.examples], want); err != nil {
			return nil, err
		}
		for _, id := range ids {
			result.Examples = append(result.Examples, tasks[of.examples][id])
		}
		if len(result.Outputs) > 0 {
			all = append(all, result)
		}
	}
	return all, nil
}
