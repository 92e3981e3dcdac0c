package experiments

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestGetHasAndNames(t *testing.T) {
	c := testSchema.Default()
	if got := Get[mle](c, "mle"); got != (mle{optimizerWith(1e-3), 1, 32}) {
		t.Errorf("mle %+v", got)
	}
	if got := Get[top](c, ""); got.Algorithm != "ppo" || c.Seed() != 1 {
		t.Errorf("top %+v, seed %d", got, c.Seed())
	}
	if got := Get[base](c, "base"); got != (base{}) {
		t.Errorf("a section that is not there: %+v", got)
	}
	if got := Get[decoding](c, "decode.beam"); got.Enabled {
		t.Errorf("an element that is not there: %+v", got)
	}
	for key, want := range map[string]bool{
		"mle": true, "mle.epochs": true, "negatives": true, "negatives.copy": true, "negatives.truncated": false, "base": false,
		"base.copy": false, "decode": true, "decode.greedy.top_k": true, "decode.x.top_k": false, "zzz": false, "report": false,
		"rl.kl": false, "seed": true,
	} {
		if c.Has(key) != want {
			t.Errorf("has %s: %v", key, !want)
		}
	}
	if got := c.Names("negatives"); !slices.Equal(got, []string{"random", "irrelevant", "shuffled", "repetitive", "copy"}) {
		t.Errorf("negatives %q", got)
	}
	if value, ok := c.Value("rl.kl.estimator"); value != "k3" || !ok {
		t.Errorf("value %v, %v", value, ok)
	}
	var empty Config
	if empty.Has("mle") || empty.Seed() != 0 || Get[mle](empty, "mle") != (mle{}) || len(Flatten(empty)) > 0 {
		t.Error("the zero Config has something")
	}
	if _, err := empty.Canonical(); err == nil {
		t.Error("the zero Config has an ID")
	}
}

func TestWithFindsAnewWhatTheRunUses(t *testing.T) {
	c := testSchema.Default().With("rl.clip", 0.3)
	none := c.With("algorithm", "none")
	for _, key := range []string{"rl", "reward", "reward_model", "negatives", "negatives.copy"} {
		if !c.Has(key) || none.Has(key) {
			t.Errorf("%s: with PPO %v, without %v", key, c.Has(key), none.Has(key))
		}
	}
	if again := none.With("algorithm", "ppo"); !slices.Equal(Diff(c, again), nil) {
		t.Errorf("there and back: %v", Diff(c, again))
	}
	changed := c.With("reward.rougeL.weight", 2).With("decode.a.top_k", 3).With("mle", mle{Epochs: 7}).With("seed", 9)
	if names := changed.Names("reward"); !slices.Equal(names, []string{"learned", "rougeL"}) {
		t.Errorf("rewards %q", names)
	}
	if names := changed.Names("decode"); !slices.Equal(names, []string{"a", "greedy", "sample"}) {
		t.Errorf("decodings %q", names)
	}
	if got := Get[mle](changed, "mle"); got != (mle{Epochs: 7}) || changed.Seed() != 9 {
		t.Errorf("mle %+v, seed %d", got, changed.Seed())
	}
	if c.Has("reward.rougeL") || c.Seed() != 1 {
		t.Error("the original has changed")
	}
	if greedy := Get[decoding](changed.With("decode.greedy", decoding{Enabled: true}), "decode.greedy"); greedy.Strategy != "" {
		t.Errorf("greedy %+v", greedy)
	}
}

func TestSlipsInTheCodePanic(t *testing.T) {
	c := testSchema.Default()
	for name, slip := range map[string]func(){
		"type of a section":      func() { Get[rl](c, "mle") },
		"type of another":        func() { Get[rl](c, "base") },
		"type of an element":     func() { Get[rl](c, "decode.greedy") },
		"type of a value":        func() { c.With("mle.epochs", "x") },
		"number":                 func() { c.With("mle.batch_size", 1.5) },
		"unknown key":            func() { c.With("mle.epoch", 1) },
		"unknown element":        func() { c.With("negatives.zzz.weight", 1.0) },
		"what is of the sweep":   func() { c.With("report.examples", 3) },
		"unknown group":          func() { c.Only("decod", "greedy") },
		"a key that no part has": func() { NewProjection([]string{"mle", "zzz"}, nil).Of(c) },
		"a cost that is none":    func() { NewProjection([]string{"mle"}, []string{"mle.zzz"}).Of(c) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			slip()
		})
	}
}

