package scoring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lastmile/harness/stages"

	"github.com/dustin/go-humanize/english"

	"lastmile/metrics"
	"lastmile/runs"
)

// Comparing says which two systems to compare and how.
type Comparing struct {
	Measures
	// A and B are names of runs, or of groups that differ in their seed; or
	// files of hypotheses, where there are References.
	A, B string
	// References are files of references, as those of [Files].
	References []string
	// ByOrder pairs lines of files by their order, also where they have ids.
	ByOrder bool
	// Selection says where the runs are and which of their texts are meant.
	Selection
	// Examples is the number of examples to list, those where the systems
	// differ most by the metric By; "" means the first metric.
	Examples int
	By       string
	// Level is below what a corrected p value is called significant.
	Level float64
}

// Compared is how two systems differ.
type Compared struct {
	A System `json:"a"`
	B System `json:"b"`
	// Examples is the number of examples that both have.
	Examples int `json:"examples"`
	// Level is below what a corrected p value is called significant.
	Level   float64          `json:"level"`
	Metrics []ComparedMetric `json:"metrics"`
	// By is the metric by which Differing is chosen: the examples where the
	// systems differ most, the largest difference first.
	By        string             `json:"by"`
	Differing []DifferingExample `json:"differing"`
	// Notes say what to bear in mind.
	Notes []string `json:"notes"`
}

// Compare compares two systems on the examples that both have: runs of a
// store, groups of runs over several seeds, or files of hypotheses.
func Compare(ctx context.Context, c Comparing) (result Compared, err error) {
	a, b, err := c.read(ctx)
	if err != nil {
		return Compared{}, err
	}
	if !(c.Level > 0 && c.Level < 1) {
		return Compared{}, stages.Mistakef("the level of significance is %v, expected a number between 0 and 1", c.Level)
	}
	result = Compared{Level: c.Level, Differing: []DifferingExample{}, Notes: []string{}}
	either, err := align(a, b)
	if err != nil {
		return result, err
	}
	result.Examples = len(a.examples)
	if result.Examples < either {
		result.note("left out: %s that only one of the two has", english.Plural(either-result.Examples, "example", ""))
	}
	result.shareSeeds(a, b)
	result.A, result.B = a.System, b.System
	options, names := metrics.DefaultOptions(), defaultMetrics
	if len(c.References) == 0 {
		options, names = a.settings.Options(), c.runMetrics(a, b)
		if theirs := b.settings.Options(); options != theirs {
			result.note("their sweeps score in different ways; both are scored in A's, flags aside")
		}
	}
	o, err := c.open(ctx)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	o.expect(len(a.inputs) + len(b.inputs))
	all, err := o.score(names, options, a, b)
	if err != nil {
		return result, err
	}
	by, err := c.by(all)
	if err != nil {
		return result, err
	}
	o.expect(len(all))
	if err := result.compare(all, a, b, o); err != nil {
		return result, err
	}
	result.By, result.Differing = by.name, differing(by, a, b, c.Examples)
	return result, nil
}

// read reads the texts of both systems.
func (c Comparing) read(ctx context.Context) (a, b *texts, err error) {
	if len(c.References) > 0 {
		// What only one of the two has is left out, and said.
		pairing := Pairing{ByOrder: c.ByOrder, Partial: true}
		if a, err = fileTexts(c.References, c.A, pairing); err != nil {
			return nil, nil, err
		}
		b, err = fileTexts(c.References, c.B, pairing)
		return a, b, err
	}
	if err := noFiles(c.A, c.B); err != nil {
		return nil, nil, err
	}
	if err := c.check(); err != nil {
		return nil, nil, err
	}
	if len(c.Decode) > 2 || len(c.Form) > 2 {
		return nil, nil, stages.Mistakef("a comparison is of two systems: name one decoding and form for both, or A's and B's")
	}
	err = withResults(ctx, c.Work, func(store *runs.Store) error {
		for place, of := range []struct {
			name string
			into **texts
		}{{c.A, &a}, {c.B, &b}} {
			found, err := runTexts(ctx, store, c.Sweep, of.name, c.one(place))
			if err != nil {
				return err
			}
			*of.into = found[0]
		}
		return nil
	})
	return a, b, err
}

// by is the metric that examples are chosen by.
func (c Comparing) by(all []scored) (scored, error) {
	if c.By == "" {
		return all[0], nil
	}
	var known []string
	for _, m := range all {
		if m.name == c.By {
			return m, nil
		}
		known = append(known, m.name)
	}
	return scored{}, stages.Mistakef("examples cannot be chosen by %q, which is not compared; one of %s", c.By, strings.Join(known, ", "))
}

// note adds to what is to be borne in mind.
func (r *Compared) note(format string, arguments ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, arguments...))
}

// shareSeeds leaves the seeds that both systems have, where there are any: what
// a seed decides in both falls out of the difference.
func (r *Compared) shareSeeds(a, b *texts) {
	var shared []int
	for _, seed := range a.Seeds {
		if slices.Contains(b.Seeds, seed) {
			shared = append(shared, seed)
		}
	}
	if len(shared) == 0 || len(shared) == len(a.Seeds) && len(shared) == len(b.Seeds) {
		return
	}
	for _, of := range []struct {
		name string
		*texts
	}{{"A", a}, {"B", b}} {
		if left := len(of.Seeds) - len(shared); left > 0 {
			r.note("left out: %s that only %s has", english.Plural(left, "seed", ""), of.name)
		}
		of.keepSeeds(shared)
	}
}
