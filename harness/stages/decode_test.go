package stages

import (
	"encoding/json"
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
	if err != nil {
		t.Fatal(err)
	}
	var run struct{ Decode map[string]map[string]any }
	if err := json.Unmarshal(canonical, &run); err != nil || len(run.Decode) != 3 {
		t.Fatalf("%v: the run is\n%s", err, canonical)
	}
	for name, settings := range run.Decode {
		for _, key := range []string{"candidates", "utility", "by", "top_ps", "beam_widths", "length_penalties", "dev_examples"} {
			if _, there := settings[key]; there {
				t.Errorf("%s says %s without being told so", name, key)
			}
		}
	}
}