func TestCanonicalIsSortedJSONOfWhatIsUsed(t *testing.T) {
	c := testSchema.Default().With("algorithm", "none").With("task.chat", true).With("task.prompt", "<é>\u2028{input}").Only("decode", "greedy")
	text, err := c.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	if sorted, _ := json.Marshal(tree); !bytes.Equal(sorted, text) {
		t.Errorf("got\n%s\nsorted\n%s", text, sorted)
	}
	for _, part := range []string{`{"algorithm":"none","decode":{"greedy":{"batch_size":64,`, `"chat":true`, `"temperatures":[]`, `"seed":1,`, `"learning_rate":0.001`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("no %s in\n%s", part, text)
		}
	}
	for _, part := range []string{"enabled", "rl", "negatives", "bonus", "report", "description"} {
		if strings.Contains(string(text), `"`+part+`"`) {
			t.Errorf("%s in\n%s", part, text)
		}
	}
	if marshalled, err := json.Marshal(c); err != nil || !bytes.Equal(marshalled, text) {
		t.Errorf("as JSON %s, %v", marshalled, err)
	}
}

func TestDecode(t *testing.T) {
	s := load(t, `
		mle.epochs = 3
		task.chat = true
		[[reward]]
		name = "rougeL"
		penalty.length = 1
		[decode.x]
		temperatures = [0.5, 1]
		[[variant]]
		name = "a"
		[[variant]]
		name = "b"
		algorithm = "none"
	`, LoadOptions{})
	for _, run := range s.Runs {
		text, err := run.Config.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		c, err := testSchema.Decode(text)
		if err != nil {
			t.Fatal(err)
		}
		if id, _ := c.ID(); id != run.ID || len(Diff(c, run.Config)) > 0 {
			t.Errorf("%s: ID %s, want %s; %v", run.Label, id, run.ID, Diff(c, run.Config))
		}
		if c.Has("rl") != run.Config.Has("rl") || !reflect.DeepEqual(c.Names("reward"), run.Config.Names("reward")) {
			t.Errorf("%s has other sections", run.Label)
		}
	}
	for text, want := range map[string]string{
		`{"mle":{"epoch":1}}`:              "read a stored configuration: mle.epoch: there is no such key",
		`{"zzz":{"a":1}}`:                  "read a stored configuration: zzz: there is no such key",
		`{"decode":{"a":{"enabled":1}}}`:   "read a stored configuration: decode.a.enabled: there is no such key",
		`{"mle":{"epochs":"1"}}`:           `read a stored configuration: mle.epochs: expected a number, found the string "1"`,
		`{"negatives":{"zzz":{}}}`:         "read a stored configuration: negatives.zzz: there is no such key",
		`{"rl":{"kl":{"estimators":"a"}}}`: "read a stored configuration: rl.kl.estimators: there is no such key",
		`[`:                                "read a stored configuration: unexpected EOF",
	} {
		if _, err := testSchema.Decode([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	// A field that has come since has its default.
	c, err := testSchema.Decode([]byte(`{"mle":{"epochs":2},"rl":{"clip":0.1}}`))
	if got := Get[mle](c, "mle"); err != nil || got.Epochs != 2 || got.BatchSize != 32 || c.Has("task") || len(c.Names("decode")) > 0 {
		t.Errorf("mle %+v, %v", got, err)
	}
}

func TestChanged(t *testing.T) {
	c := testSchema.Default().With("algorithm", "none").With("mle.epochs", 2).With("decode.a.top_k", 5).With("decode.greedy.enabled", false)
	want := []Difference{
		{"algorithm", "ppo", "none"}, {"decode.a", "absent", "present"}, {"decode.a.top_k", "0", "5"},
		{"decode.greedy", "present", "absent"}, {"mle.epochs", "1", "2"},
	}
	if got := testSchema.Changed(c); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// later is the test schema with another field in a section.
func later[T any](key string, defaults T, rules Rules) *Schema {
	sections := slices.Clone(testSections)
	i := slices.IndexFunc(sections, func(s Section) bool { return s.Key == key })
	sections[i].Default, sections[i].Rules, sections[i].Check = defaults, sections[i].Rules.And(rules), nil
	return &Schema{Sections: sections, Groups: testGroups}
}

func TestANewFieldOfAnInactiveSectionChangesNoID(t *testing.T) {
	type grown struct {
		base
		New int `toml:"new" json:"new"`
	}
	schema := later("base", grown{base: base{optimizer: optimizerWith(1e-2)}, New: 3}, Rules{"new": AtLeast(0)})
	before, _ := testSchema.Default().ID()
	if after, _ := schema.Default().ID(); after != before {
		t.Errorf("ID %s, was %s", after, before)
	}
	if used, _ := schema.Default().With("model.path", "").ID(); used == before {
		t.Error("the section counts nowhere")
	}
}

func TestANewZeroThatJSONLeavesOutChangesNoID(t *testing.T) {
	type grown struct {
		postprocess
		New []string `toml:"new" json:"new,omitempty"`
	}
	schema := later("postprocess", grown{postprocess: postprocess{[]string{"first-line"}}}, Rules{"new": Anything})
	before, _ := testSchema.Default().ID()
	if after, _ := schema.Default().ID(); after != before {
		t.Errorf("ID %s, was %s", after, before)
	}
	if set, _ := schema.Default().With("postprocess.new", []string{"x"}).ID(); set == before {
		t.Error("the field counts nowhere")
	}
}
