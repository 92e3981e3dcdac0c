package harness

import (
	"encoding/json"

	"lastmile/harness/stage"
)

// estimates tells how long stages will take by how long their like took.
type estimates struct {
	// Means over the stages that are done: of a kind, and of a kind with a
	// part that differs in its seed alone.
	byKind, byPart map[string]mean
}

type mean struct {
	sum float64
	n   int
}

func (m mean) add(value float64) mean { return mean{m.sum + value, m.n + 1} }

func newEstimates(store *stage.Store) (estimates, error) {
	e := estimates{map[string]mean{}, map[string]mean{}}
	for _, k := range kinds() {
		records, err := store.Records(k.name)
		if err != nil {
			return e, err
		}
		for _, record := range records {
			e.byKind[k.name] = e.byKind[k.name].add(record.Seconds)
			part := seedless(k.name, record.Part)
			e.byPart[part] = e.byPart[part].add(record.Seconds)
		}
	}
	return e, nil
}

// of returns the seconds that a stage will take, by its likest; ok is false
// where none of its kind is done.
func (e estimates) of(st *stage.Stage) (seconds float64, ok bool) {
	m, ok := e.byPart[seedless(st.Kind, st.Part)]
	if !ok {
		m, ok = e.byKind[st.Kind]
	}
	if !ok {
		return 0, false
	}
	return m.sum / float64(m.n), true
}

// seedless is a stage's part of the configuration without the seed.
func seedless(kind string, part json.RawMessage) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(part, &members) != nil {
		return kind
	}
	delete(members, "seed")
	text, err := json.Marshal(members)
	if err != nil {
		return kind
	}
	return kind + string(text)
}

// makespan is the time in which so many workers compute the stages that are
// left, taken in order as soon as their inputs are there.
func makespan(ordered []*stage.Stage, left map[*stage.Stage]float64, workers int) float64 {
	end := map[*stage.Stage]float64{}
	free := make([]float64, workers)
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
