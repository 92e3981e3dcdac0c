package reports

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/plot"

	"lastmile/reports/document"
)

func TestTheAlgorithmOfAConfiguration(t *testing.T) {
	for config, want := range map[string]string{
		`{"algorithm":"dpo"}`:                               "dpo",
		`{"algorithm":"mle_longer","rl":{"updates":3}}`:     "mle_longer",
		`{"algorithm":"grpo","rl":{"algorithm":"ppo"}}`:     "grpo",
		`{"seed":1,"rl":{"algorithm":"ppo","mle_steps":3}}`: "ppo",
		`{"rl":{"algorithm":"mle"}}`:                        "mle_longer",
		`{"rl":{"algorithm":"none"}}`:                       "none",
		`{"seed":1}`:                                        "",
	} {
		if got, err := algorithmIn(json.RawMessage(config)); err != nil || got != want {
			t.Errorf("%s names %q, %v; want %q", config, got, err, want)
		}
	}
	if _, err := algorithmIn(json.RawMessage(`{`)); err == nil {
		t.Error("half a configuration has an algorithm")
	}
}

func TestAcronymsComeFromLabels(t *testing.T) {
	known := newAcronyms([]Algorithm{{Label: "DPO"}, {Label: "MLE trained on"}, {Label: "Best-of-n (BON)"}})
	for text, want := range map[string]string{
		"dpo, no kl": "DPO, no KL", "mle trained": "MLE trained", "bon of 8": "BON of 8", "ppo": "ppo", "dpos": "dpos",
	} {
		if got := known.capitalize(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// preferred is a sweep of a preference method, without reinforcement.
func preferred(name string) synthetic {
	s := demo()
	s.labels[1] = syntheticLabel{name: "mle, longer", algorithm: "mle_longer", curves: []string{"loss"}}
	s.labels[2] = syntheticLabel{name: name, algorithm: "dpo", gain: map[string]float64{"sample": 0.06}, curves: []string{"loss", "margin", "accuracy", "chosen_reward", "rejected_reward"}}
	return s
}

func TestAPreferenceMethodIsNotCalledReinforcement(t *testing.T) {
	for name, caption := range map[string]string{
		"dpo":   "Learning curves of preference optimisation: thin",
		"tuned": "Learning curves of preference optimisation (DPO): thin",
	} {
		summary, page := write(t, preferred(name).store(t), options(t.TempDir()))
		contains(t, page, caption, "preference-curves.svg", "“MLE, longer” (MLE trained on) sampled", name+" 55 s (policy)", "| policy ")
		for _, wrong := range []string{"einforcement", "learning-curves", "PPO"} {
			if strings.Contains(page, wrong) {
				t.Errorf("the report of %s says %q", name, wrong)
			}
		}
		if said := summary.Sentences[0]; !strings.HasPrefix(said, newAcronyms(algorithms).capitalize(name)+" decoded greedily") {
			t.Errorf("the first sentence is not about the treatment: %s", said)
		}
	}
}

// An algorithm that the caller does not list is no treatment, and its runs are
// reported nevertheless.
func TestAnUnknownAlgorithm(t *testing.T) {
	s := demo()
	s.labels[1] = syntheticLabel{name: "new", algorithm: "unheard-of", curves: []string{"loss", "reward"}}
	summary, page := write(t, s.store(t), options(t.TempDir()))
	contains(t, page, "| new ")
	if said := strings.Join(summary.Sentences, "\n"); strings.Contains(said, "new") || !strings.Contains(said, "PPO's raw outputs") {
		t.Errorf("the sentences are about the wrong runs:\n%s", said)
	}
}

// panelTitles makes a figure of a store and lists the titles of its panels.
func panelTitles(t *testing.T, s synthetic, make func(*builder) (figure, error)) (figure, []string) {
	t.Helper()
	evidence, err := gather(context.Background(), s.store(t), "demo", Options{Algorithms: algorithms})
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBuilder(evidence, Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := make(b)
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, row := range f.panels {
		for _, p := range row {
			if p != nil {
				titles = append(titles, p.Title.Text)
			}
		}
	}
	return f, titles
}

func TestPanels(t *testing.T) {
	summed := demo()
	summed.labels[0] = syntheticLabel{name: "one", algorithm: "rloo", curves: []string{"reward", "reward/learned"}}
	summed.labels[1] = syntheticLabel{name: "two", algorithm: "rloo", curves: []string{"reward", "reward/learned", "reward/length"}}
	single := demo()
	single.labels[0] = summed.labels[0]
	for name, c := range map[string]struct {
		store synthetic
		make  func(*builder) (figure, error)
		want  string
	}{
		"ppo":                    {demo(), (*builder).onPolicyFigure, "Reward; KL to the MLE policy; Score of the reward model; Length; Ended; Entropy"},
		"one reward":             {single, (*builder).onPolicyFigure, "Reward; KL to the MLE policy; Score of the reward model; Length; Ended; Entropy"},
		"a sum of rewards":       {summed, (*builder).onPolicyFigure, "Reward; KL to the MLE policy; Score of the reward model; Length; Ended; Entropy; Reward: learned; Reward: length"},
		"no preferences":         {demo(), (*builder).preferenceFigure, ""},
		"preferences":            {preferred("dpo"), (*builder).preferenceFigure, "Loss; Margin; Accuracy; Reward of the chosen; Reward of the rejected"},
		"preferences, no policy": {preferred("dpo"), (*builder).onPolicyFigure, ""},
		"losses":                 {demo(), (*builder).lossFigure, "MLE; MLE trained on"},
		"losses, without dpo's":  {preferred("dpo"), (*builder).lossFigure, "MLE; MLE trained on"},
	} {
		if _, titles := panelTitles(t, c.store, c.make); strings.Join(titles, "; ") != c.want {
			t.Errorf("%s: the panels are %q, want %q", name, titles, c.want)
		}
	}
	if f, _ := panelTitles(t, summed, (*builder).onPolicyFigure); !strings.Contains(f.caption, "reinforcement learning (RLOO):") {
		t.Errorf("the caption does not name what the labels do not: %s", f.caption)
	}
}

func TestBounds(t *testing.T) {
	for _, c := range []struct{ low, high, wantLow, wantHigh float64 }{
		{0.2, 0.9, 0.2, 0.9}, {-0.1, 1.2, 0, 1}, {1, 1, 0.5, 1}, {0, 0, 0, 0.5},
	} {
		axis := plot.Axis{Min: c.low, Max: c.high}
		share.clip(&axis)
		if axis.Min != c.wantLow || axis.Max != c.wantHigh {
			t.Errorf("[%g, %g] becomes [%g, %g], want [%g, %g]", c.low, c.high, axis.Min, axis.Max, c.wantLow, c.wantHigh)
		}
	}
	axis := plot.Axis{Min: -3, Max: -3}
	(*bounds)(nil).clip(&axis)
	if axis.Min != -3 || axis.Max != -3 {
		t.Errorf("an axis without bounds was changed to [%g, %g]", axis.Min, axis.Max)
	}
}

// What a reference names has to be there, and so has each figure.
func TestThePageLeadsSomewhere(t *testing.T) {
	dir := t.TempDir()
	_, page := write(t, demo().store(t), options(dir))
	contains(t, page, "(#how-it-was-made)", "\n## "+methodTitle+"\n")
	for line := range strings.Lines(page) {
		if _, path, ok := strings.Cut(line, "]("); ok && strings.HasPrefix(line, "![") {
			if _, err := os.Stat(filepath.Join(dir, strings.TrimSuffix(strings.TrimSpace(path), ")"))); err != nil {
				t.Error(err)
			}
		}
	}
}

// The tree holds no Markdown: what is plain in the evidence is plain in it.
func TestTheDocumentIsPlain(t *testing.T) {
	s := demo()
	s.labels[2].name = "ppo *new* [x]"
	ctx := context.Background()
	store := s.store(t)
	evidence, err := gather(ctx, store, "demo", Options{Algorithms: algorithms})
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBuilder(evidence, options(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.compute(ctx, store); err != nil {
		t.Fatal(err)
	}
	item := b.opening()[0].(document.List).Items[0]
	if got := item.Text.String(); !strings.HasPrefix(got, "“PPO *new* [x]” decoded greedily is") {
		t.Errorf("the finding begins %.60q", got)
	}
	contains(t, document.Markdown(document.Document{Blocks: b.opening()}), `- **“PPO \*new\* \[x\]”'s raw outputs`, " [0.0", "p < 0.001")
}
