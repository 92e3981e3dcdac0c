package reports

import (
	"maps"
	"testing"

	"lastmile/runs"
)

func TestMannerOfDecoding(t *testing.T) {
	settings := map[string]decodeSettings{
		"greedy": {Strategy: "greedy"},
		"beam":   {Strategy: "beam", Beams: 4},
		"nuclei": {Strategy: "sample", Temperature: 0.8, TopP: 0.9},
		"mbr":    {Strategy: "mbr", Temperature: 1, TopK: 20, TopP: 1},
		"tuned":  {Strategy: "mbr", Temperature: 1, Temperatures: []float64{0.5, 1}},
		"n":      {Strategy: "best-of-n", Temperature: 0.8},
		"oracle": {Strategy: "best-of-n", Temperature: 1, Candidates: 8, By: "reference", Utility: "chrf"},
		"best":   {Strategy: "best", Temperature: 1},
		"equal":  {Strategy: "matched", Temperature: 1},
	}
	e := &evidence{
		labels: []label{{name: "mle", decode: settings}},
		tuned: []runs.RunDecoding{
			{Label: "mle", Decode: "best", Decoding: runs.Decoding{Temperature: 1, Chosen: "greedy"}},
			{Label: "mle", Decode: "best", Decoding: runs.Decoding{Temperature: 1, Chosen: "temperature 0.3, top-p 0.9"}},
			{Label: "mle", Decode: "best", Decoding: runs.Decoding{Temperature: 1, Chosen: "greedy"}},
			{Label: "mle", Decode: "equal", Decoding: runs.Decoding{Temperature: 0.7071067811865476}},
			{Label: "other", Decode: "equal", Decoding: runs.Decoding{Temperature: 0.5}},
		},
	}
	for name, want := range map[string]string{
		"greedy": "decoded greedily",
		"beam":   "decoded with 4 beams",
		"nuclei": "sampled at temperature 0.8 with top-p 0.9",
		"mbr":    "chosen by minimum Bayes risk from samples at temperature 1 with top-k 20",
		"tuned":  "chosen by minimum Bayes risk from samples at its best temperature on dev",
		"n":      "chosen by the reward model from 16 samples at temperature 0.8",
		"oracle": "chosen by chrf against the references (an oracle) from 8 samples at temperature 1",
		"best":   "decoded as is best on dev (greedy or temperature 0.3, top-p 0.9)",
		"equal":  "replaced by samples of its MLE policy at the temperature of the same entropy (0.707)",
	} {
		d := decoding{name, settings[name]}
		if got := e.manner("mle", d); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		// What a policy can do without choosing is what tempered sampling shows.
		if d.isTuned() {
			t.Errorf("%s counts as sampled at its best temperature", name)
		}
	}
}

func TestWhichDecodingsAreControls(t *testing.T) {
	settings := map[string]decodeSettings{
		"greedy":     {Strategy: "greedy"},
		"beam":       {Strategy: "beam"},
		"sample":     {Strategy: "sample", Temperature: 1},
		"cool":       {Strategy: "sample", Temperature: 0.5},
		"tempered":   {Strategy: "sample", Temperature: 1, Temperatures: []float64{0.5, 1}},
		"best":       {Strategy: "best"},
		"mbr":        {Strategy: "mbr"},
		"tuned mbr":  {Strategy: "mbr", Temperatures: []float64{0.5, 1}},
		"best of n":  {Strategy: "best-of-n", By: "reward"},
		"oracle":     {Strategy: "best-of-n", By: "reference"},
		"matched":    {Strategy: "matched", Temperature: 1},
		"cool match": {Strategy: "matched", Temperature: 0.5},
	}
	chosen := map[string]string{"mbr": minimumRisk, "tuned mbr": minimumRisk, "best of n": bestByReward}
	better := maps.Clone(chosen)
	better["best"] = bestDecoding
	searches := maps.Clone(better)
	searches["tempered"] = bestTemperature
	with := func(name, kind string) map[string]string {
		all := maps.Clone(searches)
		all[name] = kind
		return all
	}
	// Which decodings of the baseline, or matched ones of the treatment's, control a
	// treatment's. An oracle controls none, and needs none.
	want := map[string]map[string]string{
		"greedy": searches, "beam": searches, "sample": with("matched", entropyMatched), "cool": with("cool match", entropyMatched),
		"tempered": better, "best": chosen,
	}
	for other, of := range settings {
		for name, s := range settings {
			if got := (decoding{name, s}).controls(decoding{other, of}); got != want[other][name] {
				t.Errorf("%s controls %s as %q, want %q", name, other, got, want[other][name])
			}
		}
	}
}
