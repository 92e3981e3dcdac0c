package metrics

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// All scores each input with each metric: the result is [metric, input]. The
// metrics of this package share their work on an example and run on as many
// goroutines as workers says, on all cores where it is 0; others are called
// one after the other, each with all inputs.
func All(metrics []Metric, inputs []Input, workers int) ([][]float64, error) {
	result := make([][]float64, len(metrics))
	var own []builtin
	var at []int
	for i, m := range metrics {
		switch m := m.(type) {
		case builtin:
			own, at = append(own, m), append(at, i)
			continue
		case pooled:
			own, at = append(own, m.builtin), append(at, i)
			continue
		}
		scores, err := scoreAll(m, inputs)
		if err != nil {
			return nil, err
		}
		result[i] = scores
	}
	scores, err := scoreBuiltins(own, inputs, workers)
	if err != nil {
		return nil, fmt.Errorf("scoring %d examples: %w", len(inputs), err)
	}
	for i, s := range scores {
		result[at[i]] = s
	}
	return result, nil
}

// chunk is the number of inputs that a worker takes at once.
const chunk = 16

func scoreBuiltins(metrics []builtin, inputs []Input, workers int) ([][]float64, error) {
	if err := check(metrics, inputs); err != nil {
		return nil, err
	}
	result := make([][]float64, len(metrics))
	for i := range result {
		result[i] = make([]float64, len(inputs))
	}
	if len(metrics) == 0 {
		return result, nil
	}
	// Words are read once for all metrics that have the same.
	for _, unicode := range []bool{false, true} {
		if !slices.ContainsFunc(metrics, func(m builtin) bool { return m.unicode == unicode }) {
			continue
		}
		each(inputs, workers, unicode, func(r *reader, i int) {
			for k := range metrics {
				if metrics[k].unicode == unicode {
					result[k][i] = metrics[k].score(r)
				}
			}
		})
	}
	for k, m := range metrics {
		if err := finite(m, result[k]); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// A LackError says that an example lacks what a metric cannot do without.
type LackError struct {
	// Example is its place among the inputs, from 0.
	Example int
	// Metric is the metric's name, and What it needs: a reference, an input text.
	Metric, What string
}

func (e *LackError) Error() string {
	return fmt.Sprintf("example %d has no %s, and %s needs one", e.Example+1, e.What, e.Metric)
}

// check says which input lacks what a metric cannot do without.
func check(metrics []builtin, inputs []Input) error {
	for _, m := range metrics {
		for i := range inputs {
			if m.references && len(inputs[i].References) == 0 {
				return &LackError{Example: i, Metric: m.name, What: "reference"}
			}
			if m.source && strings.TrimSpace(inputs[i].Source) == "" {
				return &LackError{Example: i, Metric: m.name, What: "input text"}
			}
		}
	}
	return nil
}

// each calls f for each input, with a reader that has loaded it, in words of the
// tokenizer "unicode" or the default, on so many goroutines, on all cores where workers
// is 0.
func each(inputs []Input, workers int, unicode bool, f func(r *reader, i int)) {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = min(workers, (len(inputs)+chunk-1)/chunk)
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			r := readers.Get().(*reader)
			defer readers.Put(r)
			for {
				from := int(next.Add(chunk)) - chunk
				if from >= len(inputs) {
					return
				}
				for i := from; i < min(from+chunk, len(inputs)); i++ {
					r.load(&inputs[i], unicode)
					f(r, i)
				}
			}
		})
	}
	group.Wait()
}
