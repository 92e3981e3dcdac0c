package reward

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"lastmile/experiments"
)

// said is a prompt with a sample for each text, and the environment that reads them.
func said(texts ...string) (Group, Env) {
	g := Group{ID: "said", Truth: []int{0, eos}}
	for i := range texts {
		g.Responses = append(g.Responses, Response{Tokens: []int{i, eos}, Ended: true})
	}
	return g, Env{Text: func(tokens []int) string { return texts[tokens[0]] }}
}

func TestConsensusIsTheMeanSimilarityToTheOtherSamples(t *testing.T) {
	for name, test := range map[string]struct {
		settings string
		texts    []string
		want     []float64
	}{
		// Of each pair of texts as many words are the same as the F-score says.
		"rouge":     {`"metric":"rouge1"`, []string{"red fox", "red fox", "red hen", "owl"}, []float64{0.5, 0.5, 1. / 3, 0}},
		"alone":     {`"metric":"rouge1"`, []string{"red fox"}, []float64{0}},
		"two":       {`"metric":"rougeL"`, []string{"a b c d", "a x c y"}, []float64{0.5, 0.5}},
		"direction": {`"metric":"rouge1-precision"`, []string{"red", "red fox"}, []float64{1, 0.5}},
		"stems":     {`"metric":"rouge1","stemming":true`, []string{"reads archives", "reading archive"}, []float64{1, 1}},
		"no stems":  {`"metric":"rouge1","stemming":false`, []string{"reads archives", "reading archive"}, []float64{0, 0}},
		"bleu":      {`"metric":"bleu"`, []string{"the small red fox", "the small red fox"}, []float64{1, 1}},
		"chrf":      {`"metric":"chrf"`, []string{"red fox", "red fox", "ggg"}, []float64{0.5, 0.5, 0}},
		"empty":     {`"metric":"rougeL"`, []string{"", "red fox"}, []float64{0, 0}},
	} {
		g, env := said(test.texts...)
		values := score(t, sumOf(t, env, fmt.Sprintf(`{"consensus":{"weight":1,%s}}`, test.settings)), g).Parts["consensus"][0]
		for i, want := range test.want {
			if math.Abs(values[i]-want) > 1e-9 {
				t.Errorf("%s: %q is worth %g, want %g", name, test.texts[i], values[i], want)
			}
		}
	}
}

// rouge-score knows no word of these texts.
func TestWordsOfAnyScriptCountWhereTheyAreAskedFor(t *testing.T) {
	g, env := said("红色 狐狸", "红色 狐狸", "猫")
	g.References = []string{"红色 狐狸"}
	for tokenizer, want := range map[string][]float64{"": {0, 0, 0}, "unicode": {1, 1, 0}} {
		env.Tokenizer = tokenizer
		for _, name := range []string{"rouge1", "la-rougeL"} {
			got := score(t, sumOf(t, env, fmt.Sprintf(`{"%s":{"weight":1}}`, name)), g).Parts[name][0]
			if !slices.Equal(got, want) {
				t.Errorf("%s by the tokenizer %q: %v, want %v", name, tokenizer, got, want)
			}
		}
		agreed := score(t, sumOf(t, env, `{"consensus":{"weight":1,"metric":"rouge1"}}`), g).Parts["consensus"][0]
		if half := []float64{want[0] / 2, want[1] / 2, 0}; !slices.Equal(agreed, half) {
			t.Errorf("consensus by the tokenizer %q: %v, want %v", tokenizer, agreed, half)
		}
		ranks, err := ModelSettings{RankBy: "rougeL"}.Rank([]string{"红色 狐狸", "红色 狐狸", "猫"}, g.References, tokenizer)
		if err != nil || !slices.Equal(ranks, want) {
			t.Errorf("ranks by the tokenizer %q: %v, %v, want %v", tokenizer, ranks, err, want)
		}
	}
}

func TestNoSampleAgreesWithTheTruth(t *testing.T) {
	g, env := said("red fox", "red hen", "red fox")
	g.Responses[2].IsTruth = true
	values := score(t, sumOf(t, env, `{"consensus":{"weight":1,"metric":"rouge1"}}`), g, g).Parts["consensus"]
	for _, group := range values {
		for i, want := range []float64{0.5, 0.5, 0.75} {
			if math.Abs(group[i]-want) > 1e-12 {
				t.Errorf("response %d is worth %g, want %g", i+1, group[i], want)
			}
		}
	}
}

func TestWhichRewardsCompareSamples(t *testing.T) {
	schema := &experiments.Schema{Groups: []experiments.Group{ListGroup(nil)}}
	c := schema.Default()
	for _, test := range []struct {
		of   experiments.Config
		want string
	}{
		{c, ""},
		{c.With("reward.consensus.weight", 1.0), "consensus"},
		{c.With("reward.consensus.weight", 1.0).Only("reward", "length"), ""},
	} {
		if got := ComparesSamples(test.of); got != test.want {
			t.Errorf("of the rewards %v samples are compared by %q, want %q", test.of.Names("reward"), got, test.want)
		}
	}
}
