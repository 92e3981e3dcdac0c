package graph

import (
	"encoding/json"
	"errors"
	"fmt"

	"lastmile/harness/stage"
)

// estimates tells how long stages will take by how long their like took. What it has
// not been asked for it does not read.
type estimates struct {
	store *stage.Store
	kinds map[string]*kindTimes
	// enough is how many stages of a kind are looked at.
	enough int
	err    error
}

// kindTimes are the times of the stages of a kind that are done: of all of them, and
// of those of a part that differs in its seed alone.
type kindTimes struct {
	all    mean
	byPart map[string]mean
}

type mean struct {
	sum float64
	n   int
}

func (m mean) add(value float64) mean { return mean{m.sum + value, m.n + 1} }

// enoughRecords is how many stages of a kind are looked at: more make no better
// estimate, and cost time where there are thousands.
const enoughRecords = 500

// fewRecords is how many a worker looks at, which is one of hundreds.
const fewRecords = 20

func newEstimates(store *stage.Store) *estimates {
	return &estimates{store: store, kinds: map[string]*kindTimes{}, enough: enoughRecords}
}

// times reads the times of a kind.
func (e *estimates) times(kind string) *kindTimes {
	if known, ok := e.kinds[kind]; ok {
		return known
	}
	t := &kindTimes{byPart: map[string]mean{}}
	e.kinds[kind] = t
	for record, err := range e.store.Records(kind) {
		if damaged := (*stage.DamagedError)(nil); errors.As(err, &damaged) {
			continue // whoever needs it says so
		}
		if err != nil {
			e.err = fmt.Errorf("how long stages took: %w", err)
			break
		}
		t.all = t.all.add(record.Seconds)
		part := seedless(record.Part)
		t.byPart[part] = t.byPart[part].add(record.Seconds)
		if t.all.n == e.enough {
			break
		}
	}
	return t
}

// of returns the seconds that a stage will take, by its likest; ok is false
// where none of its kind is done.
func (e *estimates) of(st *stage.Stage) (seconds float64, ok bool) {
	t := e.times(st.Kind)
	m, ok := t.byPart[seedless(st.Identity)]
	if !ok {
		m = t.all
	}
	if m.n == 0 {
		return 0, false
	}
	return m.sum / float64(m.n), true
}

// weight is about how many seconds a stage will take, for the order of stages.
func (e *estimates) weight(st *stage.Stage) float64 {
	if seconds, known := e.of(st); known {
		return seconds
	}
	return 1
}

// seedless is a stage's part of the configuration without the seed.
func seedless(part json.RawMessage) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(part, &members) != nil {
		return ""
	}
	delete(members, "seed")
	text, err := json.Marshal(members)
	if err != nil {
		return ""
	}
	return string(text)
}

// makespan is the time in which so many jobs compute the stages that are left, taken
// in order as soon as their inputs are there.
func makespan(ordered []*stage.Stage, left map[*stage.Stage]float64, jobs int) float64 {
	end := map[*stage.Stage]float64{}
	free := make([]float64, jobs)
	for _, st := range ordered {
		seconds, todo := left[st]
		if !todo {
			continue
		}
		first := 0
		for i := range free {
			if free[i] < free[first] {
				first = i
			}
		}
		begin := free[first]
		for _, input := range st.Inputs {
			begin = max(begin, end[input.Stage])
		}
		end[st] = begin + seconds
		free[first] = end[st]
	}
	var last float64
	for _, t := range free {
		last = max(last, t)
	}
	return last
}
