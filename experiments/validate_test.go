package experiments

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestTheSchemaOfTheTestsIsValid(t *testing.T) {
	if err := testSchema.Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	for name, test := range map[string]struct {
		schema *Schema
		want   string
	}{
		"no struct": {&Schema{Sections: []Section{{Key: "a", Default: 3}}}, "[a]: the defaults are int and no struct"},
		"no rule": {&Schema{Sections: []Section{{Key: "a", Default: struct {
			X int `toml:"x" json:"x"`
		}{}}}}, "a.x: has no rule"},
		"no key": {&Schema{Sections: []Section{{Key: "a", Default: struct {
			X int `toml:"x" json:"x"`
		}{}, Rules: Rules{"x": Anything, "y": Anything}}}}, "[a]: there is a rule for y, and no such key"},
		"tags": {&Schema{Sections: []Section{{Key: "a", Default: struct {
			X int `toml:"x" json:"y"`
		}{}}}}, `a.x: the json tag is "y"`},
		"type": {&Schema{Sections: []Section{{Key: "a", Default: struct {
			X map[string]int `toml:"x" json:"x"`
		}{}}}}, "a.x: a sweep file cannot give the type map[string]int"},
		"default": {&Schema{Sections: []Section{{Key: "a", Default: struct {
			X int `toml:"x" json:"x"`
		}{}, Rules: Rules{"x": AtLeast(1)}}}}, "a.x: the default: 0 is out of range: at least 1"},
		"twice": {&Schema{Sections: []Section{
			{Default: struct {
				X int `toml:"seed" json:"seed"`
			}{}, Rules: Rules{"seed": Anything}},
			{Key: "a.b", Default: struct{}{}},
			{Key: "a", Default: struct {
				X int `toml:"b" json:"b"`
			}{}, Rules: Rules{"b": Anything}},
		}}, "seed is claimed twice\na.b is claimed twice"},
		"path": {&Schema{Sections: []Section{{Key: "a", Default: struct{}{}, Paths: []Path{{Key: "p"}}}}},
			"[a]: p cannot be a path, since it is no key with a string"},
		"complaint": {&Schema{Sections: []Section{{Key: "a", Default: struct{}{}, Check: func(Config) []Complaint {
			return []Complaint{{[]string{"a"}, "is wrong"}}
		}}}}, "the defaults: a: is wrong"},
		"group": {&Schema{Groups: []Group{{Key: "g", Noun: "thing", Names: []string{"a"}, Present: []string{"b"},
			Element: func(name string) (Section, bool) { return Section{Default: struct{}{}}, name == "a" }}}}, "g.b: there is no such element"},
		"renamed": {&Schema{Sections: []Section{{Key: "a", Default: struct{}{}}}, Renamed: map[string]string{"b": "c", "seed": "is no more"}},
			"b is renamed to c, and that is no key\nseed is renamed, and is a key"},
	} {
		if err := test.schema.Validate(); err == nil || err.Error() != test.want {
			t.Errorf("%s: got\n%v\nwant\n%s", name, err, test.want)
		}
	}
}

func TestReference(t *testing.T) {
	fields, err := testSchema.Reference()
	if err != nil {
		t.Fatal(err)
	}
	byKey, order := map[string]Field{}, []string{}
	for _, field := range fields {
		byKey[field.Key] = field
		order = append(order, field.Key)
		if field.Doc == "" && field.Type != "table" {
			t.Errorf("%s has no documentation", field.Key)
		}
	}
	for _, want := range []Field{
		{Key: "rl.kl.estimator", Type: "string", Default: `"k3"`, Allowed: "one of k1, k2, k3", Doc: `estimator is "k1", "k2" or "k3".`},
		{Key: "rl.kl.adaptive", Type: "boolean", Default: "false", Allowed: "", Doc: "adaptive moves coefficient."},
		{Key: "task.dev", Type: "integer", Default: "0", Allowed: "at least 0", Doc: "train, dev and test are the most examples of each split; 0 means all."},
		{Key: "task.files.dev", Type: "string", Default: `""`, Allowed: "", Doc: "files are the paths of the splits."},
		{Key: "mle.learning_rate", Type: "number", Default: "0.001", Allowed: "above 0, at most 10", Doc: "learning_rate is the peak learning rate."},
		{Key: "report.columns", Type: "list of strings", Default: "[]", Allowed: "each a metric", Doc: "columns are the metrics in the main table."},
		{Key: "decode.NAME.top_p", Type: "number", Default: "1", Allowed: "above 0, at most 1", Doc: "top_p keeps the likeliest tokens."},
		{Key: "negatives.random.unended", Type: "number", Default: "0.1", Allowed: "from 0 to 1", Doc: "unended is the share that lacks the end token."},
		{Key: "reward.rougeL.penalty.length", Type: "number", Default: "0", Allowed: "at least 0", Doc: "length weighs the length."},
		{Key: "seed", Type: "integer", Default: "1", Allowed: "at least 0", Doc: "seed names every random stream of the run."},
		{Key: "name", Type: "string", Default: `""`, Allowed: "letters, digits, dots, hyphens and underscores", Doc: "name names the sweep: letters, digits, dots, hyphens and underscores."},
	} {
		if !reflect.DeepEqual(byKey[want.Key], want) {
			t.Errorf("got  %+v\nwant %+v", byKey[want.Key], want)
		}
	}
	// A table has a heading, and those of a group that say the same have one.
	if got := byKey["negatives.random"]; got.Type != "table" || !got.Present || !slices.Contains(got.Like, "negatives.copy") {
		t.Errorf("the heading of negatives.random is %+v", got)
	}
	if got := byKey["negatives.truncated"]; got.Present {
		t.Errorf("negatives.truncated is there by default: %+v", got)
	}
	at := func(key string) int { return strings.Index("\n"+strings.Join(order, "\n")+"\n", "\n"+key+"\n") }
	for _, pair := range [][2]string{
		{"name", "seed"}, {"seed", "algorithm"}, {"negatives.per_example", "negatives.random.weight"}, {"negatives.random.weight", "reward_model.steps"},
		{"rl.kl.adaptive", "reward.learned.weight"}, {"reward.rougeL.words", "decode.NAME.enabled"}, {"decode.NAME.batch_size", "postprocess.chain"},
	} {
		if at(pair[0]) < 0 || at(pair[0]) > at(pair[1]) {
			t.Errorf("%s is not before %s", pair[0], pair[1])
		}
	}
}
