package reports

import (
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
	settings := []decodeSettings{
		{Strategy: "greedy"},
		{Strategy: "beam"},
		{Strategy: "sample"},
		{Strategy: "sample", Temperatures: []float64{0.5, 1}},
		{Strategy: "mbr"},
		{Strategy: "mbr", Temperatures: []float64{0.5, 1}},
	}
	for i, of := range settings {
		for j, other := range settings {
			want := ""
			if j < 3 { // plain outputs, compared with what a better decoding gives
				want = [...]string{"", "", "", bestTemperature, minimumRisk, minimumRisk}[i]
			}
			if got := (decoding{"a", of}).controls(decoding{"b", other}); got != want {
				t.Errorf("%+v controls %+v as %q, want %q", of, other, got, want)
			}
		}
	}
}
