package runs

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// begun is when the first stage of the test sweep began.
var begun = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

func openStore(t *testing.T) *Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "store.db"))
}

func openAt(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// must ends the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func stage(kind, key string, minute int) Stage {
	return Stage{Key: key, Kind: kind, Part: []byte(`{"steps":3}`), Version: 1, Started: begun.Add(time.Duration(minute) * time.Minute),
		Seconds: 60, Tokens: 1200, PeakMemoryBytes: 1 << 30, Threads: 2, Task: "p", Split: "test"}
}

// ingestSweep ingests a sweep of two labels and two seeds that share one
// prepare stage, with n test examples.
func ingestSweep(t *testing.T, s *Store, n int) {
	t.Helper()
	must(t, ingest(s, n))
}

// ingest is ingestSweep for a goroutine that is not the test's own.
func ingest(s *Store, n int) (err error) {
	ctx := context.Background()
	in, err := s.Ingest(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	sweep := Sweep{Name: "tiny", File: "tiny.toml", Report: []byte(`{"baseline":"mle"}`)}
	var examples []Example
	for i := range n {
		examples = append(examples, Example{Split: "test", ID: fmt.Sprintf("e%d", i), Input: fmt.Sprintf("input %d", i), References: []string{"one", "two"}})
	}
	err = in.Stage(ctx, stage("prepare", "p", 0), func(w *Writer) error {
		w.Examples(examples)
		return nil
	})
	for l, label := range []string{"ppo", "mle"} {
		for seed := 1; seed <= 2; seed++ {
			err = errors.Join(err, ingestRun(in, label, l, seed, n, &sweep))
		}
	}
	return errors.Join(err, in.Sweep(ctx, sweep))
}

// evaluated is the evaluation of every reward model of the test sweep.
var evaluated = RewardEvaluation{
	Kinds: []RewardKind{
		{"copy", true, true, 0.9, 100, []TrivialAccuracy{{"longer", 0.25}, {"overlap", 1}}},
		{"random", false, false, 0.5, 50, []TrivialAccuracy{{"longer", 0.5}, {"overlap", 0.75}}},
	},
	Samples: []RewardMeasure{
		{"before", "truth above", "", 0.75, &bound, &bound, 100},
		{"after", "kendall", "la-rougeL", 0.25, nil, nil, 1},
	},
	Calibration: []RewardBin{{"trained", 3, 0.67, 0.7, 40}, {"trained", 9, 0.99, 0.8, 60}},
}

var bound = 0.75

// ingestRun ingests a run of the test sweep, the l-th label's.
func ingestRun(in *Ingest, label string, l, seed, n int, sweep *Sweep) error {
	ctx := context.Background()
	name := fmt.Sprintf("%s-%d", label, seed)
	sweep.Runs = append(sweep.Runs, SweepRun{Run: name, Label: label, Variant: label, Seed: seed, Axes: fmt.Appendf(nil, `{"seed":%d}`, seed)})
	raw, post, scored := []Output{}, []Output{}, []Scored{}
	for i := range n {
		id := fmt.Sprintf("e%d", i)
		raw = append(raw, Output{ID: id, Text: name + " raw", Tokens: 3 + l, Ended: i%2 == 0})
		post = append(post, Output{ID: id, Text: name + " post", Tokens: 2, Ended: true})
		for _, form := range []string{"raw", "post"} {
			scored = append(scored, Scored{id, form, map[string]float64{"rougeL": float64(i+seed+l) / 10, "la-rougeL": 0.25}})
		}
	}
	var err error
	links := []Link{{"", "p"}}
	for m, of := range []struct {
		kind  string
		write func(w *Writer) error
	}{
		{"reward", func(w *Writer) error {
			w.RewardAccuracies([]RewardAccuracy{{Kind: "copy", Ended: true, Accuracy: 0.9, N: 100}, {Kind: "copy", Ended: false, Accuracy: 0.8, N: 50}})
			return nil
		}},
		{"reward_eval", func(w *Writer) error {
			w.RewardEvaluation(evaluated)
			return nil
		}},
		{"rl", func(w *Writer) error {
			return w.Curves([]CurvePoint{{1, "train", "kl", 0}, {2, "train", "kl", 0.5}, {1, "train", "reward", -1}})
		}},
		{"decode", func(w *Writer) error {
			w.Decoding(Decoding{Temperature: 0.7, Chosen: "temperature 0.7", Tried: []TriedDecoding{{"temperature 0.5", 0.1}, {"temperature 0.7", 0.2}}})
			return w.Outputs(Raw, raw)
		}},
		{"postprocess", func(w *Writer) error { return w.Outputs(Post, post) }},
		{"score", func(w *Writer) error {
			return w.Scores(map[string]string{"rougeL": "rougeL|v:1", "la-rougeL": "la-rougeL|v:1"}, scored)
		}},
	} {
		link := Link{Stage: name + "/" + of.kind}
		if m >= 3 {
			link.Role = "sample"
		}
		links = append(links, link)
		err = errors.Join(err, in.Stage(ctx, stage(of.kind, link.Stage, 1+m+10*seed+100*l), of.write))
	}
	config := fmt.Appendf(nil, `{"seed":%d,"rl":{"algorithm":%q,"kl":{"coefficient":0.1}},"postprocess":{"chain":["first-line"]}}`, seed, label)
	return errors.Join(err, in.Run(ctx, Run{Name: name, Seed: seed, Config: config}, State{Status: Done}, links))
}

// add ingests with one call of f.
func add(t *testing.T, s *Store, f func(*Ingest) error) error {
	t.Helper()
	in, err := s.Ingest(context.Background())
	must(t, err)
	return errors.Join(f(in), in.Close())
}

// dump returns what the store holds, without the integer ids, which depend on
// the order of ingestion.
func dump(t *testing.T, s *Store) string {
	t.Helper()
	var text string
	for _, query := range []string{
		`SELECT name, file, report FROM sweeps ORDER BY name`,
		`SELECT name, seed, config, status, reason FROM runs ORDER BY name`,
		`SELECT r.name, key, value FROM run_settings s JOIN runs r ON r.id = s.run ORDER BY 1, 2`,
		`SELECT e.split, e.position, e.name FROM examples e ORDER BY 1, 2`,
		`SELECT r.name, rs.kind, rs.role, t.key FROM run_stages rs JOIN runs r ON r.id = rs.run JOIN stages t ON t.id = rs.stage ORDER BY 1, 2, 3`,
		`SELECT key, kind, part, version, started, seconds, tokens, peak_memory_bytes, threads FROM stages ORDER BY key`,
		`SELECT * FROM v_summary ORDER BY 1, 2, 3, 4, 5, 6, 7`,
		`SELECT * FROM v_scores ORDER BY 1, 2, 3, 4, 5, 6, 7, 8`,
		`SELECT * FROM v_outputs ORDER BY 1, 2, 3, 4, 5, 6, 7`,
		`SELECT * FROM v_curves ORDER BY 1, 2, 3, 4, 5, 6, 7, 8`,
		`SELECT * FROM v_reward_accuracy ORDER BY 1, 2, 3, 4, 5, 6`,
		`SELECT * FROM v_reward_kinds ORDER BY 1, 2, 3, 4, 5, 6, 10`,
		`SELECT * FROM v_reward_samples ORDER BY 1, 2, 3, 4, 5, 6, 7`,
		`SELECT * FROM v_reward_calibration ORDER BY 1, 2, 3, 4, 5, 6`,
		`SELECT * FROM v_costs ORDER BY key`,
		`SELECT t.key, d.temperature, d.chosen, r.position, r.decoding, r.score FROM decodings d JOIN tried_decodings r USING (stage) JOIN stages t ON t.id = d.stage ORDER BY 1, 4`,
	} {
		rows, err := s.db.Query(query)
		must(t, err)
		columns, err := rows.Columns()
		must(t, err)
		values := make([]any, len(columns))
		fields := make([]any, len(columns))
		for i := range values {
			fields[i] = &values[i]
		}
		for rows.Next() {
			must(t, rows.Scan(fields...))
			text += fmt.Sprintln(values...)
		}
		must(t, rows.Err())
		rows.Close()
	}
	return text
}

func count(t *testing.T, s *Store, query string) int {
	t.Helper()
	var n int
	must(t, s.db.QueryRow(query).Scan(&n))
	return n
}
