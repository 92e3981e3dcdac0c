package graph

import (
	"slices"
	"strings"
	"testing"

	"lastmile/experiments"
	"lastmile/runs"
)

const withRule = `
[grid]
seed = [1, 2]
decode.sample.top_p = [0.5, 1]
[[variant]]
name = "mle"
algorithm = "none"
[[variant]]
name = "rule"
algorithm = "rule"
rule.lengths = [3, 2, 1]
rule.tune_on = "rouge1"
` + lexical

func TestARuleNeedsNoModel(t *testing.T) {
	g := plan(t, sweep(t, withRule))
	decodes := map[string]bool{}
	of := 0
	for _, run := range g.Runs {
		var stages []string
		for _, role := range run.Stages {
			stages = append(stages, strings.TrimSpace(role.Kind+" "+role.Each))
			if run.Variant == "rule" && role.Kind == "decode" {
				decodes[role.Key] = true
			}
		}
		if run.Variant != "rule" {
			continue
		}
		of++
		if want := []string{"prepare", "decode greedy", "postprocess greedy", "score greedy"}; !slices.Equal(stages, want) {
			t.Errorf("the stages of a rule are %q, expected %q", stages, want)
		}
	}
	// The axis of a decoding that it does not have is none of it, and its outputs have no seed.
	if of != 2 || len(decodes) != 1 {
		t.Errorf("%d runs of the rule share %d stages that decode, expected 2 and 1", of, len(decodes))
	}
}

func TestARuleChoosesItsLengthOnDev(t *testing.T) {
	s := sweep(t, withRule)
	s.Runs = slices.DeleteFunc(s.Runs, func(r experiments.Run) bool { return r.Variant != "rule" })
	work := t.TempDir()
	g, err := Plan(t.Context(), s, work)
	if err != nil {
		t.Fatal(err)
	}
	result, err := g.Run(t.Context(), Options{Jobs: 1, Threads: 1})
	if err != nil || !result.Complete() || result.Computed != 4 {
		t.Fatalf("%+v, %v", result, err)
	}
	store, err := runs.Open(t.Context(), runs.Path(work))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	decodings, err := store.Decodings(t.Context(), s.Name)
	if err != nil || len(decodings) != 2 {
		t.Fatalf("%v, %v", decodings, err)
	}
	// Dev has the input "g h i" and the reference "g".
	want := []runs.TriedDecoding{{Decoding: "lead-3 words", Score: 0.5}, {Decoding: "lead-2 words", Score: 2. / 3}, {Decoding: "lead-1 word", Score: 1}}
	if d := decodings[1]; d.Decode != "greedy" || d.Chosen != "lead-1 word" || d.Temperature != 0 || !slices.Equal(d.Tried, want) {
		t.Errorf("decoded %+v, expected lead-1 word of %v", d, want)
	}
	texts, err := store.Texts(t.Context(), g.Runs[0].ID, runs.Selection{Form: runs.Raw})
	if err != nil || len(texts) != 1 {
		t.Fatalf("%v, %v", texts, err)
	}
	for i, want := range []string{"j", "m"} {
		if o := texts[0].Outputs[i]; o.Text != want || o.Tokens != 1 || !o.Ended {
			t.Errorf("output %+v, expected %q", o, want)
		}
	}
}
