package model

import (
	"slices"
	"testing"
)

func TestBatchesHoldSoManyTokensAndEveryRowOnce(t *testing.T) {
	lengths := []int{5, 1, 9, 2, 2, 30, 3}
	got := Batches(lengths, 12)
	want := [][]int{{1, 3, 4, 6}, {0}, {2}, {5}} // by length; 30 tokens are more than 12, and alone
	if !slices.EqualFunc(got, want, slices.Equal[[]int]) {
		t.Errorf("%v, expected %v", got, want)
	}
	if got := Batches(nil, 12); len(got) != 0 {
		t.Errorf("of no rows %v", got)
	}
}
