package runs

import (
	"context"
	"strconv"
	"strings"
)

// FoundRun is a run and the sweep that lists it.
type FoundRun struct {
	Sweep string
	ListedRun
}

// FindRuns returns the runs that a person means by a name, by the first of
// these that fits any: a label, "LABEL, seed N", a variant, the beginning of a
// run's name. sweep is the name of the one to look in, or "" for all. They are
// in the order of the sweeps' names and in that of their files; a run that
// several sweeps list is there once. None is no error.
func (s *Store) FindRuns(ctx context.Context, sweep, name string) ([]FoundRun, error) {
	if name == "" {
		return nil, nil
	}
	label, seed := name, 0
	if i := strings.LastIndex(name, ", seed "); i >= 0 {
		if n, err := strconv.Atoi(name[i+len(", seed "):]); err == nil && strconv.Itoa(n) == name[i+len(", seed "):] {
			label, seed = name[:i], n
		}
	}
	for _, fits := range []struct {
		condition string
		arguments []any
		skip      bool
	}{
		{condition: "sr.label = ?", arguments: []any{name}},
		{condition: "sr.label = ? AND sr.seed = ?", arguments: []any{label, seed}, skip: label == name},
		{condition: "sr.variant = ?", arguments: []any{name}},
		{condition: "r.name >= ? AND r.name < ?", arguments: []any{name, after(name)}},
	} {
		if fits.skip {
			continue
		}
		where := fits.condition
		if sweep != "" {
			where += " AND s.name = ?"
			fits.arguments = append(fits.arguments, sweep)
		}
		var found []FoundRun
		var r FoundRun
		seen := map[string]bool{}
		err := s.read(ctx, "looking for run "+name, `
			SELECT s.name, r.name, sr.label, sr.variant, sr.seed, r.status, r.reason
			FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id JOIN runs r ON r.id = sr.run
			WHERE `+where+` ORDER BY s.name, sr.position`, fits.arguments,
			[]any{&r.Sweep, &r.Run, &r.Label, &r.Variant, &r.Seed, &r.Status, &r.Reason}, func() error {
				if !seen[r.Run] {
					seen[r.Run] = true
					found = append(found, r)
				}
				return nil
			})
		if err != nil || len(found) > 0 {
			return found, err
		}
	}
	return nil, nil
}

// after returns a text that sorts after all that begin with prefix, and before
// all others that sort after it.
func after(prefix string) string { return prefix + "\U0010FFFF" }

// LabelNames lists the labels of a sweep, or of all where sweep is "", each
// once, in the order of the sweeps' names and of their files; at most n.
func (s *Store) LabelNames(ctx context.Context, sweep string, n int) ([]string, error) {
	var labels []string
	var label string
	err := s.read(ctx, "listing labels", `
		SELECT label FROM (
			SELECT sr.label AS label, row_number() OVER (ORDER BY s.name, sr.position) AS place
			FROM sweeps s JOIN sweep_runs sr ON sr.sweep = s.id
			WHERE ?1 = '' OR s.name = ?1)
		GROUP BY label ORDER BY min(place) LIMIT ?2`, []any{sweep, n}, []any{&label}, func() error {
		labels = append(labels, label)
		return nil
	})
	return labels, err
}

// SweepProgress is how far the runs of a sweep are.
type SweepProgress struct {
	Name   string
	File   string
	Runs   int
	Done   int
	Failed int
}

// Progress tells how far the runs of each sweep are, in the order of the
// sweeps' names.
func (s *Store) Progress(ctx context.Context) ([]SweepProgress, error) {
	var all []SweepProgress
	var p SweepProgress
	err := s.read(ctx, "counting the runs of sweeps", `
		SELECT s.name, s.file, count(r.id), count(r.id) FILTER (WHERE r.status = 'done'), count(r.id) FILTER (WHERE r.status = 'failed')
		FROM sweeps s LEFT JOIN sweep_runs sr ON sr.sweep = s.id LEFT JOIN runs r ON r.id = sr.run
		GROUP BY s.id ORDER BY s.name`, nil, []any{&p.Name, &p.File, &p.Runs, &p.Done, &p.Failed}, func() error {
		all = append(all, p)
		return nil
	})
	return all, err
}

// ListedStages are the keys of the stages of all runs that a sweep lists.
func (s *Store) ListedStages(ctx context.Context) ([]string, error) {
	var keys []string
	var key string
	err := s.read(ctx, "listing the stages of sweeps", `
		SELECT DISTINCT s.key FROM sweep_runs sr JOIN run_stages rs ON rs.run = sr.run JOIN stages s ON s.id = rs.stage`, nil, []any{&key}, func() error {
		keys = append(keys, key)
		return nil
	})
	return keys, err
}
