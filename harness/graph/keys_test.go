package graph

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lastmile/experiments"
	"lastmile/harness/algorithms"
)

// everyAlgorithm is a sweep file's list of variants: mle, which ends there, and one
// for each algorithm, by its name.
func everyAlgorithm() string {
	var b strings.Builder
	for _, name := range slices.Concat([]string{algorithms.None}, algorithms.Names()) {
		b.WriteString("[[variant]]\nname = \"" + name + "\"\nalgorithm = \"" + name + "\"\n")
	}
	return b.String()
}

// identities are the IDs of the runs of a sweep, by label, and the keys of their
// stages, by label, kind and element.
func identities(t *testing.T, s *experiments.Sweep) (ids, keys map[string]string) {
	t.Helper()
	ids, keys = map[string]string{}, map[string]string{}
	for _, run := range plan(t, s).Runs {
		ids[run.Label] = run.ID
		for _, role := range run.Stages {
			keys[strings.TrimSpace(run.Label+" "+role.Kind+" "+role.Each)] = role.Key
		}
	}
	return ids, keys
}

// changed lists the names whose values differ.
func changed(t *testing.T, before, after map[string]string) []string {
	t.Helper()
	if len(before) == 0 || !maps.EqualFunc(before, after, func(string, string) bool { return true }) {
		t.Fatalf("other names: %v and %v", slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if before[name] != after[name] {
			names = append(names, name)
		}
	}
	return names
}

// kindsOf are the kinds of stages with a run's label among names of [identities].
func kindsOf(label string, names []string) string {
	kinds := map[string]bool{}
	for _, name := range names {
		if rest, ok := strings.CutPrefix(name, label+" "); ok {
			kind, _, _ := strings.Cut(rest, " ")
			kinds[kind] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(kinds)), " ")
}

func TestSettingsOfOneAlgorithmAreInNoKeyOfAnother(t *testing.T) {
	path := sweepFile(t, everyAlgorithm())
	beforeIDs, before := identities(t, load(t, schema(), path))
	s, err := schema().Load(path, experiments.LoadOptions{Set: []string{"ppo.clip=0.3", "ppo.lambda=0.5"}})
	if err != nil {
		t.Fatal(err)
	}
	afterIDs, after := identities(t, s)
	if got := changed(t, beforeIDs, afterIDs); !slices.Equal(got, []string{"ppo"}) {
		t.Errorf("another [ppo] changes the runs %q", got)
	}
	for _, name := range changed(t, before, after) {
		if !strings.HasPrefix(name, "ppo ") {
			t.Errorf("another [ppo] changes the stage %q", name)
		}
	}
	if got := kindsOf("ppo", changed(t, before, after)); got != "decode policy postprocess reward_eval score" {
		t.Errorf("of its own run it changes %q", got)
	}
}

func TestMetricsThatChooseACandidateAreInTheKeyOfItsDecoding(t *testing.T) {
	path := sweepFile(t, "algorithm = \"none\"\ndecode.mbr.utility = \"la-rougeL\"\n")
	_, before := identities(t, load(t, schema(), path))
	for setting, want := range map[string][]string{
		"decode.mbr.candidates=8":                {"decode mbr", "postprocess mbr", "score mbr"},
		"decode.mbr.utility=chrf":                {"decode mbr", "postprocess mbr", "score mbr"},
		"decode.mbr.batch_size=8":                nil,
		"metrics.length_adjustment=exp":          {"decode mbr", "postprocess mbr", "score greedy", "score mbr", "score sample"},
		"metrics.names=[\"rouge1\", \"bleurt\"]": {"score greedy", "score mbr", "score sample"},
	} {
		s, err := schema().Load(path, experiments.LoadOptions{Set: []string{setting}})
		if err != nil {
			t.Fatal(err)
		}
		_, after := identities(t, s)
		var moved []string
		for _, name := range changed(t, before, after) {
			words := strings.Fields(name)
			moved = append(moved, strings.Join(words[len(words)-2:], " "))
		}
		if !slices.Equal(moved, want) {
			t.Errorf("%s changes %q, expected %q", setting, moved, want)
		}
	}
}

func TestTheRewardModelThatChoosesIsNoneOfThePolicy(t *testing.T) {
	const variants = `
reward = [{ name = "la-rougeL" }]
[[variant]]
name = "mle"
algorithm = "none"
[[variant]]
name = "rloo"
algorithm = "rloo"
`
	ids, before := identities(t, sweep(t, variants))
	g := plan(t, sweep(t, "decode.n = { strategy = \"best-of-n\" }"+variants))
	for _, run := range g.Runs {
		if ids[run.Label] == run.ID || !run.Config.Has("reward_model") || !run.Config.Has("negatives") {
			t.Errorf("%s: the run's ID is %s, and its sections are those without a reward model", run.Label, run.ID)
		}
		for _, role := range run.Stages {
			name := strings.TrimSpace(run.Label + " " + role.Kind + " " + role.Each)
			inputs := map[string]bool{}
			for _, input := range role.Stage.Inputs {
				inputs[input.Name] = true
			}
			if chooses := role.Kind == "decode" && role.Each == "n"; role.Kind == "decode" && inputs["reward"] != chooses {
				t.Errorf("whether the stage %q reads the reward model is %v", name, inputs["reward"])
			}
			if old, there := before[name]; there && old != role.Key {
				t.Errorf("the stage %q is another one", name)
			} else if new := slices.Contains([]string{"negatives", "reward"}, role.Kind) || role.Each == "n"; there == new {
				t.Errorf("whether the stage %q was there before is %v", name, there)
			}
		}
	}
	// An oracle asks no model.
	for _, run := range plan(t, sweep(t, "decode.n = { strategy = \"best-of-n\", by = \"reference\" }"+variants)).Runs {
		if run.Config.Has("reward_model") || run.Config.Has("negatives") {
			t.Errorf("%s has a reward model for a choice by references", run.Label)
		}
	}
}

// wider is a section with one setting more, whose default is not zero.
func wider(s experiments.Section) experiments.Section {
	var fields []reflect.StructField
	var value []reflect.Value
	var flatten func(v reflect.Value)
	flatten = func(v reflect.Value) {
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.Anonymous {
				flatten(v.Field(i))
			} else {
				fields, value = append(fields, f), append(value, v.Field(i))
			}
		}
	}
	flatten(reflect.ValueOf(s.Default))
	fields = append(fields, reflect.StructField{Name: "OfALaterVersion", Type: reflect.TypeFor[float64](), Tag: `toml:"of_a_later_version" json:"of_a_later_version"`})
	value = append(value, reflect.ValueOf(0.25))
	all := reflect.New(reflect.StructOf(fields)).Elem()
	for i, v := range value {
		all.Field(i).Set(v)
	}
	s.Default = all.Interface()
	s.Rules = s.Rules.And(experiments.Rules{"of_a_later_version": experiments.Anything})
	s.Check = nil // it would look for the narrower struct
	return s
}

