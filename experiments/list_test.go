package experiments

import (
	"slices"
	"strings"
	"testing"
)

// rewards describes the rewards of each run: "variant: name=weight name=weight".
func rewards(s *Sweep) []string {
	var found []string
	for _, run := range s.Runs {
		parts := []string{run.Label + ":"}
		for _, name := range run.Config.Names("reward") {
			weight, _ := run.Config.Value("reward." + name + ".weight")
			parts = append(parts, name+"="+render(weight))
		}
		found = append(found, strings.Join(parts, " "))
	}
	return found
}

func expectRewards(t *testing.T, s *Sweep, want ...string) {
	t.Helper()
	if got := rewards(s); !slices.Equal(got, want) {
		t.Errorf("rewards:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

const variantsOfRewards = `
	[[variant]]
	name = "as the file"
	[[variant]]
	name = "changed"
	reward.rougeL.weight = 3
	reward.length = { weight = 4 }
	[[variant]]
	name = "without"
	reward.learned.weight = 0
	reward.length.weight = 1
	[[variant]]
	name = "a list"
	[[variant.reward]]
	weight = 5
	name = "length"
	[variant.reward.penalty]
	length = 2
	[[variant.reward]]
	name = "learned"
	[[variant]]
	name = "a list in a value"
	reward = [{ name = "rougeL", penalty.length = 0.5 }]
`

func TestListsOfElements(t *testing.T) {
	expectRewards(t, load(t, variantsOfRewards, LoadOptions{}),
		"as the file: learned=1", "changed: learned=1 rougeL=3 length=4", "without: length=1",
		"a list: learned=1 length=5", "a list in a value: rougeL=1")
	s := load(t, "[[reward]]\nname = 'rougeL'\nweight = 2\n[[reward]]\nname = 'learned'\nclip = 1\n"+variantsOfRewards, LoadOptions{})
	expectRewards(t, s,
		"as the file: learned=1 rougeL=2", "changed: learned=1 rougeL=3 length=4", "without: rougeL=2 length=1",
		"a list: learned=1 length=5", "a list in a value: rougeL=1")
	if got := Get[learned](s.Runs[0].Config, "reward.learned"); got.Clip != 1 {
		t.Errorf("learned %+v", got)
	}
	if got := Get[learned](s.Runs[3].Config, "reward.learned"); got.Clip != 2.5 {
		t.Errorf("a list starts from the defaults: learned %+v", got)
	}
	if got := Get[rouge](s.Runs[3].Config, "reward.length"); got.Penalty.Length != 2 {
		t.Errorf("length %+v", got)
	}
}

func TestListsReplaceInheritedOnes(t *testing.T) {
	for text, want := range map[string]string{
		"extends = 'base.toml'":                                    "s: learned=1 rougeL=2",
		"extends = 'base.toml'\nreward.length.weight = 3":          "s: learned=1 rougeL=2 length=3",
		"extends = 'base.toml'\n[reward]\nrougeL.weight = 3":       "s: learned=1 rougeL=3",
		"extends = 'base.toml'\n[reward.length]":                   "s: learned=1 rougeL=2 length=1",
		"extends = 'base.toml'\n[[reward]]\nname = 'length'":       "s: length=1",
		"extends = 'base.toml'\nreward = [\n{name = 'length'},\n]": "s: length=1",
		"extends = 'base.toml'\nreward.rougeL.weight = 0":          "s: learned=1",
		"reward = []\nalgorithm = 'none'":                          "s:",
	} {
		write(t, map[string]string{"s.toml": text, "base.toml": "[[reward]]\nname = 'rougeL'\nweight = 2\n[[reward]]\nname = 'learned'\n"})
		s, err := testSchema.Load("s.toml", LoadOptions{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		expectRewards(t, s, want)
	}
}

func TestListsInTheGridAndOptions(t *testing.T) {
	text := "grid.reward.rougeL.weight = [0, 2]\n" + variantsOfRewards
	expectRewards(t, load(t, text, LoadOptions{Where: []string{"variant=as the file", "variant=changed", "variant=a list"}}),
		"as the file, rougeL.weight=0: learned=1", "as the file, rougeL.weight=2: learned=1 rougeL=2",
		"changed: learned=1 rougeL=3 length=4", "a list: learned=1 length=5")
	expectRewards(t, load(t, "", LoadOptions{Set: []string{"reward.rougeL.weight=3"}}), "s: learned=1 rougeL=3")
	expectRewards(t, load(t, "", LoadOptions{Set: []string{`reward=[{name="rougeL", penalty.length=1}, {name="length"}]`, "reward.length.weight=2"}}),
		"s: rougeL=1 length=2")
}

func TestWhatIsSaidOfRewardsDecidesWhatIsUsed(t *testing.T) {
	s := load(t, "reward = [{ name = 'rougeL' }]", LoadOptions{})
	c := s.Runs[0].Config
	if c.Has("reward_model") || c.Has("negatives") || c.Has("negatives.copy") || !c.Has("rl") {
		t.Errorf("keys %v", Flatten(c))
	}
}
