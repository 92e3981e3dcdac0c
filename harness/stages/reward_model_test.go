package stages

import (
	"fmt"
	"slices"
	"testing"

	"lastmile/harness/data"
)

func ids(examples []data.Example) (list []string) {
	for _, e := range examples {
		list = append(list, e.ID)
	}
	return list
}

func TestNoExampleIsBothLearnedFromAndStackedOn(t *testing.T) {
	all := texts{common: common{Seed: 1}}
	for i := range 100 {
		all.train = append(all.train, data.Example{ID: fmt.Sprintf("%03d", i)})
	}
	learned, rest := all.forStack(0.2)
	if len(rest) != 20 || !slices.IsSorted(ids(learned)) || !slices.IsSorted(ids(rest)) {
		t.Errorf("%q to learn from, %q to combine on", ids(learned), ids(rest))
	}
	if both := slices.Sorted(slices.Values(slices.Concat(ids(learned), ids(rest)))); !slices.Equal(both, ids(all.train)) {
		t.Errorf("together they are %q", both)
	}
	all.Seed = 2
	if _, other := all.forStack(0.2); slices.Equal(ids(other), ids(rest)) {
		t.Error("another seed combines on the same examples")
	}
	if learned, rest := all.forStack(0); len(learned) != 100 || rest != nil {
		t.Errorf("with nothing stacked %d are learned from, %d are not", len(learned), len(rest))
	}
}

func TestReferencesOfOneInput(t *testing.T) {
	got := sameInput([]data.Example{
		{Input: "a", References: []string{"one"}},
		{Input: "b", References: []string{"three", "four", "three"}},
		{Input: "a", References: []string{"two", "one"}},
		{Input: "c", References: []string{"alone"}},
		{Input: "c", References: []string{"alone"}},
	})
	want := [][]string{{"one", "two"}, {"three", "four"}}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%q, want %q", got, want)
	}
}