// widen gives a section of a schema one setting more.
func widen(t *testing.T, s *experiments.Schema, key string) {
	t.Helper()
	at := slices.IndexFunc(s.Sections, func(of experiments.Section) bool { return of.Key == key })
	if at < 0 {
		t.Fatalf("there is no section [%s]", key)
	}
	s.Sections[at] = wider(s.Sections[at])
}

func TestASettingMoreChangesNothingThatDoesNotReadIt(t *testing.T) {
	path := sweepFile(t, everyAlgorithm())
	sweep := load(t, schema(), path)
	ids, keys := identities(t, sweep)
	// The kinds that read a section, and those after them.
	sections := map[string]string{
		"mle":          "decode mle policy postprocess reward reward_eval score",
		"reward_model": "decode policy postprocess reward reward_eval score",
		"postprocess":  "postprocess score",
		"reward_eval":  "reward_eval",
	}
	for _, name := range algorithms.Names() {
		sections[name] = "decode policy postprocess reward_eval score"
	}
	for section, kinds := range sections {
		afterIDs, after := identities(t, load(t, schemaWith(func(s *experiments.Schema) { widen(t, s, section) }), path))
		moved := changed(t, keys, after)
		for _, run := range sweep.Runs {
			used := run.Config.Has(section)
			if (afterIDs[run.Label] != ids[run.Label]) != used {
				t.Errorf("a setting more in [%s]: the ID of the run %s was %s and is %s", section, run.Label, ids[run.Label], afterIDs[run.Label])
			}
			want := ""
			if used {
				var there []string
				for _, kind := range strings.Fields(kinds) {
					if slices.ContainsFunc(slices.Collect(maps.Keys(keys)), func(name string) bool { return strings.HasPrefix(name+" ", run.Label+" "+kind+" ") }) {
						there = append(there, kind)
					}
				}
				want = strings.Join(there, " ")
			}
			if got := kindsOf(run.Label, moved); got != want {
				t.Errorf("a setting more in [%s] changes %q of the run %s, expected %q", section, got, run.Label, want)
			}
		}
	}
}

// TestAnElementMoreThatNoSweepNamesChangesNothing adds a kind of negatives, and a
// reward, that are not there where a sweep does not name them.
func TestAnElementMoreThatNoSweepNamesChangesNothing(t *testing.T) {
	path := sweepFile(t, everyAlgorithm())
	ids, keys := identities(t, load(t, schema(), path))
	for group, like := range map[string]string{"negatives": "copy", "reward": "length"} {
		larger := schemaWith(func(s *experiments.Schema) {
			at := slices.IndexFunc(s.Groups, func(g experiments.Group) bool { return g.Key == group })
			if at < 0 {
				t.Fatalf("there is no group %q", group)
			}
			g := &s.Groups[at]
			element := g.Element
			g.Names = append(slices.Clone(g.Names), "of_a_later_version")
			g.Element = func(name string) (experiments.Section, bool) {
				if name == "of_a_later_version" {
					name = like
				}
				return element(name)
			}
		})
		afterIDs, after := identities(t, load(t, larger, path))
		if moved := slices.Concat(changed(t, ids, afterIDs), changed(t, keys, after)); len(moved) > 0 {
			t.Errorf("a name more in %s changes %q", group, moved)
		}
		s, err := larger.Load(path, experiments.LoadOptions{Set: []string{group + ".of_a_later_version.weight=0.5"}})
		if err != nil {
			t.Fatal(err)
		}
		namedIDs, _ := identities(t, s)
		if moved := changed(t, ids, namedIDs); !slices.Contains(moved, "ppo") || slices.Contains(moved, algorithms.None) {
			t.Errorf("a sweep that names it has other runs %q, expected that of ppo and not the one without negatives", moved)
		}
	}
}

