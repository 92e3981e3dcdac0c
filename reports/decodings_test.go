package reports

import "testing"

func TestMannerOfDecoding(t *testing.T) {
	settings := map[string]decodeSettings{
		"greedy": {Strategy: "greedy"},
		"beam":   {Strategy: "beam", Beams: 4},
		"nuclei": {Strategy: "sample", Temperature: 0.8, TopP: 0.9},
		"mbr":    {Strategy: "mbr", Temperature: 1, TopK: 20, TopP: 1},
		"tuned":  {Strategy: "mbr", Temperature: 1, Temperatures: []float64{0.5, 1}},
	}
	e := &evidence{labels: []label{{name: "mle", decode: settings}}}
	for name, want := range map[string]string{
		"greedy": "decoded greedily",
		"beam":   "decoded with 4 beams",
		"nuclei": "sampled at temperature 0.8 with top-p 0.9",
		"mbr":    "chosen by minimum Bayes risk from samples at temperature 1 with top-k 20",
		"tuned":  "chosen by minimum Bayes risk from samples at its best temperature on dev",
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
