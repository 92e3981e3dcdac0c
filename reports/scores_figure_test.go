package reports

import (
	"slices"
	"testing"
)

// The figure of scores has a line for each system that a decoding and form has, and
// none for others, so that ten systems do not share a place.
func TestLinesOfTheScoreFigure(t *testing.T) {
	b := &builder{evidence: &evidence{labels: []label{{name: "a"}, {name: "b"}, {name: "c"}}}, table: &mainTable{}}
	for _, row := range []scoreLine{{"greedy", "raw", "a"}, {"greedy", "raw", "c"}, {"greedy", "post", "a"}, {"best", "raw", "b"}} {
		b.table.Rows = append(b.table.Rows, Row{Decode: row.decode, Form: row.form, Label: row.label})
	}
	lines, ticks, lowest := b.scoreLines()
	want := map[scoreLine]float64{
		{"greedy", "raw", "a"}: -1, {"greedy", "raw", "c"}: -2,
		{"greedy", "post", "a"}: -4,
		{"best", "raw", "b"}:    -6,
	}
	if len(lines) != len(want) || lowest != -7 {
		t.Errorf("%d lines down to %g, want %d down to -7", len(lines), lowest, len(want))
	}
	for line, y := range want {
		if lines[line] != y {
			t.Errorf("%v is at %g, want %g", line, lines[line], y)
		}
	}
	var at []float64
	var labels []string
	for _, tick := range ticks {
		at, labels = append(at, tick.Value), append(labels, tick.Label)
	}
	if !slices.Equal(at, []float64{-1.5, -4, -6}) || !slices.Equal(labels, []string{"greedy, raw", "greedy, post", "best, raw"}) {
		t.Errorf("ticks %v at %v", labels, at)
	}
}
