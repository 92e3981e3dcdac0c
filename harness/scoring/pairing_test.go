package scoring

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/harness/stages"
)

// What ids say is never overruled in silence.
func TestLinesBelongTogetherByTheirIDs(t *testing.T) {
	files := map[string]string{
		"refs.jsonl":    "{\"id\":1,\"reference\":\"the cat sat on the mat\"}\n{\"id\":2,\"reference\":\"a dog barked all night\"}\n",
		"hyps.jsonl":    "{\"id\":2,\"text\":\"a dog barked all night\"}\n{\"id\":1,\"text\":\"the cat sat on the mat\"}\n",
		"strings.jsonl": "{\"id\":\"2\",\"text\":\"a dog barked all night\"}\n{\"id\":\"1\",\"text\":\"the cat sat on the mat\",\"score\":NaN}\n",
		"hyps.csv":      "id,text,ended,tokens\n2,a dog barked all night,True,7\n1,the cat sat on the mat,0,6\n",
		"unnamed.jsonl": "{\"text\":\"the cat sat on the mat\"}\n{\"text\":\"a dog barked all night\"}\n",
		"plain.txt":     "the cat sat on the mat\na dog barked all night\n",
		"one.jsonl":     "{\"id\":2,\"text\":\"a dog barked all night\"}\n",
		"twice.jsonl":   "{\"id\":2,\"text\":\"a\"}\n{\"id\":\"2\",\"text\":\"b\"}\n",
		"missing.jsonl": "{\"id\":2,\"text\":\"a\"}\n{\"text\":\"b\"}\n",
		"late.jsonl":    "{\"text\":\"a\"}\n{\"id\":2,\"text\":\"b\"}\n",
		"list.jsonl":    "{\"id\":[2],\"text\":\"a\"}\n",
		"none.jsonl":    "{\"id\":3,\"text\":\"a\"}\n",
		"ended.jsonl":   "{\"id\":1,\"text\":\"a\",\"ended\":\"maybe\"}\n",
		"tokens.jsonl":  "{\"id\":1,\"text\":\"a\",\"tokens\":-1}\n",
		"input.jsonl":   "{\"id\":1,\"text\":\"a\",\"input\":7}\n",
	}
	dir := t.TempDir()
	for name, text := range files {
		write(t, dir, name, text)
	}
	score := func(hypotheses string, pairing Pairing) ([]MetricScore, error) {
		return ScoreFiles(t.Context(), Files{Measures: Measures{Metrics: []string{"exact", "ended"}}, Pairing: pairing,
			References: []string{filepath.Join(dir, "refs.jsonl")}, Hypotheses: filepath.Join(dir, hypotheses)})
	}
	for name, pairing := range map[string]Pairing{
		"hyps.jsonl": {}, "strings.jsonl": {}, "hyps.csv": {}, "plain.txt": {}, "unnamed.jsonl": {ByOrder: true}, "one.jsonl": {Partial: true},
	} {
		scores, err := score(name, pairing)
		if err != nil || scores[0].Mean != 1 {
			t.Errorf("%s: %+v, error %v; want 1", name, scores, err)
		}
		if name == "hyps.csv" && err == nil && scores[1].Mean != 0.5 {
			t.Errorf("%s: %v ended, want half", name, scores[1].Mean)
		}
	}
	if scores, err := score("hyps.jsonl", Pairing{ByOrder: true}); err != nil || scores[0].Mean != 0 {
		t.Errorf("by order: %+v, error %v; want 0", scores, err)
	}
	for name, want := range map[string]string{
		"unnamed.jsonl": `:1: no field "id", and the lines of ` + filepath.Join(dir, "refs.jsonl") + ` have one`,
		"one.jsonl":     `: no hypothesis for the id "1" of ` + filepath.Join(dir, "refs.jsonl") + `:1, one of 1 id that it lacks`,
		"twice.jsonl":   `:2: field "id": "2" is that of line 1 already`,
		"missing.jsonl": `:2: no field "id", which the lines before have`,
		"late.jsonl":    `:2: field "id" is 2, and the lines before have none`,
		"list.jsonl":    `:1: field "id" is [2], expected a text or a number`,
		"none.jsonl":    `:1: no line of ` + filepath.Join(dir, "refs.jsonl") + ` has the id "3"`,
		"ended.jsonl":   `:1: field "ended" is "maybe", expected true or false`,
		"tokens.jsonl":  `:1: field "tokens" is -1, expected a number of tokens`,
		"input.jsonl":   `:1: field "input" is 7, expected a text`,
	} {
		_, err := score(name, Pairing{})
		var mistake stages.Mistake
		if !errors.As(err, &mistake) || !strings.HasPrefix(err.Error(), filepath.Join(dir, name)+want) {
			t.Errorf("%s: error %v\nwant it to begin with FILE%s", name, err, want)
		}
	}
}