func TestAnAxisThatARunDoesNotUseMakesItNoOther(t *testing.T) {
	g := plan(t, sweep(t, `
[grid]
seed = [1, 2]
ppo.clip = [0.1, 0.2]
rl.kl.coefficient = [0.1, 0.2, 0.3]
[[variant]]
name = "mle"
algorithm = "none"
[[variant]]
name = "trained on"
algorithm = "mle_longer"
[[variant]]
name = "ppo"
`))
	labels := map[string]int{}
	for _, run := range g.Runs {
		labels[run.Variant]++
		if run.Variant != "ppo" && run.Label != run.Variant {
			t.Errorf("the label %q says what the run does not use", run.Label)
		}
	}
	if want := map[string]int{"mle": 2, "trained on": 2, "ppo": 12}; !maps.Equal(labels, want) {
		t.Errorf("runs by variant %v, expected %v", labels, want)
	}
	if got := count(g); got["mle"] != 2 || got["reward"] != 2 || got["policy"] != 14 {
		t.Errorf("stages %v", got)
	}
}

func TestARewardOfNoWeightNeedsNoRewardModel(t *testing.T) {
	g := plan(t, sweep(t, `
[[variant]]
name = "all"
[[variant]]
name = "shaping alone"
reward.learned.weight = 0
reward.length.weight = 0.5
`))
	for _, run := range g.Runs {
		var kinds []string
		for _, role := range run.Stages {
			if role.Each == "" {
				kinds = append(kinds, role.Kind)
			}
		}
		want := map[string]string{
			"all":           "prepare base mle negatives reward policy reward_eval scorer",
			"shaping alone": "prepare base mle policy scorer",
		}[run.Label]
		if got := strings.Join(kinds, " "); got != want {
			t.Errorf("%s: stages %s, expected %s", run.Label, got, want)
		}
		for _, key := range []string{"reward.learned", "reward_model", "reward_eval", "negatives"} {
			if there := run.Config.Has(key); there != (run.Label == "all") {
				t.Errorf("%s: whether it has %s is %v", run.Label, key, there)
			}
		}
	}
}

func TestSamplesAreDrawnWhereTheyAreUsed(t *testing.T) {
	g := plan(t, sweep(t, `
[[variant]]
name = "none"
[[variant]]
name = "ranked"
reward_model.ranked = 0.5
[[variant]]
name = "as negatives"
negatives.policy.weight = 1
[[variant]]
name = "pairs"
algorithm = "dpo"
negatives.policy.weight = 1
[[variant]]
name = "no reward model"
reward_model.ranked = 0.5
negatives.policy.weight = 1
reward.learned.weight = 0
reward.length.weight = 0.5
`))
	inputs := map[string]string{}
	negatives := map[string]string{}
	for _, run := range g.Runs {
		for _, role := range run.Stages {
			for _, input := range role.Stage.Inputs {
				if input.Name == "samples" {
					inputs[run.Label] += role.Kind + " "
				}
			}
			if role.Kind == "negatives" {
				negatives[run.Label] = role.Key
			}
		}
		if there := run.Config.Has("samples"); there != (inputs[run.Label] != "") {
			t.Errorf("%s: whether it has [samples] is %v", run.Label, there)
		}
	}
	if want := map[string]string{"ranked": "reward ", "as negatives": "negatives ", "pairs": "negatives "}; !maps.Equal(inputs, want) {
		t.Errorf("samples are read by %v, expected %v", inputs, want)
	}
	if negatives["none"] != negatives["ranked"] || negatives["none"] == negatives["as negatives"] {
		t.Errorf("the keys of negatives are %v", negatives)
	}
}

func TestTooManyRunsAreRefusedBeforeTheyAreMade(t *testing.T) {
	seeds := make([]string, 1001)
	for i := range seeds {
		seeds[i] = strconv.Itoa(i + 1)
	}
	path := sweepFile(t, `
[grid]
seed = [`+strings.Join(seeds, ", ")+`]
ppo.clip = [`+strings.Join(fractions(100), ", ")+`]
`)
	_, err := schema().Load(path, experiments.LoadOptions{})
	if err == nil || !strings.Contains(err.Error(), "sweep.toml:7: grid.ppo.clip: ") || !strings.Contains(err.Error(), "at most 100000 are possible") {
		t.Errorf("got %v", err)
	}
}

// fractions are n numbers between 0 and 1.
func fractions(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%g", float64(i+1)/float64(n+1))
	}
	return all
}
