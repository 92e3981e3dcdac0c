package bertscore

import (
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lastmile/harness/foreign"
)

// baseline is what unrelated texts score by a layer, and the beginning of its file's
// SHA-256; the zero value rescales nothing.
type baseline struct {
	of   score
	name string
}

// readBaseline reads the line of a layer.
func readBaseline(path string, layer int) (baseline, error) {
	text, err := foreign.Read(path)
	if err != nil {
		return baseline{}, err
	}
	lines, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil {
		return baseline{}, fmt.Errorf("%s: %w", path, err)
	}
	if len(lines) == 0 || !slices.Equal(lines[0], []string{"LAYER", "P", "R", "F"}) {
		return baseline{}, fmt.Errorf("%s:1: expected the columns LAYER,P,R,F with commas between them", path)
	}
	for i, line := range lines[1:] {
		if line[0] != strconv.Itoa(layer) {
			continue
		}
		var of [3]float64
		for k := range of {
			if of[k], err = strconv.ParseFloat(line[k+1], 64); err != nil || !(of[k] > -1 && of[k] < 1) {
				return baseline{}, fmt.Errorf("%s:%d: %s is %q, expected a number between -1 and 1", path, i+2, lines[0][k+1], line[k+1])
			}
		}
		return baseline{score{of[0], of[1], of[2]}, fmt.Sprintf("%.4x", sha256.Sum256(text))}, nil
	}
	return baseline{}, fmt.Errorf("%s has no line for the layer %d, of %d lines", path, layer, len(lines)-1)
}

// rescale brings what unrelated texts score to 0, and 1 stays 1.
func (b baseline) rescale(s score) score {
	of := func(s, b float64) float64 { return (s - b) / (1 - b) }
	return score{of(s.precision, b.of.precision), of(s.recall, b.of.recall), of(s.f1, b.of.f1)}
}
