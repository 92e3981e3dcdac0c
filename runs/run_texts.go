package runs

import (
	"context"
	"encoding/json"
)

// RunOutputs are the texts of one run by one decoding, before or after
// post-processing.
type RunOutputs struct {
	Decode string
	Form   string // "raw" or "post"
	// Examples are those of the task, in its order, and Outputs holds the text
	// for each.
	Examples []Example
	Outputs  []Output
}

// RunScores are the scores of one run's texts by one metric.
type RunScores struct {
	Decode    string
	Form      string
	Signature string
	Values    map[string]float64 // by the example's id
}

// RunOutputs returns the texts of the run of that name, by decoding, raw
// before post.
func (s *Store) RunOutputs(ctx context.Context, run string) ([]RunOutputs, error) {
	var all []RunOutputs
	var of RunOutputs
	var e Example
	var o Output
	var references string
	err := s.read(ctx, "reading the outputs of run "+run, `
		SELECT rs.role, CASE rs.kind WHEN 'decode' THEN 'raw' ELSE 'post' END AS form,
		       e.split, e.name, e.input, e."references", o.text, o.tokens, o.ended
		FROM runs r JOIN run_stages rs ON rs.run = r.id AND rs.kind IN ('decode', 'postprocess')
		JOIN outputs o ON o.stage = rs.stage
		JOIN examples e ON e.id = o.example
		WHERE r.name = ? ORDER BY rs.role, `+formRank+`, e.id`, []any{run},
		[]any{&of.Decode, &of.Form, &e.Split, &e.ID, &e.Input, &references, &o.Text, &o.Tokens, &o.Ended}, func() error {
			e.References = nil
			if err := json.Unmarshal([]byte(references), &e.References); err != nil {
				return err
			}
			last := len(all) - 1
			if last < 0 || all[last].Decode != of.Decode || all[last].Form != of.Form {
				all = append(all, RunOutputs{Decode: of.Decode, Form: of.Form})
				last++
			}
			o.ID = e.ID
			all[last].Examples = append(all[last].Examples, e)
			all[last].Outputs = append(all[last].Outputs, o)
			return nil
		})
	return all, err
}

// RunScores returns the scores by one metric of the run of that name, by
// decoding, raw before post.
func (s *Store) RunScores(ctx context.Context, run, metric string) ([]RunScores, error) {
	var all []RunScores
	var of RunScores
	var example string
	var value float64
	err := s.read(ctx, "reading the scores of run "+run, `
		SELECT rs.role, c.form, m.signature, e.name, c.value
		FROM runs r JOIN run_stages rs ON rs.run = r.id AND rs.kind = 'score'
		JOIN scores c ON c.stage = rs.stage
		JOIN metrics m ON m.id = c.metric
		JOIN examples e ON e.id = c.example
		WHERE r.name = ? AND m.name = ? ORDER BY rs.role, `+formRank+`, m.id, e.id`, []any{run, metric},
		[]any{&of.Decode, &of.Form, &of.Signature, &example, &value}, func() error {
			last := len(all) - 1
			if last < 0 || all[last].Decode != of.Decode || all[last].Form != of.Form || all[last].Signature != of.Signature {
				all = append(all, RunScores{of.Decode, of.Form, of.Signature, map[string]float64{}})
				last++
			}
			all[last].Values[example] = value
			return nil
		})
	return all, err
}
