package scoring

import (
	"slices"

	"lastmile/harness/stages"

	"github.com/dustin/go-humanize/english"
)

// align leaves the examples that both systems have, in the order of the first,
// and returns how many there were in either. Examples belong together by their
// ids, or by their order where a file has none.
func align(a, b *texts) (either int, err error) {
	unnamed := func(t *texts) bool {
		return slices.ContainsFunc(t.examples, func(e textExample) bool { return e.id == "" })
	}
	if unnamed(a) || unnamed(b) {
		if len(a.examples) != len(b.examples) {
			shorter := a
			if len(b.examples) < len(a.examples) {
				shorter = b
			}
			return 0, stages.Mistakef("%s: the file ends too early: %s has %s and %s has %s; expected as many",
				shorter.place(len(shorter.examples)-1), a.Name, english.Plural(len(a.examples), "text", ""), b.Name, english.Plural(len(b.examples), "text", ""))
		}
		return len(a.examples), nil
	}
	at := map[string]int{}
	for i, e := range b.examples {
		at[e.id] = i
	}
	var ofA, ofB []int
	for i, e := range a.examples {
		k, shared := at[e.id]
		if !shared {
			continue
		}
		if !slices.Equal(a.inputs[0][i].References, b.inputs[0][k].References) {
			return 0, stages.Mistakef("example %s has other references in %s than in %s: they are of different tasks", e.id, a.System, b.System)
		}
		ofA, ofB = append(ofA, i), append(ofB, k)
	}
	if len(ofA) == 0 {
		return 0, stages.Mistakef("%s and %s share no example", a.System, b.System)
	}
	either = len(a.examples) + len(b.examples) - len(ofA)
	a.keep(ofA)
	b.keep(ofB)
	return either, nil
}
