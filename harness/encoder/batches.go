package encoder

import "lastmile/harness/model"

// Batches puts rows of similar length together, as [model.Batches] does.
func Batches(rows []Row, tokens int) [][]int {
	lengths := make([]int, len(rows))
	for i, row := range rows {
		lengths[i] = len(row.Tokens)
	}
	return model.Batches(lengths, tokens)
}

// Pick is the rows at some places.
func Pick(rows []Row, places []int) []Row {
	picked := make([]Row, len(places))
	for k, i := range places {
		picked[k] = rows[i]
	}
	return picked
}
