package stages

import (
	"strings"
	"testing"

	"lastmile/experiments"
)

// TestDecodingsOfBeforeHaveTheirKeys: what a strategy does not use is in no key of it,
// so that artifacts of earlier versions go on being found.
func TestDecodingsOfBeforeHaveTheirKeys(t *testing.T) {
	const before = `{"decode":{` +
		`"beam":{"beams":4,"length_penalty":1,"strategy":"beam","temperature":1,"top_p":1,"tune_on":"la-rougeL"},` +
		`"greedy":{"beams":4,"length_penalty":1,"strategy":"greedy","temperature":1,"top_p":1,"tune_on":"la-rougeL"},` +
		`"sample":{"beams":4,"length_penalty":1,"strategy":"sample","temperature":1,"top_p":1,"tune_on":"la-rougeL"}}}`
	sweep, err := load(t, "[decode.beam]\n")
	if err != nil {
		t.Fatal(err)
	}
	part := experiments.NewProjection([]string{"decode"}, decodeKind.Cost).Of(sweep.Runs[0].Config)
	if got := string(part.Identity); got != before {
		t.Errorf("the decodings are\n%s, were\n%s", got, before)
	}
	// Nor is it in the ID of the run.
	canonical, err := sweep.Runs[0].Config.Canonical()
	if err != nil || strings.Contains(string(canonical), "candidates") || strings.Contains(string(canonical), "utility") {
		t.Errorf("%v: the run is\n%s", err, canonical)
	}
}
